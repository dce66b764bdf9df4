/**
 * The way of one node to the leadership of a new epoch: the opening looks, fences and gathers (opening.ts), its promises, what it gathered and the epoch's
 * first position are made durable in between, and what comes out is a leader that installs.
 *
 * Invariant: the node's own promise is durable before it fences another; what it gathered is durable before it claims the epoch; that it leads the epoch is
 * durable before the epoch's opening is; the opening is durable here before it is told to anybody.
 */
import type { Ms } from '../lib/units.ts';
import type { Assessment } from './assess.ts';
import type { Follower } from './follower.ts';
import type { Hindrance } from './hindrance.ts';
import type { Host } from './host.ts';
import { Leader, type LeaderLimits } from './leader.ts';
import { extended } from './lineage.ts';
import type { Network } from './network.ts';
import { type Opened, Opening } from './opening.ts';
import type { NodeId, PeerAnswer, PeerRequest, StandingAnswer } from './peer.ts';
import type { HardState, IdempotencyEntry, Identity, KvRecord, Member, Position } from './record.ts';
import { isNewer, maxVersion, type Version } from './version.ts';

export interface CandidateConfig extends Identity {
  /** Every node as this one was told. */
  readonly members: readonly Member[];
  /** Random; names the lineage if this node brings it to life. */
  readonly newLineage: string;
  readonly quorum: number;
  readonly limits: LeaderLimits;
}

/** What an operator asks for. */
export interface Wish {
  readonly isForced: boolean;
  readonly gathers: boolean;
  /** Null: the quorum that this node was told last, or else its own setting. */
  readonly quorum: number | null;
}

export interface CandidateParts {
  readonly config: CandidateConfig;
  /** Null: nobody asked, the node was the last that it promised to. */
  readonly wish: Wish | null;
  /** Holds the hard state and the position of this node, whoever changes them. */
  readonly follower: Follower;
  readonly standing: () => StandingAnswer;
  readonly network: Network;
  readonly host: Host;
  /** For the leader that comes out: calls in its name. */
  readonly sendAsLeader: (leader: Leader, to: NodeId, message: PeerRequest) => number;
}

/** A save or commit of the candidate's that is outstanding. */
type Step =
  | { readonly t: 'promise'; readonly token: number; readonly state: HardState }
  | { readonly t: 'gather'; readonly token: number; readonly records: readonly KvRecord[] }
  | { readonly t: 'claim'; readonly token: number; readonly state: HardState; readonly opened: Opened }
  | { readonly t: 'position'; readonly token: number; readonly position: Position; readonly leader: Leader };

export class Candidacy {
  /** Rows that others held and this node did not. */
  recovered = 0;
  readonly #parts: CandidateParts;
  readonly #opening: Opening;
  #step: Step | null = null;
  #opened: Opened | null = null;

  constructor(parts: CandidateParts) {
    this.#parts = parts;
    const { config, wish, follower, standing, host } = parts;
    const { nodeId, incarnation, members, newLineage, limits } = config;
    const { hard } = follower;
    this.#opening = new Opening(
      {
        nodeId,
        incarnation,
        members: hard?.members ?? members,
        hard,
        standing,
        newLineage,
        wish,
        pageRows: limits.pageRows,
        pageBytes: limits.batchBytes,
      },
      host,
    );
  }

  get phase(): 'looking' | 'fencing' | 'installing' {
    return this.#opened !== null ? 'installing' : this.#opening.phase;
  }

  get waitingFor(): string {
    return this.#opened !== null ? 'the local store takes the opening of the epoch' : this.#opening.waitingFor;
  }

  /** Somebody reached an epoch that this node did not. */
  get isOvertaken(): boolean {
    return this.#opening.isOvertaken;
  }

  /** True while a save of this candidate is outstanding: its outcome must be heard, also if the candidate is no more. */
  get isSaving(): boolean {
    return this.#step !== null;
  }

  /** What is known of the others: once the epoch is won, of those that it rests on. */
  get assessment(): Assessment {
    return this.#opened?.assessment ?? this.#opening.assessment;
  }

  get isForced(): boolean {
    return this.#opened?.isForced ?? false;
  }

  get epoch(): number {
    return this.#opened?.epoch ?? this.#opening.nextEpoch;
  }

  get quorum(): number {
    const { config, wish, follower } = this.#parts;
    return wish?.quorum ?? (wish === null ? config.quorum : (follower.quorum ?? config.quorum));
  }

  /** Whether everybody was looked at, and why the promotion cannot be; undefined: not known yet. */
  verdict(): Hindrance | null | undefined {
    return this.#opening.hasLooked ? this.#opening.hindrance() : undefined;
  }

  /** Only looks. */
  look(now: Ms): void {
    this.#opening.turn(now);
  }

  turn(now: Ms): void {
    if (this.#opened !== null || !this.#parts.host.isStoreFree()) return;
    const wanted = this.#opening.promise();
    if (wanted !== null) {
      // A candidacy that this one took the place of may have saved more since.
      const promise = { ...wanted, ledEpoch: this.#parts.follower.hard?.ledEpoch ?? 0 };
      this.#step = { t: 'promise', token: this.#save(promise), state: promise };
      return;
    }
    const records = this.#opening.take();
    const entries = this.#opening.entries();
    if (records.length + entries.length > 0) return this.#store(records, entries);
    const opened = this.#opening.opened();
    const { hard } = this.#parts.follower;
    if (opened === null || hard === null) {
      this.#opening.turn(now);
      return;
    }
    const claim = { ...hard, ledEpoch: opened.epoch };
    this.#opened = opened;
    this.#step = { t: 'claim', token: this.#save(claim), state: claim, opened };
  }

  /** True if the save was this candidate's. `isOver`: it was given up meanwhile, and what is on the disk is only remembered. */
  hardSaved(token: number, isOver: boolean): boolean {
    const step = this.#step;
    if (step === null || step.t === 'position' || step.t === 'gather' || step.token !== token) return false;
    this.#step = null;
    this.#parts.follower.remember(step.state);
    if (isOver) return true;
    if (step.t === 'promise') this.#opening.promised();
    else this.#storeOpening(step.state, step.opened);
    return true;
  }

  /** False if the commit was somebody else's; the leader of the new epoch, once its opening is durable here; null: not yet. */
  persisted(token: number, previous: ReadonlyMap<string, KvRecord | null>): Leader | null | false {
    const step = this.#step;
    if (step === null || step.t === 'promise' || step.t === 'claim' || step.token !== token) return false;
    this.#step = null;
    const { follower } = this.#parts;
    if (step.t === 'gather') {
      for (const { key, version } of step.records) {
        const before = previous.get(key) ?? null;
        if (before === null || isNewer(version, before.version)) this.recovered += 1;
        follower.newest = maxVersion(follower.newest, version);
      }
      this.#opening.stored();
      return null;
    }
    follower.reach(step.position);
    return step.leader;
  }

  answered(request: number, answer: PeerAnswer, now: Ms): void {
    this.#opening.answered(request, answer, now);
  }

  failed(request: number, now: Ms): void {
    this.#opening.failed(request, now);
  }

  wakeAt(now: Ms): Ms {
    return this.#opened !== null ? Number.POSITIVE_INFINITY : this.#opening.wakeAt(now);
  }

  #store(records: readonly KvRecord[], entries: readonly IdempotencyEntry[]): void {
    const token = this.#parts.host.token();
    this.#step = { t: 'gather', token, records };
    const previousOf = [...new Set(records.map(({ key }) => key))];
    // What was gathered is of the epoch that its holders reached; the one that is to be opened has told nothing yet.
    const { epoch } = this.#parts.standing().watermark;
    this.#parts.host.out({ t: 'persist', token, epoch, records, entries, position: null, previousOf });
  }

  #storeOpening({ lineage, members, ledEpoch }: HardState, { kMin, floor, isForced }: Opened): void {
    const { config, follower, network, host, sendAsLeader } = this.#parts;
    const { nodeId, limits } = config;
    const head: Version = { epoch: ledEpoch, seq: maxVersion(follower.newest, follower.position.watermark).seq };
    const { quorum } = this;
    const history = extended(follower.position.history, { epoch: ledEpoch, leader: nodeId, seq: head.seq, floor, isForced });
    const { purgeFloor } = follower.position;
    const start = { nodeId, lineage, members, head, quorum, kMin: kMin ?? quorum, history, purgeFloor };
    const leader: Leader = new Leader(start, limits, network, { ...host, send: (to, message) => sendAsLeader(leader, to, message) });
    const position = leader.position();
    const token = host.token();
    this.#step = { t: 'position', token, position, leader };
    // A page may bring the entry of a write whose row has moved on beyond it. If nobody here has that row, the write is left behind, and so is its entry.
    host.out({ t: 'persist', token, epoch: ledEpoch, records: [], position, previousOf: [], dropOrphansAfter: floor });
  }

  #save(state: HardState): number {
    const token = this.#parts.host.token();
    this.#parts.host.out({ t: 'saveHard', token, state });
    return token;
  }
}
