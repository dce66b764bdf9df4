import { expect, test } from 'vitest';
import { RollingHash } from '../../src/lib/rolling-hash.ts';

function hashOf(...values: readonly (number | string)[]): string {
  const hash = new RollingHash();
  for (const value of values) typeof value === 'number' ? hash.number(value) : hash.text(value);
  return hash.digest();
}

test('equal sequences have equal digests of 16 digits', () => {
  expect(hashOf(1, 'a', 0.5)).toBe(hashOf(1, 'a', 0.5));
  expect(hashOf(1, 'a', 0.5)).toMatch(/^[0-9a-f]{16}$/);
});

test('other values, orders, borders and lengths have other digests', () => {
  const sequences = [
    [],
    [0],
    [0, 0],
    [-1],
    [1],
    ['1'],
    [1, 2],
    [2, 1],
    ['ab'],
    ['a', 'b'],
    ['', 'ab'],
    [Number.NaN],
    [Number.POSITIVE_INFINITY],
  ];
  expect(new Set(sequences.map((sequence) => hashOf(...sequence))).size).toBe(sequences.length);
});

test('ten thousand neighbours do not collide', () => {
  expect(new Set(Array.from({ length: 10_000 }, (_, i) => hashOf(7, i))).size).toBe(10_000);
});
