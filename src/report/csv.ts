/**
 * The results as flat rows, for spreadsheets and `-o csv|ndjson`: one object per row, members in snake_case, the names
 * of the JSON document with the nested ones joined by `_`, what was swept first. Figures keep all their digits here.
 */
import type { BenchResult } from '../measure/result.ts';
import { rowsAsRun, wordsOf } from './sweep.ts';

export type FlatRow = Readonly<Record<string, string | number | null>>;

export function flatRows(result: BenchResult): readonly FlatRow[] {
  const { parameter } = result.sweep;
  return rowsAsRun(result).map((row) => ({
    ...(parameter === 'quorum' ? {} : { [wordsOf(parameter).noun.replaceAll(' ', '_')]: row.value }),
    quorum: row.quorum,
    requests: row.requests,
    successes: row.successes,
    fails: row.fails,
    avg_latency_ms: row.avg_latency_ms,
    ci95_low_ms: row.ci95_ms?.[0] ?? null,
    ci95_high_ms: row.ci95_ms?.[1] ?? null,
    median_latency_ms: row.median_latency_ms,
    p95_latency_ms: row.p95_latency_ms,
    p99_latency_ms: row.p99_latency_ms,
    max_latency_ms: row.max_latency_ms,
    writes_per_s: row.writes_per_s,
    model_ms: row.model_ms,
    floor_ms: row.floor_ms,
    overhead_mean_ms: row.overhead_ms?.mean ?? null,
    overhead_p99_ms: row.overhead_ms?.p99 ?? null,
    replication_mean_ms: row.replication_ms?.mean ?? null,
    replication_median_ms: row.replication_ms?.median ?? null,
    replication_p95_ms: row.replication_ms?.p95 ?? null,
    replication_p99_ms: row.replication_ms?.p99 ?? null,
    replicas_match_at_last_ack: row.parity_at_last_ack.match,
    replicas_lag_at_last_ack: row.parity_at_last_ack.lag,
    replicas_mismatch_at_last_ack: row.parity_at_last_ack.mismatch,
    settle_ms: row.settle_ms,
    generator_busy: row.generator_busy,
    leader_busy: row.leader_busy,
    verdict: row.verdict,
    reasons: row.reasons.join(' '),
    thin: row.thin.join(' '),
  }));
}
