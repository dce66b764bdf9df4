/**
 * Executes a plan: opens the venue, takes the quorums one after the other, measures, and leaves everything as it was.
 *
 * The raw data of a step is handed out before the next one begins, so that a run that ends early has lost nothing that was
 * measured. Whatever ends the steps (done, Ctrl-C, an error), the venue is closed and what was found so far is answered:
 * only a venue that could not be opened is thrown, because then there is nothing to answer.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { DelayPlan } from '../lib/delay-plan.ts';
import { formatDistribution, quantileOf } from '../lib/distribution.ts';
import type { Ms } from '../lib/units.ts';
import { type Counterfactual, counterfactual } from '../measure/counterfactual.ts';
import { parityTotals } from '../measure/parity.ts';
import type { BenchResult, ParityRow, QuorumResult } from '../measure/result.ts';
import { summariseQuorum } from '../measure/summary.ts';
import type { WriteTrace } from '../measure/trace.ts';
import type { NetworkRequest, TraceItem } from '../wire/api.ts';
import { KvctlError } from '../wire/errors.ts';
import { runLoad } from '../workload/runner.ts';
import type { Sample } from '../workload/sample.ts';
import { lookAtParity, waitForParity } from './parity.ts';
import type { ExperimentPlan, PlannedStep } from './plan.ts';
import { benchResult, delayText, lossOf } from './result.ts';
import type { Venue } from './venue.ts';

export type ExperimentEvent =
  /** The cluster is there and has been rehearsed: the steps begin. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'started'; readonly quorum: number }
  /** Requests of the phase that have ended. */
  | { readonly kind: 'progress'; readonly quorum: number; readonly phase: Sample['phase'] | 'settling'; readonly done: number }
  | { readonly kind: 'finished'; readonly row: QuorumResult };

/** The raw data of one step; of one that was cut off, what there is. */
export interface StepData {
  readonly quorum: number;
  readonly samples: readonly Sample[];
  readonly trace: readonly WriteTrace[];
}

export interface ExecuteOptions {
  readonly signal: AbortSignal;
  readonly onEvent?: (event: ExperimentEvent) => void;
  /** Called once per step, before the next one; the results so far include this step unless it was cut off. */
  readonly keep?: (data: StepData, resultSoFar: BenchResult) => Promise<void>;
}

export interface Outcome {
  readonly result: BenchResult;
  readonly isInterrupted: boolean;
  /** What ended the steps early; null if nothing did, or the user. */
  readonly error: KvctlError | null;
  /** What a person should know besides the rows: e.g. that something could not be put back. */
  readonly remarks: readonly string[];
}

/**
 * Writes before the first step that nobody waits for. They make the programs on both sides warm (compiled code, connections,
 * pages of the store), which would otherwise be charged to the quorum that happens to come first.
 */
const REHEARSAL_WRITES = 300;
/** A lower quorum waits for a majority to write it down. */
const QUORUM_IN_FORCE_MS = 10_000;
/** For the slowest follower, on top of its delay. */
const SETTLE_MS = 10_000;
const POLL_MS = 10;

export async function execute(plan: ExperimentPlan, openVenue: () => Promise<Venue>, options: ExecuteOptions): Promise<Outcome> {
  const venue = await openVenue();
  const experiment = new Experiment(plan, venue, options);
  let error: KvctlError | null = null;
  try {
    await experiment.runSteps();
  } catch (thrown) {
    error = thrown instanceof KvctlError ? thrown : new KvctlError('internal', `unexpected error: ${String(thrown)}`, {}, thrown);
  }
  const failures = await venue.close();
  const isInterrupted = options.signal.aborted;
  return { result: experiment.result(), isInterrupted, error: isInterrupted ? null : error, remarks: [...experiment.remarks, ...failures] };
}

class Experiment {
  readonly remarks: string[] = [];
  readonly #plan: ExperimentPlan;
  readonly #venue: Venue;
  readonly #options: ExecuteOptions;
  /** When the first step began. */
  #originMs = performance.now();
  readonly #rows: QuorumResult[] = [];
  readonly #counterfactuals: Counterfactual[] = [];
  #parity: readonly ParityRow[] = [];

  constructor(plan: ExperimentPlan, venue: Venue, options: ExecuteOptions) {
    this.#plan = plan;
    this.#venue = venue;
    this.#options = options;
  }

  async runSteps(): Promise<void> {
    const { client, leader } = this.#venue;
    if (this.#plan.delay !== null) await client.setNetwork(leader.url, networkOf(this.#plan.delay));
    await this.#rehearse();
    this.#options.onEvent?.({ kind: 'ready' });
    this.#originMs = performance.now();
    for (const step of this.#plan.steps) {
      if (this.#options.signal.aborted) return;
      this.#options.onEvent?.({ kind: 'started', quorum: step.quorum });
      await this.#runStep(step);
    }
  }

  result(): BenchResult {
    return benchResult(this.#plan, this.#venue, { rows: this.#rows, parity: this.#parity, counterfactuals: this.#counterfactuals });
  }

  async #runStep(step: PlannedStep): Promise<void> {
    const { client, leader } = this.#venue;
    await this.#setQuorum(step.quorum);
    const warmup = await this.#warmUp(step);
    // From here on draw i is the same for every quorum: the warm-up, whose order is its own, has no part in it.
    await client.setNetwork(leader.url, { seed: this.#plan.seed });
    const before = await client.status(leader.url);
    const beganMs = performance.now() - this.#originMs;
    const load = await this.#load(step, 'load', this.#plan.load.writes);
    const samples = [...warmup, ...load.samples];
    if (load.isInterrupted) return this.#options.keep?.({ quorum: step.quorum, samples, trace: [] }, this.result());
    // The two questions travel together: the look at the replicas must not wait for the look at the leader.
    const [after, atLastAck] = await Promise.all([client.status(leader.url).catch(() => null), lookAtParity(client, this.#venue)]);
    this.#progress(step, 'settling', 0);
    const settling = await waitForParity(client, this.#venue, this.#settleTimeoutMs(), this.#options.signal);
    const trace = (await client.trace(leader.url, before.head).catch(() => [])).map(toWriteTrace);
    if (this.#options.signal.aborted) return this.#options.keep?.({ quorum: step.quorum, samples, trace }, this.result());
    const row = summariseQuorum({
      row: `quorum=${step.quorum}`,
      quorum: step.quorum,
      delay: delayText(this.#plan.delays),
      beganMs,
      samples,
      trace,
      distributions: [...this.#plan.delays.values()],
      hasLoss: lossOf(this.#plan) > 0,
      parityAtLastAck: parityTotals(atLastAck),
      settleMs: settling.settleMs,
      generatorBusy: load.busy,
      leaderBusy: after === null ? null : busyBetween(before.loop, after.loop),
      elapsedMs: load.elapsedMs,
    });
    this.#rows.push(row);
    this.#counterfactuals.push(counterfactual(step.quorum, trace, this.#plan.followers, this.#plan.load.rate === null ? 'closed' : 'open'));
    this.#parity = mergeParity(this.#parity, settling.rows);
    if (load.heldBack > 0) {
      this.remarks.push(`quorum ${step.quorum}: ${load.heldBack} requests started late, because too many were on their way; lower --rate`);
    }
    await this.#options.keep?.({ quorum: step.quorum, samples, trace }, this.result());
    this.#options.onEvent?.({ kind: 'finished', row });
  }

  /** With a quorum of its own, so that nobody waits for delays; and no step begins before the last of it has arrived. */
  async #rehearse(): Promise<void> {
    const { load, seed } = this.#plan;
    const { signal } = this.#options;
    const connections = load.concurrency;
    const { keys, valueBytes } = load;
    const paceless = { durationMs: null, rate: null, readShare: 0 };
    const spec = {
      quorum: 0,
      requestQuorum: 0,
      phase: 'warmup',
      writes: REHEARSAL_WRITES,
      connections,
      keys,
      valueBytes,
      seed,
      ...paceless,
    } as const;
    await runLoad(spec, this.#venue.leader.url, { signal });
    await waitForParity(this.#venue.client, this.#venue, this.#settleTimeoutMs(), signal);
  }

  async #setQuorum(quorum: number): Promise<void> {
    const { client, leader } = this.#venue;
    await client.setQuorum(leader.url, quorum);
    const deadlineMs = performance.now() + QUORUM_IN_FORCE_MS;
    while ((await client.quorum(leader.url)).write_quorum !== quorum) {
      if (this.#options.signal.aborted) return;
      if (performance.now() > deadlineMs) {
        throw new KvctlError(
          'not_ready',
          `expected quorum ${quorum} to be in force within ${QUORUM_IN_FORCE_MS / 1000} s: a lower one needs a majority of the nodes`,
        );
      }
      await delay(POLL_MS);
    }
  }

  async #warmUp(step: PlannedStep): Promise<readonly Sample[]> {
    const { warmup } = this.#plan.load;
    return warmup === 0 ? [] : (await this.#load(step, 'warmup', warmup)).samples;
  }

  #load(step: PlannedStep, phase: Sample['phase'], writes: number | null) {
    const { load, seed } = this.#plan;
    const isWarmup = phase === 'warmup';
    const spec = {
      quorum: step.quorum,
      requestQuorum: null,
      phase,
      writes,
      durationMs: isWarmup ? null : load.durationMs,
      rate: isWarmup ? null : load.rate,
      connections: isWarmup ? load.concurrency : step.connections,
      keys: load.keys,
      valueBytes: load.valueBytes,
      readShare: isWarmup ? 0 : load.readShare,
      seed,
    };
    return runLoad(spec, this.#venue.leader.url, {
      signal: this.#options.signal,
      onSample: (done) => this.#progress(step, phase, done),
    });
  }

  #progress(step: PlannedStep, phase: Sample['phase'] | 'settling', done: number): void {
    this.#options.onEvent?.({ kind: 'progress', quorum: step.quorum, phase, done });
  }

  #settleTimeoutMs(): Ms {
    return SETTLE_MS + Math.max(0, ...[...this.#plan.delays.values()].map((distribution) => quantileOf(distribution, 0.9999)));
  }
}

/** Share of the time between two looks that the node's event loop was busy. */
function busyBetween(before: { active_ms: number; idle_ms: number }, after: { active_ms: number; idle_ms: number }): number | null {
  const active = after.active_ms - before.active_ms;
  const total = active + after.idle_ms - before.idle_ms;
  return total > 0 ? active / total : null;
}

/** The latest row of each node, but a mismatch stays: that a later step wrote over the wrong key does not unmake it. */
function mergeParity(earlier: readonly ParityRow[], latest: readonly ParityRow[]): readonly ParityRow[] {
  return latest.map((row) => earlier.find((old) => old.node === row.node && old.status === 'mismatch') ?? row);
}

function toWriteTrace(item: TraceItem): WriteTrace {
  const followers = Object.entries(item.followers).map(
    ([id, { delay_ms, sent_ms, acked_ms }]) => [id, { delayMs: delay_ms, sentMs: sent_ms, ackedMs: acked_ms }] as const,
  );
  return { version: item.version, need: item.need, storedMs: item.stored_ms, followers: Object.fromEntries(followers) };
}

function networkOf(plan: DelayPlan): NetworkRequest {
  const all = plan.all === null ? [] : [['*', { delay: formatDistribution(plan.all) }] as const];
  const own = [...plan.perNode].map(([id, distribution]) => [id, { delay: formatDistribution(distribution) }] as const);
  return { nodes: Object.fromEntries([...all, ...own]) };
}
