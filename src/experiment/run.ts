/**
 * Executes a plan: opens the venue, takes the steps one after the other, and leaves everything as it was. What a step does is
 * in a file of its own; here is their order, and every way out.
 *
 * The raw data of a step is handed out before the next one begins, so that a run that ends early has lost nothing that was
 * measured. Whatever ends the steps (done, Ctrl-C, an error), the venue is closed and what was found so far is answered:
 * only a venue that could not be opened is thrown, because then there is nothing to answer.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Ms } from '../lib/units.ts';
import type { RunResult } from '../measure/run-result.ts';
import { KvctlError } from '../wire/errors.ts';
import { runLoad } from '../workload/runner.ts';
import { networkRequest, perform } from './actions.ts';
import { runDataStep } from './data-step.ts';
import { LAB_LOAD } from './load.ts';
import { lookAtParity, waitForParity } from './parity.ts';
import { type ExperimentPlan, rowsOf } from './plan.ts';
import { Recorder } from './recorder.ts';
import { lookAtConditions, measureRow, settleTimeoutMs } from './row.ts';
import type { Doing, Stage, StepData } from './stage.ts';
import { runStaleStep } from './stale-step.ts';
import type { ParityStep, RebuildStep, Step } from './step.ts';
import type { Venue } from './venue.ts';
import { runWaitStep } from './wait-step.ts';

export type ExperimentEvent =
  /** The cluster is there and has been rehearsed: the steps begin. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'progress'; readonly step: string; readonly doing: Doing }
  /** `text`: what became of it. */
  | { readonly kind: 'finished'; readonly step: Step; readonly text: string; readonly result: RunResult };

export interface ExecuteOptions {
  readonly signal: AbortSignal;
  readonly onEvent?: (event: ExperimentEvent) => void;
  /** Called with a step's raw data before the next one; the results so far include this step unless it was cut off. */
  readonly keep?: (data: StepData, resultSoFar: RunResult) => Promise<void>;
}

export interface Outcome {
  readonly result: RunResult;
  readonly isInterrupted: boolean;
  /** What ended the steps early; null if nothing did, or the user. */
  readonly error: KvctlError | null;
  /** What a person should know besides the rows: e.g. that something could not be put back. */
  readonly remarks: readonly string[];
}

/** Opens the cluster of the plan (null), or another one in its place. */
export type OpenVenue = (instead: RebuildStep | null) => Promise<Venue>;

/** For a step to end after Ctrl-C. */
const STEP_GRACE_MS = 3_000;

/**
 * Writes before the first step that nobody waits for. They make the programs on both sides warm (compiled code, connections,
 * pages of the store), which would otherwise be charged to the row that happens to come first.
 */
const REHEARSAL_WRITES = 300;

/** Of a cluster that has just come up. */
const NOBODY: ReadonlySet<string> = new Set();

export async function execute(plan: ExperimentPlan, openVenue: OpenVenue, options: ExecuteOptions): Promise<Outcome> {
  const { signal } = options;
  const experiment = new Experiment(plan, await openVenue(null), openVenue, options);
  const steps = experiment.run().then(() => null, toError);
  // A cluster that stands is put back as it was when nothing touches it any more; one of our own can be taken from under a step.
  await (plan.target.kind === 'own' ? Promise.race([steps, overdue(signal)]) : steps);
  const soFar = experiment.result();
  const failures = await experiment.close();
  // Overdue steps end with their cluster; if they had just got another one, that is closed too.
  const error = await steps;
  failures.push(...(await experiment.close()));
  const result = signal.aborted ? experiment.result() : soFar;
  return { result, isInterrupted: signal.aborted, error: signal.aborted ? null : error, remarks: [...experiment.remarks, ...failures] };
}

/** When nobody waits any longer for a step that was told to end: it may hang on a node that is frozen. */
async function overdue(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  await delay(STEP_GRACE_MS, undefined, { ref: false });
}

function toError(thrown: unknown): KvctlError {
  return thrown instanceof KvctlError ? thrown : new KvctlError('internal', `unexpected error: ${String(thrown)}`, {}, thrown);
}

class Experiment {
  readonly remarks: string[] = [];
  readonly #plan: ExperimentPlan;
  readonly #openVenue: OpenVenue;
  readonly #options: ExecuteOptions;
  #venue: Venue | null;
  #recorder: Recorder | null = null;
  #originMs = performance.now();

  constructor(plan: ExperimentPlan, venue: Venue, openVenue: OpenVenue, options: ExecuteOptions) {
    this.#plan = plan;
    this.#venue = venue;
    this.#openVenue = openVenue;
    this.#options = options;
  }

  async run(): Promise<void> {
    const venue = this.#venue as Venue;
    const { delay } = this.#plan;
    if (delay !== null) {
      const change = { nodes: 'followers', delay, loss: null };
      await venue.client.setNetwork(venue.leader.url, networkRequest(venue, change));
    }
    const { cluster } = await lookAtConditions(venue, NOBODY);
    this.#recorder = new Recorder(this.#plan, cluster);
    await this.#rehearse(venue);
    this.#options.onEvent?.({ kind: 'ready' });
    this.#originMs = performance.now();
    for (const step of this.#plan.steps) {
      if (this.#options.signal.aborted) return;
      await this.#take(step, this.#recorder);
    }
  }

  /** What was found so far; a whole document even if nothing was. */
  result(): RunResult {
    const nothing = { name: '', followers: 0, store: 'sqlite', delay: '0', loss: 0, nodes: [], leader: '', leaderUrl: '' } as const;
    return (this.#recorder ?? new Recorder(this.#plan, nothing)).result(this.#nowMs());
  }

  /** Nothing if it is closed. */
  async close(): Promise<string[]> {
    const venue = this.#venue;
    this.#venue = null;
    return (await venue?.close()) ?? [];
  }

  async #take(step: Step, recorder: Recorder): Promise<void> {
    const beganMs = this.#nowMs();
    try {
      const ending = await this.#do(step, recorder);
      if (ending === null || this.#options.signal.aborted) {
        recorder.ended(step, 'failed', beganMs, this.#nowMs(), 'interrupted');
        return;
      }
      recorder.ended(step, ending.isMet ? 'done' : 'failed', beganMs, this.#nowMs(), ending.detail);
      this.#options.onEvent?.({ kind: 'finished', step, text: ending.detail, result: this.result() });
    } catch (error) {
      recorder.ended(step, 'failed', beganMs, this.#nowMs(), error instanceof Error ? error.message : String(error));
      throw error;
    }
  }

  /** null: it was cut off. */
  async #do(step: Step, recorder: Recorder): Promise<{ readonly isMet: boolean; readonly detail: string } | null> {
    if (step.kind === 'cluster') return this.#rebuild(step, recorder);
    const stage = this.#stage(step, recorder);
    switch (step.kind) {
      case 'measure':
        return done(await measureRow(stage, step));
      case 'stale-reads':
        return done(await runStaleStep(stage, step));
      case 'parity':
        return this.#lookAtReplicas(stage, step);
      case 'put':
      case 'get':
      case 'del':
        return runDataStep(stage, step);
      case 'wait':
        stage.progress({ phase: 'waiting', text: step.title });
        return runWaitStep(stage, step);
      default:
        stage.progress({ phase: 'acting', text: step.title });
        return done(await perform(stage, step.action));
    }
  }

  async #lookAtReplicas(stage: Stage, { step, withinMs }: ParityStep): Promise<{ readonly isMet: boolean; readonly detail: string }> {
    const { venue, signal, recorder } = stage;
    stage.progress({ phase: 'settling', text: 'comparing the replicas' });
    const rows =
      withinMs === null
        ? await lookAtParity(venue.client, venue)
        : (await waitForParity(venue.client, venue, withinMs, signal, recorder.marks.down())).rows;
    recorder.parity(step, stage.nowMs(), rows);
    const unequal = rows.filter((row) => row.status !== 'match').map((row) => `${row.node} ${row.status}`);
    const isMet = withinMs === null || unequal.length === 0;
    if (withinMs !== null) recorder.expected(step, 'parity==match', unequal.length === 0 ? 'match' : unequal.join(', '), isMet);
    return { isMet, detail: unequal.length === 0 ? 'all replicas match' : unequal.join(', ') };
  }

  async #rebuild(step: RebuildStep, recorder: Recorder): Promise<{ readonly isMet: boolean; readonly detail: string }> {
    this.remarks.push(...(await this.close()));
    recorder.marks.endAll(this.#nowMs());
    const venue = await this.#openVenue(step);
    this.#venue = venue;
    await this.#rehearse(venue);
    return { isMet: true, detail: step.title };
  }

  /** With a quorum of its own, so that nobody waits for delays; and no step begins before the last of it has arrived. */
  async #rehearse(venue: Venue): Promise<void> {
    const { signal } = this.#options;
    const [first] = rowsOf(this.#plan);
    const { concurrency, keys, valueBytes } = first?.load ?? LAB_LOAD;
    const pace = { writes: REHEARSAL_WRITES, durationMs: null, rate: null, connections: concurrency, inFlight: null, isShareFixed: false };
    const spec = { quorum: 0, requestQuorum: 0, phase: 'warmup', ...pace, keys, valueBytes, readShare: 0, seed: this.#plan.seed } as const;
    const { delays } = await lookAtConditions(venue, NOBODY);
    await runLoad(spec, venue.leader.url, { signal });
    await waitForParity(venue.client, venue, settleTimeoutMs(delays), signal);
  }

  #stage(step: Step, recorder: Recorder): Stage {
    const { signal, onEvent, keep } = this.#options;
    return {
      plan: this.#plan,
      venue: this.#venue as Venue,
      recorder,
      signal,
      nowMs: () => this.#nowMs(),
      progress: (doing) => onEvent?.({ kind: 'progress', step: step.step, doing }),
      remark: (text) => void this.remarks.push(text),
      keep: async (data) => keep?.(data, this.result()),
    };
  }

  #nowMs(): Ms {
    return performance.now() - this.#originMs;
  }
}

function done(detail: string | null) {
  return detail === null ? null : { isMet: true, detail };
}
