/**
 * Samples and trace of one quorum become one row of the table.
 *
 * Not here: running anything, or drawing; a kept run can be summarised again by a newer kvctl.
 * Invariant: only answers of the load phase count; latencies are of successes only, in the client's view; the delays that
 * were drawn, not those that were configured, make floor and overhead.
 */
import { type Distribution, meanOf } from '../lib/distribution.ts';
import type { Ms } from '../lib/units.ts';
import type { Sample } from '../workload/sample.ts';
import { expectedKth, quantileKth } from './order-statistic.ts';
import type { ParityTotals, QuorumResult, ReadResult } from './result.ts';
import { latencyOf, measured } from './sample.ts';
import { type LatencySummary, mean, summarise } from './statistics.ts';
import { replicationTimes, type WriteTrace } from './trace.ts';
import { judgeRow, thinFields } from './verdict.ts';

interface QuorumRun {
  /** Unique in the run. */
  readonly row: string;
  readonly quorum: number;
  /** The canonical text of what `distributions` holds. */
  readonly delay: string;
  /** Of the load, since the run began. */
  readonly beganMs: Ms;
  /** Warm-up included; it is left out here. */
  readonly samples: readonly Sample[];
  /** Of this quorum's writes, warm-up included, read after settling, so that late acks are in it. */
  readonly trace: readonly WriteTrace[];
  /** One per follower that was up when the load began. */
  readonly distributions: readonly Distribution[];
  /** Their ids; those that were down drew delays that no write could wait for. */
  readonly followersUp: readonly string[];
  /** False if quorum, network or followers were changed within the load: then no one model fits the row. */
  readonly isSteady: boolean;
  readonly hasLoss: boolean;
  readonly parityAtLastAck: ParityTotals;
  /** Null if the replicas were not equal in time. */
  readonly settleMs: Ms | null;
  readonly generatorBusy: number;
  readonly leaderBusy: number | null;
  /** First intended start to last answer of the load phase. */
  readonly elapsedMs: Ms;
}

export function summariseQuorum(run: QuorumRun): QuorumResult {
  const writes = measured(run.samples, 'put');
  const answered = writes.filter((sample) => sample.ok);
  const latency = summarise(answered.map(latencyOf));
  const floors = floorsOf(run, answered);
  const hasOverhead = run.isSteady && !run.hasLoss;
  const overhead = hasOverhead ? summarise(floors.map(({ sample, floorMs }) => latencyOf(sample) - floorMs)) : null;
  const replication = replicationTimes(withoutWarmUp(run.trace, run.samples));
  const replicated = summarise(replication.ackedMs);
  return {
    row: run.row,
    quorum: run.quorum,
    delay: run.delay,
    began_ms: run.beganMs,
    ended_ms: run.beganMs + run.elapsedMs,
    ...counts(writes),
    ...latencyFields(latency),
    ci95_ms: latency?.ci95 ?? null,
    max_latency_ms: latency?.max ?? null,
    writes_per_s: run.elapsedMs > 0 ? (answered.length / run.elapsedMs) * 1000 : 0,
    ...modelFields(run),
    floor_ms: floors.length === 0 ? null : mean(floors.map(({ floorMs }) => floorMs)),
    overhead_ms: overhead === null ? null : { mean: overhead.mean, p99: overhead.p99 },
    replication_ms:
      replicated === null ? null : { mean: replicated.mean, median: replicated.median, p95: replicated.p95, p99: replicated.p99 },
    parity_at_last_ack: run.parityAtLastAck,
    settle_ms: run.settleMs,
    ...judgeRow({
      successes: answered.length,
      meanDelayMs: run.distributions.length === 0 ? null : mean(run.distributions.map(meanOf)),
      costMs: overhead?.mean ?? null,
      generatorBusy: run.generatorBusy,
      leaderBusy: run.leaderBusy,
    }),
    thin: thinOf(latency, overhead, replicated),
    generator_busy: run.generatorBusy,
    leader_busy: run.leaderBusy,
    latency_samples: answered.length,
    replication_samples: replication.ackedMs.length,
    replication_unacked: replication.unacked,
    reads: summariseReads(run.samples),
  };
}

function summariseReads(samples: readonly Sample[]): ReadResult | null {
  const reads = measured(samples, 'get');
  if (reads.length === 0) return null;
  return { ...counts(reads), ...latencyFields(summarise(reads.filter((sample) => sample.ok).map(latencyOf))) };
}

function counts(samples: readonly Sample[]): Pick<QuorumResult, 'requests' | 'successes' | 'fails'> {
  const successes = samples.filter((sample) => sample.ok).length;
  return { requests: samples.length, successes, fails: samples.length - successes };
}

function latencyFields(latency: LatencySummary | null) {
  return {
    avg_latency_ms: latency?.mean ?? null,
    median_latency_ms: latency?.median ?? null,
    p95_latency_ms: latency?.p95 ?? null,
    p99_latency_ms: latency?.p99 ?? null,
  };
}

/** With loss a delay may be drawn several times, and the model of one draw per follower would be wrong without saying so. */
function modelFields({ quorum, distributions, hasLoss, isSteady }: QuorumRun): Pick<QuorumResult, 'model_ms' | 'model_quantiles_ms'> {
  if (hasLoss || !isSteady || quorum > distributions.length) return { model_ms: null, model_quantiles_ms: null };
  const quantile = (p: number) => quantileKth(distributions, quorum, p);
  return {
    model_ms: expectedKth(distributions, quorum),
    model_quantiles_ms: { median: quantile(0.5), p95: quantile(0.95), p99: quantile(0.99) },
  };
}

type FloorConditions = Pick<QuorumRun, 'trace' | 'followersUp' | 'isSteady'>;

interface Floor {
  readonly sample: Sample;
  readonly floorMs: Ms;
}

/**
 * Of each answered write. The leader's floor counts every follower that a delay was drawn for; with some of them down it is
 * counted again, from the trace, over those that could ack at all.
 */
export function floorsOf({ trace, followersUp, isSteady }: FloorConditions, answered: readonly Sample[]): Floor[] {
  const traced = new Map(trace.map((write) => [write.version, write]));
  const [first] = trace;
  const someAreDown = first !== undefined && Object.keys(first.followers).some((id) => !followersUp.includes(id));
  return answered.flatMap((sample) => {
    const write = someAreDown && isSteady ? traced.get(sample.version ?? '') : undefined;
    const floorMs = write === undefined ? sample.floorMs : floorAmong(write, followersUp);
    return floorMs === null ? [] : [{ sample, floorMs }];
  });
}

function floorAmong({ need, followers }: WriteTrace, ids: readonly string[]): Ms | null {
  const delays = ids.flatMap((id) => followers[id]?.delayMs ?? []).sort((a, b) => a - b);
  return need === 0 ? 0 : (delays[need - 1] ?? null);
}

/** By version, the only thing that samples and trace share; a warm-up write that failed has none, and stays in. */
function withoutWarmUp(trace: readonly WriteTrace[], samples: readonly Sample[]): readonly WriteTrace[] {
  const warmUp = new Set(samples.filter((sample) => sample.phase === 'warmup').map((sample) => sample.version));
  return trace.filter((write) => !warmUp.has(write.version));
}

function thinOf(latency: LatencySummary | null, overhead: LatencySummary | null, replicated: LatencySummary | null): string[] {
  const writes = latency?.n ?? 0;
  const acks = replicated?.n ?? 0;
  return thinFields([
    { field: 'median_latency_ms', p: 50, n: writes },
    { field: 'p95_latency_ms', p: 95, n: writes },
    { field: 'p99_latency_ms', p: 99, n: writes },
    { field: 'overhead_ms.p99', p: 99, n: overhead?.n ?? 0 },
    { field: 'replication_ms.median', p: 50, n: acks },
    { field: 'replication_ms.p95', p: 95, n: acks },
    { field: 'replication_ms.p99', p: 99, n: acks },
  ]);
}
