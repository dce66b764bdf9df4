/**
 * Opening an epoch: look, fence, gather, install, open (SPEC 6), as far as a birth and a leader's restart need it.
 *
 * A birth needs every node, all blank. A restarted leader needs a majority, and gathers nothing, because it led the newest epoch and its
 * store holds everything that it ever sent. What neither covers is refused here, in `look`, where nothing was changed yet.
 * This file looks and fences; installing is catch-up in the new epoch, by the new leader's links (replica.ts).
 */
import type { Ms } from '../lib/units.ts';
import type { Host } from './host.ts';
import type { FenceRequest, NodeId, PeerAnswer, StandingAnswer } from './message.ts';
import { majorityOf } from './quorum.ts';
import type { HardState, Member } from './record.ts';

const RETRY_MS = 100;

export interface OpeningStart {
  readonly nodeId: NodeId;
  readonly incarnation: string;
  readonly members: readonly Member[];
  /** Null: nothing was born here yet. */
  readonly hard: HardState | null;
  /** The epoch that the own data reached; 0 for none. */
  readonly reachedEpoch: number;
  /** Of the own store; null for none. */
  readonly kMin: number | null;
  /** The lineage of a birth. */
  readonly newLineage: string;
}

export interface Opened {
  readonly epoch: number;
  readonly kMin: number | null;
}

export class Opening {
  phase: 'looking' | 'fencing' = 'looking';
  /** Why it does not go on, for people. */
  waitingFor = 'nobody was asked yet';

  readonly #start: OpeningStart;
  readonly #host: Host;
  readonly #others: readonly NodeId[];
  readonly #lineage: string;
  readonly #isBirth: boolean;
  readonly #heard = new Map<NodeId, StandingAnswer>();
  readonly #fenced = new Map<NodeId, StandingAnswer>();
  readonly #asked = new Map<number, { node: NodeId; isFence: boolean }>();
  readonly #askAt = new Map<NodeId, Ms>();
  /** Heard, and to be asked again, because as they stand nothing can be opened; until they answer, that is what is known. */
  readonly #askAgain = new Set<NodeId>();
  #highestEpoch: number;
  #epoch = 0;
  #hasPromised = false;

  constructor(start: OpeningStart, host: Host) {
    this.#start = start;
    this.#host = host;
    this.#others = start.members.map((member) => member.id).filter((id) => id !== start.nodeId);
    this.#isBirth = start.reachedEpoch === 0;
    this.#lineage = start.hard?.lineage ?? start.newLineage;
    this.#highestEpoch = start.hard?.promisedEpoch ?? 0;
  }

  turn(now: Ms): void {
    for (const node of this.#others) {
      if (this.#isAsking(node) || now < (this.#askAt.get(node) ?? Number.NEGATIVE_INFINITY)) continue;
      if (this.phase === 'looking' && this.#mustLook(node)) {
        this.#askAgain.delete(node);
        this.#asked.set(this.#host.send(node, { t: 'look', from: this.#start.nodeId }), { node, isFence: false });
      } else if (this.phase === 'fencing' && this.#hasPromised && !this.#fenced.has(node)) {
        this.#asked.set(this.#host.send(node, this.#fenceFor(node)), { node, isFence: true });
      }
    }
  }

  /** The promise to oneself that must be durable before the others are fenced, when looking is over. */
  promise(): HardState | null {
    if (this.phase !== 'looking' || !this.#mayFence()) return null;
    this.phase = 'fencing';
    this.#epoch = this.#highestEpoch + 1;
    this.#hasPromised = false;
    this.#fenced.clear();
    this.#askAt.clear();
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

  /** What was won, once enough nodes are fenced. */
  opened(): Opened | null {
    if (this.phase !== 'fencing' || !this.#hasPromised) return null;
    const counted = [...this.#fenced.values()].filter((standing) => !standing.isBlank);
    const needed = this.#isBirth ? this.#others.length + 1 : majorityOf(this.#others.length);
    if (counted.length + 1 < needed) {
      this.waitingFor = `${counted.length + 1} of ${needed} nodes promised epoch ${this.#epoch}; missing: ${this.#missing(this.#fenced)}`;
      return null;
    }
    const kMins = [this.#start.kMin, ...counted.map((standing) => standing.kMin)].filter((kMin) => kMin !== null);
    return { epoch: this.#epoch, kMin: kMins.length === 0 ? null : Math.min(...kMins) };
  }

  answered(request: number, answer: PeerAnswer, now: Ms): void {
    const asked = this.#asked.get(request);
    this.#asked.delete(request);
    if (asked === undefined) return;
    if (answer.t === 'standing') {
      this.#highestEpoch = Math.max(this.#highestEpoch, answer.promisedEpoch);
      // The answer to the fence of an epoch that was given up meanwhile, or of a node that promised nothing because it is blank.
      const isWorthless = asked.isFence && (answer.promisedEpoch !== this.#epoch || answer.promisedTo !== this.#start.nodeId);
      if (isWorthless) this.#askAt.set(asked.node, now + RETRY_MS);
      else (asked.isFence ? this.#fenced : this.#heard).set(asked.node, answer);
      return;
    }
    this.#askAt.set(asked.node, now + RETRY_MS);
    if (answer.t !== 'refused') return;
    this.#highestEpoch = Math.max(this.#highestEpoch, answer.epoch);
    // Somebody promised more than was seen while looking, or is another than then: look again, and ask for more.
    if (asked.isFence && (answer.code === 'stale_epoch' || answer.code === 'wrong_incarnation')) this.#lookAgain();
  }

  failed(request: number, now: Ms): void {
    const asked = this.#asked.get(request);
    this.#asked.delete(request);
    if (asked === undefined) return;
    this.#askAt.set(asked.node, now + RETRY_MS);
    if (!asked.isFence) this.#heard.delete(asked.node);
  }

  wakeAt(now: Ms): Ms {
    let at = Number.POSITIVE_INFINITY;
    for (const node of this.#others) {
      const isWaitedFor = this.phase === 'looking' ? this.#mustLook(node) : !this.#fenced.has(node);
      if (!isWaitedFor || this.#isAsking(node)) continue;
      const askAt = this.#askAt.get(node) ?? now;
      if (askAt > now) at = Math.min(at, askAt);
    }
    return at;
  }

  #fenceFor(node: NodeId): FenceRequest {
    const { nodeId, members } = this.#start;
    const incarnation = this.#isBirth ? (this.#heard.get(node)?.incarnation ?? null) : null;
    return { t: 'fence', from: nodeId, lineage: this.#lineage, epoch: this.#epoch, incarnation, members, isBirth: this.#isBirth };
  }

  /** Looking again changes nothing at the others, so a node that was only late, or blank, may answer differently. */
  #lookAgain(): void {
    this.phase = 'looking';
    this.#heard.clear();
    this.#askAgain.clear();
  }

  #mayFence(): boolean {
    const standings = [...this.#heard.values()];
    const stranger = standings.find((standing) => standing.lineage !== null && standing.lineage !== this.#lineage);
    if (this.#isBirth) {
      if (stranger !== undefined || standings.some((standing) => standing.watermark.epoch > 0)) {
        const who = standings
          .filter((standing) => standing.lineage !== null)
          .map((standing) => standing.node)
          .sort();
        this.waitingFor = `this node holds no data, but ${who.join(', ')} ${who.length === 1 ? 'does' : 'do'}: an empty leader must not lead them; start over with \`kvctl down --purge\``;
        return this.#retry(standings);
      }
      this.waitingFor = `a birth needs every node; missing: ${this.#others.filter((node) => !this.#heard.has(node)).join(', ')}`;
      return standings.length === this.#others.length;
    }
    if (stranger !== undefined) {
      this.waitingFor = `${stranger.node} belongs to another cluster (lineage ${stranger.lineage}, ours is ${this.#lineage})`;
      return this.#retry([stranger]);
    }
    const newer = standings.find((standing) => standing.watermark.epoch > (this.#start.hard?.ledEpoch ?? 0));
    if (newer !== undefined) {
      this.waitingFor = `${newer.node} reached epoch ${newer.watermark.epoch}, which this node did not lead`;
      return this.#retry([newer]);
    }
    const counted = standings.filter((standing) => !standing.isBlank).length + 1;
    const needed = majorityOf(this.#others.length);
    this.waitingFor = `${counted} of the ${needed} nodes of a majority answer; missing: ${this.#missing(this.#heard)}`;
    // A blank node may still be filled by what its last leader sent before it stopped, so what it answered is not its last word.
    return counted >= needed || this.#retry(standings.filter((standing) => standing.isBlank));
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

  #mustLook(node: NodeId): boolean {
    return !this.#heard.has(node) || this.#askAgain.has(node);
  }

  #isAsking(node: NodeId): boolean {
    for (const asked of this.#asked.values()) if (asked.node === node) return true;
    return false;
  }

  #missing(heard: ReadonlyMap<NodeId, StandingAnswer>): string {
    const missing = this.#others.filter((node) => heard.get(node)?.isBlank !== false);
    return missing.length === 0 ? 'nobody' : missing.join(', ');
  }
}
