/**
 * A sorted list of chunks: a B-tree of two levels, enough for the sizes at which a memory store makes sense.
 *
 * Not here: any knowledge of records. Invariants: no chunk is empty or longer than CHUNK_MAX, two neighbours together are longer than
 * CHUNK_MERGE after a removal next to them, and no two items are at the same place, so garbage is bounded by the items held.
 */

/** Moving half a chunk for one insertion copies 2 KB at most, and 100,000 items make some 400 chunks to search among. */
const CHUNK_MAX = 512;

/** Well below CHUNK_MAX, so that a merged chunk is not split again by the next few insertions. */
const CHUNK_MERGE = 192;

/** `At` is the place of an item in the order: its version, or the key itself. */
export class SortedList<Item, At> {
  readonly #order: (item: Item, at: At) => number;
  readonly #chunks: Item[][] = [];

  /** `order` is negative, zero or positive as the item stands before, at or after the place. */
  constructor(order: (item: Item, at: At) => number) {
    this.#order = order;
  }

  /** The item with the highest place. O(1). */
  last(): Item | undefined {
    return this.#chunks.at(-1)?.at(-1);
  }

  /** False, and nothing changed, if the place is taken. O(log n), O(1) at the end. */
  add(item: Item, at: At): boolean {
    const last = this.last();
    if (last === undefined) {
      this.#chunks.push([item]);
      return true;
    }
    if (this.#order(last, at) < 0) {
      this.#append(item);
      return true;
    }
    const c = this.#chunkOf(at);
    const chunk = this.#chunks[c] as Item[];
    const i = this.#firstFrom(chunk, at);
    if (i < chunk.length && this.#order(chunk[i] as Item, at) === 0) return false;
    chunk.splice(i, 0, item);
    if (chunk.length > CHUNK_MAX) this.#chunks.splice(c + 1, 0, chunk.splice(CHUNK_MAX / 2));
    return true;
  }

  /** False if nothing stood at the place. O(log n). */
  remove(at: At): boolean {
    if (this.#chunks.length === 0) return false;
    const c = this.#chunkOf(at);
    const chunk = this.#chunks[c] as Item[];
    const i = this.#firstFrom(chunk, at);
    if (i === chunk.length || this.#order(chunk[i] as Item, at) !== 0) return false;
    chunk.splice(i, 1);
    if (!this.#mergeWithNext(c)) this.#mergeWithNext(c - 1);
    return true;
  }

  /** The items at or after the place, in order. The list must not change while it is read. O(log n) to begin. */
  *from(at: At): Generator<Item, void, undefined> {
    if (this.#chunks.length === 0) return;
    let c = this.#chunkOf(at);
    let i = this.#firstFrom(this.#chunks[c] as Item[], at);
    for (; c < this.#chunks.length; c += 1, i = 0) {
      const chunk = this.#chunks[c] as Item[];
      for (; i < chunk.length; i += 1) yield chunk[i] as Item;
    }
  }

  #append(item: Item): void {
    const chunk = this.#chunks.at(-1) as Item[];
    if (chunk.length < CHUNK_MAX) chunk.push(item);
    else this.#chunks.push([item]);
  }

  /** The last chunk that begins at or before the place, or the first. */
  #chunkOf(at: At): number {
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#order(this.#chunks[middle]?.[0] as Item, at) <= 0) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #firstFrom(chunk: readonly Item[], at: At): number {
    let low = 0;
    let high = chunk.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#order(chunk[middle] as Item, at) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Joins the chunk and the next if both are small, and drops it if it is empty. */
  #mergeWithNext(c: number): boolean {
    const chunk = this.#chunks[c];
    if (chunk === undefined) return false;
    const next = this.#chunks[c + 1];
    if (next !== undefined && chunk.length + next.length <= CHUNK_MERGE) {
      this.#chunks.splice(c, 2, chunk.concat(next));
      return true;
    }
    if (chunk.length === 0) this.#chunks.splice(c, 1);
    return chunk.length === 0;
  }
}
