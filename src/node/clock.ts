/**
 * Time with the resolution that simulated delays need: a plain timer has steps of 1 ms and is always late.
 *
 * A precise wake sleeps until shortly before the time and then lets the event loop turn without sleeping, so that I/O goes on and the
 * wake comes within a loop turn of its time, never before it. A lax one (heartbeats, deadlines) is a plain timer: nothing spins for it.
 * While nothing is due soon, no CPU is used.
 */
import { performance } from 'node:perf_hooks';
import type { Ms } from '../lib/units.ts';

/** A timer of n ms, begun now, ends between n - 1 and n + this, since libuv counts whole ms from a time that it cached. */
const LATE_MS = 0.2;

/** A turn of the event loop that does nothing takes about 0.01 ms; a longer one did some work. */
const EMPTY_TURN_MS = 0.03;

export class Clock {
  #timer: NodeJS.Timeout | null = null;
  #spinning: NodeJS.Immediate | null = null;
  #at: Ms = Number.POSITIVE_INFINITY;
  #wake: () => void;
  #spunAt: Ms = 0;
  #spunMs: Ms = 0;

  constructor(wake: () => void) {
    this.#wake = wake;
  }

  /** Monotonic, in ms, with a resolution of about a microsecond. */
  now(): Ms {
    return performance.now();
  }

  /** Calls `wake` once, not before `preciseAt` or `laxAt`, whichever is first. A new call replaces the old one. */
  arm(preciseAt: Ms, laxAt: Ms): void {
    const at = Math.min(preciseAt, laxAt);
    if (at === this.#at) return;
    this.disarm();
    if (at === Number.POSITIVE_INFINITY) return;
    this.#at = at;
    if (preciseAt <= laxAt) this.#approach(at);
    else this.#sleep(at);
  }

  /** Time that the event loop only waited in, awake, since the start: active for the operating system, idle for the node. */
  get spunMs(): Ms {
    return this.#spunMs;
  }

  disarm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#spinning !== null) clearImmediate(this.#spinning);
    this.#timer = null;
    this.#spinning = null;
    this.#at = Number.POSITIVE_INFINITY;
  }

  /** A timer counts in whole ms of its own, so it may end up to 1 ms early: then it sleeps once more. */
  #sleep(at: Ms): void {
    const left = Math.max(1, Math.ceil(at - this.now()));
    this.#timer = setTimeout(() => (this.now() < at ? this.#sleep(at) : this.#fire()), left);
  }

  #approach(at: Ms): void {
    const left = at - this.now();
    // Slept in whole ms as long as one fits; what is left, 0.7 ms on average, the event loop turns without sleeping.
    if (left >= 1 + LATE_MS) this.#timer = setTimeout(() => this.#approach(at), Math.floor(left - LATE_MS));
    else this.#spin(at);
  }

  #spin(at: Ms): void {
    this.#spunAt = this.now();
    this.#spinning = setImmediate(() => {
      const now = this.now();
      const turnMs = now - this.#spunAt;
      if (turnMs < EMPTY_TURN_MS) this.#spunMs += turnMs;
      if (now < at) this.#spin(at);
      else this.#fire();
    });
  }

  #fire(): void {
    this.#timer = null;
    this.#spinning = null;
    this.#at = Number.POSITIVE_INFINITY;
    this.#wake();
  }
}
