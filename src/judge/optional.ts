/** Of the operations that may have happened or not: which of them a search need not try at all, and which in one order only. */
import type { Operation } from './history.ts';
import { demandOf, isRefusal } from './model.ts';

/**
 * Without optional operations whose value nothing demands: take such a one out of an order, and what was legal there still is. A
 * refusal notices any value, though; where there is one, all are kept.
 */
export function noticeable(optional: readonly Operation[], required: readonly Operation[]): readonly Operation[] {
  if (required.some(isRefusal)) return optional;
  const certain = new Set(required.map(demandOf));
  let kept = optional;
  for (;;) {
    const demanded = new Set(kept.map(demandOf));
    const fewer = kept.filter(({ value }) => certain.has(value) || demanded.has(value));
    if (fewer.length === kept.length) return kept;
    kept = fewer;
  }
}

/**
 * Optional operations that do the same are interchangeable once they are called, so they are taken in the order of their calls: of each
 * the number of the one before it that does the same, or -1.
 */
export function twinsOf(optional: readonly Operation[]): Int32Array {
  const last = new Map<string, number>();
  return Int32Array.from(optional, ({ f, value, from }, number) => {
    const name = f === 'cas' ? `${from}>${value}` : `${value}`;
    const twin = last.get(name) ?? -1;
    last.set(name, number);
    return twin;
  });
}
