/**
 * Opening an epoch: look, fence, gather (SPEC 6); installing is catch-up in the new epoch by the new leader's links (replica.ts).
 *
 * One procedure for a birth, which needs every node, all blank; for a restarted leader, which needs a majority and gathers nothing, because
 * its store holds everything that it ever sent; and for the promotion of any node that reached the newest epoch. What cannot succeed is
 * refused in `look`, where nothing was changed yet. An operator's promotion waits for each node until it answered or failed once, since every
 * answer makes it safer. Why it cannot be is said in hindrance.ts; what the fenced nodes hand over is kept in gathering.ts.
 * Invariant: what `opened` tells rests on nodes that promised this epoch, and of which everything was gathered that they could contribute.
 */
import type { Ms } from '../lib/units.ts';
import { type Assessment, assess, isAhead } from './assess.ts';
import { Gathering } from './gathering.ts';
import {
  blankCandidate,
  type Candidate,
  type Hindrance,
  heldAtBirth,
  hindranceOf,
  missingAtBirth,
  strange,
  strangerTo,
} from './hindrance.ts';
import type { Host } from './host.ts';
import type { ChangesRequest, FenceRequest, NodeId, PeerAnswer, Refusal, StandingAnswer } from './peer.ts';
import type { HardState, IdempotencyEntry, KvRecord } from './record.ts';
import { maxVersion, type Version } from './version.ts';

const RETRY_MS = 100;

/** Somebody promised more than was seen while looking, is another than then, or forgot tombstones since. */
const LOOK_AGAIN: ReadonlySet<Refusal['code']> = new Set(['stale_epoch', 'wrong_incarnation', 'need_snapshot'] as const);

export interface OpeningStart extends Candidate {
  readonly incarnation: string;
  /** Null: nothing was born here yet. */
  readonly hard: HardState | null;
  /** Where this node stands: until it promised, it may follow on. */
  readonly standing: () => StandingAnswer;
  /** The lineage of a birth. */
  readonly newLineage: string;
  readonly pageRows: number;
  readonly pageBytes: number;
}

export interface Opened {
  readonly epoch: number;
  readonly kMin: number | null;
  readonly floor: Version;
  readonly isForced: boolean;
  readonly assessment: Assessment;
}

type Question = 'look' | 'fence' | 'changes';

export class Opening {
  phase: 'looking' | 'fencing' = 'looking';
  /** Why it does not go on, for people. */
  waitingFor = 'nobody was asked yet';
  /** Somebody reached an epoch that this node did not, so that it cannot go on. */
  isOvertaken = false;

  readonly #start: OpeningStart;
  readonly #host: Host;
  readonly #others: readonly NodeId[];
  readonly #lineage: string;
  readonly #isBirth: boolean;
  readonly #heard = new Map<NodeId, StandingAnswer>();
  readonly #gathering = new Gathering();
  readonly #asked = new Map<number, { node: NodeId; question: Question }>();
  readonly #askAt = new Map<NodeId, Ms>();
  /** Did not answer the last question of this phase. */
  readonly #silent = new Set<NodeId>();
  /** Heard, and to be asked again, because as they stand nothing can be opened; until they answer, that is what is known. */
  readonly #askAgain = new Set<NodeId>();
  #highestEpoch: number;
  #epoch = 0;
  #hasPromised = false;

  constructor(start: OpeningStart, host: Host) {
    this.#start = start;
    this.#host = host;
    this.#others = start.members.map((member) => member.id).filter((id) => id !== start.nodeId);
    this.#isBirth = start.standing().watermark.epoch === 0 && start.wish === null;
    this.#lineage = start.hard?.lineage ?? start.newLineage;
    this.#highestEpoch = start.hard?.promisedEpoch ?? 0;
  }

  /** As far as `look` tells. */
  get assessment(): Assessment {
    return this.#assess(this.#heard);
  }

  get nextEpoch(): number {
    return Math.max(this.#highestEpoch, this.#standing.promisedEpoch) + 1;
  }

  /** Everybody was looked at who can be. */
  get hasLooked(): boolean {
    return this.phase === 'looking' && this.#hasTried(this.#heard);
  }

  turn(now: Ms): void {
    for (const node of this.#others) {
      if (this.#isAsking(node) || now < (this.#askAt.get(node) ?? Number.NEGATIVE_INFINITY)) continue;
      if (this.phase === 'looking' && this.#mustLook(node)) {
        this.#askAgain.delete(node);
        this.#ask(node, 'look', this.#host.send(node, { t: 'look', from: this.#start.nodeId }));
      } else if (this.phase === 'fencing' && this.#hasPromised) {
        const standing = this.#gathering.standings.get(node);
        const cursor = this.#gathering.cursorOf(node);
        if (standing === undefined) this.#ask(node, 'fence', this.#host.send(node, this.#fenceFor(node)));
        else if (cursor !== null) this.#ask(node, 'changes', this.#host.send(node, this.#changesSince(cursor, standing)));
      }
    }
  }

  /** The promise to oneself that must be durable before the others are fenced, when looking is over. */
  promise(): HardState | null {
    if (this.phase !== 'looking' || !this.#mayFence()) return null;
    this.#epoch = this.nextEpoch;
    this.phase = 'fencing';
    this.#hasPromised = false;
    this.#gathering.begin();
    this.#askAt.clear();
    this.#silent.clear();
    const { nodeId, incarnation, members, hard } = this.#start;
    return {
      lineage: this.#lineage,
      nodeId,
      incarnation,
      members,
      promisedEpoch: this.#epoch,
      promisedTo: nodeId,
      ledEpoch: hard?.ledEpoch ?? 0,
      blank: false,
    };
  }

  promised(): void {
    this.#hasPromised = true;
  }

  /** What came since the last call and is to be stored here, if anything is: then tell `stored` once it is durable. */
  take(): readonly KvRecord[] {
    return this.phase === 'fencing' ? this.#gathering.take(this.#standing.watermark.epoch) : [];
  }

  /** What came of `Idempotency-Key`s with what `take` answered. */
  entries(): readonly IdempotencyEntry[] {
    return this.phase === 'fencing' ? this.#gathering.entries(this.#standing.watermark.epoch) : [];
  }

  stored(): void {
    this.#gathering.stored();
  }

  /** What was won, once enough nodes are fenced, and everything that they can give is here. */
  opened(): Opened | null {
    if (this.phase !== 'fencing' || !this.#hasPromised || !this.#gathering.isStored) return null;
    const { wish } = this.#start;
    const standing = this.#standing;
    if ([...this.#gathering.standings.values()].some((each) => isAhead(each, standing)) && this.#gathers) {
      this.#lookAgain();
      return null;
    }
    // Whoever still has something to give does not count before it is here.
    const complete = this.#gathering.complete();
    const assessment = this.#assess(complete);
    const isForced = wish?.isForced === true && (!assessment.isLossless || !wish.gathers);
    const hindrance = this.#isBirth
      ? missingAtBirth(this.#others, complete)
      : this.#hindrance(assessment, `promised epoch ${this.#epoch} and handed over what they hold`);
    if (hindrance !== null || !(this.#isComplete || this.#hasTried(complete))) {
      this.waitingFor = hindrance?.message ?? `missing: ${assessment.missing.join(', ')}`;
      return null;
    }
    const givers = assessment.sources.flatMap((node) => complete.get(node) ?? []);
    const floor = (this.#gathers ? givers : []).reduce((newest, each) => maxVersion(newest, each.watermark), standing.watermark);
    return { epoch: this.#epoch, kMin: assessment.kMin, floor, isForced, assessment };
  }

  answered(request: number, answer: PeerAnswer, now: Ms): void {
    const asked = this.#asked.get(request);
    this.#asked.delete(request);
    if (asked === undefined) return;
    const { node, question } = asked;
    if (answer.t === 'standing') {
      this.#highestEpoch = Math.max(this.#highestEpoch, answer.promisedEpoch);
      this.#silent.delete(node);
      if (question === 'look') this.#heard.set(node, answer);
      // The answer to the fence of an epoch that was given up meanwhile, or of a node that promised nothing because it is blank.
      else if (answer.promisedEpoch !== this.#epoch || answer.promisedTo !== this.#start.nodeId) this.#retryLater(node, now);
      else this.#fencedBy(node, answer);
    } else if (answer.t === 'changes') {
      this.#silent.delete(node);
      this.#gathering.came(node, answer);
    } else {
      this.#retryLater(node, now);
      if (answer.t !== 'refused') return;
      this.#highestEpoch = Math.max(this.#highestEpoch, answer.epoch);
      // Look again, and ask for more.
      if (question !== 'look' && LOOK_AGAIN.has(answer.code)) this.#lookAgain();
    }
  }

  failed(request: number, now: Ms): void {
    const asked = this.#asked.get(request);
    this.#asked.delete(request);
    if (asked === undefined) return;
    this.#retryLater(asked.node, now);
    if (asked.question === 'look') this.#heard.delete(asked.node);
  }

  wakeAt(now: Ms): Ms {
    let at = Number.POSITIVE_INFINITY;
    for (const node of this.#others) {
      const isWaitedFor = this.phase === 'looking' ? this.#mustLook(node) : this.#gathering.isOwing(node);
      if (!isWaitedFor || this.#isAsking(node)) continue;
      const askAt = this.#askAt.get(node) ?? now;
      if (askAt > now) at = Math.min(at, askAt);
    }
    return at;
  }

  /** Why an operator's promotion cannot be, now that everybody was looked at; null: it can. */
  hindrance(): Hindrance | null {
    if (this.#standing.isBlank) return blankCandidate(this.#start.nodeId);
    const stranger = strangerTo(this.#lineage, [...this.#heard.values()]);
    return stranger !== undefined ? strange(stranger) : this.#hindrance(this.assessment, 'answer');
  }

  #hindrance(assessment: Assessment, what: string): Hindrance | null {
    return hindranceOf(this.#start, this.#standing, this.#heard.values(), assessment, what);
  }

  #assess(standings: ReadonlyMap<NodeId, StandingAnswer>): Assessment {
    return assess([this.#standing, ...standings.values()], this.#start.members);
  }

  get #standing(): StandingAnswer {
    return this.#start.standing();
  }

  /** This node led the newest epoch: it needs nobody's data. */
  get #isComplete(): boolean {
    const standing = this.#standing;
    const { wish } = this.#start;
    return this.#isBirth || (wish === null && standing.ledEpoch === standing.watermark.epoch);
  }

  get #gathers(): boolean {
    return !this.#isComplete && (this.#start.wish?.gathers ?? true);
  }

  #fencedBy(node: NodeId, standing: StandingAnswer): void {
    const { watermark } = this.#standing;
    const isSource = this.#gathers && !standing.isBlank && standing.watermark.epoch === watermark.epoch;
    this.#gathering.fenced(node, standing, isSource ? watermark : null);
  }

  #fenceFor(node: NodeId): FenceRequest {
    const { nodeId, members } = this.#start;
    const incarnation = this.#isBirth ? (this.#heard.get(node)?.incarnation ?? null) : null;
    return { t: 'fence', from: nodeId, lineage: this.#lineage, epoch: this.#epoch, incarnation, members, isBirth: this.#isBirth };
  }

  #changesSince(since: Version, { incarnation }: StandingAnswer): ChangesRequest {
    const { nodeId, pageRows, pageBytes } = this.#start;
    const [from, lineage, epoch] = [nodeId, this.#lineage, this.#epoch];
    return { t: 'changes', from, lineage, epoch, incarnation, since, limit: pageRows, maxBytes: pageBytes };
  }

  /** Looking again changes nothing at the others, so a node that was only late, or blank, may answer differently. */
  #lookAgain(): void {
    this.phase = 'looking';
    this.#heard.clear();
    this.#askAgain.clear();
    this.#silent.clear();
  }

  #mayFence(): boolean {
    const standings = [...this.#heard.values()];
    if (this.#isBirth) {
      const held = heldAtBirth(this.#lineage, standings);
      const hindrance = held ?? missingAtBirth(this.#others, this.#heard);
      this.waitingFor = hindrance?.message ?? this.waitingFor;
      return held !== null ? this.#retry(standings) : hindrance === null;
    }
    const stranger = strangerTo(this.#lineage, standings);
    if (stranger !== undefined) {
      this.waitingFor = strange(stranger, this.#lineage).message;
      return this.#retry([stranger]);
    }
    this.isOvertaken = standings.some((each) => isAhead(each, this.#standing)) && this.#start.wish === null;
    const hindrance = this.#hindrance(this.assessment, 'answer');
    this.waitingFor = hindrance?.message ?? this.waitingFor;
    // A blank node may still be filled by what its last leader sent before it stopped, so what it answered is not its last word.
    if (hindrance !== null) return this.#retry(standings.filter((standing) => standing.isBlank));
    return this.#isComplete || this.hasLooked;
  }

  /** Asks these again in a while: they may be replaced. */
  #retry(standings: readonly StandingAnswer[]): false {
    const now = this.#host.now();
    for (const { node } of standings) {
      if (this.#askAgain.has(node) || this.#isAsking(node)) continue;
      this.#askAgain.add(node);
      this.#askAt.set(node, now + RETRY_MS * 5);
    }
    return false;
  }

  /** Each other node is there, or failed once. */
  #hasTried(there: ReadonlyMap<NodeId, StandingAnswer>): boolean {
    return this.#others.every((node) => there.has(node) || this.#silent.has(node));
  }

  #retryLater(node: NodeId, now: Ms): void {
    this.#silent.add(node);
    this.#askAt.set(node, now + RETRY_MS);
  }

  #ask(node: NodeId, question: Question, request: number): void {
    this.#asked.set(request, { node, question });
  }

  #mustLook(node: NodeId): boolean {
    return !this.#heard.has(node) || this.#askAgain.has(node);
  }

  #isAsking(node: NodeId): boolean {
    for (const asked of this.#asked.values()) if (asked.node === node) return true;
    return this.#gathering.isStoring(node);
  }
}
