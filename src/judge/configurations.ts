/**
 * What a search for a linearization has been through: which operations have taken effect, and what the register holds then. Lowe's
 * addition to Wing's and Gong's search is to remember them all, so that none is searched twice.
 *
 * Invariant: a configuration is only taken for one that was there before if all its bits are equal; a hash alone never decides.
 * Of the required operations, in the order of their calls, all words before the first gap are full and all after the last one that took
 * effect are empty, so only the words between are kept: their number follows the concurrency, not the length of the history.
 * Source: G. Lowe, "Testing for linearizability" (2017); the bitset is porcupine's, the window is ours.
 */
import type { Value } from './values.ts';

const FULL = 0xffff_ffff;
const FIRST_ARENA = 1 << 12;
/** Words of 4 bytes, beyond which a search gives up: 256 MB. */
const MOST_ARENA = 1 << 26;
const FIRST_SLOTS = 1 << 10;
/** Before its words an entry has its hash, the state, the window's first word and its length. */
const HEAD = 4;

/** The operations that have taken effect: required ones first, then the optional ones. */
export class Configuration {
  readonly words: Uint32Array;
  /** First word that belongs to optional operations. */
  readonly requiredWords: number;
  hash = 0;
  /** First word of required operations that is not full. */
  first = 0;
  /** Last word of required operations that is not empty, -1 if there is none. */
  last = -1;

  constructor(required: number, optional: number) {
    this.requiredWords = Math.ceil(required / 32);
    this.words = new Uint32Array(this.requiredWords + Math.ceil(optional / 32));
  }

  flipRequired(operation: number): void {
    this.#flip(operation);
    const word = operation >>> 5;
    const { words, requiredWords } = this;
    if ((words[word] as number) & (1 << (operation & 31))) {
      this.last = Math.max(this.last, word);
      while (this.first < requiredWords && words[this.first] === FULL) this.first += 1;
    } else {
      this.first = Math.min(this.first, word);
      while (this.last >= 0 && words[this.last] === 0) this.last -= 1;
    }
  }

  flipOptional(operation: number): void {
    this.#flip(this.requiredWords * 32 + operation);
  }

  hasOptional(operation: number): boolean {
    return ((this.words[this.requiredWords + (operation >>> 5)] as number) & (1 << (operation & 31))) !== 0;
  }

  #flip(bit: number): void {
    const word = bit >>> 5;
    this.words[word] = (this.words[word] as number) ^ (1 << (bit & 31));
    this.hash ^= mix(bit + 1);
  }
}

/** A hash table in two flat arrays: millions of small objects would cost more than the search. */
export class Memo {
  #arena = new Uint32Array(FIRST_ARENA);
  #used = 0;
  /** Where in the arena an entry begins, plus 1; 0 is empty. */
  #slots = new Int32Array(FIRST_SLOTS);
  #size = 0;
  isFull = false;

  /** False if it was there before. With `isFull` set nothing is remembered any more, and the search has to end. */
  add(configuration: Configuration, state: Value): boolean {
    const { words, requiredWords, first, last } = configuration;
    const hash = (configuration.hash ^ mix(~state)) >>> 0;
    const length = Math.max(0, last - first + 1);
    const needed = HEAD + length + words.length - requiredWords;
    if (!this.#reserve(needed)) return true;
    const at = this.#used;
    const arena = this.#arena;
    arena[at] = hash;
    arena[at + 1] = state;
    arena[at + 2] = first;
    arena[at + 3] = length;
    arena.set(words.subarray(first, first + length), at + HEAD);
    arena.set(words.subarray(requiredWords), at + HEAD + length);
    const slot = this.#find(hash, at, needed);
    if (this.#slots[slot] !== 0) return false;
    this.#slots[slot] = at + 1;
    this.#used += needed;
    this.#size += 1;
    if (this.#size * 2 > this.#slots.length) this.#rehash();
    return true;
  }

  /** The slot of an equal entry, or the empty one where it belongs. The window's length is compared first, so that lengths fit. */
  #find(hash: number, at: number, needed: number): number {
    const slots = this.#slots;
    const arena = this.#arena;
    const mask = slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const other = (slots[slot] as number) - 1;
      if (other < 0) return slot;
      let word = 0;
      while (word < needed && arena[other + word] === arena[at + word]) word += 1;
      if (word === needed) return slot;
    }
  }

  #reserve(words: number): boolean {
    const wanted = this.#used + words;
    if (wanted <= this.#arena.length) return true;
    if (wanted > MOST_ARENA) {
      this.isFull = true;
      return false;
    }
    const arena = new Uint32Array(Math.min(MOST_ARENA, Math.max(2 * this.#arena.length, wanted)));
    arena.set(this.#arena);
    this.#arena = arena;
    return true;
  }

  #rehash(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(2 * old.length);
    const mask = this.#slots.length - 1;
    for (const entry of old) {
      if (entry === 0) continue;
      let slot = (this.#arena[entry - 1] as number) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = entry;
    }
  }
}

/** The finaliser of MurmurHash3. */
function mix(number: number): number {
  let mixed = Math.imul(number ^ (number >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return mixed ^ (mixed >>> 16);
}
