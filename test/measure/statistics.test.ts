import fc from 'fast-check';
import { expect, test } from 'vitest';
import { normalQuantile } from '../../src/lib/normal.ts';
import { Prng } from '../../src/lib/prng.ts';
import { mean, meanInterval95, standardDeviation, summarise } from '../../src/measure/statistics.ts';
import { studentQuantile } from '../../src/measure/student-t.ts';

// Printed tables, and the closed forms of 1 and 2 degrees of freedom.
test.each([
  [1, 12.7062047362],
  [2, 4.3026527297],
  [5, 2.5705818356],
  [9, 2.2621571628],
  [10, 2.228138852],
  [30, 2.0422724563],
  [99, 1.9842169516],
  [Number.POSITIVE_INFINITY, 1.9599639845],
])('t(0.975) with %d degrees of freedom is %d', (df, t) => {
  expect(studentQuantile(0.975, df)).toBeCloseTo(t, 9);
  expect(studentQuantile(0.025, df)).toBeCloseTo(-t, 9);
});

test('t with 1 degree of freedom is the Cauchy distribution, with 2 it has a closed form', () => {
  fc.assert(
    fc.property(fc.double({ min: 0.5001, max: 0.9999, noNaN: true }), (p) => {
      expect(Math.abs(studentQuantile(p, 1) / Math.tan(Math.PI * (p - 0.5)) - 1)).toBeLessThan(1e-9);
      expect(Math.abs(studentQuantile(p, 2) / ((2 * p - 1) / Math.sqrt(2 * p * (1 - p))) - 1)).toBeLessThan(1e-9);
    }),
  );
});

test('t comes down to the normal quantile without a jump', () => {
  const normal = normalQuantile(0.975);
  for (const df of [100, 1e3, 1e4, 1e6, 1e7, 1e7 + 1, 1e9]) {
    // First term of the Cornish-Fisher expansion; the next is below 3 / df^2.
    const expected = normal + (normal ** 3 + normal) / (4 * df);
    expect(Math.abs(studentQuantile(0.975, df) - expected)).toBeLessThan(3 / df ** 2 + 3e-7);
  }
  expect(studentQuantile(0.5, 7)).toBe(0);
});

test('mean and standard deviation survive values that are large and close together', () => {
  expect(mean([1, 2, 3, 4])).toBe(2.5);
  expect(standardDeviation([1, 2, 3, 4])).toBeCloseTo(Math.sqrt(5 / 3), 12);
  expect(standardDeviation([1e9 + 1, 1e9 + 2, 1e9 + 3])).toBeCloseTo(1, 6);
});

test('the interval of three values, worked out by hand', () => {
  // mean 20, sd 10, t = 4.30265: 20 -+ 4.30265 * 10 / sqrt(3)
  expect(meanInterval95([10, 20, 30])).toEqual([expect.closeTo(-4.8414, 3), expect.closeTo(44.8414, 3)]);
  expect([meanInterval95([5]), meanInterval95([])]).toEqual([null, null]);
});

test('about 95 of 100 intervals hold the true mean, with as few as five values each', () => {
  const prng = new Prng(5);
  let covered = 0;
  for (let trial = 0; trial < 4000; trial++) {
    const values = Array.from({ length: 5 }, () => normalQuantile(Math.max(prng.next(), 1e-12)));
    const [low, high] = meanInterval95(values) as [number, number];
    if (low <= 0 && 0 <= high) covered += 1;
  }
  // Fixed seed; four standard errors of a share of 0.95 in 4000 are 0.014.
  expect(Math.abs(covered / 4000 - 0.95)).toBeLessThan(0.014);
});

test('a summary does not touch its input and speaks of no values as null', () => {
  const values = [30, 10, 20];
  expect(summarise(values)).toMatchObject({ n: 3, mean: 20, median: 20, p95: 30, p99: 30, max: 30 });
  expect(values).toEqual([30, 10, 20]);
  expect(summarise([])).toBeNull();
});
