/**
 * The smallest part of a history that still cannot be explained: what a person has to look at.
 *
 * Invariant: if the part is a violation, so is the whole. An observation may always be left out: the others do not notice. A write may be
 * left out only with everything that needs its value, and with every refusal of a cas (which notices any value). So a part is closed:
 * it has every operation that can have produced a value that something in it needs. Without that rule each part would end
 * as a single read whose write was taken away.
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

/** The part with everything of the whole that produces what it needs. In the order of the whole. */
export function closed(part: readonly Operation[], whole: readonly Operation[]): readonly Operation[] {
  if (part.some(isRefusal)) return merge(part, whole.filter(isProducer), whole);
  const producers = Map.groupBy(whole.filter(isProducer), ({ value }) => value);
  const chosen = new Set(part);
  const asked = new Set<Value>();
  const open = [...part];
  for (let operation = open.pop(); operation !== undefined; operation = open.pop()) {
    const value = demandOf(operation);
    if (value === null || asked.has(value)) continue;
    asked.add(value);
    for (const producer of producers.get(value) ?? []) {
      if (!chosen.has(producer)) open.push(producer);
      chosen.add(producer);
    }
  }
  return whole.filter((operation) => chosen.has(operation));
}

function merge(a: readonly Operation[], b: readonly Operation[], whole: readonly Operation[]): readonly Operation[] {
  const chosen = new Set([...a, ...b]);
  return whole.filter((operation) => chosen.has(operation));
}
