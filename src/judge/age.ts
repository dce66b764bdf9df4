/**
 * Which value of a key is certainly older than another, without asking for a linearization: by versions where both are known, else by
 * real time. For judges that hold for reads of any replica, where linearizability is not promised.
 *
 * Invariant: what is called older is older in every order that respects real time; in doubt nothing is.
 */
import type { Operation } from './history.ts';
import { isProducer } from './model.ts';
import { ABSENT, type Value } from './values.ts';

interface Span {
  /** When the value can have appeared at the earliest: the first call of what produces it. */
  readonly call: number;
  /** When the last thing that produces it had certainly taken effect. */
  readonly end: number;
}

export class Ages {
  readonly #spans = new Map<Value, Span>([[ABSENT, { call: Number.NEGATIVE_INFINITY, end: Number.NEGATIVE_INFINITY }]]);

  /** `operations`: all of a key. */
  constructor(operations: readonly Operation[]) {
    for (const { value, call, end } of operations.filter(isProducer)) {
      const span = this.#spans.get(value);
      this.#spans.set(value, span === undefined ? { call, end } : { call: Math.min(span.call, call), end: Math.max(span.end, end) });
    }
  }

  /** When what produced the value can have begun; of a value that nobody wrote, never. */
  begun(value: Value): number {
    return this.#spans.get(value)?.call ?? Number.NEGATIVE_INFINITY;
  }

  /** True if everything that can have produced the value took effect before the moment; false of a value that nobody wrote. */
  isBefore(value: Value, moment: number): boolean {
    return (this.#spans.get(value)?.end ?? Number.POSITIVE_INFINITY) < moment;
  }
}

/** Negative, zero or positive; null if they cannot be compared. Numbers joined by points, as in `3.17`. */
export function compareVersions(a: string | null, b: string | null): number | null {
  if (a === null || b === null || !VERSION.test(a) || !VERSION.test(b)) return null;
  const [left, right] = [a.split('.'), b.split('.')];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = BigInt(left[i] ?? 0) - BigInt(right[i] ?? 0);
    if (difference !== 0n) return difference < 0n ? -1 : 1;
  }
  return 0;
}

const VERSION = /^\d+(\.\d+)*$/;
