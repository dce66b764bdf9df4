/**
 * Do the followers get a write at the same time as each other, one after the other, or all at one moment? Read off the bounds of
 * their arrivals, whatever the delays are.
 *
 * One after the other: the order is always the same, and who comes later is later by as much as who came before (a slope of 1 between
 * them). Sent together, the order changes from write to write, or, where one follower is always the slower one, its time has nothing
 * to do with the others' (a slope of 0).
 * All at one moment: what differs between writes is large and what differs between followers is nothing.
 * Not seen: a leader that sends one after the other in an order drawn anew each time; its sums of delays are outside of a stated range.
 *
 * How sure (test/grade/timing-odds.test.ts): an order that never changes by chance in n telling writes has probability 2^(1-n), 6e-5
 * for LEAST_ORDERED; that slopes of independent delays reach MOST_SLOPE needs more than four standard errors.
 */
import { medianOf, quartileRangeOf, slopeOf } from './robust.ts';
import { isComplete, middleOf, type TimedWrite } from './timed-write.ts';

export type Sending =
  | { readonly kind: 'together'; readonly why: string }
  | { readonly kind: 'one-by-one'; readonly order: readonly number[]; readonly slope: number; readonly of: number }
  | { readonly kind: 'unclear'; readonly why: string };

export type Delays =
  | { readonly kind: 'own'; readonly ratio: number }
  | { readonly kind: 'shared'; readonly ratio: number; readonly acrossWritesMs: number; readonly acrossFollowersMs: number }
  | { readonly kind: 'unclear'; readonly why: string };

/** Complete writes, at least: with fewer no spread can be told. */
const LEAST_COMPLETE = 20;
/** Writes in which two neighbours came clearly one after the other, at least. */
const LEAST_ORDERED = 15;
/** So often the other way round at least, before the order counts as changing. */
const LEAST_REVERSED = 2;
/** Arrivals this close, measured by what the first one took, cannot have been sent one after the other. */
const CLOSE_SHARE = 0.35;
const LEAST_SLOPE = 0.65;
const MOST_SLOPE = 0.35;
/** Between followers against between writes: 0 for a shared delay, about 1 for delays of their own (1.0 for two followers, 1.4 for five). */
const SHARED_RATIO = 0.25;
const OWN_RATIO = 0.55;

export function judgeSending(writes: readonly TimedWrite[]): Sending {
  const complete = writes.filter(isComplete);
  const followers = complete[0]?.arrivals.length ?? 0;
  if (followers < 2 && complete.length > 0) return { kind: 'unclear', why: 'it takes two followers to have an order' };
  if (complete.length < LEAST_COMPLETE) return tooFew(complete.length, writes.length);
  const order = orderOf(complete, followers);
  const neighbours = order.slice(1).map((later, index) => pairOf(complete, order[index] as number, later));
  const isChanging = (pair: Pair) => pair.reversed >= LEAST_REVERSED && pair.ordered + pair.reversed >= LEAST_ORDERED;
  if (neighbours.every(isChanging))
    return { kind: 'together', why: 'the followers get the writes in an order that changes from write to write' };
  const first = medianOf(complete.map(({ arrivals }) => Math.min(...arrivals.map(middleOf))));
  const spread = medianOf(
    complete.map(({ arrivals }) => Math.max(...arrivals.map(({ byMs }) => byMs)) - Math.min(...arrivals.map(({ afterMs }) => afterMs))),
  );
  if (spread <= CLOSE_SHARE * first)
    return { kind: 'together', why: `all followers have a write within ${spread.toFixed(0)} ms of each other` };
  const fixed = neighbours.filter((pair) => pair.reversed === 0 && pair.ordered >= LEAST_ORDERED);
  const slope = medianOf(fixed.map((pair) => pair.slope));
  if (fixed.length === neighbours.length && slope >= LEAST_SLOPE) return { kind: 'one-by-one', order, slope, of: complete.length };
  // Some followers always in the same order, and the later one's time independent of the earlier one's: slow and fast followers.
  if (neighbours.every((pair) => isChanging(pair) || (pair.ordered >= LEAST_ORDERED && pair.slope <= MOST_SLOPE))) {
    return { kind: 'together', why: "no follower's time depends on another's" };
  }
  return { kind: 'unclear', why: 'the followers get the writes too close together to see an order' };
}

export function judgeDelays(writes: readonly TimedWrite[]): Delays {
  const complete = writes.filter(isComplete);
  const followers = complete[0]?.arrivals.length ?? 0;
  if (followers < 2 && complete.length > 0) return { kind: 'unclear', why: 'it takes two followers to compare their delays' };
  if (complete.length < LEAST_COMPLETE) return tooFew(complete.length, writes.length);
  const rows = complete.map(({ arrivals }) => arrivals.map(middleOf));
  const widthMs = medianOf(complete.flatMap(({ arrivals }) => arrivals.map(({ afterMs, byMs }) => byMs - afterMs)));
  const centres = rows.map(medianOfRow);
  // What one follower always takes longer than another is no chance, so it is taken away first.
  const offsets = Array.from({ length: followers }, (_, follower) => medianOf(rows.map((row, index) => row[follower]! - centres[index]!)));
  const residuals = rows.flatMap((row, index) => row.map((value, follower) => value - centres[index]! - offsets[follower]!));
  const acrossWritesMs = quartileRangeOf(centres);
  const acrossFollowersMs = quartileRangeOf(residuals);
  // What is known only to a width w has a quartile range of w / 2 by that alone, and more when something stalls.
  if (acrossWritesMs < 2 * widthMs && acrossFollowersMs < 1.2 * widthMs) {
    return {
      kind: 'unclear',
      why: `the delays differ by ${Math.max(acrossWritesMs, acrossFollowersMs).toFixed(1)} ms, and a follower can be looked at only every ${widthMs.toFixed(1)} ms`,
    };
  }
  const ratio = acrossFollowersMs / acrossWritesMs;
  if (ratio <= SHARED_RATIO) return { kind: 'shared', ratio, acrossWritesMs, acrossFollowersMs };
  if (ratio >= OWN_RATIO) return { kind: 'own', ratio };
  return {
    kind: 'unclear',
    why: 'something common to all followers (a busy machine, perhaps) hides whether they have delays of their own',
  };
}

interface Pair {
  /** Writes in which the first of the two certainly came first, and in which it certainly came second. */
  readonly ordered: number;
  readonly reversed: number;
  readonly slope: number;
}

function pairOf(complete: readonly TimedWrite[], earlier: number, later: number): Pair {
  const pairs = complete.map(({ arrivals }) => [arrivals[earlier]!, arrivals[later]!] as const);
  return {
    ordered: pairs.filter(([a, b]) => a.byMs <= b.afterMs).length,
    reversed: pairs.filter(([a, b]) => b.byMs <= a.afterMs).length,
    slope: slopeOf(pairs.map(([a, b]) => [middleOf(a), middleOf(b)])),
  };
}

/** Followers by their usual arrival. */
function orderOf(complete: readonly TimedWrite[], followers: number): number[] {
  const usual = Array.from({ length: followers }, (_, follower) => medianOf(complete.map(({ arrivals }) => middleOf(arrivals[follower]!))));
  return usual.map((_, follower) => follower).sort((a, b) => usual[a]! - usual[b]!);
}

/** Of an even number the mean of the middle two: with two followers either one would be all of the row. */
function medianOfRow(row: readonly number[]): number {
  const sorted = [...row].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return (sorted[Math.ceil(half) - 1]! + sorted[Math.floor(half)]!) / 2;
}

function tooFew(complete: number, all: number): { readonly kind: 'unclear'; readonly why: string } {
  return { kind: 'unclear', why: `only ${complete} of ${all} writes were seen at every follower, which is too few to tell` };
}
