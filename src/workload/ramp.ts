/**
 * A value that goes in straight lines from stage to stage: requests per second of an open loop, or requests in flight of a
 * closed one. Pure arithmetic; the words are those of k6's ramping executors.
 * Source: https://grafana.com/docs/k6/latest/using-k6/scenarios/executors/ramping-arrival-rate/
 */
import type { Ms } from '../lib/units.ts';

export interface Stage {
  /** >= 0; 0 is a jump. */
  readonly durationMs: Ms;
  /** The value at the end of the stage, >= 0. */
  readonly target: number;
}

export interface Ramp {
  /** The value at the beginning, >= 0. */
  readonly start: number;
  readonly stages: readonly Stage[];
}

export function rampDuration({ stages }: Ramp): Ms {
  return stages.reduce((sum, { durationMs }) => sum + durationMs, 0);
}

export function rampPeak({ start, stages }: Ramp): number {
  return Math.max(start, ...stages.map(({ target }) => target));
}

/** At the end and after it: the last target. */
export function rampAt({ start, stages }: Ramp, ms: Ms): number {
  let from = start;
  let beganMs = 0;
  for (const { durationMs, target } of stages) {
    if (ms < beganMs + durationMs) return from + ((target - from) * (ms - beganMs)) / durationMs;
    from = target;
    beganMs += durationMs;
  }
  return from;
}

/**
 * When an open loop whose rate (per second) is this ramp has to start request `index`, counted from 0: the time at which the area
 * under the ramp is `index`. null: not within the ramp.
 */
export function rampStartOf({ start, stages }: Ramp, index: number): Ms | null {
  let from = start;
  let beganMs = 0;
  let left = index;
  for (const { durationMs, target } of stages) {
    const seconds = durationMs / 1000;
    const area = ((from + target) / 2) * seconds;
    if (left < area) return beganMs + 1000 * secondsUntil(left, from, (target - from) / seconds);
    left -= area;
    from = target;
    beganMs += durationMs;
  }
  return null;
}

/** The root t >= 0 of from t + slope t² / 2 = area, in the form that loses no digits where the slope is small. */
function secondsUntil(area: number, from: number, slope: number): number {
  if (area === 0) return 0;
  // Where the ramp falls to 0 the root may come out a hair below it.
  return (2 * area) / (from + Math.sqrt(Math.max(0, from * from + 2 * slope * area)));
}
