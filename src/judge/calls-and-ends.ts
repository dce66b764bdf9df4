/**
 * The required operations that have not taken effect, as one doubly linked list of their calls and ends in the order of time, as in
 * porcupine: what stands before the first end could be next, and nothing else could.
 *
 * Entry 2i is the call of operation i, 2i + 1 its end. Before the first and after the last stands the head, whose number is even: whoever
 * walks along calls stops at an end, which comes before the head as long as an operation is left.
 * Invariant: operations are put back in the reverse of the order in which they were taken out, so that two writes per entry are enough.
 */
import type { Operation } from './history.ts';

export class CallsAndEnds {
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #head: number;

  constructor(operations: readonly Operation[]) {
    const count = operations.length;
    this.#head = 2 * count;
    this.#next = new Int32Array(2 * count + 1);
    this.#previous = new Int32Array(2 * count + 1);
    this.#link(operations);
  }

  get first(): number {
    return this.#next[this.#head] as number;
  }

  get firstEnd(): number {
    let entry = this.first;
    while ((entry & 1) === 0) entry = this.after(entry);
    return entry;
  }

  after(entry: number): number {
    return this.#next[entry] as number;
  }

  takeOut(operation: number): void {
    this.#lift(2 * operation);
    this.#lift(2 * operation + 1);
  }

  putBack(operation: number): void {
    this.#unlift(2 * operation + 1);
    this.#unlift(2 * operation);
  }

  #link(operations: readonly Operation[]): void {
    const moments = operations.flatMap(({ call, end }, number) => [
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

  /** An entry that was lifted still knows its neighbours. */
  #unlift(entry: number): void {
    this.#next[this.#previous[entry] as number] = entry;
    this.#previous[this.#next[entry] as number] = entry;
  }
}
