/**
 * A node that follows: one serial queue for promises and records, so that a promise is made between two transactions, never inside one.
 *
 * Requests that arrive while a commit runs share the next one. A request is answered only when everything it carried, the position
 * included, is durable here; the watermark that it reports is the durable one.
 * Blank nodes (without hard state: a memory store's restart, a purged directory) count for nothing until they took over the highest promise
 * of a majority of the others (recovery.ts) and then reached an open epoch from zero.
 */
import { assert } from '../lib/assert.ts';
import type { Host } from './host.ts';
import type { Leader } from './leader.ts';
import type {
  ChangesRequest,
  FenceRequest,
  InstallRequest,
  PageHeader,
  PeerAnswer,
  Refusal,
  ReplicateAnswer,
  ReplicateRequest,
  SnapshotPart,
  StandingAnswer,
} from './peer.ts';
import { LAST, type Named, Reconciliation } from './reconcile.ts';
import type { HardState, IdempotencyEntry, KvRecord, Position, RunningIdentity } from './record.ts';
import { Recovery } from './recovery.ts';
import { Staging } from './staging.ts';
import { formatVersion, isNewer, maxVersion, minVersion, type Version, ZERO } from './version.ts';
import { Watermark } from './watermark.ts';

interface Queued {
  readonly id: number;
  readonly message: ReplicateRequest | InstallRequest | FenceRequest | ChangesRequest;
}

interface Committing {
  readonly token: number;
  readonly position: Position;
  /** To be answered then; null: an install goes on. */
  readonly requests: readonly number[] | null;
  /** A snapshot takes the place of the data. */
  readonly isSwap?: boolean;
}

/** A leadership that ends, or goes on, as far as its store is concerned. */
type Led = Pick<Leader, 'durable' | 'underWay' | 'kMin' | 'purgeFloor'>;

export class Follower {
  hard: HardState | null;
  /** Durable. */
  position: Position;
  /** As the leader last told. */
  head: Version = ZERO;
  committedThrough: Version = ZERO;
  quorum: number | null = null;
  /** The newest request of the promised epoch that was heard; one that was overtaken says nothing new. */
  #order = 0;
  /** Of the store: the newest row, or what was before it was rolled back; the watermark if that is newer. */
  newest: Version;
  /** A commit that was under way when this node's leadership ended may have brought rows up to here. */
  #newestUnderWay: Version = ZERO;

  readonly #self: RunningIdentity;
  readonly #host: Host;
  readonly #queue: Queued[] = [];
  readonly #reconciliation: Reconciliation;
  readonly #staging = new Staging();
  /** Requests of candidates that wait for a page of the store, by the scan. */
  readonly #reading = new Map<number, number>();
  #tracker: Watermark;
  #committing: Committing | null = null;
  #saving: { token: number; state: HardState } | null = null;
  #answerAfterSave: readonly number[] = [];
  #recovery: Recovery | null = null;
  /** What a leader sent to a node without hard state: it waits aside for the recovery, lest a birth's fence waits behind it for ever. */
  #aside: Queued | null = null;

  constructor(self: RunningIdentity, hard: HardState | null, position: Position, newest: Version, host: Host) {
    this.#self = self;
    this.#host = host;
    this.hard = hard;
    this.position = position;
    this.newest = newest;
    this.#reconciliation = new Reconciliation(host);
    this.#tracker = new Watermark(position, hard?.promisedEpoch ?? 0);
  }

  get isBlank(): boolean {
    return this.hard === null || this.hard.blank;
  }

  get recovery(): Recovery | null {
    return this.#recovery;
  }

  request(id: number, message: Queued['message']): void {
    this.#queue.push({ id, message });
  }

  /** Works through the queue as far as the store allows. */
  turn(): void {
    while (this.#host.isStoreFree() && !this.#reconciliation.isRunning && this.#queue.length > 0)
      if (!this.#take(this.#queue[0] as Queued)) return;
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
    if (this.#committing?.token !== token) return false;
    const { position, requests, isSwap } = this.#committing;
    this.#committing = null;
    if (isSpoilt) {
      this.#staging.spoil();
      const why = `what ${this.#self.nodeId} built of a snapshot is not what it was to be, and was thrown away`;
      this.#host.out({ t: 'note', level: 'error', event: 'snapshot spoilt', data: { why } });
      for (const id of requests ?? []) this.#refuse(id, 'need_snapshot', why);
      return true;
    }
    this.position = position;
    if (isSwap) {
      this.#stand(position);
      this.newest = position.watermark;
      this.#reconciliation.forget();
      const data = { watermark: formatVersion(position.watermark), purge_floor: formatVersion(position.purgeFloor) };
      this.#host.out({ t: 'note', level: 'info', event: 'snapshot', data });
    }
    if (requests === null) {
      this.#stand(position);
      this.#reconciliation.name();
    } else if (this.hard?.blank && this.#tracker.hasReachedEpoch) {
      this.#answerAfterSave = requests;
      this.#save({ ...this.hard, blank: false });
    } else this.#answer(requests);
    return true;
  }

  /** True if the page was asked for here. */
  scanned(token: number, page: PageHeader, rows: readonly KvRecord[]): boolean {
    const id = this.#reading.get(token);
    if (this.#reading.delete(token) && id !== undefined) {
      this.#respond(id, { t: 'changes', page, rows });
      return true;
    }
    const named = this.#reconciliation.scanned(token, page, rows);
    if (named) this.#installed(named);
    return named !== undefined;
  }

  /** True if the save was this follower's. */
  hardSaved(token: number): boolean {
    if (this.#saving?.token !== token) return false;
    const { state } = this.#saving;
    // Also where only the leader is another: this node wanted the epoch for itself, and did not follow in it yet.
    const isNewEpoch = state.promisedEpoch !== this.hard?.promisedEpoch || state.promisedTo !== this.hard.promisedTo;
    this.#saving = null;
    this.remember(state);
    if (isNewEpoch) {
      this.#tracker.enterEpoch(state.promisedEpoch);
      this.#order = 0;
    }
    this.#answer(this.#answerAfterSave);
    this.#answerAfterSave = [];
    return true;
  }

  /** Nothing will be durable here any more: whoever waits for that is told so now, not by a timeout. */
  storageFailed(why: string): void {
    const waiting = [...(this.#committing?.requests ?? []), ...this.#answerAfterSave, ...this.#queue.map(({ id }) => id)];
    if (this.#aside !== null) waiting.push(this.#aside.id);
    this.#committing = null;
    this.#answerAfterSave = [];
    this.#aside = null;
    for (const id of waiting) this.#refuse(id, 'storage_failed', why);
  }

  /** The hard state is durable, whoever saved it: there is nothing to recover, and what waited for that is looked at. */
  remember(state: HardState): void {
    this.hard = state;
    this.#recovery = null;
    if (this.#aside !== null) this.#queue.unshift(this.#aside);
    this.#aside = null;
  }

  /** Where this node stands, by what is durable. */
  standing(): StandingAnswer {
    const { watermark, cursorEpoch, history } = this.position;
    const start = history.at(-1);
    const isOwn = start !== undefined && start.leader === this.#self.nodeId && start.epoch === watermark.epoch;
    // Its store is still what it was when it led, for every later leader's commit moves the cursor's epoch: nothing of what it led is missing.
    const hasLed = isOwn && start.epoch === cursorEpoch;
    return {
      t: 'standing',
      node: this.#self.nodeId,
      incarnation: this.#self.incarnation,
      lineage: this.hard?.lineage ?? null,
      isBlank: this.isBlank,
      promisedEpoch: this.hard?.promisedEpoch ?? 0,
      promisedTo: this.hard?.promisedTo ?? null,
      watermark: hasLed ? maxVersion(watermark, this.newest) : watermark,
      kMin: this.position.kMin,
      ledEpoch: hasLed ? watermark.epoch : 0,
      purgeFloor: this.position.purgeFloor,
    };
  }

  /** The recovery of a blank node heard enough: it takes over the highest promise, and is blank until it reached an epoch. */
  takeOver(state: HardState): void {
    this.#save(state);
  }

  /** Returns false if the queue must wait. */
  #take({ id, message }: Queued): boolean {
    switch (message.t) {
      case 'fence':
        return this.#fence(id, message);
      case 'changes':
        return this.#changes(id, message);
      default:
        return this.#follow(id, message);
    }
  }

  #fence(id: number, message: FenceRequest): boolean {
    if (message.incarnation !== null && message.incarnation !== this.#self.incarnation) return this.#refuseOther(id, message.incarnation);
    const hard = this.hard;
    // Not without its name: a birth's fence that comes late could make a node that counts of one that lost its memory since.
    const isBirthHere = hard === null && message.isBirth && message.incarnation !== null;
    if (hard === null && !isBirthHere) {
      // A blank node's promise would count for nothing, so it makes none.
      this.#respond(id, this.standing());
      return true;
    }
    if (hard !== null && hard.lineage !== message.lineage)
      return this.#refuse(id, 'wrong_lineage', `${this.#self.nodeId} belongs to lineage ${hard.lineage}`);
    if (hard !== null && hard.promisedEpoch === message.epoch && hard.promisedTo === message.from) {
      this.#respond(id, this.standing());
      return true;
    }
    if (hard !== null && hard.promisedEpoch >= message.epoch) return this.#refuseStale(id, message);
    this.#save({
      lineage: message.lineage,
      nodeId: this.#self.nodeId,
      incarnation: this.#self.incarnation,
      members: message.members,
      promisedEpoch: message.epoch,
      promisedTo: message.from,
      ledEpoch: hard?.ledEpoch ?? 0,
      blank: hard?.blank ?? false,
    });
    return false;
  }

  /** Only to the candidate that this node is fenced for, so that nothing changes between its pages. */
  #changes(id: number, message: ChangesRequest): boolean {
    const { hard } = this;
    if (message.incarnation !== this.#self.incarnation) return this.#refuseOther(id, message.incarnation);
    if (hard === null || hard.promisedEpoch !== message.epoch || hard.promisedTo !== message.from) return this.#refuseStale(id, message);
    const { since, limit, maxBytes } = message;
    if (isNewer(this.position.purgeFloor, since)) return this.#refuseGap(id, since);
    const token = this.#host.token();
    this.#queue.shift();
    this.#reading.set(token, id);
    this.#host.out({ t: 'scan', token, since, until: LAST, limit, maxBytes });
    return true;
  }

  /** What a leader of this epoch, or of a newer one, sends. */
  #follow(id: number, message: ReplicateRequest | InstallRequest): boolean {
    if (message.incarnation !== null && message.incarnation !== this.#self.incarnation) return this.#refuseOther(id, message.incarnation);
    const hard = this.hard;
    if (hard === null) return this.#followBlank(id, message);
    if (hard.lineage !== message.lineage)
      return this.#refuse(id, 'wrong_lineage', `${this.#self.nodeId} belongs to lineage ${hard.lineage}`);
    if (message.epoch < hard.promisedEpoch) return this.#refuseStale(id, message);
    const isOther = message.from !== hard.promisedTo;
    // An epoch that was reached was reached by its only leader.
    if (isOther && message.epoch === this.position.watermark.epoch) return this.#refuseStale(id, message);
    if (message.epoch > hard.promisedEpoch || isOther) {
      // It was away when this leader fenced the others, or promised the epoch to one who lost: whoever leads an epoch has a majority, so nobody else
      // ever will, and the promise is due.
      this.#save({ ...hard, members: message.members, promisedEpoch: message.epoch, promisedTo: message.from });
      return false;
    }
    if (message.t === 'install') return this.#install(id, message);
    return message.snapshot === null ? this.#apply() : this.#stage(id, message, message.snapshot);
  }

  #install(id: number, message: InstallRequest): boolean {
    if (message.start !== this.#self.start) return this.#refuseOther(id, `start ${message.start}`);
    if (this.#tracker.hasReachedEpoch) return this.#installed({ id, suspects: [], checkedTo: message.after });
    const rollback = this.#reconciliation.begin(id, message, this.position);
    if (rollback === null) this.#reconciliation.name();
    else {
      const { replacements, position } = rollback;
      const token = this.#host.token();
      this.#committing = { token, position, requests: null };
      this.#host.out({ t: 'persist', token, epoch: message.epoch, records: [], position, previousOf: [], replacements });
      for (const { key, rolledBack, instead } of replacements) {
        const data = { key, rolled_back: formatVersion(rolledBack.version), instead: instead && formatVersion(instead) };
        this.#host.out({ t: 'note', level: 'warn', event: 'rolled back', data });
      }
    }
    return false;
  }

  #installed({ id, suspects, checkedTo }: Named): true {
    this.#respond(id, { t: 'installed', answer: this.#replicateAnswer(), suspects, checkedTo });
    return true;
  }

  /** Without hard state nothing is stored before the others' promises are known; what asks where it stands is answered. */
  #followBlank(id: number, message: ReplicateRequest | InstallRequest): boolean {
    // The leader of another lineage, which nobody around belongs to, must not keep the own one's from being heard.
    if (this.#recovery === null || (this.#recovery.lineage !== message.lineage && !this.#recovery.hasHeard))
      this.#recovery = new Recovery(this.#self, message.lineage, message.members, this.#host);
    if (message.t === 'replicate' && message.records.length === 0 && message.page === null && message.snapshot === null) {
      this.#respond(id, this.#replicateAnswer());
      return true;
    }
    // Whoever sent the one before gave up on it, for a link has one page in flight.
    if (this.#aside !== null)
      this.#refuse(this.#aside.id, 'not_in_epoch', `${this.#self.nodeId} is blank and still asks what it had promised`);
    this.#queue.shift();
    this.#aside = { id, message };
    return true;
  }

  /** Takes every request at the front of the queue that needs no promise first, and stores them together. */
  #apply(): boolean {
    const hard = this.hard;
    assert(hard !== null, 'records are applied under a promise');
    const records: KvRecord[] = [];
    const entries: IdempotencyEntry[] = [];
    const requests: number[] = [];
    let { kMin, purgeFloor } = this.position;
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      const { message } = next;
      if (
        message.t !== 'replicate' ||
        message.snapshot !== null ||
        message.lineage !== hard.lineage ||
        message.epoch !== hard.promisedEpoch ||
        message.from !== hard.promisedTo
      )
        break;
      if (message.incarnation !== null && message.incarnation !== this.#self.incarnation) break;
      this.#queue.shift();
      if (message.page !== null && isNewer(message.purgeFloor, this.#tracker.watermark)) {
        this.#refuseGap(next.id, this.#tracker.watermark);
        continue;
      }
      requests.push(next.id);
      kMin = this.#hear(message, kMin);
      purgeFloor = maxVersion(purgeFloor, message.purgeFloor);
      if (message.history !== null) this.#tracker.hears(message.history);
      for (const record of message.records) {
        this.newest = maxVersion(this.newest, record.version);
        if (!this.#tracker.covers(record.version)) records.push(record);
      }
      if (message.page !== null) {
        entries.push(...(message.page.entries ?? []));
        this.#tracker.page(message.page);
      } else for (const record of message.records) this.#tracker.stream(record.version);
    }
    const { watermark } = this.position;
    const isReached = this.#tracker.hasReachedEpoch;
    const position = this.#tracker.position(kMin, isReached ? minVersion(purgeFloor, this.#tracker.watermark) : this.position.purgeFloor);
    // A blank node that reached the epoch has that to write down, be there nothing else.
    const isFilled = hard.blank && isReached;
    if (records.length === 0 && entries.length === 0 && isSame(position, this.position) && !isFilled) {
      this.#answer(requests);
      return true;
    }
    if (records.length > 0) this.#reconciliation.forget();
    const token = this.#host.token();
    this.#committing = { token, position, requests };
    this.#host.out({
      t: 'persist',
      token,
      epoch: hard.promisedEpoch,
      records,
      ...(entries.length > 0 ? { entries } : {}),
      position,
      previousOf: [],
      // Not when the install began: had the epoch never opened, this node might have been the one that remembers a committed write's key.
      ...(isReached && watermark.epoch !== hard.promisedEpoch ? { dropUntoldAfter: watermark } : {}),
    });
    return false;
  }

  /** A part of a snapshot is built beside the data; with the last one it takes its place. */
  #stage(id: number, message: ReplicateRequest, part: SnapshotPart): boolean {
    this.#queue.shift();
    const { epoch, records: rows, history } = message;
    const { end, entries = [] } = part;
    const kMin = this.#hear(message, this.position.kMin);
    const verdict = this.#staging.take(message, part);
    const hasIt = end !== null && this.#tracker.hasReachedEpoch && !isNewer(end.head, this.#tracker.watermark);
    if (verdict === 'lost') return this.#refuse(id, 'need_snapshot', `${this.#self.nodeId} lacks what comes before part ${part.part}`);
    if (verdict === 'known' || hasIt) {
      this.#answer([id]);
      return true;
    }
    const own = this.#tracker.position(kMin, this.position.purgeFloor);
    const then = end && { watermark: end.head, cursor: end.head, cursorEpoch: epoch, kMin, purgeFloor: end.purgeFloor };
    const position: Position = then === null ? own : { ...then, history: history ?? own.history };
    const token = this.#host.token();
    this.#committing = { token, position, requests: [id], isSwap: end !== null };
    const stage = { isFirst: part.part === 0, rows, entries, swap: end?.content ?? null };
    this.#host.out({ t: 'persist', token, epoch, records: [], position, previousOf: [], stage });
    return false;
  }

  /** What every message of a leader tells; answers the smallest need to be written down. */
  #hear(message: ReplicateRequest, kMin: number | null): number | null {
    this.head = maxVersion(this.head, message.head);
    this.committedThrough = maxVersion(this.committedThrough, message.committedThrough);
    if (message.order <= this.#order) return kMin;
    this.#order = message.order;
    this.quorum = message.quorum;
    // What was on its way before this node's last start has an order that nobody here remembers: it may lower k_min, which is always safe, and not raise it.
    return message.start === this.#self.start || kMin === null ? message.kMin : Math.min(kMin, message.kMin);
  }

  #stand(position: Position): void {
    this.position = position;
    this.#tracker = new Watermark(position, this.hard?.promisedEpoch ?? 0);
  }

  #save(state: HardState): void {
    const token = this.#host.token();
    this.#saving = { token, state };
    this.#host.out({ t: 'saveHard', token, state });
  }

  #answer(requests: readonly number[]): void {
    if (requests.length === 0) return;
    const answer = this.#replicateAnswer();
    for (const id of requests) this.#respond(id, answer);
  }

  #replicateAnswer(): ReplicateAnswer {
    return {
      t: 'replicated',
      incarnation: this.#self.incarnation,
      start: this.#self.start,
      watermark: this.position.watermark,
      cursor: this.position.cursor,
      cursorEpoch: this.position.cursorEpoch,
      kMin: this.position.kMin,
      isBlank: this.isBlank,
      isCounted: !this.isBlank && this.position.watermark.epoch === this.hard?.promisedEpoch,
      newest: maxVersion(this.newest, this.#newestUnderWay),
    };
  }

  #respond(id: number, message: PeerAnswer): void {
    const at = this.#queue.findIndex((queued) => queued.id === id);
    if (at !== -1) this.#queue.splice(at, 1);
    this.#host.out({ t: 'respond', id, message });
  }

  #refuse(id: number, code: Refusal['code'], message: string): true {
    this.#respond(id, { t: 'refused', code, epoch: this.hard?.promisedEpoch ?? 0, message });
    return true;
  }

  #refuseOther(id: number, meant: string): true {
    return this.#refuse(id, 'wrong_incarnation', `${this.#self.nodeId} is incarnation ${this.#self.incarnation}, not ${meant}`);
  }

  /** Tombstones above `since` are gone at the one who is asked, or asks: pages would not tell what was deleted. */
  #refuseGap(id: number, since: Version): true {
    return this.#refuse(
      id,
      'need_snapshot',
      `tombstones above ${formatVersion(since)} are collected: changes since then do not tell what was deleted`,
    );
  }

  #refuseStale(id: number, message: Queued['message']): true {
    const text = `${this.#self.nodeId} promised epoch ${this.hard?.promisedEpoch} to ${this.hard?.promisedTo}, and ${message.from} asks for epoch ${message.epoch}`;
    return this.#refuse(id, 'stale_epoch', text);
  }
}

function isSame(a: Position, b: Position): boolean {
  return (
    a.kMin === b.kMin &&
    a.cursorEpoch === b.cursorEpoch &&
    !isNewer(a.watermark, b.watermark) &&
    !isNewer(a.purgeFloor, b.purgeFloor) &&
    formatVersion(a.cursor) === formatVersion(b.cursor)
  );
}
