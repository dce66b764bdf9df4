/**
 * The tables of a benchmark. What a table is, and how it is narrowed: columns.ts.
 */
import type { BenchResult, ParityRow, QuorumResult } from '../measure/result.ts';
import { type Source, type Table, THIN_MARK, tableOf } from './columns.ts';
import { halfInterval } from './facts.ts';
import { nameRows, rowsAsRun, type SweptRow, wordsOf } from './sweep.ts';

/** What tells the rows apart, and by which all tables of rows begin. */
function sweptColumn(result: BenchResult): Source<Pick<SweptRow, 'value'>> {
  const { parameter } = result.sweep;
  const { noun, unit } = wordsOf(parameter);
  const isNumber = rowsAsRun(result).every((row) => typeof row.x === 'number');
  return { heading: parameter === 'quorum' ? 'quorum' : noun, unit, isNumber, rank: 0, value: (row) => row.value };
}

const BENCH_COLUMNS: readonly Source<QuorumResult>[] = [
  { heading: 'n', unit: '', isNumber: true, rank: 8, value: (row) => `${row.requests}` },
  { heading: 'ok', unit: '', isNumber: true, rank: 1, value: (row) => `${row.successes}` },
  { heading: 'failed', unit: '', isNumber: true, rank: 1, value: (row) => `${row.fails}` },
  { heading: 'mean', unit: 'ms', isNumber: true, rank: 0, value: (row) => row.avg_latency_ms },
  { heading: '±95 %', unit: 'ms', isNumber: true, rank: 2, value: halfInterval },
  { heading: 'p50', unit: 'ms', isNumber: true, rank: 5, value: (row) => row.median_latency_ms, field: 'median_latency_ms' },
  { heading: 'p95', unit: 'ms', isNumber: true, rank: 3, value: (row) => row.p95_latency_ms, field: 'p95_latency_ms' },
  { heading: 'p99', unit: 'ms', isNumber: true, rank: 4, value: (row) => row.p99_latency_ms, field: 'p99_latency_ms' },
  { heading: 'max', unit: 'ms', isNumber: true, rank: 9, value: (row) => row.max_latency_ms },
  { heading: 'writes', unit: '/s', isNumber: true, rank: 3, value: (row) => row.writes_per_s },
  { heading: 'model', unit: 'ms', isNumber: true, rank: 1, value: (row) => row.model_ms },
  { heading: 'floor', unit: 'ms', isNumber: true, rank: 7, value: (row) => row.floor_ms },
  { heading: 'overhead', unit: 'ms', isNumber: true, rank: 4, value: (row) => row.overhead_ms?.mean ?? null },
  { heading: 'overhead p99', unit: 'ms', isNumber: true, rank: 10, value: (row) => row.overhead_ms?.p99 ?? null, field: 'overhead_ms.p99' },
  { heading: 'replication', unit: 'ms', isNumber: true, rank: 6, value: (row) => row.replication_ms?.mean ?? null },
  {
    heading: 'replication p95',
    unit: 'ms',
    isNumber: true,
    rank: 11,
    value: (row) => row.replication_ms?.p95 ?? null,
    field: 'replication_ms.p95',
  },
  { heading: 'level at last ack', unit: '', isNumber: true, rank: 8, value: levelText },
  { heading: 'settled after', unit: 'ms', isNumber: true, rank: 8, value: (row) => row.settle_ms },
  { heading: 'verdict', unit: '', isNumber: false, rank: 2, value: (row) => row.verdict },
];

/** One row per value of the sweep, in the order in which they ran. */
export function benchTable(result: BenchResult): Table {
  const results = rowsAsRun(result);
  const columns = [sweptColumn(result), ...BENCH_COLUMNS];
  const isThin = results.some((row) => row.thin.length > 0 && row.successes > 0);
  const legend = `${THIN_MARK} of too few values to be more than the maximum: p99 wants at least 100, p95 at least 20`;
  const reasons = results.flatMap((row) =>
    row.reasons.map((reason) => `${nameRows(result.sweep.parameter, [row])} is ${row.verdict}: ${reason}`),
  );
  return tableOf(columns, results, [...(isThin ? [legend] : []), ...reasons], (row, field) => row.thin.includes(field));
}

/** Null if there were no reads. */
export function readTable(result: BenchResult): Table | null {
  const rows = rowsAsRun(result).flatMap(({ value, reads }) => (reads === null ? [] : [{ value, ...reads }]));
  if (rows.length === 0) return null;
  type Row = (typeof rows)[number];
  const columns: readonly Source<Row>[] = [
    sweptColumn(result),
    { heading: 'reads ok', unit: '', isNumber: true, rank: 0, value: (row) => `${row.successes}` },
    { heading: 'failed', unit: '', isNumber: true, rank: 0, value: (row) => `${row.fails}` },
    { heading: 'mean', unit: 'ms', isNumber: true, rank: 0, value: (row) => row.avg_latency_ms },
    { heading: 'p50', unit: 'ms', isNumber: true, rank: 0, value: (row) => row.median_latency_ms },
    { heading: 'p95', unit: 'ms', isNumber: true, rank: 0, value: (row) => row.p95_latency_ms },
    { heading: 'p99', unit: 'ms', isNumber: true, rank: 0, value: (row) => row.p99_latency_ms },
  ];
  return tableOf(columns, rows);
}

/** After settling: one row per node that does not lead. Also what `parity` prints. */
export function parityTable(parity: readonly ParityRow[]): Table {
  const columns: readonly Source<ParityRow>[] = [
    { heading: 'node', unit: '', isNumber: false, rank: 0, value: (row) => row.node },
    { heading: 'status', unit: '', isNumber: false, rank: 0, value: (row) => row.status },
    { heading: 'missing', unit: '', isNumber: true, rank: 0, value: (row) => `${row.missing}` },
    { heading: 'stale', unit: '', isNumber: true, rank: 0, value: (row) => `${row.stale}` },
    { heading: 'extra', unit: '', isNumber: true, rank: 0, value: (row) => `${row.extra}` },
    { heading: 'corrupt', unit: '', isNumber: true, rank: 0, value: (row) => `${row.corrupt}` },
    {
      heading: 'for example',
      unit: '',
      isNumber: false,
      rank: 2,
      value: (row) => row.keys.map((key) => JSON.stringify(key)).join(' ') || null,
    },
    { heading: 'url', unit: '', isNumber: false, rank: 1, value: (row) => row.url },
  ];
  return tableOf(columns, parity);
}

/** At the last answer of each row: how many followers were in which state. */
export function lastAckTable(result: BenchResult): Table {
  const columns: readonly Source<SweptRow>[] = [
    sweptColumn(result),
    { heading: 'match', unit: '', isNumber: true, rank: 0, value: (row) => `${row.parity_at_last_ack.match}` },
    { heading: 'lag', unit: '', isNumber: true, rank: 0, value: (row) => `${row.parity_at_last_ack.lag}` },
    { heading: 'mismatch', unit: '', isNumber: true, rank: 0, value: (row) => `${row.parity_at_last_ack.mismatch}` },
    { heading: 'unreachable', unit: '', isNumber: true, rank: 0, value: (row) => `${row.parity_at_last_ack.unreachable}` },
    { heading: 'missing keys', unit: '', isNumber: true, rank: 0, value: (row) => `${row.parity_at_last_ack.missing}` },
    { heading: 'stale keys', unit: '', isNumber: true, rank: 0, value: (row) => `${row.parity_at_last_ack.stale}` },
    { heading: 'settled after', unit: 'ms', isNumber: true, rank: 0, value: (row) => row.settle_ms },
  ];
  return tableOf(columns, rowsAsRun(result));
}

function levelText({ parity_at_last_ack: { match, lag, mismatch, unreachable } }: QuorumResult): string {
  return `${match} of ${match + lag + mismatch + unreachable}`;
}
