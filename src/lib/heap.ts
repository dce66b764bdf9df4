/**
 * A binary min-heap: timers, due times, and everything else that is always taken smallest first.
 * Invariant: no entry is before its parent. Equal entries leave in any order; who needs first come, first served puts a
 * sequence number into `before`.
 */
export class Heap<T> {
  readonly #entries: T[] = [];
  readonly #before: (a: T, b: T) => boolean;

  /** `before(a, b)`: a must leave before b. A strict order: false for equals. */
  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before;
  }

  get size(): number {
    return this.#entries.length;
  }

  /** O(log n). */
  push(entry: T): void {
    const entries = this.#entries;
    let hole = entries.length;
    entries.push(entry);
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (!this.#before(entry, entries[parent] as T)) break;
      entries[hole] = entries[parent] as T;
      hole = parent;
    }
    entries[hole] = entry;
  }

  /** The first entry, left in the heap. */
  peek(): T | undefined {
    return this.#entries[0];
  }

  /** The first entry, taken out; O(log n). */
  pop(): T | undefined {
    const entries = this.#entries;
    if (entries.length <= 1) return entries.pop();
    const first = entries[0];
    this.#sink(entries.pop() as T);
    return first;
  }

  clear(): void {
    this.#entries.length = 0;
  }

  /** All entries, in no order. Valid until the next change. */
  values(): Iterable<T> {
    return this.#entries.values();
  }

  /** Puts the entry where the root was, and moves it down to its place. */
  #sink(entry: T): void {
    const entries = this.#entries;
    const size = entries.length;
    let hole = 0;
    for (let child = 1; child < size; child = 2 * hole + 1) {
      if (child + 1 < size && this.#before(entries[child + 1] as T, entries[child] as T)) child += 1;
      if (!this.#before(entries[child] as T, entry)) break;
      entries[hole] = entries[child] as T;
      hole = child;
    }
    entries[hole] = entry;
  }
}
