/** Any kind of distribution that parseDistribution accepts, in the ranges of simulated delays: whole microseconds up to 10 s. */
import fc from 'fast-check';
import type { Distribution } from '../../src/lib/distribution.ts';

const delay = fc.integer({ min: 0, max: 10_000_000 }).map((us) => us / 1000);
const positive = fc.integer({ min: 10, max: 10_000_000 }).map((us) => us / 1000);

export const distributions: fc.Arbitrary<Distribution> = fc.oneof(
  fc.tuple(delay, delay).map(([a, b]): Distribution => ({ kind: 'uniform', min: Math.min(a, b), max: Math.max(a, b) })),
  delay.map((value): Distribution => ({ kind: 'constant', value })),
  fc.tuple(delay, positive).map(([mean, sd]): Distribution => ({ kind: 'normal', mean, sd })),
  fc
    .tuple(positive, fc.double({ min: 0.05, max: 2, noNaN: true }))
    .map(([median, sigma]): Distribution => ({ kind: 'lognormal', median, sigma })),
  positive.map((mean): Distribution => ({ kind: 'exponential', mean })),
);
