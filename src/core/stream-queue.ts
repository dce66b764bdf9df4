/**
 * What a link's stream is still to carry: each record waits until its simulated delay is over, then until it is durable here, then for its batch.
 *
 * A record whose attempt is lost is due again later; that is the simulated network's loss, not the link's. What is due at the same time leaves in version
 * order, so that the follower has no gap for a moment.
 */
import { Deque } from '../lib/deque.ts';
import { Heap } from '../lib/heap.ts';
import type { Ms } from '../lib/units.ts';
import type { Queued } from './backlog.ts';
import { type KvRecord, sizeOf } from './record.ts';
import { compareVersions, isNewer, type Version } from './version.ts';

export interface BatchLimits {
  /** Records of one request. */
  readonly batchMax: number;
  /** Bytes of one request or page, about. */
  readonly batchBytes: number;
}

export class StreamQueue {
  readonly #limits: BatchLimits;
  /** When a record whose attempt is lost is due again; null: it is not lost. Draws. */
  readonly #dueAgain: (now: Ms) => Ms | null;
  readonly #due = new Heap<Queued>((a, b) => a.dueAt < b.dueAt || (a.dueAt === b.dueAt && isNewer(b.record.version, a.record.version)));
  /** Due, but not durable here yet. */
  #undurable: Queued[] = [];
  /** Leaving as soon as the window allows, in due order. */
  readonly #ready = new Deque<Queued>();
  #bytes = 0;

  constructor(limits: BatchLimits, dueAgain: (now: Ms) => Ms | null) {
    this.#limits = limits;
    this.#dueAgain = dueAgain;
  }

  get size(): number {
    return this.#due.size + this.#undurable.length + this.#ready.size;
  }

  /** Of keys and values, about. */
  get bytes(): number {
    return this.#bytes;
  }

  get isReady(): boolean {
    return this.#ready.size > 0;
  }

  /** When the next record is due; Infinity if none waits for that. */
  dueAt(): Ms {
    return this.#due.peek()?.dueAt ?? Number.POSITIVE_INFINITY;
  }

  add(entry: Queued, now: Ms, durable: Version): void {
    this.#bytes += sizeOf(entry.record);
    if (entry.dueAt <= now) this.#becomeDue(entry, now, durable);
    else this.#due.push(entry);
  }

  /** What was held back until now; nothing of it moves before the next `release`. */
  take(entries: readonly Queued[]): void {
    for (const entry of entries) {
      this.#bytes += sizeOf(entry.record);
      this.#due.push(entry);
    }
  }

  /** Lets go on what is due by now. */
  release(now: Ms, durable: Version): void {
    for (let next = this.#due.peek(); next !== undefined && next.dueAt <= now; next = this.#due.peek()) {
      this.#due.pop();
      this.#becomeDue(next, now, durable);
    }
  }

  /** The store holds everything up to there. */
  becomeDurable(durable: Version): void {
    const kept: Queued[] = [];
    for (const entry of this.#undurable) (isNewer(entry.record.version, durable) ? kept : this.#ready).push(entry);
    this.#undurable = kept;
  }

  /** The records of the next request; one at least if any is ready. */
  nextBatch(): KvRecord[] {
    const { batchMax, batchBytes } = this.#limits;
    const batch: KvRecord[] = [];
    let bytes = 0;
    for (let next = this.#ready.peek(); next !== undefined && batch.length < batchMax; next = this.#ready.peek()) {
      const size = sizeOf(next.record);
      if (batch.length > 0 && bytes + size > batchBytes) break;
      this.#ready.shift();
      bytes += size;
      batch.push(next.record);
    }
    this.#bytes -= bytes;
    return batch;
  }

  /** Everything, in version order; the queue is empty afterwards. */
  drain(): Queued[] {
    const all = [...this.#due.values(), ...this.#undurable];
    this.#undurable = [];
    for (let next = this.#ready.shift(); next !== undefined; next = this.#ready.shift()) all.push(next);
    this.#due.clear();
    this.#bytes = 0;
    return all.sort((a, b) => compareVersions(a.record.version, b.record.version));
  }

  #becomeDue(entry: Queued, now: Ms, durable: Version): void {
    const dueAt = this.#dueAgain(now);
    if (dueAt !== null) this.#due.push({ record: entry.record, dueAt });
    else if (isNewer(entry.record.version, durable)) this.#undurable.push(entry);
    else this.#ready.push(entry);
  }
}
