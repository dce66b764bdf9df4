/**
 * The figures of a kept run, made again from its raw data by this version of the program.
 *
 * Recomputed, row by row: counts, latencies, intervals, throughput, floor, overhead, replication, reads, thin cells, verdict, and
 * from them overlaps and counterfactuals. Kept, because no request tells them: what a row is and when it ran, the model (it
 * follows from the plan, and whether it applied only the run itself knew), the looks at the replicas, how busy the loops were.
 * Invariant: a row without raw data stays as it is, so that an incomplete folder loses nothing.
 */
import { listDelays, parseDelays } from '../lib/delay-plan.ts';
import type { Sample } from '../workload/sample.ts';
import { type Counterfactual, counterfactual } from './counterfactual.ts';
import type { BenchResult, QuorumResult } from './result.ts';
import type { RunResult } from './run-result.ts';
import { type StaleRead, stalePoints } from './stale.ts';
import { summariseQuorum } from './summary.ts';
import type { WriteTrace } from './trace.ts';
import { overlappingQuorums } from './verdict.ts';

/** Records as a run folder keeps them: with the name of the row that they belong to (QuorumResult.row). */
export type RowSample = Sample & { readonly row: string };
export type RowTrace = WriteTrace & { readonly row: string };

/** The same by row, as measuring wants them. */
export interface RawData {
  readonly samples: ReadonlyMap<string, readonly Sample[]>;
  readonly trace: ReadonlyMap<string, readonly WriteTrace[]>;
  /** By the name of the step. */
  readonly staleReads: ReadonlyMap<string, readonly StaleRead[]>;
}

/** Its sweeps and its stale reads; steps, marks, looks and judgements are facts of the run and stay. */
export function recomputeRun(kept: RunResult, raw: RawData): RunResult {
  return {
    ...kept,
    sweeps: kept.sweeps.map((sweep) => recompute(sweep, raw)),
    stale_reads: kept.stale_reads.map((step) => {
      const reads = raw.staleReads.get(step.name) ?? [];
      // Without a model in any point loss was simulated, or the trace was not to be had: there is none now either.
      const hasLoss = step.points.every((point) => point.model === null);
      return reads.length === 0 ? step : { ...step, points: stalePoints(step.name, reads, raw.trace.get(step.name) ?? [], hasLoss) };
    }),
  };
}

export function recompute(kept: BenchResult, raw: RawData): BenchResult {
  const results = kept.results.map((row) => recomputeRow(row, raw));
  const overlaps = kept.sweep.parameter === 'quorum' ? overlappingQuorums(results) : kept.overlaps;
  return { ...kept, results, overlaps, counterfactual: recomputeCounterfactuals(kept, raw) };
}

function recomputeRow(kept: QuorumResult, raw: RawData): QuorumResult {
  const samples = raw.samples.get(kept.row) ?? [];
  if (!samples.some((sample) => sample.phase === 'load')) return kept;
  const trace = raw.trace.get(kept.row) ?? [];
  const { match, lag, mismatch, unreachable } = kept.parity_at_last_ack;
  const delays = listDelays(kept.delay, match + lag + mismatch + unreachable);
  const row = summariseQuorum({
    row: kept.row,
    quorum: kept.quorum,
    delay: kept.delay,
    beganMs: kept.began_ms,
    samples,
    trace,
    distributions: delays,
    followersUp: upIn(kept, trace),
    // Where there is no overhead though writes succeeded, loss was simulated or something changed within the load.
    isSteady: kept.overhead_ms !== null || kept.model_ms !== null,
    hasLoss: kept.overhead_ms === null,
    parityAtLastAck: kept.parity_at_last_ack,
    settleMs: kept.settle_ms,
    generatorBusy: kept.generator_busy,
    leaderBusy: kept.leader_busy,
    elapsedMs: samples.reduce((last, { phase, endMs }) => (phase === 'load' ? Math.max(last, endMs) : last), 0),
  });
  const replication = raw.trace.has(kept.row) ? {} : replicationOf(kept);
  return { ...row, ...replication, model_ms: kept.model_ms, model_quantiles_ms: kept.model_quantiles_ms };
}

/** Without its trace a row keeps what came from it. */
function replicationOf({ replication_ms, replication_samples, replication_unacked }: QuorumResult) {
  return { replication_ms, replication_samples, replication_unacked };
}

/** One entry per row, in the order of the rows; where that is not so, none can be told whose it is. */
function recomputeCounterfactuals({ results, counterfactual: kept, workload }: BenchResult, raw: RawData): readonly Counterfactual[] {
  if (kept.length !== results.length) return kept;
  return results.map((row, i) => {
    const trace = raw.trace.get(row.row) ?? [];
    const before = kept[i] as Counterfactual;
    return trace.length === 0 ? before : counterfactual(row.quorum, trace, Math.max(before.costs.length - 1, 0), workload.loop);
  });
}

/** Ids of the followers that were up, of those that a delay was drawn for: the text of a row names each follower that was up, or speaks of all. */
export function upIn({ delay }: QuorumResult, [first]: readonly WriteTrace[]): readonly string[] {
  const parsed = parseDelays(delay);
  const isNamed = parsed.ok && parsed.value.all === null;
  return isNamed ? [...parsed.value.perNode.keys()] : Object.keys(first?.followers ?? {});
}
