/**
 * The figures that thresholds may name, of the three kinds of things that a run can expect something of: a measured row, a
 * point of a stale-reads step, and a look at the replicas.
 *
 * Percentiles are of the raw latencies, so that any of them can be asked for; all else is what the documents hold.
 */
import { percentile } from '../lib/quantile.ts';
import { parityTotals } from './parity.ts';
import type { ParityRow, QuorumResult } from './result.ts';
import type { StalePoint } from './run-result.ts';
import type { Lookup, Vocabulary } from './threshold.ts';

const STATUSES = ['match', 'lag', 'mismatch', 'unreachable'] as const;

/** Of a row: latencies are of successful writes, in ms; `rate` is acknowledged writes per second; shares are 0 to 1. */
export const ROW_FIGURES: Vocabulary = {
  numbers: [
    'n',
    'ok',
    'failed',
    'failed_share',
    'mean',
    'avg',
    'med',
    'min',
    'max',
    'rate',
    'model',
    'floor',
    'overhead',
    'overhead_p99',
    'replication',
    'replication_p95',
    'unacked',
    'level',
    'settle',
    'reads',
    'reads_failed',
    'reads_mean',
    'reads_p95',
  ],
  functions: ['p'],
  words: { parity: STATUSES, parity_at_last_ack: STATUSES, verdict: ['ok', 'inconclusive'] },
};

/** Of a point: `gap` is the distance between measured and modelled share. */
export const STALE_FIGURES: Vocabulary = { numbers: ['reads', 'stale', 'share', 'model', 'gap'], functions: [], words: {} };

/** Of a look: how many replicas are in which state, and the worst of them. */
export const PARITY_FIGURES: Vocabulary = {
  numbers: [...STATUSES, 'missing', 'stale'],
  functions: [],
  words: { parity: STATUSES },
};

export interface RowEvidence {
  readonly row: QuorumResult;
  /** Of the successful writes of the load phase, in ms, in any order. */
  readonly latencies: readonly number[];
  /** At the last answer, and after settling. */
  readonly atLastAck: readonly ParityRow[];
  readonly settled: readonly ParityRow[];
}

export function rowFigures({ row, latencies, atLastAck, settled }: RowEvidence): Lookup {
  const sorted = Float64Array.from(latencies).sort();
  const pick: Readonly<Record<string, () => number | string | null>> = {
    n: () => row.requests,
    ok: () => (row.requests === 0 ? null : row.successes),
    failed: () => (row.requests === 0 ? null : row.fails),
    failed_share: () => (row.requests === 0 ? null : row.fails / row.requests),
    mean: () => row.avg_latency_ms,
    avg: () => row.avg_latency_ms,
    med: () => row.median_latency_ms,
    min: () => sorted[0] ?? null,
    max: () => row.max_latency_ms,
    rate: () => (row.requests === 0 ? null : row.writes_per_s),
    model: () => row.model_ms,
    floor: () => row.floor_ms,
    overhead: () => row.overhead_ms?.mean ?? null,
    overhead_p99: () => row.overhead_ms?.p99 ?? null,
    replication: () => row.replication_ms?.mean ?? null,
    replication_p95: () => row.replication_ms?.p95 ?? null,
    // Without a trace nothing is known of acks, which is not the same as none being missing.
    unacked: () => (row.replication_samples + row.replication_unacked === 0 ? null : row.replication_unacked),
    level: () => row.parity_at_last_ack.match,
    settle: () => row.settle_ms,
    reads: () => row.reads?.requests ?? 0,
    reads_failed: () => row.reads?.fails ?? null,
    reads_mean: () => row.reads?.avg_latency_ms ?? null,
    reads_p95: () => row.reads?.p95_latency_ms ?? null,
    parity: () => worstOf(settled),
    parity_at_last_ack: () => worstOf(atLastAck),
    verdict: () => row.verdict,
  };
  return (name, argument) => {
    if (name === 'p') return sorted.length === 0 ? null : percentile(sorted, argument as number);
    return pick[name]?.() ?? null;
  };
}

export function staleFigures({ reads, stale, share, model }: StalePoint): Lookup {
  const gap = share === null || model === null ? null : Math.abs(share - model);
  const values: Readonly<Record<string, number | null>> = { reads, stale: reads === 0 ? null : stale, share, model, gap };
  return (name) => values[name] ?? null;
}

export function parityFigures(rows: readonly ParityRow[]): Lookup {
  const { missing, stale, ...statuses } = parityTotals(rows);
  // Of a replica that did not answer nothing is known.
  const lacks = rows.every(({ status }) => status === 'unreachable') ? {} : { missing, stale };
  const totals: Readonly<Record<string, number>> = rows.length === 0 ? {} : { ...statuses, ...lacks };
  return (name) => (name === 'parity' ? worstOf(rows) : (totals[name] ?? null));
}

/** mismatch before unreachable before lag before match; null without replicas. */
export function worstOf(rows: readonly ParityRow[]): ParityRow['status'] | null {
  const worstFirst = ['mismatch', 'unreachable', 'lag', 'match'] as const;
  return worstFirst.find((status) => rows.some((row) => row.status === status)) ?? null;
}

/** What a step can wait for: the leader's account of the followers that the step names; the worst of them, or how many. */
export const WAIT_FIGURES: Vocabulary = {
  numbers: ['lag_records', 'lag_ms', 'up', 'streaming', 'waiting_writes'],
  functions: [],
  words: { leader: ['open', 'looking', 'fencing', 'installing', 'deposed', 'none'] },
};

export type WaitFigures = Readonly<Record<'lag_records' | 'lag_ms' | 'up' | 'streaming' | 'waiting_writes', number | null>> & {
  readonly leader: string;
};

export function waitFigures(figures: WaitFigures): Lookup {
  const values: Readonly<Record<string, number | string | null>> = figures;
  return (name) => values[name] ?? null;
}
