/**
 * Virtual time: what happens next, and when. Events of the same time happen in the order in which they were asked for.
 *
 * Invariant: every time is a multiple of 2^-10 ms, rounded up, so that a node's own clock, which begins at its start, is exact, and a timer is never early.
 */
import { Heap } from '../lib/heap.ts';
import type { Ms } from '../lib/units.ts';

const STEPS_PER_MS = 1024;

interface Event {
  readonly at: Ms;
  readonly order: number;
  readonly run: () => void;
}

export class Schedule {
  now: Ms = 0;
  #order = 0;
  readonly #events = new Heap<Event>((a, b) => a.at < b.at || (a.at === b.at && a.order < b.order));

  /** `at` in the past means now. */
  push(at: Ms, run: () => void): void {
    this.#events.push({ at: Math.max(this.now, Math.ceil(at * STEPS_PER_MS) / STEPS_PER_MS), order: this.#order++, run });
  }

  /** Lets the next event happen; false if there is none. */
  next(): boolean {
    const event = this.#events.pop();
    if (event === undefined) return false;
    this.now = event.at;
    event.run();
    return true;
  }
}

/** The time of the grid at or after `at`. */
export function onGrid(at: Ms): Ms {
  return Math.ceil(at * STEPS_PER_MS) / STEPS_PER_MS;
}
