/**
 * Percentiles by counting, without interpolation: the answer is always a latency that some request had (SPEC 9).
 * Source: definition 1 of R. J. Hyndman and Y. Fan, Sample Quantiles in Statistical Packages, Am. Stat. 50(4), 1996.
 */
import { assert } from './assert.ts';

/** Relative to the rank: 99.9 * 1000 / 100 may come out a hair above 999, and must not become the 1000th. */
const RANK_TOLERANCE = 1e-12;

/** The ceil(p * n / 100)-th smallest of n >= 1 values in ascending order, 0 < p <= 100. */
export function percentile(sortedAscending: ArrayLike<number>, p: number): number {
  const rank = percentileRank(sortedAscending.length, p);
  return sortedAscending[rank - 1] as number;
}

/** Which of n values, counted from 1 at the smallest, is percentile p. */
export function percentileRank(n: number, p: number): number {
  assert(n >= 1, 'a percentile needs at least one value');
  assert(p > 0 && p <= 100, `expected a percentile in (0, 100], got ${p}`);
  const exact = (p * n) / 100;
  return Math.min(n, Math.max(1, Math.ceil(exact * (1 - RANK_TOLERANCE))));
}
