/**
 * A double-ended queue on a ring buffer: an array's `shift` moves every entry, and queues of writes are long.
 * Invariant: entry i lies in slot (head + i) mod capacity; the capacity is a power of two; free slots hold undefined, so
 * that what was taken out can be collected.
 */
const MIN_CAPACITY = 16;

export class Deque<T> {
  #slots: (T | undefined)[] = new Array(MIN_CAPACITY).fill(undefined);
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Appends at the back; O(1) amortised. */
  push(entry: T): void {
    if (this.#size === this.#slots.length) this.#resize(this.#slots.length * 2);
    this.#slots[this.#slot(this.#size)] = entry;
    this.#size += 1;
  }

  /** Takes the front entry. */
  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const entry = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = this.#slot(1);
    this.#size -= 1;
    this.#shrink();
    return entry;
  }

  /** Takes the back entry. */
  popBack(): T | undefined {
    if (this.#size === 0) return undefined;
    const slot = this.#slot(this.#size - 1);
    const entry = this.#slots[slot];
    this.#slots[slot] = undefined;
    this.#size -= 1;
    this.#shrink();
    return entry;
  }

  peek(): T | undefined {
    return this.at(0);
  }

  peekBack(): T | undefined {
    return this.at(this.#size - 1);
  }

  /** Entry `index` from the front; undefined outside [0, size). */
  at(index: number): T | undefined {
    return index >= 0 && index < this.#size ? this.#slots[this.#slot(index)] : undefined;
  }

  #slot(index: number): number {
    return (this.#head + index) & (this.#slots.length - 1);
  }

  /** Halves at a quarter full, not at half: a queue that breathes around one size would copy at every step. */
  #shrink(): void {
    if (this.#slots.length > MIN_CAPACITY && this.#size <= this.#slots.length / 4) this.#resize(this.#slots.length / 2);
  }

  #resize(capacity: number): void {
    const slots: (T | undefined)[] = new Array(capacity).fill(undefined);
    for (let index = 0; index < this.#size; index++) slots[index] = this.at(index);
    this.#slots = slots;
    this.#head = 0;
  }
}
