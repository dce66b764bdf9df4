/**
 * The model: how long until k of N independent delays have passed, each from its own distribution. Nothing that waits for
 * k acks can answer sooner, so this is what a quorum costs before any software does.
 *
 * Not here: what was measured. Overhead, loss and the leader's own disk are no part of it.
 * Invariant: for k = 0 everything is 0; k and N are integers, 0 <= k <= N.
 * Sources: H. A. David and H. N. Nagaraja, Order Statistics, 3rd ed. (identical distributions: the k-th of N uniforms is
 * Beta(k, N + 1 - k)); the number of arrivals by time x is Poisson-binomial otherwise.
 */
import { assert, unreachable } from '../lib/assert.ts';
import { smallestWhere } from '../lib/bisection.ts';
import { cdfOf, type Distribution, quantileOf, survivalOf } from '../lib/distribution.ts';
import { integrateBetween } from './quadrature.ts';

/**
 * Mean of the k-th smallest of one draw per distribution. Exact where all are the same uniform: a + (b - a) k / (N + 1).
 * Otherwise the integral of its survival function, to better than 0.1 % (tests: 1e-5 and better) for every distribution of lib.
 */
export function expectedKth(distributions: readonly Distribution[], k: number): number {
  assertRank(distributions, k);
  const first = distributions[0];
  if (k === 0 || first === undefined) return 0;
  if (first.kind === 'uniform' && distributions.every((other) => isSameUniform(first, other))) {
    return first.min + ((first.max - first.min) * k) / (distributions.length + 1);
  }
  const breakPoints = [0, ...distributions.flatMap(breakPointsOf)].filter((x) => x >= 0).sort((a, b) => a - b);
  return integrateBetween((x) => survivalKth(distributions, k, x), [...new Set(breakPoints)]);
}

/** P(the k-th smallest delay <= x). */
export function cdfKth(distributions: readonly Distribution[], k: number, x: number): number {
  assertRank(distributions, k);
  if (k === 0) return x >= 0 ? 1 : 0;
  // The k-th of N has arrived unless the (N - k + 1)-th largest has not: summed from the side that keeps small values exact.
  return tailOf(
    distributions.length - k + 1,
    distributions.map((d) => survivalOf(d, x)),
    distributions.map((d) => cdfOf(d, x)),
  );
}

/** The smallest x with cdfKth(x) >= p, for p in (0, 1). */
export function quantileKth(distributions: readonly Distribution[], k: number, p: number): number {
  assertRank(distributions, k);
  assert(p > 0 && p < 1, `expected a probability in (0, 1), got ${p}`);
  if (k === 0) return 0;
  // All N have arrived with probability p where each has with p^(1/N), and the k-th is no later than the last.
  const each = p ** (1 / distributions.length);
  const last = Math.max(...distributions.map((d) => quantileOf(d, each)));
  return smallestWhere((x) => cdfKth(distributions, k, x) >= p, 0, last);
}

/** P(fewer than k delays have passed by x). */
function survivalKth(distributions: readonly Distribution[], k: number, x: number): number {
  return tailOf(
    k,
    distributions.map((d) => cdfOf(d, x)),
    distributions.map((d) => survivalOf(d, x)),
  );
}

/**
 * P(fewer than `bound` of independent events happen), by dynamic programming over the events: O(N * bound).
 * Only sums of products of probabilities, nothing is subtracted, so that the relative accuracy of the inputs is kept.
 */
function tailOf(bound: number, happens: readonly number[], fails: readonly number[]): number {
  const exactly = new Array<number>(bound).fill(0);
  exactly[0] = 1;
  for (let event = 0; event < happens.length; event++) {
    for (let count = bound - 1; count >= 0; count--) {
      const before = count === 0 ? 0 : (exactly[count - 1] as number);
      exactly[count] = (exactly[count] as number) * (fails[event] as number) + before * (happens[event] as number);
    }
  }
  return Math.min(
    1,
    exactly.reduce((sum, probability) => sum + probability, 0),
  );
}

/** Where this distribution's cdf jumps, bends or changes scale; past the last one its mass no longer matters to any mean. */
function breakPointsOf(distribution: Distribution): number[] {
  switch (distribution.kind) {
    case 'uniform':
      return [distribution.min, distribution.max];
    case 'constant':
      return [distribution.value];
    case 'normal':
      return steps(-9, 9, 1).map((z) => distribution.mean + z * distribution.sd);
    case 'lognormal':
      // The mean is that of a tail shifted by sigma: what lies above z = sigma + 6 is 1e-9 of it.
      return steps(-9, distribution.sigma + 6, 0.5).map((z) => distribution.median * Math.exp(z * distribution.sigma));
    case 'exponential':
      return steps(-6, 5, 1).map((octave) => distribution.mean * 2 ** octave);
    default:
      return unreachable(distribution);
  }
}

/** from, from + step, ..., up to the first that is not below `to`. */
function steps(from: number, to: number, step: number): number[] {
  return Array.from({ length: Math.ceil((to - from) / step) + 1 }, (_, i) => from + i * step);
}

function isSameUniform(first: { readonly min: number; readonly max: number }, other: Distribution): boolean {
  return other.kind === 'uniform' && other.min === first.min && other.max === first.max;
}

function assertRank(distributions: readonly Distribution[], k: number): void {
  assert(Number.isInteger(k) && k >= 0 && k <= distributions.length, `expected k from 0 to ${distributions.length} followers, got ${k}`);
}
