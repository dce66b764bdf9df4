/**
 * What the steps of a run share: the plan, the cluster as it is now, one clock, and where findings go.
 */
import type { Ms } from '../lib/units.ts';
import type { StaleRead } from '../measure/stale.ts';
import type { WriteTrace } from '../measure/trace.ts';
import type { Sample } from '../workload/sample.ts';
import type { ExperimentPlan } from './plan.ts';
import type { Recorder } from './recorder.ts';
import type { Venue } from './venue.ts';

/** The raw data of one step; of one that was cut off, what there is. */
export interface StepData {
  /** Name of the row or step. */
  readonly row: string;
  readonly quorum: number;
  readonly samples: readonly Sample[];
  readonly trace: readonly WriteTrace[];
  readonly staleReads: readonly StaleRead[];
}

/** What a step is doing, for whoever watches. */
export type Doing =
  | { readonly phase: Sample['phase']; readonly done: number }
  | { readonly phase: 'settling' | 'waiting' | 'acting'; readonly text: string };

export interface Stage {
  readonly plan: ExperimentPlan;
  readonly venue: Venue;
  readonly recorder: Recorder;
  readonly signal: AbortSignal;
  /** Since the first step began, on a monotonic clock. */
  nowMs(): Ms;
  progress(doing: Doing): void;
  /** What a person should know besides the results. */
  remark(text: string): void;
  /** Hands raw data out before the next step begins. */
  keep(data: StepData): Promise<void>;
}
