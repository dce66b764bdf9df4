/** Versions that were met, one bit each where they lie close together, as those of one epoch do: a million take some hundred KB. */
import type { Version } from '../core/version.ts';

/** Versions per block: a lonely one costs 128 bytes. */
const BLOCK = 1_024;

export class VersionSet {
  /** By epoch and number of the block. */
  readonly #blocks = new Map<number, Map<number, Uint8Array>>();

  /** Whether it is new. */
  add({ epoch, seq }: Version): boolean {
    const block = this.#blockOf(epoch, Math.floor(seq / BLOCK));
    const place = seq % BLOCK;
    const [byte, bit] = [place >> 3, 1 << (place & 7)];
    const before = block[byte] as number;
    block[byte] = before | bit;
    return (before & bit) === 0;
  }

  #blockOf(epoch: number, number: number): Uint8Array {
    const blocks = this.#blocks.get(epoch) ?? new Map<number, Uint8Array>();
    const block = blocks.get(number) ?? new Uint8Array(BLOCK / 8);
    this.#blocks.set(epoch, blocks.set(number, block));
    return block;
  }
}
