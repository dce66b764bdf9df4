/** Statistics that a few wild values cannot move: a machine that is busy with something else makes some, and they say nothing of the server. */
import { percentile } from '../../lib/quantile.ts';

/** NaN of no values. */
export function medianOf(values: readonly number[]): number {
  return values.length === 0 ? Number.NaN : percentile(sorted(values), 50);
}

/** Between the quartiles lies the middle half: as wide as 1.35 standard deviations of a normal distribution. NaN of no values. */
export function quartileRangeOf(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const ascending = sorted(values);
  return percentile(ascending, 75) - percentile(ascending, 25);
}

/**
 * How much `y` grows with `x`, as the median of the slopes through all pairs of points; NaN if no two differ in x.
 * Source: P. K. Sen, Estimates of the Regression Coefficient Based on Kendall's Tau, JASA 63, 1968. O(n^2).
 */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): number {
  const slopes = points.flatMap(([x1, y1], index) =>
    points.slice(index + 1).flatMap(([x2, y2]) => (x1 === x2 ? [] : [(y2 - y1) / (x2 - x1)])),
  );
  return medianOf(slopes);
}

function sorted(values: readonly number[]): Float64Array {
  return Float64Array.from(values).sort();
}
