import fc from 'fast-check';
import { expect, test } from 'vitest';
import { percentile } from '../../src/lib/quantile.ts';

/** By definition: the smallest value with at least p % of all values at or below it, counted one by one; p = tenths / 10. */
function countedPercentile(values: readonly number[], tenths: number): number | undefined {
  return [...values]
    .sort((a, b) => a - b)
    .find((candidate) => values.filter((value) => value <= candidate).length * 1000 >= tenths * values.length);
}

test('a percentile is what counting one by one gives', () => {
  const values = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 1000 }), (array, tenths) => {
      const sorted = Float64Array.from(array).sort();
      expect(percentile(sorted, tenths / 10)).toBe(countedPercentile(array, tenths));
    }),
    { numRuns: 500 },
  );
});

test('of 100 values p99 is the 99th, and of 10 it is the largest', () => {
  const hundred = Array.from({ length: 100 }, (_, i) => i + 1);
  expect([50, 95, 99, 100].map((p) => percentile(hundred, p))).toEqual([50, 95, 99, 100]);
  expect(percentile(hundred.slice(0, 10), 99)).toBe(10);
  expect(percentile([7], 50)).toBe(7);
});

test('a rank that is whole in arithmetic stays whole in floating point', () => {
  // In doubles 1.1 * 100,000 / 100 is 1100 and a hair, which would be the 1101st.
  expect((1.1 * 100_000) / 100).toBeGreaterThan(1100);
  const many = Array.from({ length: 100_000 }, (_, i) => i + 1);
  expect(percentile(many, 1.1)).toBe(1100);
});

test('no values have no percentile', () => {
  expect(() => percentile([], 50)).toThrow('at least one');
  expect(() => percentile([1], 0)).toThrow('percentile');
});
