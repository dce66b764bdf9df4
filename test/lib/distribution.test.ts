import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  cdfOf,
  type Distribution,
  formatDistribution,
  meanOf,
  parseDistribution,
  quantileOf,
  sampleOf,
  survivalOf,
} from '../../src/lib/distribution.ts';
import { Prng } from '../../src/lib/prng.ts';
import { distributions } from './arbitrary-distribution.ts';

const EXAMPLES: readonly (readonly [string, Distribution])[] = [
  ['0-1000', { kind: 'uniform', min: 0, max: 1000 }],
  ['0.1-1.0', { kind: 'uniform', min: 0.1, max: 1 }],
  ['0-1e-7', { kind: 'uniform', min: 0, max: 1e-7 }],
  ['0-0', { kind: 'uniform', min: 0, max: 0 }],
  ['uniform:5,10', { kind: 'uniform', min: 5, max: 10 }],
  ['50', { kind: 'constant', value: 50 }],
  ['constant:0.5', { kind: 'constant', value: 0.5 }],
  ['normal:50,10', { kind: 'normal', mean: 50, sd: 10 }],
  ['lognormal:20,0.5', { kind: 'lognormal', median: 20, sigma: 0.5 }],
  [' exponential:20 ', { kind: 'exponential', mean: 20 }],
];

test.each(EXAMPLES)('"%s" is understood', (text, expected) => {
  expect(parseDistribution(text)).toEqual({ ok: true, value: expected });
});

test.each([
  '',
  'fast',
  '-5',
  '5-',
  '10-5',
  '1-2-3',
  '5ms',
  'normal:50',
  'normal:50,0',
  'normal:50,10,1',
  'lognormal:0,1',
  'lognormal:20,6',
  'exponential:0',
  'exponential:1,2',
  'constant:1,2',
  'uniform:5',
  'gamma:1,2',
  'NaN',
  'Infinity',
  '0x10',
  '3600001',
  '0-1e9',
])('"%s" is refused with what was expected and what was got', (text) => {
  const parsed = parseDistribution(text);
  expect(parsed.ok).toBe(false);
  if (!parsed.ok) expect(parsed.message).toMatch(/^expected .*, got /);
});

test('a formatted distribution parses to itself', () => {
  fc.assert(
    fc.property(distributions, (distribution) => {
      expect(parseDistribution(formatDistribution(distribution))).toEqual({ ok: true, value: distribution });
    }),
  );
});

test('the cdf undoes the quantile, wherever the cdf is continuous', () => {
  fc.assert(
    fc.property(distributions, fc.double({ min: 0.001, max: 0.999, noNaN: true }), (distribution, p) => {
      const x = quantileOf(distribution, p);
      const isDegenerate = distribution.kind === 'constant' || (distribution.kind === 'uniform' && distribution.min === distribution.max);
      if (isDegenerate) expect(cdfOf(distribution, x)).toBe(1);
      // 1e-8 is what one double is worth in a uniform a microsecond wide at 10 s.
      else expect(Math.abs(cdfOf(distribution, x) - p)).toBeLessThan(1e-8);
    }),
  );
});

test('cdf and survival add up to one, and the cdf never falls', () => {
  fc.assert(
    fc.property(distributions, fc.double({ min: 0, max: 1e5, noNaN: true }), fc.double({ min: 0, max: 1e5, noNaN: true }), (d, x, y) => {
      expect(cdfOf(d, x) + survivalOf(d, x)).toBeCloseTo(1, 12);
      expect(cdfOf(d, Math.min(x, y))).toBeLessThanOrEqual(cdfOf(d, Math.max(x, y)) + 1e-15);
    }),
  );
});

test('no delay is negative or infinite, at the very ends of a draw either', () => {
  fc.assert(
    fc.property(distributions, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (distribution, u) => {
      for (const draw of [u, 0, Number.MIN_VALUE, 1 - 2 ** -53]) {
        const delay = sampleOf(distribution, draw);
        expect(delay >= 0 && Number.isFinite(delay) && !Object.is(delay, -0)).toBe(true);
        expect(cdfOf(distribution, -1e-9)).toBe(0);
      }
    }),
  );
});

test('a larger draw is never a shorter delay', () => {
  fc.assert(
    fc.property(
      distributions,
      fc.double({ min: 0, max: 0.9999, noNaN: true }),
      fc.double({ min: 0, max: 0.9999, noNaN: true }),
      (distribution, u, v) => {
        const [low, high] = [sampleOf(distribution, Math.min(u, v)), sampleOf(distribution, Math.max(u, v))];
        expect(low).toBeLessThanOrEqual(high * (1 + 1e-12));
      },
    ),
  );
});

test.each(['normal:5,10', 'normal:0,3', 'normal:50,10', 'lognormal:20,0.5', 'exponential:20', '0.1-1.0', '50'])(
  'the mean of many draws of %s is its mean, and their median its quantile',
  (text) => {
    const parsed = parseDistribution(text);
    if (!parsed.ok) throw new Error(parsed.message);
    const prng = new Prng(11).fork(text);
    const draws = Array.from({ length: 100_000 }, () => sampleOf(parsed.value, prng.next())).sort((a, b) => a - b);
    const mean = draws.reduce((sum, delay) => sum + delay, 0) / draws.length;
    // Fixed seed; five standard errors of the widest of them (sd about the mean, n = 100,000) are 1.6 %.
    expect(Math.abs(mean / meanOf(parsed.value) - 1)).toBeLessThan(0.016);
    expect(Math.abs((draws[50_000] ?? 0) / quantileOf(parsed.value, 0.5) - 1)).toBeLessThan(0.03);
  },
);
