/**
 * Of the operations that have not taken effect yet: which values they need, and which they can bring about. Kept up as a search goes on
 * and back.
 */
import type { Operation } from './history.ts';
import { demandOf, isProducer, isRefusal } from './model.ts';
import type { Value } from './values.ts';

export class Demand {
  /** By value: required operations that need it, optional ones that would have an effect on it, and operations that leave it behind. */
  readonly #required: Int32Array;
  readonly #optional: Int32Array;
  readonly #producers: Int32Array;
  #refusals = 0;

  constructor(required: readonly Operation[], optional: readonly Operation[]) {
    const all = [...required, ...optional];
    const size = all.reduce((most, { value, from }) => Math.max(most, value, from), 0) + 1;
    this.#required = new Int32Array(size);
    this.#optional = new Int32Array(size);
    this.#producers = new Int32Array(size);
    for (const operation of all) this.count(operation, 1);
  }

  get hasRefusals(): boolean {
    return this.#refusals > 0;
  }

  /** -1 as the operation takes effect, 1 as that is taken back. */
  count(operation: Operation, change: 1 | -1): void {
    const demand = demandOf(operation);
    if (demand !== null) {
      const of = operation.outcome === 'info' ? this.#optional : this.#required;
      of[demand] = (of[demand] as number) + change;
    }
    if (isProducer(operation)) this.#producers[operation.value] = (this.#producers[operation.value] as number) + change;
    if (isRefusal(operation)) this.#refusals += change;
  }

  isNeeded(value: Value): boolean {
    return (this.#required[value] as number) > 0 || (this.#optional[value] as number) > 0;
  }

  /** True if the value, once overwritten by the operation, will be missing: a required one still needs it, and nothing brings it back. */
  isLostWithout(value: Value, by: Operation): boolean {
    const isOwn = by.outcome !== 'info' && demandOf(by) === value;
    return (this.#required[value] as number) - (isOwn ? 1 : 0) > 0 && this.#producers[value] === 0;
  }
}
