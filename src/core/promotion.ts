/**
 * An operator's wish that this node leads, from the request to its answer: look first, refuse what cannot be, tell what came of it.
 *
 * Invariant: one answer per request. What has begun goes on when its time is over, because nodes that promised a new epoch cannot be had back.
 */
import type { Ms } from '../lib/units.ts';
import type { Assessment } from './assess.ts';
import type { Candidacy } from './candidacy.ts';
import type { Host } from './host.ts';
import type { Leader } from './leader.ts';
import type { Promoted, PromoteInput, WriteFailure } from './message.ts';
import { isValidQuorum } from './quorum.ts';

interface Pending {
  readonly input: PromoteInput;
  readonly deadlineAt: Ms;
  /** What the epoch was won with. */
  won: Pick<Promoted, 'epoch' | 'responders' | 'missing' | 'losslessForQuorum' | 'kMin' | 'isForced' | 'recovered' | 'quorum'> | null;
}

export class Promotion {
  readonly #host: Host;
  #pending: Pending | null = null;

  constructor(host: Host) {
    this.#host = host;
  }

  get isPending(): boolean {
    return this.#pending !== null;
  }

  get deadlineAt(): Ms {
    return this.#pending?.deadlineAt ?? Number.POSITIVE_INFINITY;
  }

  /** False if it was refused at once. */
  begin(input: PromoteInput, followers: number, now: Ms): boolean {
    if (input.quorum !== null && !isValidQuorum(input.quorum, followers)) {
      const message = `expected a quorum from 0 to ${followers}, the number of followers, got ${input.quorum}`;
      this.#fail(input, 'invalid_quorum', message, { followers, got: input.quorum });
    } else if (!input.gathers && !input.isForced) {
      this.#fail(input, 'not_lossless', 'the data of one node alone may lack acknowledged writes: that needs force', {});
    } else {
      this.#pending = { input, deadlineAt: now + input.timeoutMs, won: null };
      return true;
    }
    return false;
  }

  /** A node that leads already has nothing to do; one that cannot lead says why. */
  refuse(input: PromoteInput, leader: Leader | null, why: string): void {
    if (leader === null || !leader.isOpen) return this.#fail(input, 'not_open', why, {});
    const responders = leader.installedOn();
    const missing = leader.links.map(({ node }) => node).filter((node) => !responders.includes(node));
    const { epoch, quorum, kMin } = leader;
    const what = { epoch, responders, missing, losslessForQuorum: 0, kMin, isForced: false, recovered: 0, quorum };
    this.#host.out({ t: 'promoteReply', id: input.id, result: { ok: true, isDryRun: input.isDryRun, ...what } });
  }

  /** The candidate may only look: nothing is known yet that speaks for it. */
  mustLook(candidacy: Candidacy): boolean {
    return this.#pending !== null && candidacy.phase === 'looking' && candidacy.verdict() === undefined;
  }

  /** Everybody was looked at, and that was all, or it cannot be. */
  isOver(candidacy: Candidacy): boolean {
    const pending = this.#pending;
    if (pending === null || candidacy.phase !== 'looking') return false;
    const verdict = candidacy.verdict();
    if (verdict === undefined) return false;
    if (verdict !== null) {
      this.#end(verdict.code, verdict.message, detailOf(candidacy.assessment));
      return true;
    }
    if (!pending.input.isDryRun) return false;
    this.#pending = null;
    this.#host.out({ t: 'promoteReply', id: pending.input.id, result: { ok: true, isDryRun: true, ...whatOf(candidacy) } });
    return true;
  }

  won(candidacy: Candidacy | null): void {
    if (this.#pending !== null && candidacy !== null) this.#pending.won = whatOf(candidacy);
  }

  opened(leader: Leader): void {
    const pending = this.#pending;
    if (pending === null || pending.won === null) return;
    this.#pending = null;
    const result = { ok: true, isDryRun: false, ...pending.won, quorum: leader.quorum } as const;
    this.#host.out({ t: 'promoteReply', id: pending.input.id, result });
  }

  /** True if its time is over now. */
  expire(now: Ms, candidacy: Candidacy | null): boolean {
    const pending = this.#pending;
    if (pending === null || now < pending.deadlineAt) return false;
    const why = candidacy?.waitingFor ?? 'a majority has not reached the new epoch yet';
    const message = `not open after ${Math.round(pending.input.timeoutMs)} ms: ${why}; ${candidacy?.phase === 'looking' ? 'nothing was changed' : 'what has begun goes on'}`;
    this.#end('not_open', message, candidacy === null ? {} : detailOf(candidacy.assessment));
    return true;
  }

  fail(message: string): void {
    this.#end('not_open', message, {});
  }

  #end(code: WriteFailure['code'], message: string, detail: WriteFailure['detail']): void {
    const pending = this.#pending;
    this.#pending = null;
    if (pending !== null) this.#fail(pending.input, code, message, detail);
  }

  #fail({ id }: PromoteInput, code: WriteFailure['code'], message: string, detail: WriteFailure['detail']): void {
    this.#host.out({ t: 'promoteReply', id, result: { ok: false, code, message, detail } });
  }
}

function whatOf(candidacy: Candidacy): NonNullable<Pending['won']> {
  const { epoch, quorum, isForced, recovered, assessment } = candidacy;
  const { responders, missing, losslessForQuorum, kMin } = assessment;
  return { epoch, responders, missing, losslessForQuorum, kMin, isForced, recovered, quorum };
}

function detailOf({ responders, missing, losslessForQuorum, kMin }: Assessment): WriteFailure['detail'] {
  return { responders, missing, lossless_for_quorum: losslessForQuorum, k_min: kMin };
}
