/**
 * The way of one node to the leadership of a new epoch: the opening looks and fences (opening.ts), its promises and the epoch's first position are made
 * durable in between, and what comes out is a leader that installs.
 *
 * Invariant: the node's own promise is durable before it fences another; that it leads the epoch is durable before the epoch's opening is; the
 * opening is durable here before it is told to anybody.
 */
import type { Ms } from '../lib/units.ts';
import type { Follower } from './follower.ts';
import type { Host } from './host.ts';
import { Leader, type LeaderLimits } from './leader.ts';
import type { NodeId, PeerAnswer, PeerRequest } from './message.ts';
import type { Network } from './network.ts';
import { Opening } from './opening.ts';
import type { HardState, Identity, Member, Position } from './record.ts';
import type { Version } from './version.ts';

export interface CandidateConfig extends Identity {
  /** Every node as this one was told. */
  readonly members: readonly Member[];
  /** Random; names the lineage if this node brings it to life. */
  readonly newLineage: string;
  readonly quorum: number;
  readonly limits: LeaderLimits;
}

export interface CandidateParts {
  readonly config: CandidateConfig;
  /** Holds the hard state and the position of this node, whoever changes them. */
  readonly follower: Follower;
  readonly network: Network;
  /** The newest record of the own store, or the watermark above it. */
  readonly ownHead: Version;
  readonly host: Host;
  /** For the leader that comes out: calls in its name. */
  readonly sendAsLeader: (leader: Leader, to: NodeId, message: PeerRequest) => number;
}

/** A save or commit of the candidate's that is outstanding. */
type Step =
  | { readonly t: 'promise'; readonly token: number; readonly state: HardState }
  | { readonly t: 'claim'; readonly token: number; readonly state: HardState; readonly kMin: number | null }
  | { readonly t: 'position'; readonly token: number; readonly position: Position; readonly leader: Leader };

export class Candidacy {
  readonly #parts: CandidateParts;
  readonly #opening: Opening;
  #step: Step | null = null;
  #isWon = false;

  constructor(parts: CandidateParts) {
    this.#parts = parts;
    const { config, follower, host } = parts;
    const { nodeId, incarnation, members, newLineage } = config;
    const { hard, position } = follower;
    const reachedEpoch = position.watermark.epoch;
    this.#opening = new Opening(
      { nodeId, incarnation, members: hard?.members ?? members, hard, reachedEpoch, kMin: position.kMin, newLineage },
      host,
    );
  }

  get phase(): 'looking' | 'fencing' | 'installing' {
    return this.#isWon ? 'installing' : this.#opening.phase;
  }

  get waitingFor(): string {
    return this.#isWon ? 'the local store takes the opening of the epoch' : this.#opening.waitingFor;
  }

  /** True while a save of this candidate is outstanding, so that it cannot simply be dropped. */
  get isSaving(): boolean {
    return this.#step !== null;
  }

  turn(now: Ms): void {
    if (this.#isWon || !this.#parts.host.isStoreFree()) return;
    const promise = this.#opening.promise();
    if (promise !== null) {
      this.#step = { t: 'promise', token: this.#save(promise), state: promise };
      return;
    }
    const opened = this.#opening.opened();
    const { hard } = this.#parts.follower;
    if (opened === null || hard === null) {
      this.#opening.turn(now);
      return;
    }
    const claim = { ...hard, ledEpoch: opened.epoch };
    this.#isWon = true;
    this.#step = { t: 'claim', token: this.#save(claim), state: claim, kMin: opened.kMin };
  }

  /** True if the save was this candidate's. */
  hardSaved(token: number): boolean {
    const step = this.#step;
    if (step === null || step.t === 'position' || step.token !== token) return false;
    this.#step = null;
    this.#parts.follower.remember(step.state);
    if (step.t === 'promise') this.#opening.promised();
    else this.#storeOpening(step.state, step.kMin);
    return true;
  }

  /** The leader of the new epoch, once its opening is durable here; null if the commit was somebody else's. */
  persisted(token: number): Leader | null {
    const step = this.#step;
    if (step === null || step.t !== 'position' || step.token !== token) return null;
    this.#parts.follower.position = step.position;
    return step.leader;
  }

  answered(request: number, answer: PeerAnswer, now: Ms): void {
    this.#opening.answered(request, answer, now);
  }

  failed(request: number, now: Ms): void {
    this.#opening.failed(request, now);
  }

  wakeAt(now: Ms): Ms {
    return this.#isWon ? Number.POSITIVE_INFINITY : this.#opening.wakeAt(now);
  }

  #storeOpening({ lineage, members, ledEpoch }: HardState, kMin: number | null): void {
    const { config, network, ownHead, host, sendAsLeader } = this.#parts;
    const { nodeId, quorum, limits } = config;
    const start = { nodeId, lineage, members, head: { epoch: ledEpoch, seq: ownHead.seq }, quorum, kMin: kMin ?? quorum };
    const leader: Leader = new Leader(start, limits, network, { ...host, send: (to, message) => sendAsLeader(leader, to, message) });
    const position = leader.position();
    const token = host.token();
    this.#step = { t: 'position', token, position, leader };
    host.out({ t: 'persist', token, records: [], position, previousOf: [] });
  }

  #save(state: HardState): number {
    const token = this.#parts.host.token();
    this.#parts.host.out({ t: 'saveHard', token, state });
    return token;
  }
}
