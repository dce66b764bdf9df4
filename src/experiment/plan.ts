/**
 * What an experiment is going to do, decided before anything is started: which cluster, which steps in which order, and how long
 * that should take. Plain data, so that it can be printed first and tested without a cluster. A benchmark becomes a plan in
 * bench.ts, a scenario file in scenario/; planner.ts is what both are built with, and run.ts carries it out.
 */
import type { ClusterSpec } from '../cluster/spec.ts';
import type { DelayPlan } from '../lib/delay-plan.ts';
import type { Distribution } from '../lib/distribution.ts';
import { formatMs, type Ms } from '../lib/units.ts';
import type { LoadOptions } from './load.ts';
import type { Expectation, MeasureStep, Step } from './step.ts';

/** What a plan needs to know of a running cluster. */
export interface ClusterView {
  readonly name: string;
  readonly store: 'sqlite' | 'memory';
  /** Seed of the simulated network. */
  readonly seed: number;
  readonly nodes: readonly { readonly id: string; readonly url: string }[];
  /** Node id. */
  readonly leader: string;
  /** Of replication to each follower, by node id, as the leader has it. */
  readonly delays: ReadonlyMap<string, Distribution>;
  /** Largest probability of loss that any link has. */
  readonly loss: number;
}

/** Where the steps run: a cluster made for them and removed after, or one that stands and gets back what is changed. */
export type Target = { readonly kind: 'own'; readonly spec: ClusterSpec } | { readonly kind: 'running'; readonly view: ClusterView };

/** A table of the results: rows that differ in one parameter. */
export interface SweepPlan {
  readonly name: string;
  /** `quorum`, `delay`, `followers`, `concurrency`, … */
  readonly parameter: string;
  readonly values: readonly string[];
  /** Of the first row; what is swept differs in the others. */
  readonly load: LoadOptions;
}

export interface ExperimentPlan {
  /** `bench`, or the scenario's name. */
  readonly name: string;
  /** What a scenario is for; empty for a benchmark. */
  readonly why: string;
  readonly target: Target;
  readonly seed: number;
  /** What to set on a running cluster before everything else, null for nothing. */
  readonly delay: DelayPlan | null;
  readonly sweeps: readonly SweepPlan[];
  readonly steps: readonly Step[];
  readonly expectations: readonly Expectation[];
  /** The scenario's own word that rows whose mean cannot be trusted are part of it. */
  readonly acceptsInconclusive: boolean;
  /** Of everything, bringing up and taking down included. */
  readonly expectedMs: Ms;
}

/** The rows of all sweeps, in the order in which they run. */
export function rowsOf({ steps }: Pick<ExperimentPlan, 'steps'>): readonly MeasureStep[] {
  return steps.filter((step) => step.kind === 'measure');
}

/** In one line: what is there, and what becomes of it. */
export function describeTarget({ target, seed, delay: changed }: ExperimentPlan): string {
  if (target.kind === 'own') {
    const { followers, store, delay, target: where } = target.spec;
    const place = where === 'local' ? '' : `, in ${where}`;
    return `brought up for this and removed after: 1 leader, ${countOf(followers)}, ${store}, delay ${delay} ms, seed ${seed}${place}`;
  }
  const { view } = target;
  const what = changed === null ? 'quorum and seed' : 'quorum, delays and seed';
  return `"${view.name}", which runs: 1 leader, ${countOf(view.nodes.length - 1)}, ${view.store}, seed ${seed}; its ${what} are put back after`;
}

/** Whole seconds: more digits would pretend. */
export function roughly(ms: Ms): string {
  const seconds = Math.ceil(ms / 1000);
  return seconds < 60 ? `${seconds} s` : formatMs(seconds * 1000);
}

function countOf(followers: number): string {
  return followers === 1 ? '1 follower' : `${followers} followers`;
}
