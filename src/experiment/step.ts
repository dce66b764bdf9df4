/**
 * The steps of an experiment, as data: what a plan consists of, and what run.ts carries out one after the other.
 *
 * Invariant: a step is self-contained (its nodes are selectors, resolved when it runs, because the leader may have moved by
 * then), and its name is unique in the plan: results, expectations and errors speak of it by that name.
 */
import { type DelayPlan, formatDelays } from '../lib/delay-plan.ts';
import type { Ms } from '../lib/units.ts';
import type { Threshold } from '../measure/threshold.ts';
import type { LoadOptions } from './load.ts';

/** Something done to the cluster, as a step of its own or at a time within a load. */
export type Action =
  | { readonly kind: 'quorum'; readonly quorum: number }
  | { readonly kind: 'network'; readonly change: NetworkChange }
  | { readonly kind: 'kill' | 'pause' | 'resume' | 'restart'; readonly nodes: string }
  /** Groups of nodes; one alone is cut from all others, none (heal): every pair. */
  | { readonly kind: 'partition' | 'heal'; readonly groups: readonly string[] };

/** Of the leader's table; what is null stays. */
export interface NetworkChange {
  /** Selector of followers; their delay is `delay.all`, and those named in `delay.perNode` have their own. */
  readonly nodes: string;
  readonly delay: DelayPlan | null;
  /** 0 to 1. */
  readonly loss: number | null;
}

export interface TimedAction {
  /** Since the first request of the load could go. */
  readonly atMs: Ms;
  readonly action: Action;
}

interface StepBase {
  readonly step: string;
  /** What it does, for people. */
  readonly title: string;
  readonly expectedMs: Ms;
}

/** One row of a table: settings, then a load, then a look at the replicas. */
export interface MeasureStep extends StepBase {
  readonly kind: 'measure';
  /** Index of the sweep that it is a row of, and its value there. */
  readonly sweep: number;
  readonly value: string;
  /** The row for people: `quorum 3`, `delay 0-200`. */
  readonly label: string;
  /** Put in force before the load; null stays as it is. */
  readonly set: { readonly quorum: number | null; readonly network: NetworkChange | null };
  readonly load: LoadOptions;
  readonly during: readonly TimedAction[];
  /** Connections to open before the first request. */
  readonly connections: number;
  /** What the plan counts with: the quorum, and the mean latency by the model (null where there is none). */
  readonly quorum: number;
  readonly modelMs: Ms | null;
}

/** Writes at the leader, and reads at followers so long after the answers: who still sees the old value? */
export interface StaleStep extends StepBase {
  readonly kind: 'stale-reads';
  readonly writes: number;
  readonly keys: number;
  /** Selector of the followers that are read, one after the other. */
  readonly nodes: string;
  /** Ascending, >= 0. */
  readonly afterMs: readonly Ms[];
  /** Instead of the quorum in force; null: that one. */
  readonly quorum: number | null;
}

export interface ActStep extends StepBase {
  readonly kind: Action['kind'];
  readonly action: Action;
}

export interface ParityStep extends StepBase {
  readonly kind: 'parity';
  /** null: one look, in which lag is no fault. Else until all replicas are level, at most so long. */
  readonly withinMs: Ms | null;
}

export interface DataStep extends StepBase {
  readonly kind: 'put' | 'get' | 'del';
  /** Selector of one node. */
  readonly node: string;
  readonly key: string;
  /** JSON text; put only. */
  readonly valueText: string | null;
  readonly quorum: number | null;
  readonly timeoutMs: Ms | null;
  readonly read: 'committed' | 'local' | null;
  readonly expect: DataExpectation;
  /** How long to try again until the answer is as expected; get only. */
  readonly withinMs: Ms;
}

export type DataExpectation =
  | { readonly kind: 'ok' }
  /** JSON text. */
  | { readonly kind: 'value'; readonly valueText: string }
  /** Code of the error registry, or `unreachable`. */
  | { readonly kind: 'error'; readonly code: string };

export interface WaitStep extends StepBase {
  readonly kind: 'wait';
  /** null: only for the time to pass. */
  readonly until: Threshold | null;
  /** Followers that the figures are of. */
  readonly nodes: string;
  readonly withinMs: Ms;
}

/** Another cluster for the rows to come: what cannot change while one runs. */
export interface RebuildStep extends StepBase {
  readonly kind: 'cluster';
  readonly followers: number;
  readonly store: 'sqlite' | 'memory';
  readonly quorum: number;
}

export type Step = MeasureStep | StaleStep | ActStep | ParityStep | DataStep | WaitStep | RebuildStep;

/** What a run has to show. */
export interface Expectation {
  /** A row, a point of stale reads, or a step that looks at the replicas. */
  readonly subject: string;
  readonly threshold: Threshold;
}

/** Short, for titles and marks: `kill n6`, `quorum 5`, `delay 0-200 of n2`. */
export function describeAction(action: Action): string {
  switch (action.kind) {
    case 'quorum':
      return `quorum ${action.quorum}`;
    case 'network':
      return describeNetwork(action.change);
    case 'partition':
    case 'heal':
      return action.groups.length === 0 ? `${action.kind} all` : `${action.kind} ${action.groups.join(' | ')}`;
    default:
      return `${action.kind} ${action.nodes}`;
  }
}

function describeNetwork({ nodes, delay, loss }: NetworkChange): string {
  const parts = [...(delay === null ? [] : [`delay ${formatDelays(delay)}`]), ...(loss === null ? [] : [`loss ${loss}`])];
  return `${parts.join(', ')}${nodes === 'followers' ? '' : ` of ${nodes}`}`;
}
