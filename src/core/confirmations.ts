/**
 * Reads that wait for a majority to say, after they arrived, that no newer epoch exists (Raft's ReadIndex: Ongaro, *Consensus: Bridging Theory
 * and Practice*, section 6.4): a leader that was cut off and replaced would otherwise answer with what was committed long ago.
 *
 * Invariant: an answer speaks for a read only if its request left after the read had arrived. Whoever promised a newer epoch refuses, and a blank
 * node has forgotten what it promised, so neither is counted.
 */
import { Deque } from '../lib/deque.ts';
import type { Ms } from '../lib/units.ts';

interface Waiting {
  /** The last number that was given when the read arrived: requests that leave later have higher ones. */
  readonly after: number;
  readonly deadlineAt: Ms;
  readonly confirmed: Set<number>;
  readonly done: (missing: number) => void;
}

export class Confirmations {
  /** Of the others; the leader speaks for itself. */
  readonly #needed: number;
  /** In the order of arrival, so that their deadlines and what they wait for are in order, too. */
  readonly #waiting = new Deque<Waiting>();

  constructor(majority: number) {
    this.#needed = majority - 1;
  }

  get isWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  get deadlineAt(): Ms {
    return this.#waiting.peek()?.deadlineAt ?? Number.POSITIVE_INFINITY;
  }

  /** `done` is called once: with 0 when a majority confirmed, else with how many of the others are missing. */
  add(after: number, deadlineAt: Ms, done: (missing: number) => void): void {
    if (this.#needed === 0) done(0);
    else this.#waiting.push({ after, deadlineAt, confirmed: new Set(), done });
  }

  /** The follower with this index answered the request in this epoch, and is not blank. */
  confirmedBy(follower: number, request: number): void {
    for (let index = 0; index < this.#waiting.size; index++) {
      const waiting = this.#waiting.at(index) as Waiting;
      if (request <= waiting.after) break;
      waiting.confirmed.add(follower);
    }
    // Whoever came earlier has heard whatever those that came later heard.
    for (let first = this.#waiting.peek(); first !== undefined && first.confirmed.size >= this.#needed; first = this.#waiting.peek()) {
      this.#waiting.shift();
      first.done(0);
    }
  }

  expire(now: Ms): void {
    while (this.deadlineAt <= now) this.#giveUp();
  }

  stop(): void {
    while (this.isWaiting) this.#giveUp();
  }

  #giveUp(): void {
    const first = this.#waiting.shift();
    first?.done(this.#needed - first.confirmed.size);
  }
}
