/**
 * Which seqs above a moving base have arrived: a bitmap, since with independent delays thousands of them arrive out of order.
 *
 * Bounded: a seq more than SPAN above the base is not remembered. That leaves a gap, never a lie; the leader closes gaps by catch-up.
 */

/** Seqs, hence bits: 512 KiB at most. */
const SPAN = 1 << 22;

export class SeqWindow {
  #base = 0;
  #words = new Uint32Array(8);

  clear(): void {
    this.#base = 0;
    this.#words = new Uint32Array(8);
  }

  /** `end`: everything up to it is covered otherwise; it never falls while seqs are kept. */
  add(seq: number, end: number): void {
    this.#rebase(end);
    const offset = seq - this.#base - 1;
    if (offset < 0 || offset >= SPAN) return;
    const word = offset >>> 5;
    if (word >= this.#words.length) this.#grow(word + 1);
    this.#words[word] = (this.#words[word] as number) | (1 << (offset & 31));
  }

  /** The largest s such that every seq in (end, s] has arrived; `end` itself if the next one is missing. */
  contiguousFrom(end: number): number {
    this.#rebase(end);
    let offset = end - this.#base;
    while (offset >>> 5 < this.#words.length) {
      const word = (this.#words[offset >>> 5] as number) >>> (offset & 31);
      const ones = Math.clz32(~word & -~word) ^ 31;
      const run = word === 0xffffffff ? 32 : ones;
      offset += run;
      if (run < 32 - ((offset - run) & 31)) break;
    }
    return this.#base + offset;
  }

  /** Moves the base up in whole words, so that the bitmap stays as small as what is out of order. */
  #rebase(end: number): void {
    if (end < this.#base) {
      this.clear();
      this.#base = end - (end % 32);
      return;
    }
    const words = Math.floor((end - this.#base) / 32);
    if (words === 0) return;
    if (words >= this.#words.length) this.#words.fill(0);
    else {
      this.#words.copyWithin(0, words);
      this.#words.fill(0, this.#words.length - words);
    }
    this.#base += words * 32;
  }

  #grow(atLeast: number): void {
    const words = new Uint32Array(Math.max(atLeast, this.#words.length * 2));
    words.set(this.#words);
    this.#words = words;
  }
}
