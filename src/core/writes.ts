/**
 * The leader's table of writes that are not settled: who waits, what is pending, and what was committed below it.
 *
 * Per key it keeps the last committed record, the newest pending one, those whose client waits, and those with an `Idempotency-Key`, whose
 * client may ask again; nothing for a key whose newest record is committed, because that one is in the store. A newer committed version
 * subsumes the older: its effect is in the past.
 * Invariant: a waiting client is answered once; never with success before `need` distinct followers and the leader's own store hold the record.
 */
import { assert } from '../lib/assert.ts';
import type { Ms } from '../lib/units.ts';
import type { AckSet } from './quorum.ts';
import type { KvRecord } from './record.ts';
import { isNewer, type Version } from './version.ts';

export interface Write {
  /** Names the client's request. */
  readonly id: number;
  readonly record: KvRecord;
  readonly admittedAt: Ms;
  readonly floorMs: Ms;
  /** When the client is told that the quorum was not met. */
  readonly deadlineAt: Ms;
  /** The client gave no time of its own, so hopelessness ends the waiting before the deadline. */
  readonly mayFailEarly: boolean;
  readonly acks: AckSet;
  storedAt: Ms | null;
  isWaiting: boolean;
  /** Whether the key had a value just before this write, pending ones counted; known once it is stored. */
  existed: boolean;
  /** Since when acks and usable links together are too few; null while they are enough. */
  shortSince: Ms | null;
  /** The oldest seq that counts as settled once this write is: its own, or that of a pending one that it replaced. */
  settles: number;
}

interface KeyState {
  /** Ascending; the last is the newest version of the key. */
  readonly pending: Write[];
  /** The newest committed record; null: none; undefined: the store has not told what stood there before. */
  committed: KvRecord | null | undefined;
  readers: ((committed: KvRecord | null) => void)[];
}

/** What one record costs besides its characters, about. */
const OVERHEAD_BYTES = 200;

export class Writes {
  readonly #keys = new Map<string, KeyState>();
  readonly #bySeq = new Map<number, Write>();
  /** By `Idempotency-Key`. Invariant: one that is not here, and is in the store, has its quorum. */
  readonly #keyed = new Map<string, Write>();
  /** By the seq that each settles, in ascending order: a Map keeps the place of a key that is set again. */
  readonly #unsettled = new Map<number, Write>();
  #waiting = 0;
  #bytes = 0;

  get waiting(): number {
    return this.#waiting;
  }

  /** Of all records kept, about. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Every write not settled, oldest first. */
  all(): Iterable<Write> {
    return this.#bySeq.values();
  }

  /** Infinity if there is none. */
  get oldestSeq(): number {
    return this.#bySeq.keys().next().value ?? Number.POSITIVE_INFINITY;
  }

  get(seq: number): Write | undefined {
    return this.#bySeq.get(seq);
  }

  /** The write that took this `Idempotency-Key`, until it has its quorum and its own durable copy. */
  keyed(idempotencyKey: string): Write | undefined {
    return this.#keyed.get(idempotencyKey);
  }

  /** Whether the key has a value, pending ones counted; undefined if the store knows. */
  hasValue(key: string): boolean | undefined {
    const state = this.#keys.get(key);
    const newest = state === undefined ? undefined : newestOf(state.pending.at(-1)?.record, state.committed);
    return newest === undefined || newest === null ? undefined : newest.value !== null;
  }

  /** The last version such that it and everything below is committed or superseded, given the newest accepted one. */
  committedThrough(head: Version): Version {
    const oldest = this.#unsettled.keys().next();
    return oldest.done ? head : { epoch: head.epoch, seq: oldest.value - 1 };
  }

  /** True if what stood before must be asked of the store. */
  admit(write: Write): boolean {
    const { key } = write.record;
    const seq = write.record.version.seq;
    let state = this.#keys.get(key);
    const isNew = state === undefined;
    if (state === undefined) {
      state = { pending: [], committed: undefined, readers: [] };
      this.#keys.set(key, state);
    }
    const before = newestOf(state.pending.at(-1)?.record, state.committed);
    if (before !== undefined && before !== null) write.existed = before.value !== null;
    state.pending.push(write);
    this.#bySeq.set(seq, write);
    if (write.record.idempotency !== undefined) this.#keyed.set(write.record.idempotency.key, write);
    this.#unsettled.set(seq, write);
    this.#waiting += 1;
    this.#bytes += bytesOf(write.record);
    this.#dropReplaced(state, write);
    return isNew;
  }

  /** The store holds the write, and told what stood there before if it was asked. */
  stored(write: Write, previous: KvRecord | null | undefined, now: Ms): void {
    write.storedAt = now;
    const state = this.#keys.get(write.record.key);
    if (previous === undefined || state === undefined || state.committed !== undefined) return;
    write.existed = previous !== null && previous.value !== null;
    this.#setCommitted(state, previous);
  }

  /** The pending writes that a holder of this version of the key holds as well, oldest first. */
  heldWith(key: string, version: Version): readonly Write[] {
    const pending = this.#keys.get(key)?.pending;
    if (pending === undefined) return [];
    // The common case: one write of the key is pending.
    if (pending.length === 1) return isNewer((pending[0] as Write).record.version, version) ? [] : [pending[0] as Write];
    return pending.filter((each) => !isNewer(each.record.version, version));
  }

  isCommitted(write: Write): boolean {
    return write.storedAt !== null && write.acks.count >= write.record.need;
  }

  /** Takes a committed write out, with the older ones of its key that nobody waits for. */
  settle(write: Write): void {
    assert(this.isCommitted(write), 'only a write with its quorum and its own durable copy is committed');
    const state = this.#keys.get(write.record.key);
    assert(state !== undefined, 'a write that is not settled has its key in the table');
    this.stopWaiting(write);
    if (state.committed === undefined || state.committed === null || isNewer(write.record.version, state.committed.version))
      this.#setCommitted(state, write.record);
    for (const older of this.heldWith(write.record.key, write.record.version)) {
      if (older === write || !isAskedFor(older)) this.#remove(state, older);
      else if (!older.isWaiting) this.#unsettled.delete(older.settles);
    }
    this.#dropSettled(state, write.record.key);
  }

  /** The client was answered otherwise; the record stays, unless a newer one of its key is there. */
  giveUp(write: Write): void {
    this.stopWaiting(write);
    const state = this.#keys.get(write.record.key);
    const newest = state?.pending.at(-1);
    if (state === undefined || newest === undefined) return;
    const isSuperseded =
      state.committed !== undefined && state.committed !== null && isNewer(state.committed.version, write.record.version);
    if (isSuperseded && isAskedFor(write)) this.#unsettled.delete(write.settles);
    else if (isSuperseded) this.#remove(state, write);
    else if (newest !== write) this.#dropReplaced(state, newest);
    this.#dropSettled(state, write.record.key);
  }

  stopWaiting(write: Write): void {
    if (!write.isWaiting) return;
    write.isWaiting = false;
    this.#waiting -= 1;
  }

  /**
   * The newest committed record of the key: `undefined` if the store holds it. Otherwise calls back, at once or as soon as
   * the store told what stood there before the pending writes.
   */
  committed(key: string, then: (record: KvRecord | null | undefined) => void): void {
    const state = this.#keys.get(key);
    if (state === undefined) then(undefined);
    else if (state.committed !== undefined) then(state.committed);
    else state.readers.push(then);
  }

  /** What `committed` would call back with at once; null also as long as the store has not told. */
  committedNow(key: string): KvRecord | null | undefined {
    const state = this.#keys.get(key);
    return state === undefined ? undefined : (state.committed ?? null);
  }

  /** Keys whose newest record is not committed. */
  pendingKeys(): Iterable<string> {
    return this.#keys.keys();
  }

  #setCommitted(state: KeyState, record: KvRecord | null): void {
    if (state.committed) this.#bytes -= bytesOf(state.committed);
    state.committed = record;
    if (record !== null) this.#bytes += bytesOf(record);
    const readers = state.readers;
    state.readers = [];
    for (const reader of readers) reader(record);
  }

  /** `newest` takes the place of the older pending writes that nobody waits for. */
  #dropReplaced(state: KeyState, newest: Write): void {
    if (state.pending.length < 2) return;
    for (const older of [...state.pending]) {
      if (older === newest || isAskedFor(older)) continue;
      if (older.settles < newest.settles) {
        this.#unsettled.delete(newest.settles);
        this.#unsettled.set(older.settles, newest);
        newest.settles = older.settles;
      }
      this.#remove(state, older);
    }
  }

  /** Nothing is kept of a key without pending writes: its newest record is committed, and in the store. */
  #dropSettled(state: KeyState, key: string): void {
    if (state.pending.length > 0) return;
    this.#keys.delete(key);
    if (state.committed) this.#bytes -= bytesOf(state.committed);
  }

  #remove(state: KeyState, write: Write): void {
    state.pending.splice(state.pending.indexOf(write), 1);
    this.#bySeq.delete(write.record.version.seq);
    if (write.record.idempotency !== undefined) this.#keyed.delete(write.record.idempotency.key);
    if (this.#unsettled.get(write.settles) === write) this.#unsettled.delete(write.settles);
    this.#bytes -= bytesOf(write.record);
  }
}

/** Somebody waits for its own acks, or may ask for them again: a newer version of its key does not answer that. */
function isAskedFor(write: Write): boolean {
  return write.isWaiting || write.record.idempotency !== undefined;
}

function newestOf(pending: KvRecord | undefined, committed: KvRecord | null | undefined): KvRecord | null | undefined {
  if (pending === undefined || !committed) return pending ?? committed;
  return isNewer(committed.version, pending.version) ? committed : pending;
}

function bytesOf(record: KvRecord): number {
  return OVERHEAD_BYTES + record.key.length * 2 + (record.value?.length ?? 0) * 2;
}
