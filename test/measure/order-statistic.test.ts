import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Distribution, meanOf, parseDistribution, sampleOf } from '../../src/lib/distribution.ts';
import { Prng } from '../../src/lib/prng.ts';
import { cdfKth, expectedKth, quantileKth } from '../../src/measure/order-statistic.ts';
import { distributions } from '../lib/arbitrary-distribution.ts';

const fleets = fc.array(distributions, { minLength: 1, maxLength: 6 });

function delays(...texts: string[]): Distribution[] {
  return texts.map((text) => {
    const parsed = parseDistribution(text);
    if (!parsed.ok) throw new Error(parsed.message);
    return parsed.value;
  });
}

function times(text: string, n: number): Distribution[] {
  return delays(...new Array<string>(n).fill(text));
}

/** The dumb implementation: draw, sort, take the k-th; `trials` times, ascending. */
function simulate(fleet: readonly Distribution[], k: number, trials: number, seed: number): Float64Array {
  const prng = new Prng(seed);
  return Float64Array.from({ length: trials }, () => {
    const drawn = fleet.map((distribution) => sampleOf(distribution, prng.next())).sort((a, b) => a - b);
    return drawn[k - 1] ?? 0;
  }).sort();
}

/** P(Beta(k, n + 1 - k) <= x) for whole parameters: at least k of n uniforms are below x. */
function betaCdf(n: number, k: number, x: number): number {
  let sum = 0;
  for (let j = k; j <= n; j++) {
    let choose = 1;
    for (let i = 0; i < j; i++) choose = (choose * (n - i)) / (i + 1);
    sum += choose * x ** j * (1 - x) ** (n - j);
  }
  return sum;
}

test('five uniform delays: mean and percentiles of every quorum are those of the Beta distribution', () => {
  // Mean, p50, p95, p99 in units of the range; from tables of Beta(k, 6 - k).
  const table = [
    [0.1667, 0.1294, 0.4507, 0.6019],
    [0.3333, 0.3138, 0.6574, 0.7779],
    [0.5, 0.5, 0.8107, 0.8944],
    [0.6667, 0.6862, 0.9236, 0.9673],
    [0.8333, 0.8706, 0.9898, 0.998],
  ];
  const fleet = times('100-1100', 5);
  for (const [i, row] of table.entries()) {
    const k = i + 1;
    const model = [expectedKth(fleet, k), quantileKth(fleet, k, 0.5), quantileKth(fleet, k, 0.95), quantileKth(fleet, k, 0.99)];
    for (const [column, value] of model.entries()) expect((value - 100) / 1000).toBeCloseTo(row[column] ?? 0, 4);
  }
});

test('identical uniform delays follow the closed Beta form', () => {
  const cases = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }));
  fc.assert(
    fc.property(cases, ([n, pick, x]) => {
      const k = 1 + (pick % n);
      expect(cdfKth(times('0-1', n), k, x)).toBeCloseTo(betaCdf(n, k, x), 12);
    }),
  );
});

test('the numerical mean agrees with the closed form where both exist', () => {
  for (let n = 1; n <= 12; n++) {
    for (let k = 1; k <= n; k++) {
      // One end a hair off, so that the closed form does not apply.
      const almost = [...times('0-1000', n - 1), ...delays('0-1000.0000001')];
      expect(expectedKth(almost, k)).toBeCloseTo((1000 * k) / (n + 1), 5);
    }
  }
});

test('the means of all ranks add up to the means of all delays', () => {
  fc.assert(
    fc.property(fleets, (fleet) => {
      const ranks = fleet.reduce((sum, _, i) => sum + expectedKth(fleet, i + 1), 0);
      const total = fleet.reduce((sum, distribution) => sum + meanOf(distribution), 0);
      expect(Math.abs(ranks - total)).toBeLessThanOrEqual(1e-6 * total);
    }),
  );
});

test.each([0.5, 1, 2, 3, 5])('a single lognormal delay of sigma %d has the mean of the lognormal, heavy tail included', (sigma) => {
  const [only] = delays(`lognormal:20,${sigma}`) as [Distribution];
  expect(Math.abs(expectedKth([only], 1) / meanOf(only) - 1)).toBeLessThan(1e-5);
});

test('exponential delays: the k-th of n has mean m (1/n + ... + 1/(n - k + 1))', () => {
  for (let k = 1; k <= 40; k++) {
    const harmonic = Array.from({ length: k }, (_, i) => 20 / (40 - i)).reduce((a, b) => a + b, 0);
    expect(Math.abs(expectedKth(times('exponential:20', 40), k) / harmonic - 1)).toBeLessThan(1e-6);
  }
});

test('constant delays are steps: the k-th is simply the k-th', () => {
  const fleet = delays('50', '5', '20', '5', '0');
  expect([1, 2, 3, 4, 5].map((k) => expectedKth(fleet, k))).toEqual([0, 5, 5, 20, 50].map((ms) => expect.closeTo(ms, 9)));
  expect([1, 2, 3, 4, 5].map((k) => quantileKth(fleet, k, 0.99))).toEqual([0, 5, 5, 20, 50]);
  expect([cdfKth(fleet, 4, 19.999), cdfKth(fleet, 4, 20)]).toEqual([0, 1]);
});

test('one follower at a constant 300 ms among uniform ones: worked out by hand', () => {
  const fleet = delays('0-1000', '300');
  // min = U below 300, else 300: 300 - 300^2 / 2000; max is what is left of 500 + 300.
  expect(expectedKth(fleet, 1)).toBeCloseTo(255, 6);
  expect(expectedKth(fleet, 2)).toBeCloseTo(545, 6);
  expect(quantileKth(fleet, 1, 0.3)).toBeCloseTo(300, 6);
  expect(quantileKth(fleet, 1, 0.31)).toBe(300);
});

test.each([
  ['the lab', times('0-1000', 5)],
  ['no two alike', delays('0-1000', '50', 'normal:50,30', 'lognormal:20,0.5', 'exponential:200')],
  ['heavy tails', times('lognormal:20,1', 5)],
  ['one slow follower', delays('5-10', '5-10', '5-10', '5-10', '500-900')],
])('%s: simulation gives the same means, distributions and percentiles', (_, fleet) => {
  const trials = 40_000;
  for (let k = 1; k <= fleet.length; k++) {
    const simulated = simulate(fleet, k, trials, k);
    const mean = simulated.reduce((sum, ms) => sum + ms, 0) / trials;
    const sd = Math.sqrt(simulated.reduce((sum, ms) => sum + (ms - mean) ** 2, 0) / trials);
    // Fixed seeds; four standard errors.
    expect(Math.abs(expectedKth(fleet, k) - mean)).toBeLessThanOrEqual((4 * sd) / Math.sqrt(trials) + 1e-9);
    for (const p of [0.05, 0.5, 0.95, 0.99]) {
      const tolerance = 4 * Math.sqrt((p * (1 - p)) / trials);
      const x = quantileKth(fleet, k, p);
      expect(simulated.filter((ms) => ms <= x).length / trials).toBeGreaterThan(p - tolerance);
      expect(simulated.filter((ms) => ms < x).length / trials).toBeLessThan(p + tolerance);
      const atQuantile = simulated[Math.floor(p * trials)] as number;
      expect(cdfKth(fleet, k, atQuantile)).toBeGreaterThan(p - tolerance);
    }
  }
});

test('a quantile is the smallest delay that reaches its probability', () => {
  fc.assert(
    fc.property(fleets, fc.nat(), fc.double({ min: 0.001, max: 0.999, noNaN: true }), (fleet, pick, p) => {
      const k = 1 + (pick % fleet.length);
      const x = quantileKth(fleet, k, p);
      // 1e-8: a narrow distribution far from zero has few doubles to choose from.
      expect(cdfKth(fleet, k, x)).toBeGreaterThanOrEqual(p - 1e-8);
      if (x > 0) expect(cdfKth(fleet, k, x * (1 - 1e-9))).toBeLessThan(p + 1e-8);
    }),
  );
});

test('a higher quorum is never predicted to be faster, and quorum 0 waits for nobody', () => {
  fc.assert(
    fc.property(fleets, (fleet) => {
      expect([expectedKth(fleet, 0), quantileKth(fleet, 0, 0.5), cdfKth(fleet, 0, 0)]).toEqual([0, 0, 1]);
      for (let k = 1; k <= fleet.length; k++) {
        expect(expectedKth(fleet, k)).toBeGreaterThanOrEqual(expectedKth(fleet, k - 1) * (1 - 1e-9));
      }
    }),
  );
});

test('a quorum above the number of followers is a bug of the caller', () => {
  for (const k of [-1, 1.5, 3]) expect(() => expectedKth(times('5', 2), k)).toThrow('followers');
});
