/**
 * What happened to each of the last 100,000 writes of this leadership: when it was stored here and, per follower, the delay drawn, when it
 * was sent and when acked. All in ms since the write's admission.
 *
 * A ring of columns instead of objects: 100,000 writes to five followers take 15 MB and no garbage collection.
 */
import type { Ms } from '../lib/units.ts';
import { isNewer, type Version } from './version.ts';

const CAPACITY = 100_000;
const FIRST_CAPACITY = 1_024;

export interface TraceRow {
  readonly version: Version;
  readonly need: number;
  readonly storedMs: Ms | null;
  /** In the order of the followers. */
  readonly followers: readonly { readonly delayMs: Ms; readonly sentMs: Ms | null; readonly ackedMs: Ms | null }[];
}

export class Trace {
  readonly #epoch: number;
  readonly #followers: number;
  /** The seq of the first write ever traced minus one. */
  readonly #start: number;
  #last: number;
  #capacity = FIRST_CAPACITY;
  #needs: Float64Array;
  #admitted: Float64Array;
  #stored: Float64Array;
  #delays: Float64Array;
  #sent: Float64Array;
  #acked: Float64Array;

  /** Writes follow `head` without a gap. */
  constructor(head: Version, followers: number) {
    this.#epoch = head.epoch;
    this.#followers = followers;
    this.#start = head.seq;
    this.#last = head.seq;
    this.#needs = new Float64Array(this.#capacity);
    this.#admitted = new Float64Array(this.#capacity);
    this.#stored = new Float64Array(this.#capacity);
    this.#delays = new Float64Array(this.#capacity * followers);
    this.#sent = new Float64Array(this.#capacity * followers);
    this.#acked = new Float64Array(this.#capacity * followers);
  }

  admit(seq: number, need: number, now: Ms, delays: Float64Array): void {
    this.#last = seq;
    if (seq - this.#start > this.#capacity && this.#capacity < CAPACITY) this.#grow();
    const slot = seq % this.#capacity;
    this.#needs[slot] = need;
    this.#admitted[slot] = now;
    this.#stored[slot] = Number.NaN;
    const first = slot * this.#followers;
    this.#delays.set(delays, first);
    this.#sent.fill(Number.NaN, first, first + this.#followers);
    this.#acked.fill(Number.NaN, first, first + this.#followers);
  }

  stored(seq: number, now: Ms): void {
    if (!this.#has(seq)) return;
    const slot = seq % this.#capacity;
    this.#stored[slot] = now - (this.#admitted[slot] as number);
  }

  /** The first time counts. */
  sent(seq: number, follower: number, now: Ms): void {
    this.#mark(this.#sent, seq, follower, now);
  }

  /** The first time counts. */
  acked(seq: number, follower: number, now: Ms): void {
    this.#mark(this.#acked, seq, follower, now);
  }

  /** Everything in (after, through] is held by the follower, by catch-up. */
  ackedThrough(after: number, through: number, follower: number, now: Ms): void {
    for (let seq = Math.max(after + 1, this.#first()); seq <= Math.min(through, this.#last); seq++) this.acked(seq, follower, now);
  }

  /** When the write, or the oldest one that is still traced, was admitted; null if nothing from it on is traced. */
  admittedAt(seq: number): Ms | null {
    const known = Math.max(seq, this.#first());
    return known > this.#last ? null : (this.#admitted[known % this.#capacity] as number);
  }

  /** Rows newer than `since`, oldest first, at most `limit`. */
  rows(since: Version, limit: number): TraceRow[] {
    const floor = { epoch: this.#epoch, seq: this.#first() - 1 };
    const after = isNewer(since, floor) ? since : floor;
    const rows: TraceRow[] = [];
    if (after.epoch > this.#epoch) return rows;
    for (let seq = after.seq + 1; seq <= this.#last && rows.length < limit; seq++) rows.push(this.#row(seq));
    return rows;
  }

  #row(seq: number): TraceRow {
    const slot = seq % this.#capacity;
    const followers = Array.from({ length: this.#followers }, (_, index) => {
      const cell = slot * this.#followers + index;
      return {
        delayMs: this.#delays[cell] as number,
        sentMs: known(this.#sent[cell] as number),
        ackedMs: known(this.#acked[cell] as number),
      };
    });
    return {
      version: { epoch: this.#epoch, seq },
      need: this.#needs[slot] as number,
      storedMs: known(this.#stored[slot] as number),
      followers,
    };
  }

  #mark(column: Float64Array, seq: number, follower: number, now: Ms): void {
    if (!this.#has(seq)) return;
    const slot = seq % this.#capacity;
    const cell = slot * this.#followers + follower;
    if (Number.isNaN(column[cell])) column[cell] = now - (this.#admitted[slot] as number);
  }

  #first(): number {
    return Math.max(this.#start, this.#last - this.#capacity) + 1;
  }

  #has(seq: number): boolean {
    return seq >= this.#first() && seq <= this.#last;
  }

  /** Called with `#last` one beyond what the old ring holds. */
  #grow(): void {
    const before = this.#capacity;
    this.#capacity = Math.min(CAPACITY, before * 4);
    const move = (column: Float64Array, width: number): Float64Array => {
      const grown = new Float64Array(this.#capacity * width);
      for (let seq = this.#last - before; seq < this.#last; seq++) {
        const from = (seq % before) * width;
        grown.set(column.subarray(from, from + width), (seq % this.#capacity) * width);
      }
      return grown;
    };
    this.#needs = move(this.#needs, 1);
    this.#admitted = move(this.#admitted, 1);
    this.#stored = move(this.#stored, 1);
    this.#delays = move(this.#delays, this.#followers);
    this.#sent = move(this.#sent, this.#followers);
    this.#acked = move(this.#acked, this.#followers);
  }
}

function known(ms: number): Ms | null {
  return Number.isNaN(ms) ? null : ms;
}
