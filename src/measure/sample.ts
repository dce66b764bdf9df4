/**
 * Which requests count, and for how long each of them took.
 * A failed request has no latency: a refusal after 1 ms is not a fast write (SPEC 9: successes only).
 */
import type { Sample } from '../workload/sample.ts';

// The record belongs to workload, which may not import measure; who may see measure only finds it here.
export type { Sample } from '../workload/sample.ts';

/**
 * Intended start to parsed answer, in ms. In an open loop that counts the time a late generator made the request wait
 * (no coordinated omission); in a closed loop the intended start is the start.
 */
export function latencyOf(sample: Sample): number {
  return sample.endMs - sample.intendedMs;
}

/** The requests of the measured phase of one kind. */
export function measured(samples: readonly Sample[], op: Sample['op']): readonly Sample[] {
  return samples.filter((sample) => sample.phase === 'load' && sample.op === op);
}
