/**
 * When waiting writes are given up: at their deadline, or early, when too few followers have been usable for a while.
 *
 * Writes without a time of their own all wait equally long, so their deadlines come in the order of admission, and the
 * oldest one is the next; only writes with an explicit time need a heap.
 */
import { Heap } from '../lib/heap.ts';
import type { Ms } from '../lib/units.ts';
import type { Write } from './writes.ts';

/** Few enough to keep, so that a handful of writes is not copied at every answer. */
const COMPACT_ABOVE = 64;

export class Deadlines {
  readonly #failEarlyMs: Ms;
  readonly #inOrder = new Set<Write>();
  readonly #explicit = new Heap<Write>((a, b) => a.deadlineAt < b.deadlineAt);
  /** Writes in `#explicit` that were answered; they leave at the top, or together as soon as they are half of it. */
  #answered = 0;
  /** In the order in which they became short. */
  readonly #short = new Set<Write>();

  constructor(failEarlyMs: Ms) {
    this.#failEarlyMs = failEarlyMs;
  }

  add(write: Write): void {
    if (write.mayFailEarly) this.#inOrder.add(write);
    else this.#explicit.push(write);
  }

  remove(write: Write): void {
    this.#inOrder.delete(write);
    this.clearShort(write);
    if (write.mayFailEarly) return;
    this.#answered += 1;
    // Without this, writes that may wait an hour and are answered in a millisecond would be kept for an hour.
    if (this.#explicit.size > COMPACT_ABOVE && this.#answered * 2 > this.#explicit.size) this.#compact(write);
  }

  setShort(write: Write, now: Ms): void {
    if (!write.mayFailEarly) return;
    write.shortSince = now;
    this.#short.add(write);
  }

  clearShort(write: Write): void {
    if (write.shortSince === null) return;
    write.shortSince = null;
    this.#short.delete(write);
  }

  /** Writes kept here, about: those that were answered are let go of in bulk. */
  get size(): number {
    return this.#inOrder.size + this.#explicit.size;
  }

  /** Infinity if nobody waits. */
  nextAt(): Ms {
    this.#dropSettled();
    const inOrder = first(this.#inOrder)?.deadlineAt ?? Number.POSITIVE_INFINITY;
    const explicit = this.#explicit.peek()?.deadlineAt ?? Number.POSITIVE_INFINITY;
    const shortSince = first(this.#short)?.shortSince ?? null;
    return Math.min(inOrder, explicit, shortSince === null ? Number.POSITIVE_INFINITY : shortSince + this.#failEarlyMs);
  }

  /** A write whose time is over, or null. The caller stops its waiting. */
  popExpired(now: Ms): Write | null {
    this.#dropSettled();
    const explicit = this.#explicit.peek();
    if (explicit !== undefined && explicit.deadlineAt <= now) return explicit;
    const oldest = first(this.#inOrder);
    if (oldest !== undefined && oldest.deadlineAt <= now) return oldest;
    const short = first(this.#short);
    return short !== undefined && short.shortSince !== null && short.shortSince + this.#failEarlyMs <= now ? short : null;
  }

  #dropSettled(): void {
    for (let top = this.#explicit.peek(); top !== undefined && !top.isWaiting; top = this.#explicit.peek()) {
      this.#explicit.pop();
      this.#answered -= 1;
    }
  }

  #compact(answered: Write): void {
    const kept = [...this.#explicit.values()].filter((write) => write.isWaiting && write !== answered);
    this.#explicit.clear();
    for (const write of kept) this.#explicit.push(write);
    this.#answered = 0;
  }
}

function first<T>(set: ReadonlySet<T>): T | undefined {
  return set.values().next().value;
}
