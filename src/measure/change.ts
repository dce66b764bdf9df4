/**
 * How one figure differs between two runs, with the interval of the change: latencies and shares, of whatever was measured.
 *
 * Not here: which figures a row has (compare-figures.ts, compare-durability.ts) and what is better (compare.ts).
 * Sources of the intervals: interval.ts.
 */
import type { Prng } from '../lib/prng.ts';
import type { FigureName, Unit } from './compare-result.ts';
import { type Interval, newcombeInterval, pairedInterval, percentileIntervals, type Trials, welchInterval } from './interval.ts';

/** A figure in both runs; what is missing is null. */
export interface Change {
  readonly figure: FigureName;
  readonly unit: Unit;
  readonly a: number | null;
  readonly b: number | null;
  readonly interval: Interval | null;
  /** Why there is no interval, in words. */
  readonly reason: string | null;
}

export function bounded(interval: Interval | null, why: string): Pick<Change, 'interval' | 'reason'> {
  return { interval, reason: interval === null ? why : null };
}

/** @param why there is no interval without trials */
export function shareChange(figure: FigureName, [a, b]: readonly [Trials, Trials], confidence: number, why: string): Change {
  return { figure, unit: 'share', a: shareOf(a), b: shareOf(b), ...bounded(newcombeInterval(a, b, confidence), why) };
}

function shareOf({ hits, trials }: Trials): number | null {
  return trials === 0 ? null : hits / trials;
}

/** Of the writes of one row that succeeded. */
export interface Latencies {
  /** In ms; where rows are paired, twins stand at the same place. */
  readonly values: readonly number[];
  /** As the run has them, which may be without `values`. */
  readonly mean: number | null;
  readonly percentiles: Readonly<Record<Percentile, number | null>>;
}

const PERCENTILES = [50, 95, 99] as const;
type Percentile = (typeof PERCENTILES)[number];

export interface LatencyOptions {
  /** Value i of both met the same chance. */
  readonly isPaired: boolean;
  readonly confidence: number;
  /** Of the bootstrap. */
  readonly prng: Prng;
}

/** Of the mean and of the percentiles; thin ones have no interval. */
export function latencyChanges(a: Latencies, b: Latencies, options: LatencyOptions): Change[] {
  const { isPaired, confidence } = options;
  const interval = (isPaired ? pairedInterval : welchInterval)(a.values, b.values, confidence);
  const intervals = percentileIntervals(a.values, b.values, PERCENTILES, options);
  const n = Math.min(a.values.length, b.values.length);
  return [
    { figure: 'mean', unit: 'ms', a: a.mean, b: b.mean, ...bounded(interval, 'fewer than two writes succeeded') },
    ...PERCENTILES.map((p, i): Change => {
      const isThin = n * (100 - p) < 100;
      const why = isThin && n > 0 ? `p${p} of ${n} writes is hardly more than the maximum` : 'no write succeeded';
      const bounds = bounded(isThin ? null : (intervals[i] ?? null), why);
      return { figure: `p(${p})`, unit: 'ms', a: a.percentiles[p], b: b.percentiles[p], ...bounds };
    }),
  ];
}
