/**
 * Is there an order of the operations of one key in which each takes effect between its call and its end, and every answer is what a
 * register would have given? The search of Wing and Gong (1993) with Lowe's memory of configurations (2017), without recursion, over a
 * doubly linked list of calls and ends as in porcupine.
 *
 * Added to it, each with its argument below: observations are taken as soon as they fit; an optional operation is taken only if
 * something that can follow it at once needs it, the earliest of those that do the same; and those that nothing can notice are left out.
 * Invariant: `unknown` (out of time, steps or memory) is an answer of its own, never a pass.
 * The general problem is NP-complete (Gibbons and Korach, 1997), so it may not end in time; zones.ts decides the polynomial case.
 */
import { Configuration, Memo } from './configurations.ts';
import type { Operation } from './history.ts';
import { demandOf, IMPOSSIBLE, isObservation, isOptional, isRefusal, isRequired, step } from './model.ts';
import { ABSENT, type Value } from './values.ts';

export interface Budget {
  /** Asked every 4,096 steps. */
  readonly shouldStop?: () => boolean;
  readonly maxSteps?: number;
}

export type Linearizability =
  /** `order`: of the operations that took effect. */
  | { readonly verdict: 'ok'; readonly order: readonly Operation[] }
  | ({ readonly verdict: 'violation' } & Stuck)
  | { readonly verdict: 'unknown'; readonly limit: 'steps' | 'time' | 'memory'; readonly steps: number };

/** As far as any order came: after `order`, nothing can let `blocked` happen before its end. */
interface Stuck {
  readonly order: readonly Operation[];
  readonly blocked: Operation;
}

/** `operations` are those of one key, or some of them, in any order. */
export function judgeLinearizability(operations: readonly Operation[], budget: Budget = {}): Linearizability {
  return new Search(operations).run(budget);
}

const STOP_MASK = (1 << 12) - 1;

class Search {
  /** Both in the order of their calls. */
  readonly #required: readonly Operation[];
  readonly #optional: readonly Operation[];
  /** Of an optional operation the one before it that does the same, or -1. */
  readonly #twins: Int32Array;
  /** Entry 2i is the call of required operation i, 2i + 1 its end, and the last one is before the first and after the last. */
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #head: number;
  readonly #configuration: Configuration;
  readonly #memo = new Memo();
  /** What has taken effect: a required operation's number, or an optional one's beyond those; and the state before it. */
  readonly #taken: Int32Array;
  readonly #states: Int32Array;
  #depth = 0;
  #state: Value = ABSENT;
  #best: Stuck | null = null;
  #bestDepth = -1;

  constructor(operations: readonly Operation[]) {
    const sorted = [...operations].sort((a, b) => a.call - b.call);
    this.#required = sorted.filter(isRequired);
    this.#optional = noticeable(sorted.filter(isOptional), this.#required);
    this.#twins = twinsOf(this.#optional);
    const count = this.#required.length;
    this.#head = 2 * count;
    this.#next = new Int32Array(2 * count + 1);
    this.#previous = new Int32Array(2 * count + 1);
    this.#link();
    this.#configuration = new Configuration(count, this.#optional.length);
    this.#taken = new Int32Array(count + this.#optional.length);
    this.#states = new Int32Array(count + this.#optional.length);
  }

  run({ shouldStop = () => false, maxSteps = Number.POSITIVE_INFINITY }: Budget): Linearizability {
    const required = this.#required;
    const next = this.#next;
    let left = required.length;
    let entry = next[this.#head] as number;
    /** Where to go on among the optional operations, once `entry` is an end. */
    let option = 0;
    for (let steps = 1; left > 0; steps++) {
      if (steps > maxSteps) return { verdict: 'unknown', limit: 'steps', steps };
      if ((steps & STOP_MASK) === 0 && shouldStop()) return { verdict: 'unknown', limit: 'time', steps };
      if (this.#memo.isFull) return { verdict: 'unknown', limit: 'memory', steps };
      const number = entry >>> 1;
      if ((entry & 1) === 0) {
        if (this.#takeRequired(number)) {
          left -= 1;
          entry = next[this.#head] as number;
          option = 0;
        } else entry = next[entry] as number;
        continue;
      }
      // Every required operation that could be next was tried, and this one has to be before anything else can begin.
      const chosen = this.#takeOptional(option, required[number] as Operation);
      if (chosen) {
        entry = next[this.#head] as number;
        option = 0;
        continue;
      }
      this.#keepBest(required[number] as Operation);
      // An observation that fits can be first in any order in which it comes later: it changes nothing, so there is no other way to try.
      let undone: number;
      do {
        if (this.#depth === 0) return { verdict: 'violation', ...(this.#best as Stuck) };
        undone = this.#undo();
        if (undone < required.length) left += 1;
      } while (undone < required.length && isObservation(required[undone] as Operation));
      if (undone < required.length) {
        entry = next[2 * undone] as number;
        option = 0;
      } else {
        entry = this.#firstEnd();
        option = undone - required.length + 1;
      }
    }
    return { verdict: 'ok', order: this.#order() };
  }

  #takeRequired(number: number): boolean {
    const state = step(this.#state, this.#required[number] as Operation);
    if (state === IMPOSSIBLE) return false;
    this.#configuration.flipRequired(number);
    if (!this.#memo.add(this.#configuration, state)) {
      this.#configuration.flipRequired(number);
      return false;
    }
    this.#push(number, state);
    this.#lift(2 * number);
    this.#lift(2 * number + 1);
    return true;
  }

  /**
   * Optional operations are tried last, from number `from` on, and only if something needs them now. Why that is enough: take an order
   * with as few of them as possible. What follows one of them cannot be a write, a delete or an optional cas without effect, or
   * one of the two could go; so it is an operation that needs the new value, and it can be the next one now.
   */
  #takeOptional(from: number, first: Operation): boolean {
    const optional = this.#optional;
    const configuration = this.#configuration;
    for (let number = from; number < optional.length; number++) {
      const operation = optional[number] as Operation;
      if (operation.call > first.end) return false;
      const twin = this.#twins[number] as number;
      if (configuration.hasOptional(number) || (twin >= 0 && !configuration.hasOptional(twin))) continue;
      const state = step(this.#state, operation);
      if (state === this.#state || !this.#isNeeded(state, number, first)) continue;
      configuration.flipOptional(number);
      if (this.#memo.add(configuration, state)) {
        this.#push(this.#required.length + number, state);
        return true;
      }
      configuration.flipOptional(number);
    }
    return false;
  }

  /** Whether an operation that could be the next needs the register to hold this; `chosen` is the one that would put it there. */
  #isNeeded(state: Value, chosen: number, first: Operation): boolean {
    for (let entry = this.#next[this.#head] as number; (entry & 1) === 0; entry = this.#next[entry] as number) {
      const operation = this.#required[entry >>> 1] as Operation;
      if (demandOf(operation) === state || (isRefusal(operation) && operation.from !== state)) return true;
    }
    return this.#optional.some(
      (operation, number) =>
        number !== chosen && operation.call < first.end && demandOf(operation) === state && !this.#configuration.hasOptional(number),
    );
  }

  #push(taken: number, state: Value): void {
    this.#taken[this.#depth] = taken;
    this.#states[this.#depth] = this.#state;
    this.#depth += 1;
    this.#state = state;
  }

  /** Takes the last operation back and says which it was. */
  #undo(): number {
    this.#depth -= 1;
    const taken = this.#taken[this.#depth] as number;
    this.#state = this.#states[this.#depth] as number;
    if (taken >= this.#required.length) this.#configuration.flipOptional(taken - this.#required.length);
    else {
      this.#configuration.flipRequired(taken);
      this.#unlift(2 * taken + 1);
      this.#unlift(2 * taken);
    }
    return taken;
  }

  #firstEnd(): number {
    let entry = this.#next[this.#head] as number;
    while ((entry & 1) === 0) entry = this.#next[entry] as number;
    return entry;
  }

  #keepBest(blocked: Operation): void {
    if (this.#depth <= this.#bestDepth) return;
    this.#bestDepth = this.#depth;
    this.#best = { order: this.#order(), blocked };
  }

  #order(): Operation[] {
    const count = this.#required.length;
    return Array.from(
      this.#taken.subarray(0, this.#depth),
      (taken) => (taken < count ? this.#required[taken] : this.#optional[taken - count]) as Operation,
    );
  }

  #link(): void {
    const moments = this.#required.flatMap(({ call, end }, number) => [
      { at: call, entry: 2 * number },
      { at: end, entry: 2 * number + 1 },
    ]);
    moments.sort((a, b) => a.at - b.at);
    let before = this.#head;
    for (const { entry } of moments) {
      this.#next[before] = entry;
      this.#previous[entry] = before;
      before = entry;
    }
    this.#next[before] = this.#head;
    this.#previous[this.#head] = before;
  }

  #lift(entry: number): void {
    const [before, after] = [this.#previous[entry] as number, this.#next[entry] as number];
    this.#next[before] = after;
    this.#previous[after] = before;
  }

  #unlift(entry: number): void {
    this.#next[this.#previous[entry] as number] = entry;
    this.#previous[this.#next[entry] as number] = entry;
  }
}

/**
 * Without optional operations whose value nothing demands: take such a one out of an order, and what was legal there still is. A
 * refusal notices any value, though; where there is one, all are kept.
 */
function noticeable(optional: readonly Operation[], required: readonly Operation[]): readonly Operation[] {
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

/** Optional operations that do the same are interchangeable once they are called, so they are taken in the order of their calls. */
function twinsOf(optional: readonly Operation[]): Int32Array {
  const last = new Map<string, number>();
  return Int32Array.from(optional, ({ f, value, from }, number) => {
    const name = f === 'cas' ? `${from}>${value}` : `${value}`;
    const twin = last.get(name) ?? -1;
    last.set(name, number);
    return twin;
  });
}
