import { describe, expect, test } from 'vitest';
import { Configuration, Memo } from '../../src/judge/configurations.ts';
import { Prng } from '../../src/lib/prng.ts';

const REQUIRED = 100;
const OPTIONAL = 40;

describe('a memory of configurations', () => {
  test('knows what it was given, and nothing else: against a set of texts', () => {
    const random = new Prng(1);
    const configuration = new Configuration(REQUIRED, OPTIONAL);
    const memo = new Memo();
    const bits = new Set<number>();
    const known = new Set<string>();
    let repeated = 0;
    for (let i = 0; i < 30_000; i++) {
      // Most of the time at one place, so that configurations come again and words fill up and empty.
      const bit = random.next() < 0.9 ? 60 + random.int(6) : random.int(REQUIRED + OPTIONAL);
      if (!bits.delete(bit)) bits.add(bit);
      if (bit < REQUIRED) configuration.flipRequired(bit);
      else configuration.flipOptional(bit - REQUIRED);
      const state = random.int(2);
      const text = `${state}: ${[...bits].sort((a, b) => a - b).join(' ')}`;
      expect(memo.add(configuration, state)).toBe(!known.has(text));
      repeated += known.has(text) ? 1 : 0;
      known.add(text);
    }
    expect(repeated).toBeGreaterThan(500);
  });

  test('is not taken in by equal hashes', () => {
    const memo = new Memo();
    const configuration = new Configuration(REQUIRED, OPTIONAL);
    for (let bit = 0; bit < REQUIRED; bit++) {
      configuration.flipRequired(bit);
      configuration.hash = 7;
      expect(memo.add(configuration, 1)).toBe(true);
      expect(memo.add(configuration, 1)).toBe(false);
    }
    configuration.flipOptional(3);
    configuration.hash = 7;
    expect(memo.add(configuration, 1)).toBe(true);
    // The state's part of the hash, made up for.
    configuration.hash = 7 ^ mix(~1) ^ mix(~2);
    expect(memo.add(configuration, 2)).toBe(true);
    expect(memo.add(configuration, 2)).toBe(false);
  });

  test('has the same window again when operations are taken back', () => {
    const configuration = new Configuration(REQUIRED, OPTIONAL);
    for (let bit = 0; bit < 70; bit++) configuration.flipRequired(bit);
    expect([configuration.first, configuration.last]).toEqual([2, 2]);
    configuration.flipRequired(5);
    expect([configuration.first, configuration.last]).toEqual([0, 2]);
    configuration.flipRequired(5);
    for (let bit = 69; bit >= 0; bit--) configuration.flipRequired(bit);
    expect([configuration.first, configuration.last, configuration.hash]).toEqual([0, -1, 0]);
  });
});

function mix(number: number): number {
  let mixed = Math.imul(number ^ (number >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return mixed ^ (mixed >>> 16);
}
