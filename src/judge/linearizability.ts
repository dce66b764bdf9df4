/**
 * Is there an order of the operations of one key in which each takes effect between its call and its end, and every answer is what a
 * register would have given? The search of Wing and Gong (1993) with Lowe's memory of configurations (2017), without recursion, over a
 * doubly linked list of calls and ends as in porcupine (calls-and-ends.ts).
 *
 * Four shortcuts are added, each with its argument where it is taken: what cannot do harm is taken at once and never taken back; a value
 * that is still needed and that nothing can bring back is not overwritten; an optional operation is taken only if something that can follow
 * at once needs it, the earliest of those that do the same; and optional ones that nothing can notice are left out (optional.ts).
 * Invariant: `unknown` (out of time, steps or memory) is an answer of its own, never a pass.
 * The general problem is NP-complete (Gibbons and Korach, 1997), so it may not end in time; zones.ts decides the polynomial case.
 */
import { assert } from '../lib/assert.ts';
import { CallsAndEnds } from './calls-and-ends.ts';
import { Configuration, Memo } from './configurations.ts';
import { Demand } from './demand.ts';
import type { Operation } from './history.ts';
import { demandOf, IMPOSSIBLE, isObservation, isOptional, isRefusal, isRequired, step } from './model.ts';
import { noticeable, twinsOf } from './optional.ts';
import { ABSENT, type Value } from './values.ts';

export interface Budget {
  /** Asked every 4,096 steps. */
  readonly shouldStop?: () => boolean;
  readonly maxSteps?: number;
  /** False: the bare search, whose `blocked` is easier to understand. */
  readonly shortcuts?: boolean;
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
  return new Search(operations, budget.shortcuts ?? true).run(budget);
}

const STOP_MASK = (1 << 12) - 1;

class Search {
  /** Both in the order of their calls. */
  readonly #required: readonly Operation[];
  readonly #optional: readonly Operation[];
  /** Of an optional operation the one before it that does the same, or -1. */
  readonly #twins: Int32Array;
  /** Of the required operations that have not taken effect. */
  readonly #entries: CallsAndEnds;
  readonly #configuration: Configuration;
  readonly #memo = new Memo();
  readonly #demand: Demand;
  readonly #shortcuts: boolean;
  /** What has taken effect: a required operation's number, or an optional one's beyond those; and the state before it. */
  readonly #taken: Int32Array;
  readonly #states: Int32Array;
  /** 1: there was no need to try anything else. */
  readonly #isForced: Uint8Array;
  #depth = 0;
  /** Required operations that have not taken effect. */
  #left: number;
  #state: Value = ABSENT;
  #best: { readonly taken: Int32Array; readonly blocked: Operation } | null = null;
  #bestDepth = -1;

  constructor(operations: readonly Operation[], shortcuts: boolean) {
    this.#shortcuts = shortcuts;
    const sorted = [...operations].sort((a, b) => a.call - b.call);
    this.#required = sorted.filter(isRequired);
    const optional = sorted.filter(isOptional);
    this.#optional = shortcuts ? noticeable(optional, this.#required) : optional;
    this.#demand = new Demand(this.#required, this.#optional);
    this.#twins = twinsOf(this.#optional);
    const count = this.#required.length;
    this.#left = count;
    this.#entries = new CallsAndEnds(this.#required);
    this.#configuration = new Configuration(count, this.#optional.length);
    this.#taken = new Int32Array(count + this.#optional.length);
    this.#states = new Int32Array(count + this.#optional.length);
    this.#isForced = new Uint8Array(count + this.#optional.length);
  }

  run({ shouldStop = () => false, maxSteps = Number.POSITIVE_INFINITY }: Budget): Linearizability {
    const required = this.#required;
    /** Where to go on: at this entry of the list, and once that is an end, at this optional operation. Null: wherever it begins. */
    let place: { entry: number; option: number } | null = null;
    for (let steps = 1; this.#left > 0; steps++) {
      if (steps > maxSteps) return { verdict: 'unknown', limit: 'steps', steps };
      if ((steps & STOP_MASK) === 0 && shouldStop()) return { verdict: 'unknown', limit: 'time', steps };
      if (this.#memo.isFull) return { verdict: 'unknown', limit: 'memory', steps };
      if (place === null) {
        const harmless = this.#shortcuts ? this.#harmless() : -1;
        if (harmless >= 0) {
          this.#take(harmless, true);
          continue;
        }
        const isNew = this.#memo.add(this.#configuration, this.#state);
        place = { entry: isNew ? this.#entries.first : this.#entries.firstEnd, option: isNew ? 0 : this.#optional.length };
      }
      const number = place.entry >>> 1;
      if ((place.entry & 1) === 0) {
        if (this.#canTake(required[number] as Operation)) {
          this.#take(number, false);
          place = null;
        } else place.entry = this.#entries.after(place.entry);
        continue;
      }
      // Every required operation that could be next was tried, and this one has to be before anything else can begin.
      const blocked = required[number] as Operation;
      const option = this.#usefulOption(place.option, blocked);
      if (option >= 0) {
        this.#take(required.length + option, false);
        place = null;
        continue;
      }
      this.#keepBest(blocked);
      place = this.#backtrack();
      if (place === null) return { verdict: 'violation', ...this.#stuck() };
    }
    return { verdict: 'ok', order: this.#orderOf(this.#taken.subarray(0, this.#depth)) };
  }

  /** Takes back the last choice, with all that followed of it by force, and says where to go on. Null: there was no choice. */
  #backtrack(): { entry: number; option: number } | null {
    for (;;) {
      if (this.#depth === 0) return null;
      const isForced = this.#isForced[this.#depth - 1] === 1;
      const undone = this.#undo();
      if (isForced) continue;
      const count = this.#required.length;
      return undone < count
        ? { entry: this.#entries.after(2 * undone), option: 0 }
        : { entry: this.#entries.firstEnd, option: undone - count + 1 };
    }
  }

  /**
   * A required operation that may as well be next, or -1. An observation that fits, because in any order in which it comes later it can be
   * moved here: it changes nothing. A write whose value nothing will need, while nothing will need what the register holds either: whatever
   * stood behind it did not notice it, and nothing here notices that the old value is gone. Refusals would notice both.
   */
  #harmless(): number {
    const isNeeded = this.#demand.isNeeded(this.#state) || this.#demand.hasRefusals;
    for (let entry = this.#entries.first; (entry & 1) === 0; entry = this.#entries.after(entry)) {
      const operation = this.#required[entry >>> 1] as Operation;
      if (isObservation(operation)) {
        if (step(this.#state, operation) !== IMPOSSIBLE) return entry >>> 1;
      } else if (!isNeeded && operation.f !== 'cas' && !this.#demand.isNeeded(operation.value)) return entry >>> 1;
    }
    return -1;
  }

  /** Not if it cannot be next, and not if it overwrites for ever what another one needs. */
  #canTake(operation: Operation): boolean {
    const state = step(this.#state, operation);
    if (state === IMPOSSIBLE) return false;
    return !this.#shortcuts || state === this.#state || !this.#demand.isLostWithout(this.#state, operation);
  }

  /**
   * Optional operations are tried last, from number `from` on, and only if something needs them now. Why that is enough: take an order
   * with as few of them as possible. What follows one of them cannot be a write, a delete or an optional cas without effect, or
   * one of the two could go; so it is an operation that needs the new value, and it can be the next one now. -1: there is none.
   */
  #usefulOption(from: number, first: Operation): number {
    const optional = this.#optional;
    for (let number = from; number < optional.length; number++) {
      const operation = optional[number] as Operation;
      if (operation.call > first.end) return -1;
      const twin = this.#twins[number] as number;
      if (this.#configuration.hasOptional(number) || (twin >= 0 && !this.#configuration.hasOptional(twin))) continue;
      const state = step(this.#state, operation);
      if (state !== this.#state && this.#canTake(operation) && this.#isNeeded(state, number, first)) return number;
    }
    return -1;
  }

  /** Whether an operation that could be the next needs the register to hold this; `chosen` is the one that would put it there. */
  #isNeeded(state: Value, chosen: number, first: Operation): boolean {
    for (let entry = this.#entries.first; (entry & 1) === 0; entry = this.#entries.after(entry)) {
      const operation = this.#required[entry >>> 1] as Operation;
      if (demandOf(operation) === state || (isRefusal(operation) && operation.from !== state)) return true;
    }
    return this.#optional.some(
      (operation, number) =>
        number !== chosen && operation.call < first.end && demandOf(operation) === state && !this.#configuration.hasOptional(number),
    );
  }

  /** A required operation's number, or an optional one's beyond those. */
  #take(number: number, isForced: boolean): void {
    const operation = this.#operation(number);
    this.#taken[this.#depth] = number;
    this.#states[this.#depth] = this.#state;
    this.#isForced[this.#depth] = isForced ? 1 : 0;
    this.#depth += 1;
    this.#state = step(this.#state, operation);
    this.#demand.count(operation, -1);
    const count = this.#required.length;
    if (number >= count) this.#configuration.flipOptional(number - count);
    else {
      this.#configuration.flipRequired(number);
      this.#entries.takeOut(number);
      this.#left -= 1;
    }
  }

  /** Takes the last operation back and says which it was. */
  #undo(): number {
    this.#depth -= 1;
    const number = this.#taken[this.#depth] as number;
    this.#state = this.#states[this.#depth] as number;
    this.#demand.count(this.#operation(number), 1);
    const count = this.#required.length;
    if (number >= count) this.#configuration.flipOptional(number - count);
    else {
      this.#configuration.flipRequired(number);
      this.#entries.putBack(number);
      this.#left += 1;
    }
    return number;
  }

  #operation(number: number): Operation {
    const count = this.#required.length;
    return (number < count ? this.#required[number] : this.#optional[number - count]) as Operation;
  }

  #keepBest(blocked: Operation): void {
    if (this.#depth <= this.#bestDepth) return;
    this.#bestDepth = this.#depth;
    this.#best = { taken: this.#taken.slice(0, this.#depth), blocked };
  }

  #stuck(): Stuck {
    assert(this.#best !== null, 'a search that ends without an order was stuck before');
    const { taken, blocked } = this.#best;
    return { order: this.#orderOf(taken), blocked };
  }

  #orderOf(taken: Int32Array): Operation[] {
    return Array.from(taken, (number) => this.#operation(number));
  }
}
