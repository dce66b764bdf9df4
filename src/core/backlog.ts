/**
 * Records that a link must not pass on yet, in version order: not due, or not durable here.
 *
 * Bounded by `collapse`: of all that is here then, it remembers only how far the records go and when the last of them is due, and the link
 * reads them from the store afterwards. Later than need be, never earlier: no ack may beat its delay.
 */
import { Deque } from '../lib/deque.ts';
import type { Ms } from '../lib/units.ts';
import { type KvRecord, sizeOf } from './record.ts';
import { isNewer, type Version } from './version.ts';

export interface Queued {
  readonly record: KvRecord;
  readonly dueAt: Ms;
}

interface Collapsed {
  readonly firstSeq: number;
  readonly last: Version;
  readonly dueAt: Ms;
}

export class Backlog {
  /** Oldest first, below all entries. Several: one that grew with every overflow would never be due under a load that overflows often. */
  readonly #collapsed = new Deque<Collapsed>();
  readonly #entries = new Deque<Queued>();
  #bytes = 0;

  get size(): number {
    return this.#entries.size;
  }

  /** By `sizeOf`, about. */
  get bytes(): number {
    return this.#bytes;
  }

  /** True if every record is here itself, so that the backlog can become a stream. */
  get isWhole(): boolean {
    return this.#collapsed.size === 0;
  }

  push(entry: Queued): void {
    this.#entries.push(entry);
    this.#bytes += sizeOf(entry.record);
  }

  /** The last version of `epoch` below everything held back; null if nothing is. */
  before(epoch: number): Version | null {
    const first = this.#collapsed.peek()?.firstSeq ?? this.#entries.peek()?.record.version.seq;
    return first === undefined ? null : { epoch, seq: first - 1 };
  }

  /** When the first of them is due; Infinity if there is none. */
  firstDueAt(): Ms {
    return this.#collapsed.peek()?.dueAt ?? this.#entries.peek()?.dueAt ?? Number.POSITIVE_INFINITY;
  }

  /** Lets go of the oldest that are due and durable: the store has them. */
  release(now: Ms, durable: Version): void {
    for (let oldest = this.#collapsed.peek(); oldest !== undefined; oldest = this.#collapsed.peek()) {
      if (oldest.dueAt > now || isNewer(oldest.last, durable)) return;
      this.#collapsed.shift();
    }
    for (let first = this.#entries.peek(); first !== undefined; first = this.#entries.peek()) {
      if (first.dueAt > now || isNewer(first.record.version, durable)) return;
      this.#entries.shift();
      this.#bytes -= sizeOf(first.record);
    }
  }

  takeAll(): Queued[] {
    const all: Queued[] = [];
    for (let first = this.#entries.shift(); first !== undefined; first = this.#entries.shift()) all.push(first);
    this.#bytes = 0;
    return all;
  }

  collapse(): void {
    const all = this.takeAll();
    const [first, last] = [all[0], all.at(-1)];
    if (first === undefined || last === undefined) return;
    const dueAt = all.reduce((latest, entry) => Math.max(latest, entry.dueAt), Number.NEGATIVE_INFINITY);
    this.#collapsed.push({ firstSeq: first.record.version.seq, last: last.record.version, dueAt });
  }
}
