/**
 * The only source of chance in the program: seeded, and split into one named substream per concern.
 *
 * Invariant: a substream depends on the seed and its name alone, never on what was drawn before, so that a new draw in
 * one place does not move the draws of another, and draw i of a substream is always the same number.
 * Not for secrets: tokens and ids come from the shell's cryptographic source.
 * Source: sfc32 by Chris Doty-Humphrey (PractRand 0.95); finaliser of MurmurHash3 by Austin Appleby.
 */
import { assert } from './assert.ts';

/** Steps that mix a seed into the state, as PractRand does for sfc32 before the first output. */
const WARM_UP_STEPS = 15;

export class Prng {
  readonly #seed: number;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** `seed` is an integer, 0 to 2^53 - 1. */
  constructor(seed: number) {
    assert(Number.isSafeInteger(seed) && seed >= 0, `a seed is an integer from 0 to 2^53 - 1, got ${seed}`);
    this.#seed = seed;
    this.#a = low(seed);
    this.#b = high(seed);
    this.#c = 0;
    for (let step = 0; step < WARM_UP_STEPS; step++) this.#uint32();
  }

  /** Uniform in [0, 1), all 53 bits of the mantissa drawn. */
  next(): number {
    const upper = this.#uint32() >>> 5;
    const lower = this.#uint32() >>> 6;
    return (upper * 0x400_0000 + lower) / 0x20_0000_0000_0000;
  }

  /** Uniform integer in [0, boundExclusive); one draw. The bias is below boundExclusive / 2^53. */
  int(boundExclusive: number): number {
    assert(Number.isSafeInteger(boundExclusive) && boundExclusive >= 1, `expected an integer bound >= 1, got ${boundExclusive}`);
    return Math.floor(this.next() * boundExclusive);
  }

  /** The substream of this name. Forking draws nothing, and the same name gives the same stream from its beginning. */
  fork(name: string): Prng {
    return new Prng(hash53(this.#seed, name));
  }

  #uint32(): number {
    const output = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + output) | 0;
    return output >>> 0;
  }
}

function low(seed: number): number {
  return seed >>> 0;
}

function high(seed: number): number {
  return Math.floor(seed / 0x1_0000_0000);
}

/** 53 bits out of a seed and a name: two 32-bit lanes with different odd multipliers, finalised and joined. */
function hash53(seed: number, name: string): number {
  let first = low(seed) ^ 0x9e37_79b9;
  let second = high(seed) ^ 0x85eb_ca6b ^ name.length;
  // The seed's halves are crossed before the name, so that each lane depends on all of the seed.
  first = finalise(first ^ Math.imul(second, 0xc2b2_ae35));
  second = finalise(second ^ Math.imul(first, 0x27d4_eb2f));
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i);
    first = Math.imul(first ^ unit, 0x9e37_79b1);
    first ^= first >>> 15;
    second = Math.imul(second ^ unit, 0x85eb_ca77);
    second ^= second >>> 13;
  }
  first = finalise(first ^ second);
  second = finalise(second ^ Math.imul(first, 0xc2b2_ae3d));
  return (second >>> 11) * 0x1_0000_0000 + (first >>> 0);
}

function finalise(lane: number): number {
  let mixed = lane ^ (lane >>> 16);
  mixed = Math.imul(mixed, 0x85eb_ca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2_ae35);
  return mixed ^ (mixed >>> 16);
}
