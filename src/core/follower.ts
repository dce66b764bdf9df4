/**
 * A node that follows: one serial queue for promises and records, so that a promise is made between two transactions, never inside one.
 *
 * What it does with a request is decided in promise.ts; what its leader sends goes through intake.ts; what it says of itself is standing.ts. Here is what is
 * durable: the hard state, the position, and how they change.
 * Invariant: a request is answered only when everything it carried, the position included, is durable here; the watermark that is reported is the durable one.
 * Blank nodes (without hard state: a memory store's restart, a purged directory) count for nothing until they took over the highest promise
 * of a majority of the others (recovery.ts) and then reached an open epoch from zero.
 */
import { assert } from '../lib/assert.ts';
import type { Host } from './host.ts';
import { Inbox, type Queued, type SerialRequest } from './inbox.ts';
import { Intake } from './intake.ts';
import type { Leader } from './leader.ts';
import type { ChangesRequest, InstallRequest, PageHeader, ReplicateAnswer, ReplicateRequest, StandingAnswer } from './peer.ts';
import { refuse, verdictOn } from './promise.ts';
import { LAST } from './reconcile.ts';
import type { HardState, KvRecord, Position, RunningIdentity } from './record.ts';
import { Recovery } from './recovery.ts';
import { isBlank, replicatedOf, standingOf } from './standing.ts';
import { maxVersion, type Version, ZERO } from './version.ts';

/** A leadership that ends, or goes on, as far as its store is concerned. */
type Led = Pick<Leader, 'durable' | 'underWay' | 'kMin' | 'purgeFloor'>;

export class Follower {
  hard: HardState | null;
  /** Durable. */
  position: Position;
  /** Of the store: the newest row, or what was before it was rolled back; the watermark if that is newer. */
  newest: Version;
  /** A commit that was under way when this node's leadership ended may have brought rows up to here. */
  #newestUnderWay: Version = ZERO;

  readonly #self: RunningIdentity;
  readonly #host: Host;
  readonly #inbox: Inbox;
  readonly #intake: Intake;
  /** Requests of candidates that wait for a page of the store, by the scan. */
  readonly #reading = new Map<number, number>();
  #saving: { token: number; state: HardState } | null = null;
  #answerAfterSave: readonly number[] = [];
  #recovery: Recovery | null = null;

  constructor(self: RunningIdentity, hard: HardState | null, position: Position, newest: Version, host: Host) {
    this.#self = self;
    this.#host = host;
    this.hard = hard;
    this.position = position;
    this.newest = newest;
    this.#inbox = new Inbox(host);
    this.#intake = new Intake(self, this, this.#inbox, host);
  }

  get isBlank(): boolean {
    return isBlank(this.hard);
  }

  get recovery(): Recovery | null {
    return this.#recovery;
  }

  /** As the leader last told, like the two below. */
  get head(): Version {
    return this.#intake.told.head;
  }

  get committedThrough(): Version {
    return this.#intake.told.committedThrough;
  }

  get quorum(): number | null {
    return this.#intake.told.quorum;
  }

  /** Where this node stands. */
  standing(): StandingAnswer {
    return standingOf(this.#self, this.hard, this.position, this.newest);
  }

  /** What a leader's request is answered with. */
  replicated(): ReplicateAnswer {
    return replicatedOf(this.#self, this.hard, this.position, maxVersion(this.newest, this.#newestUnderWay));
  }

  request(id: number, message: SerialRequest): void {
    this.#inbox.push({ id, message });
  }

  /** Works through the queue as far as the store allows: each request is taken out of it, or makes the store busy. */
  turn(): void {
    for (let next = this.#inbox.first; next !== undefined; next = this.#inbox.first) {
      if (!this.#host.isStoreFree() || this.#intake.isBusy) return;
      this.#take(next);
    }
  }

  /** This node's own opening of an epoch is durable. */
  reach(position: Position): void {
    this.newest = maxVersion(this.newest, position.watermark);
    this.#stand(position);
  }

  /** This node leads, and a commit of its leadership is durable. */
  led({ durable, purgeFloor }: Led): void {
    this.newest = durable;
    this.position = { ...this.position, purgeFloor };
  }

  /**
   * The leadership of this node is over; everything up to `durable` is in its store, up to `underWay` once the commit that runs is durable, and `kMin` is
   * what it knew last, not what it opened with.
   */
  follow({ durable, underWay, kMin, purgeFloor }: Led): void {
    this.#newestUnderWay = underWay;
    this.#stand({ ...this.position, watermark: durable, cursor: durable, kMin, purgeFloor });
  }

  /** The commit that was under way when the leadership of this node ended is durable: its rows are here like all others. */
  ledCommitted(): void {
    this.newest = maxVersion(this.newest, this.#newestUnderWay);
  }

  /** True if the commit was this follower's. */
  persisted(token: number, isSpoilt: boolean): boolean {
    const commit = this.#intake.persisted(token);
    if (commit === null) return false;
    const { position, requests, isSwap } = commit;
    if (isSpoilt) {
      this.#intake.spoilt(requests ?? []);
      return true;
    }
    this.position = position;
    if (isSwap) {
      this.#stand(position);
      this.newest = position.watermark;
      this.#intake.swapped(position);
    }
    if (requests === null) {
      this.#stand(position);
      this.#intake.rolledBack();
    } else if (this.hard?.blank && this.#intake.hasReachedEpoch) {
      this.#answerAfterSave = requests;
      this.#save({ ...this.hard, blank: false });
    } else this.#intake.answer(requests);
    return true;
  }

  /** True if the page was asked for here. */
  scanned(token: number, page: PageHeader, rows: readonly KvRecord[]): boolean {
    const id = this.#reading.get(token);
    if (this.#reading.delete(token) && id !== undefined) {
      this.#inbox.respond(id, { t: 'changes', page, rows });
      return true;
    }
    return this.#intake.scanned(token, page, rows);
  }

  /** True if the save was this follower's. */
  hardSaved(token: number): boolean {
    if (this.#saving?.token !== token) return false;
    const { state } = this.#saving;
    // Also where only the leader is another: this node wanted the epoch for itself, and did not follow in it yet.
    const isNewEpoch = state.promisedEpoch !== this.hard?.promisedEpoch || state.promisedTo !== this.hard.promisedTo;
    this.#saving = null;
    this.remember(state);
    if (isNewEpoch) this.#intake.enterEpoch(state.promisedEpoch);
    this.#intake.answer(this.#answerAfterSave);
    this.#answerAfterSave = [];
    return true;
  }

  /** Nothing will be durable here any more: whoever waits for that is told so now, not by a timeout. */
  storageFailed(why: string): void {
    const waiting = [...this.#intake.giveUp(), ...this.#answerAfterSave, ...this.#inbox.waiting];
    this.#answerAfterSave = [];
    for (const id of waiting) this.#inbox.respond(id, refuse(this, 'storage_failed', why));
  }

  /** The hard state is durable, whoever saved it: there is nothing to recover, and what waited for that is looked at. */
  remember(state: HardState): void {
    this.hard = state;
    this.#recovery = null;
    this.#inbox.bringBack();
  }

  /** The recovery of a blank node heard enough: it takes over the highest promise, and is blank until it reached an epoch. */
  takeOver(state: HardState): void {
    this.#save(state);
  }

  #take({ id, message }: Queued): void {
    const verdict = verdictOn(message, this.#self, this);
    if (verdict === 'standing') return this.#inbox.respond(id, this.standing());
    if (verdict !== 'take' && verdict !== 'blank') {
      if (verdict.t === 'promise') this.#save(verdict.state);
      else this.#inbox.respond(id, verdict);
      return;
    }
    assert(message.t !== 'fence', 'a fence is promised, refused or answered');
    if (message.t === 'changes') this.#read(id, message);
    else if (this.hard === null) this.#followBlank(id, message);
    else this.#intake.take(id, message, this.hard);
  }

  /** A page of what this node holds, for a candidate. */
  #read(id: number, { since, limit, maxBytes }: ChangesRequest): void {
    const token = this.#host.token();
    this.#inbox.shift();
    this.#reading.set(token, id);
    this.#host.out({ t: 'scan', token, since, until: LAST, limit, maxBytes });
  }

  /** Without hard state nothing is stored before the others' promises are known; what asks where it stands is answered. */
  #followBlank(id: number, message: ReplicateRequest | InstallRequest): void {
    // The leader of another lineage, which nobody around belongs to, must not keep the own one's from being heard.
    if (this.#recovery === null || (this.#recovery.lineage !== message.lineage && !this.#recovery.hasHeard))
      this.#recovery = new Recovery(this.#self, message.lineage, message.members, this.#host);
    if (message.t === 'replicate' && message.records.length === 0 && message.page === null && message.snapshot === null)
      return this.#inbox.respond(id, this.replicated());
    // Whoever sent the one before gave up on it, for a link has one page in flight.
    const before = this.#inbox.putAside();
    const why = `${this.#self.nodeId} is blank and still asks what it had promised`;
    if (before !== null) this.#inbox.respond(before, refuse(this, 'not_in_epoch', why));
  }

  #stand(position: Position): void {
    this.position = position;
    this.#intake.stand();
  }

  #save(state: HardState): void {
    const token = this.#host.token();
    this.#saving = { token, state };
    this.#host.out({ t: 'saveHard', token, state });
  }
}
