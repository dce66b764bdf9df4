/**
 * What this node asked of others, and for whom: a leader, the campaign for an epoch, or the recovery of a lost memory.
 *
 * Invariant: an answer is told once, to whoever asked, and never to a leader that came later: what a follower acknowledged to one leader
 * says nothing about the rows of the next.
 */
import type { Ms } from '../lib/units.ts';
import type { Campaign } from './campaign.ts';
import type { Follower } from './follower.ts';
import type { Host } from './host.ts';
import type { Leader } from './leader.ts';
import type { Link } from './link.ts';
import type { NodeId, PeerAnswer, PeerRequest } from './peer.ts';

type Caller = { readonly leader: Leader; readonly node: NodeId } | 'campaign' | 'recovery';

/** The node that asks: its parts, and what answers may mean for all of it. */
export interface Callers {
  readonly follower: Follower;
  readonly campaign: Campaign;
  /** Who leads now, which may be somebody else than when the question was asked. */
  leader(): Leader | null;
  /** A follower of this leader's holds more than before. */
  replicated(): void;
  /** Somebody promised a newer epoch. */
  deposed(epoch: number, by: NodeId): void;
}

export class Calls {
  readonly #host: Pick<Host, 'now' | 'out' | 'token' | 'isStoreFree'>;
  readonly #callers: Callers;
  readonly #open = new Map<number, Caller>();

  constructor(host: Pick<Host, 'now' | 'out' | 'token' | 'isStoreFree'>, callers: Callers) {
    this.#host = host;
    this.#callers = callers;
  }

  /** Answers the request's number. */
  send(to: NodeId, message: PeerRequest, caller: Caller): number {
    const request = this.#host.token();
    this.#open.set(request, caller);
    this.#host.out({ t: 'send', to, request, message });
    return request;
  }

  answered(request: number, message: PeerAnswer): void {
    const caller = this.#over(request);
    if (caller === undefined) return;
    if (caller === 'campaign') this.#callers.campaign.answered(request, message, this.#host.now());
    else if (caller === 'recovery') this.#recoveryAnswered(request, message);
    else if (caller.leader === this.#callers.leader())
      this.#linkAnswered(caller.leader, caller.leader.linkTo(caller.node), request, message, this.#host.now());
  }

  failed(request: number, reason: string): void {
    const caller = this.#over(request);
    if (caller === undefined) return;
    if (caller === 'campaign') this.#callers.campaign.failed(request, this.#host.now());
    else if (caller === 'recovery') this.#callers.follower.recovery?.failed(request);
    else if (caller.leader === this.#callers.leader()) {
      const link = caller.leader.linkTo(caller.node);
      if (link.isUp) this.#warn('link down', { follower: link.node, reason });
      caller.leader.failed(link, request, this.#host.now());
    }
  }

  #over(request: number): Caller | undefined {
    const caller = this.#open.get(request);
    this.#open.delete(request);
    return caller;
  }

  #recoveryAnswered(request: number, message: PeerAnswer): void {
    const { follower, campaign } = this.#callers;
    const state = message.t === 'standing' ? follower.recovery?.answered(request, message) : undefined;
    if (message.t !== 'standing') follower.recovery?.failed(request);
    // Something else may have given it a hard state meanwhile; then what it recovered is not needed.
    if (!state || follower.hard !== null || !this.#host.isStoreFree()) return;
    // A node whose lineage lives has nothing to bring to life. Not before: whoever calls may be of another one.
    campaign.abandon();
    follower.takeOver(state);
  }

  #linkAnswered(leader: Leader, link: Link, request: number, message: PeerAnswer, now: Ms): void {
    if (message.t === 'replicated') {
      leader.answered(link, request, message, now);
      this.#callers.replicated();
    } else if (message.t === 'installed') {
      leader.installed(link, request, message, now);
    } else if (message.t === 'refused' && message.code === 'wrong_incarnation') {
      leader.reset(link, request, now);
    } else if (message.t === 'refused' && message.code === 'stale_epoch' && message.epoch > leader.epoch) {
      this.#callers.deposed(message.epoch, link.node);
    } else {
      if (message.t === 'refused' && message.code === 'need_snapshot') link.refusedGap(request, now);
      leader.failed(link, request, now);
      if (message.t === 'refused') this.#warn('follower refuses', { follower: link.node, code: message.code, message: message.message });
    }
  }

  #warn(event: string, data: Readonly<Record<string, unknown>>): void {
    this.#host.out({ t: 'note', level: 'warn', event, data });
  }
}
