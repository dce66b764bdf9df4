/**
 * What an experiment is going to do, decided before anything is started: which cluster, which steps in which order, and how long
 * that should take. Pure, so that it can be printed first and tested without a cluster. `bench` is planned here; a scenario
 * file becomes a plan in scenario/.
 *
 * Not here: doing it (run.ts), the words of the command line.
 * Invariant of a benchmark: every quorum gets the same load and, by the same seed, the same delays; the quorum is the only
 * difference between two rows.
 */
import type { ClusterSpec } from '../cluster/spec.ts';
import { type DelayPlan, parseDelays } from '../lib/delay-plan.ts';
import type { Distribution } from '../lib/distribution.ts';
import { fail, ok, type Result } from '../lib/result.ts';
import { formatMs, type Ms } from '../lib/units.ts';
import { checkLoad, describeLoad, type LoadOptions } from './load.ts';
import { OWN_CLUSTER_MS, Planner } from './planner.ts';
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

export interface PlanOptions {
  readonly target: Target;
  /** In the order in which they are to run; null: 1 to N (0 without followers). */
  readonly quorums: readonly number[] | null;
  /** As in `--delay`; on a running cluster applied and put back, null leaves its delays alone. */
  readonly delay: string | null;
  readonly seed: number;
  readonly load: LoadOptions;
}

/** Some hundred writes that nobody waits for, before the first step (run.ts). */
const REHEARSAL_MS = 200;

/** The plan of `bench`. Fails with a sentence for the user that names the option. */
export function planExperiment({ target, load, seed, ...options }: PlanOptions): Result<ExperimentPlan> {
  const delay = options.delay === null ? null : parseDelays(options.delay);
  if (delay !== null && !delay.ok) return fail(`--delay: ${delay.message}`);
  const checked = checkLoad(load, (field) => `--${field.replace('_', '-')}`);
  if (!checked.ok) return checked;
  const planner = new Planner(target, delay?.value ?? null);
  const followers = planner.followers.length;
  const quorums = options.quorums ?? (followers === 0 ? [0] : Array.from({ length: followers }, (_, i) => i + 1));
  const sweep = planner.sweep({ name: 'bench', parameter: 'quorum', values: quorums.map(String), load });
  for (const quorum of quorums) {
    const set = { quorum, network: null };
    const row = planner.row({ sweep, step: `quorum=${quorum}`, value: `${quorum}`, label: `quorum ${quorum}`, set, load, during: [] });
    if (!row.ok) return fail(`--quorums: ${row.message}`);
  }
  return ok({
    ...finish(planner, target, seed, delay?.value ?? null),
    name: 'bench',
    why: '',
    expectations: [],
    acceptsInconclusive: false,
  });
}

/** What every plan has, by the planner's account. */
export function finish(planner: Planner, target: Target, seed: number, delay: DelayPlan | null) {
  const opening = REHEARSAL_MS + planner.settlingMs() + (target.kind === 'own' ? OWN_CLUSTER_MS : 0);
  return { target, seed, delay, sweeps: planner.sweeps, steps: planner.steps, expectedMs: opening + planner.expectedMs };
}

/** `1-5`, `1,3,5`, `0,2-4`: distinct quorums in the order in which they are written. */
export function parseQuorums(text: string): Result<number[]> {
  const expected = `expected quorums like 1-5 or 1,3,5, got ${JSON.stringify(text)}`;
  const quorums: number[] = [];
  for (const part of text.split(',')) {
    const range = /^\s*(\d{1,2})(?:-(\d{1,2}))?\s*$/.exec(part);
    if (range === null) return fail(expected);
    const [first, last] = [Number(range[1]), Number(range[2] ?? range[1])];
    if (last < first) return fail(expected);
    for (let quorum = first; quorum <= last; quorum++) quorums.push(quorum);
  }
  return new Set(quorums).size === quorums.length ? ok(quorums) : fail(`expected each quorum once, got ${JSON.stringify(text)}`);
}

/** The plan of `bench` for people, one line per fact. */
export function describePlan(plan: ExperimentPlan): string[] {
  const rows = rowsOf(plan);
  const [first] = rows;
  const models = rows.map((row) => `${row.quorum} (${row.modelMs === null ? 'no model' : formatMs(row.modelMs)})`).join('  ');
  return [
    `cluster   ${describeTarget(plan)}`,
    ...(first === undefined ? [] : [`load      per quorum ${describeLoad(first.load)}`]),
    `quorums   ${models}  (in brackets what the delays alone cost, by the model)`,
    `expected  about ${roughly(plan.expectedMs)}`,
  ];
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
