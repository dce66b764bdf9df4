/**
 * The smallest part of a history that still cannot be explained: what a person has to look at.
 *
 * Invariant: if the part is a violation, so is the whole. An observation may always be left out: the others do not notice. A write may be
 * left out only if nothing in the part can have seen it; without that rule each part would end as a single read whose write was taken away.
 * So a part is closed: of all that can have produced what something in it needs, it has everything but what a write in the part certainly
 * came after, and before the need. Why that is enough: in any order of the whole, the last update before an operation is in the part if
 * the operation is, so the order without the rest is one of the part. A refusal of a cas needs any other value than it expected.
 * Source: the halving is Zeller's and Hildebrandt's ddmin (2002); the rule is ours.
 */
import type { Operation } from './history.ts';
import { demandOf, isOptional, isProducer, isRefusal, isRequired } from './model.ts';
import type { Value } from './values.ts';

export interface Shrunk {
  readonly operations: readonly Operation[];
  /** Nothing more can be left out; false if time ran out before that was known. */
  readonly isSmallest: boolean;
}

/**
 * `operations` are of one key and in violation. `isViolation` answers for a part, false also where it cannot tell. The result is smallest in
 * that no further operation can go, not the smallest of all that there are.
 */
export function shrink(
  operations: readonly Operation[],
  isViolation: (part: readonly Operation[]) => boolean,
  shouldStop: () => boolean = () => false,
): Shrunk {
  const whole = operations.filter((operation) => isRequired(operation) || isOptional(operation));
  let part: readonly Operation[] = whole;
  let chunks = 2;
  while (part.length > 1) {
    if (shouldStop()) return { operations: part, isSmallest: false };
    const size = Math.ceil(part.length / chunks);
    const smaller = smallerPart(part, size, isViolation, shouldStop);
    if (smaller !== null) {
      part = smaller;
      chunks = Math.max(2, Math.min(part.length, chunks - 1));
    } else if (size === 1) break;
    else chunks = Math.min(part.length, 2 * chunks);
  }
  return { operations: part, isSmallest: !shouldStop() };
}

/** Without one chunk, and with what closure brings back of it: the first such part that is smaller and still a violation. */
function smallerPart(
  part: readonly Operation[],
  size: number,
  isViolation: (part: readonly Operation[]) => boolean,
  shouldStop: () => boolean,
): readonly Operation[] | null {
  for (let start = 0; start < part.length && !shouldStop(); start += size) {
    const rest = closed(
      part.filter((_, i) => i < start || i >= start + size),
      part,
    );
    if (rest.length < part.length && isViolation(rest)) return rest;
  }
  return null;
}

/** The part with everything of the whole that something in it may have seen. In the order of the whole. */
export function closed(part: readonly Operation[], whole: readonly Operation[]): readonly Operation[] {
  const all = whole.filter(isProducer).sort((a, b) => b.end - a.end);
  const producers = Map.groupBy(all, ({ value }) => value);
  const chosen = new Set(part);
  const shields = part.filter((operation) => isProducer(operation) && isRequired(operation)).sort((a, b) => a.end - b.end);
  const latest = latestCalls(shields);
  const open = [...chosen];
  for (let operation = open.pop(); operation !== undefined; operation = open.pop()) {
    const candidates = candidatesFor(operation, all, producers);
    if (candidates.length === 0) continue;
    const shield = latest[countBefore(shields, operation.call)] as number;
    for (const producer of visibleTo(operation, candidates, shield)) {
      if (!chosen.has(producer)) open.push(producer);
      chosen.add(producer);
    }
  }
  return whole.filter((operation) => chosen.has(operation));
}

/** Everything of the whole, in time or not, that leaves what the operation needs. */
function candidatesFor(
  operation: Operation,
  all: readonly Operation[],
  byValue: ReadonlyMap<Value, readonly Operation[]>,
): readonly Operation[] {
  if (isRefusal(operation)) return all.filter(({ value }) => value !== operation.from);
  const value = demandOf(operation);
  return value === null ? [] : (byValue.get(value) ?? []);
}

/**
 * Of all that can have produced what the operation needs, the last ended first: what nothing overwrote for certain before it, as the call of
 * the overwriting, `shield`, tells. If there is none, one that was overwritten or came too late: that it did is what is wrong.
 */
function visibleTo({ end }: Operation, producers: readonly Operation[], shield: number): readonly Operation[] {
  const inTime = producers.filter(({ call }) => call < end);
  const visible = inTime.filter((producer) => producer.end >= shield);
  return visible.length > 0 ? visible : inTime.length > 0 ? inTime.slice(0, 1) : producers.slice(-1);
}

/** At i: the latest call among the first i. */
function latestCalls(operations: readonly Operation[]): Float64Array {
  const latest = new Float64Array(operations.length + 1).fill(Number.NEGATIVE_INFINITY);
  for (const [i, { call }] of operations.entries()) latest[i + 1] = Math.max(latest[i] as number, call);
  return latest;
}

/** How many ended before the moment; they are in the order of their ends. Binary search. */
function countBefore(operations: readonly Operation[], moment: number): number {
  let low = 0;
  let high = operations.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((operations[middle] as Operation).end < moment) low = middle + 1;
    else high = middle;
  }
  return low;
}
