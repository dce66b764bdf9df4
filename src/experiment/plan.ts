/**
 * What a benchmark is going to do, decided before anything is started: which cluster, which quorums in which order, which
 * load, and how long that should take. Pure, so that it can be printed first and tested without a cluster.
 *
 * Not here: doing it (run.ts), the words of the command line.
 * Invariant: every quorum gets the same load and, by the same seed, the same delays; the quorum is the only difference
 * between two steps of a plan.
 */
import type { ClusterSpec } from '../cluster/spec.ts';
import { type DelayPlan, parseDelays } from '../lib/delay-plan.ts';
import type { Distribution } from '../lib/distribution.ts';
import { fail, ok, type Result } from '../lib/result.ts';
import { formatMs, type Ms } from '../lib/units.ts';
import { expectedKth, quantileKth } from '../measure/order-statistic.ts';

/** The load of every step, as the options say it. */
export interface LoadOptions {
  /** Writes per quorum, reads and warm-up not counted; null: only the duration ends a step. */
  readonly writes: number | null;
  readonly durationMs: Ms | null;
  /** Requests in flight of the closed loop. */
  readonly concurrency: number;
  readonly keys: number;
  readonly valueBytes: number;
  /** Probability that a request reads, 0 to 1. */
  readonly readShare: number;
  /** Requests per second of an open loop; null for a closed one. */
  readonly rate: number | null;
  /** Writes before each step that are not counted. */
  readonly warmup: number;
}

/** The course lab's workload. */
export const LAB_LOAD: LoadOptions = {
  writes: 100,
  durationMs: null,
  concurrency: 10,
  keys: 10,
  valueBytes: 16,
  readShare: 0,
  rate: null,
  warmup: 0,
};

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

export interface PlanOptions {
  readonly target: Target;
  /** In the order in which they are to run; null: 1 to N (0 without followers). */
  readonly quorums: readonly number[] | null;
  /** As in `--delay`; on a running cluster applied and put back, null leaves its delays alone. */
  readonly delay: string | null;
  readonly seed: number;
  readonly load: LoadOptions;
}

export interface ExperimentPlan {
  readonly target: Target;
  readonly followers: number;
  readonly seed: number;
  /** What to set on a running cluster, null for nothing. */
  readonly delay: DelayPlan | null;
  /** During the steps; one per follower, in the order of their ids. */
  readonly delays: ReadonlyMap<string, Distribution>;
  readonly load: LoadOptions;
  readonly steps: readonly PlannedStep[];
  /** Of everything, bringing up and taking down included. */
  readonly expectedMs: Ms;
}

export interface PlannedStep {
  readonly quorum: number;
  /** Mean latency by the model. */
  readonly modelMs: Ms;
  /** Connections to open before the first request. */
  readonly connections: number;
  readonly expectedMs: Ms;
}

/** What a request costs besides the delays, for the expected time only. */
const COST_MS = 2;
/** Setting the quorum, dumps and trace of one step. */
const STEP_MS = 60;
/** Some hundred writes that nobody waits for, before the first step (run.ts). */
const REHEARSAL_MS = 200;
/** Six nodes until they are ready, and their end. */
const OWN_CLUSTER_MS = 3_000;
/** Beyond this the runner opens connections as it needs them. */
const MAX_OPENED_AHEAD = 500;

/** Fails with a sentence for the user that names the option. */
export function planExperiment(options: PlanOptions): Result<ExperimentPlan> {
  const { target, load, seed } = options;
  const delay = options.delay === null ? null : parseDelays(options.delay);
  if (delay !== null && !delay.ok) return fail(`--delay: ${delay.message}`);
  const delays = delaysOf(target, delay?.value ?? null);
  const followers = delays.size;
  const quorums = options.quorums ?? (followers === 0 ? [0] : Array.from({ length: followers }, (_, i) => i + 1));
  const outside = quorums.find((quorum) => quorum > followers);
  if (outside !== undefined) return fail(`--quorums: expected quorums from 0 to ${followers} (the number of followers), got ${outside}`);
  const mistake = mistakeIn(load);
  if (mistake !== null) return fail(mistake);
  const steps = quorums.map((quorum) => planStep(quorum, [...delays.values()], load));
  const own = target.kind === 'own' ? OWN_CLUSTER_MS : 0;
  const rehearsalMs = REHEARSAL_MS + settlingMs([...delays.values()], 0);
  const expectedMs = steps.reduce((sum, step) => sum + step.expectedMs, own + rehearsalMs);
  return ok({ target, followers, seed, delay: delay?.value ?? null, delays, load, steps, expectedMs });
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

/** The plan for people, one line per fact. */
export function describePlan(plan: ExperimentPlan): string[] {
  const { load, steps } = plan;
  const amount = [
    ...(load.writes === null ? [] : [`${load.writes} writes`]),
    ...(load.durationMs === null ? [] : [`${load.writes === null ? '' : 'at most '}${formatMs(load.durationMs)}`]),
  ].join(', ');
  const loop =
    load.rate === null ? `closed loop, ${load.concurrency} in flight` : `open loop, ${load.rate} requests/s, timed from the intended start`;
  const extras = [
    ...(load.readShare === 0 ? [] : [`reads ${(load.readShare * 100).toFixed(0)} %`]),
    ...(load.warmup === 0 ? [] : [`${load.warmup} writes of warm-up`]),
  ];
  const models = steps.map((step) => `${step.quorum} (${formatMs(step.modelMs)})`).join('  ');
  return [
    `cluster   ${describeTarget(plan)}`,
    `load      per quorum ${[amount, `${load.keys} keys`, `values of ${load.valueBytes} bytes`, loop, ...extras].join(', ')}`,
    `quorums   ${models}  (in brackets what the delays alone cost, by the model)`,
    `expected  about ${roughly(plan.expectedMs)}`,
  ];
}

function describeTarget(plan: ExperimentPlan): string {
  const { target } = plan;
  if (target.kind === 'own') {
    const { followers, store, delay } = target.spec;
    return `brought up for this and removed after: 1 leader, ${countOf(followers)}, ${store}, delay ${delay} ms, seed ${plan.seed}`;
  }
  const changed = plan.delay === null ? 'quorum and seed' : 'quorum, delays and seed';
  return `"${target.view.name}", which runs: 1 leader, ${countOf(plan.followers)}, ${target.view.store}, seed ${plan.seed}; its ${changed} are put back after`;
}

function countOf(followers: number): string {
  return followers === 1 ? '1 follower' : `${followers} followers`;
}

/** The delay of every follower during the steps. */
function delaysOf(target: Target, changed: DelayPlan | null): ReadonlyMap<string, Distribution> {
  if (target.kind === 'running') {
    const { delays } = target.view;
    return new Map([...delays].map(([id, standing]) => [id, changed?.perNode.get(id) ?? changed?.all ?? standing]));
  }
  const parsed = parseDelays(target.spec.delay);
  const own: DelayPlan = parsed.ok ? parsed.value : { all: null, perNode: new Map() };
  const ids = Array.from({ length: target.spec.followers }, (_, index) => `n${index + 2}`);
  return new Map(ids.map((id) => [id, own.perNode.get(id) ?? own.all ?? NO_DELAY]));
}

const NO_DELAY: Distribution = { kind: 'constant', value: 0 };

function mistakeIn(load: LoadOptions): string | null {
  if (load.writes === null && load.durationMs === null) return 'expected --writes or --duration, got neither';
  if (load.readShare >= 1 && load.durationMs === null) {
    return '--read-share: expected less than 1, or a --duration, because a load without writes never makes its --writes';
  }
  return null;
}

function planStep(quorum: number, delays: readonly Distribution[], load: LoadOptions): PlannedStep {
  const modelMs = expectedKth(delays, quorum);
  const latencyMs = modelMs + COST_MS;
  const connections =
    load.rate === null ? load.concurrency : connectionsFor(load.rate, quantileKth95(delays, quorum) + COST_MS, load.concurrency);
  const warmupMs = (load.warmup / load.concurrency) * latencyMs;
  const expectedMs = STEP_MS + warmupMs + loadMs(load, latencyMs) + settlingMs(delays, modelMs);
  return { quorum, modelMs, connections, expectedMs };
}

/** Little's law with room for the slow ones. */
function connectionsFor(rate: number, latencyMs: Ms, atLeast: number): number {
  return Math.min(MAX_OPENED_AHEAD, Math.max(atLeast, Math.ceil((rate * latencyMs) / 1000)));
}

function loadMs(load: LoadOptions, latencyMs: Ms): Ms {
  const limit = load.durationMs ?? Number.POSITIVE_INFINITY;
  if (load.writes === null) return limit + latencyMs;
  const writesMs =
    load.rate === null
      ? (load.writes / load.concurrency) * latencyMs
      : (load.writes * 1000) / (load.rate * (1 - load.readShare)) + latencyMs;
  return Math.min(writesMs, limit + latencyMs);
}

/** After the last answer the slowest follower's delay has to pass. */
function settlingMs(delays: readonly Distribution[], passedMs: Ms): Ms {
  return Math.max(0, quantileKth95(delays, delays.length) - passedMs);
}

function quantileKth95(delays: readonly Distribution[], k: number): Ms {
  return k === 0 ? 0 : quantileKth(delays, k, 0.95);
}

/** Whole seconds: more digits would pretend. */
function roughly(ms: Ms): string {
  const seconds = Math.ceil(ms / 1000);
  return seconds < 60 ? `${seconds} s` : formatMs(seconds * 1000);
}
