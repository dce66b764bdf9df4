/**
 * What a table says about a set of latencies: mean with its interval, and percentiles by counting (lib/quantile).
 * Invariant: nothing is invented: no values, no mean; one value, no interval.
 */
import { percentile } from '../lib/quantile.ts';
import { studentQuantile } from './student-t.ts';

export interface LatencySummary {
  readonly n: number;
  readonly mean: number;
  /** 95 % interval of the mean; null with fewer than two values. */
  readonly ci95: readonly [low: number, high: number] | null;
  readonly median: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** Of values in any order; null of none. */
export function summarise(values: readonly number[]): LatencySummary | null {
  const n = values.length;
  if (n === 0) return null;
  const sorted = Float64Array.from(values).sort();
  return {
    n,
    mean: mean(values),
    ci95: meanInterval95(values),
    median: percentile(sorted, 50),
    p95: percentile(sorted, 95),
    p99: percentile(sorted, 99),
    max: percentile(sorted, 100),
  };
}

/** NaN of no values. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Sample standard deviation, n - 1 in the denominator; two passes, because one would lose the digits of a small spread. */
export function standardDeviation(values: readonly number[]): number {
  const centre = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}

/**
 * mean +- t(0.975, n - 1) * sd / sqrt(n): covers the true mean in 95 of 100 runs, if requests are independent and n is
 * not tiny. Null with fewer than two values, which say nothing about their spread.
 */
export function meanInterval95(values: readonly number[]): readonly [low: number, high: number] | null {
  if (values.length < 2) return null;
  const centre = mean(values);
  const half = (studentQuantile(0.975, values.length - 1) * standardDeviation(values)) / Math.sqrt(values.length);
  return [centre - half, centre + half];
}
