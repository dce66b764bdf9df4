/**
 * Are the delays those that were stated? Arrivals against the stated distribution, with what a server and its observer add on top
 * allowed for: an arrival is its delay plus some overhead, so the delay lies between `afterMs - overhead` and `byMs`.
 *
 * Shorter than the shortest is proof. The rest is a Kolmogorov-Smirnov test that fails only where no overhead and no reading in
 * between explains the distance, and passes only where the distance is small for one constant overhead.
 *
 * How sure (test/grade/timing-odds.test.ts): counted by writes, not arrivals, because one server's delays may be shared; with n writes
 * P(a right server fails) <= 2 exp(-2 * 2.3^2) = 5e-5, and twice the range, half of it, or a constant are never passed.
 * Source: the bound is Dvoretzky, Kiefer, Wolfowitz (1956) with Massart's constant.
 */
import { cdfOf, type Distribution, quantileOf } from '../../lib/distribution.ts';
import { expectedKth } from '../../measure/order-statistic.ts';
import { isComplete, kthAfter, kthBy, middleOf, type TimedWrite } from './timed-write.ts';

export type RangeVerdict =
  | { readonly kind: 'in-range'; readonly distance: number; readonly overheadMs: number }
  | { readonly kind: 'too-short'; readonly count: number; readonly shortestMs: number }
  | { readonly kind: 'other'; readonly distance: number; readonly limit: number; readonly middle: readonly [lowMs: number, highMs: number] }
  | { readonly kind: 'unclear'; readonly why: string };

/** Of one quorum: what the model says of it, and what was seen. */
export interface ModelRow {
  readonly quorum: number;
  readonly modelMs: number;
  /** Of the quorum-th follower's arrival. */
  readonly arrivalMs: number;
}

const LEAST_COMPLETE = 20;
/** A range narrower than so many reads of a follower is a dot. */
const LEAST_READS_PER_RANGE = 5;
/** A timer may be off by one millisecond either way and still be a right one. */
const TIMER_MS = 1;
const LEAST_PROOFS = 2;
/** A distance below this is what reading every few milliseconds does by itself. */
const PASS_DISTANCE = 0.15;
const SHIFTS = 25;

/** @param overheadMs the most that a server and the way to it may add to a delay */
export function judgeRange(writes: readonly TimedWrite[], stated: Distribution, overheadMs: number): RangeVerdict {
  const complete = writes.filter(isComplete);
  if (complete.length < LEAST_COMPLETE) {
    return {
      kind: 'unclear',
      why: `only ${complete.length} of ${writes.length} writes were seen at every follower, which is too few to tell`,
    };
  }
  const arrivals = complete.flatMap((write) => write.arrivals);
  const shortestStated = quantileOf(stated, 0);
  const short = arrivals.filter(({ byMs }) => byMs < shortestStated - TIMER_MS);
  if (short.length >= LEAST_PROOFS)
    return { kind: 'too-short', count: short.length, shortestMs: Math.min(...short.map(({ byMs }) => byMs)) };
  const widthMs = arrivals.reduce((sum, { afterMs, byMs }) => sum + byMs - afterMs, 0) / arrivals.length;
  const rangeMs = quantileOf(stated, 0.95) - quantileOf(stated, 0.05);
  const size = Math.max(rangeMs, quantileOf(stated, 0.5));
  if (size < LEAST_READS_PER_RANGE * widthMs) {
    return { kind: 'unclear', why: `delays of ${size.toFixed(1)} ms are too small to be seen by reading every ${widthMs.toFixed(1)} ms` };
  }
  const lows = arrivals.map(({ afterMs }) => afterMs - overheadMs - TIMER_MS).sort(ascending);
  const highs = arrivals.map(({ byMs }) => byMs + TIMER_MS).sort(ascending);
  const certain = certainDistance(stated, lows, highs);
  const limit = 2.3 / Math.sqrt(complete.length);
  const middles = arrivals.map(middleOf).sort(ascending);
  if (certain > limit) {
    const at = (p: number) => middles[Math.floor(p * (middles.length - 1))] as number;
    return { kind: 'other', distance: certain, limit, middle: [at(0.05), at(0.95)] };
  }
  const fits = Array.from({ length: SHIFTS + 1 }, (_, index) => (overheadMs * index) / SHIFTS).map((shiftMs) => ({
    overheadMs: shiftMs,
    distance: distanceOf(stated, middles, shiftMs, widthMs / 2 + TIMER_MS),
  }));
  const best = fits.reduce((a, b) => (b.distance < a.distance ? b : a));
  if (best.distance <= Math.max(PASS_DISTANCE, 1.5 / Math.sqrt(complete.length))) return { kind: 'in-range', ...best };
  return {
    kind: 'unclear',
    why: `the arrivals are neither clearly inside of the range nor clearly outside of it (distance ${best.distance.toFixed(2)})`,
  };
}

/** Of the quorums 1 to N, over the writes that all followers were seen to get. */
export function modelRows(writes: readonly TimedWrite[], stated: Distribution): ModelRow[] {
  const complete = writes.filter(isComplete);
  const followers = complete[0]?.arrivals.length ?? 0;
  return Array.from({ length: followers }, (_, index) => {
    const quorum = index + 1;
    const middles = complete.map((write) => (kthAfter(write, quorum) + kthBy(write, quorum)) / 2);
    return {
      quorum,
      modelMs: expectedKth(Array<Distribution>(followers).fill(stated), quorum),
      arrivalMs: middles.reduce((sum, value) => sum + value, 0) / middles.length,
    };
  });
}

/** How far the distribution is outside of what the bounds allow, at most. Bounds in ascending order, each list by itself. */
function certainDistance(stated: Distribution, lows: readonly number[], highs: readonly number[]): number {
  const n = lows.length;
  let most = 0;
  for (let index = 0; index < n; index++) {
    // At this point at most (index + 1) / n of the delays can have passed, and just before it at most index / n.
    most = Math.max(most, cdfBefore(stated, lows[index] as number) - index / n);
    // At this point at least (index + 1) / n must have passed.
    most = Math.max(most, (index + 1) / n - cdfOf(stated, highs[index] as number));
  }
  return most;
}

/** Kolmogorov-Smirnov, both ways, with every value allowed to be off by the tolerance. */
function distanceOf(stated: Distribution, values: readonly number[], shiftMs: number, toleranceMs: number): number {
  const n = values.length;
  let most = 0;
  for (let index = 0; index < n; index++) {
    const value = (values[index] as number) - shiftMs;
    most = Math.max(most, cdfBefore(stated, value - toleranceMs) - index / n, (index + 1) / n - cdfOf(stated, value + toleranceMs));
  }
  return most;
}

/** P(delay < x): differs from the cdf where a constant delay jumps. */
function cdfBefore(stated: Distribution, x: number): number {
  return cdfOf(stated, x - 1e-9);
}

function ascending(a: number, b: number): number {
  return a - b;
}
