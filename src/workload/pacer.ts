/**
 * When the next request is to be sent, and when the load is over. Knows no clock: the time is passed in.
 *
 * Closed loop: as soon as a connection is free; the load adapts to the latency. Open loop: request i at i / rate, whatever
 * happened to the ones before; a request that is sent late keeps its intended start, and its latency counts from there.
 * Source: G. Tene on coordinated omission ("How NOT to Measure Latency").
 */
import { assert } from '../lib/assert.ts';
import type { Ms } from '../lib/units.ts';
import { type Ramp, rampStartOf } from './ramp.ts';

export interface PaceSpec {
  /** Requests per second of the open loop, constant or ramping; null for a closed one. */
  readonly rate: number | Ramp | null;
  /** The load ends after so many requests, or at this time, whichever is first; at least one of the two is set. */
  readonly requests: number | null;
  readonly durationMs: Ms | null;
}

export type Pace =
  | { readonly kind: 'send'; readonly index: number; readonly intendedMs: Ms }
  /** Ask again in so many ms (> 0). */
  | { readonly kind: 'wait'; readonly ms: Ms }
  | { readonly kind: 'done' };

export class Pacer {
  readonly #spec: PaceSpec;
  #sent = 0;

  constructor(spec: PaceSpec) {
    assert(spec.requests !== null || spec.durationMs !== null, 'a load needs a number of requests or a duration');
    assert(typeof spec.rate !== 'number' || spec.rate > 0, `expected a rate above 0, got ${String(spec.rate)}`);
    this.#spec = spec;
  }

  /**
   * What to do with a free connection at `nowMs` (since the load began, never falling). `send` hands the request out: ask
   * only when it can be sent.
   */
  next(nowMs: Ms): Pace {
    const { rate, requests, durationMs } = this.#spec;
    const intendedMs = rate === null ? nowMs : intendedStart(rate, this.#sent);
    // By the intended start: an open loop sends all that belongs into its duration, however late.
    if (this.#sent >= (requests ?? Infinity) || intendedMs >= (durationMs ?? Infinity)) return { kind: 'done' };
    if (intendedMs > nowMs) return { kind: 'wait', ms: intendedMs - nowMs };
    const index = this.#sent;
    this.#sent += 1;
    return { kind: 'send', index, intendedMs };
  }
}

function intendedStart(rate: number | Ramp, index: number): Ms {
  return typeof rate === 'number' ? (index * 1000) / rate : (rampStartOf(rate, index) ?? Number.POSITIVE_INFINITY);
}
