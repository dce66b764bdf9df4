/**
 * When a link speaks although it has no record to send: heartbeats, what must be told soon, and probes of a follower that failed.
 *
 * Invariant: a probe comes after its backoff, or once more for each first backoff that a write hopes for the follower, or at once if it is needed.
 */
import type { Ms } from '../lib/units.ts';
import type { LinkLimits } from './link-port.ts';

export class Pace {
  readonly #limits: LinkLimits;
  #mustSpeak = false;
  #retryAt: Ms = Number.NEGATIVE_INFINITY;
  #backoffMs: Ms;
  #spokeAt: Ms = Number.NEGATIVE_INFINITY;

  constructor(limits: LinkLimits) {
    this.#limits = limits;
    this.#backoffMs = limits.backoffMinMs;
  }

  /** Something is to be told, or asked, with the next request, records or not. */
  get mustSpeak(): boolean {
    return this.#mustSpeak;
  }

  /** When the next probe may leave. */
  get retryAt(): Ms {
    return this.#retryAt;
  }

  get heartbeatAt(): Ms {
    return this.#spokeAt + this.#limits.heartbeatMs;
  }

  speakSoon(): void {
    this.#mustSpeak = true;
  }

  /** A request leaves that tells all that there is to tell. */
  told(): void {
    this.#mustSpeak = false;
  }

  /** A request leaves. */
  spoke(now: Ms): void {
    this.#spokeAt = now;
  }

  answered(): void {
    this.#backoffMs = this.#limits.backoffMinMs;
  }

  retry(at: Ms): void {
    this.#retryAt = at;
  }

  /** The backoff doubles with every failure. */
  backOff(now: Ms, jitter: number): void {
    this.#retryAt = now + this.#backoffMs * jitter;
    this.#backoffMs = Math.min(this.#backoffMs * 2, this.#limits.backoffMaxMs);
  }

  /** A new write hopes for the follower: probe now instead of after the backoff, at most once per first backoff unless it is needed. */
  hurry(now: Ms, isNeeded: boolean): void {
    if (this.#retryAt <= now) return;
    if (isNeeded || now >= this.#spokeAt + this.#limits.backoffMinMs) this.#retryAt = now;
  }
}
