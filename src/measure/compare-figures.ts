/**
 * One row measured twice: every figure of it in both runs, with the interval of the change.
 *
 * Where both runs drew the same delays for the same writes (same seed, same number of successes), the change is taken write by
 * write, which takes the luck of the draw out of it: tens of milliseconds of noise become one. This is seen in the data, not believed of
 * the settings: write i after the seed was set must have the same floor in both.
 * Not here: what is better (compare.ts).
 */
import { Prng } from '../lib/prng.ts';
import type { Sample } from '../workload/sample.ts';
import { bounded, type Change, type Latencies, type LatencyOptions, latencyChanges, shareChange } from './change.ts';
import type { FigureName } from './compare-result.ts';
import { pairedInterval, percentileIntervals, welchInterval, windowRates } from './interval.ts';
import { upIn } from './recompute.ts';
import type { QuorumResult } from './result.ts';
import { latencyOf, measured } from './sample.ts';
import { mean } from './statistics.ts';
import { floorsOf } from './summary.ts';
import type { WriteTrace } from './trace.ts';

/** A row with the raw data that it was computed from. */
export interface RowData {
  readonly row: QuorumResult;
  readonly samples: readonly Sample[];
  readonly trace: readonly WriteTrace[];
}

export interface RowChanges {
  readonly isPaired: boolean;
  readonly changes: readonly Change[];
}

/** Bootstraps are seeded by row and figure, so that the same two runs always compare alike. */
const SEED = 1;
/** A floor has three decimals on the wire. */
const SAME_FLOOR_MS = 0.0015;

export function rowChanges(a: RowData, b: RowData, confidence: number): RowChanges {
  const [left, right] = [prepare(a), prepare(b)];
  const isPaired = areTwins(left, right);
  const interval = isPaired ? pairedInterval : welchInterval;
  const options: LatencyOptions = { isPaired, confidence, prng: new Prng(SEED).fork(a.row.row) };
  const changes: Change[] = [
    ...latencyChanges(latenciesOf(left), latenciesOf(right), options),
    rateChange(left, right, confidence),
    failedChange('failed_share', a.row, b.row, confidence),
    overheadChange(left, right, interval, confidence),
    replicationChange(a, b, confidence),
    ...readChanges(a, b, { confidence, prng: options.prng.fork('reads') }),
  ];
  return { isPaired, changes };
}

interface Prepared {
  readonly data: RowData;
  /** Successful writes in the order of their admission. */
  readonly writes: readonly Answered[];
}

interface Answered {
  readonly sample: Sample;
  /** How many writes were admitted before it since the seed was set. */
  readonly place: number;
  readonly floorMs: number | null;
}

function prepare(data: RowData): Prepared {
  const { row, samples, trace } = data;
  const answered = measured(samples, 'put').filter((sample) => sample.ok);
  const isSteady = row.model_ms !== null || row.overhead_ms !== null;
  const floors = new Map(floorsOf({ trace, followersUp: upIn(row, trace), isSteady }, answered).map((each) => [each.sample, each.floorMs]));
  const numbers = [...trace.map((write) => numberOf(write.version)), ...answered.map((sample) => numberOf(sample.version))];
  const first = numbers.reduce((least, number) => Math.min(least, number), Number.POSITIVE_INFINITY);
  const writes = answered.map((sample) => ({ sample, place: numberOf(sample.version) - first, floorMs: floors.get(sample) ?? null }));
  return { data, writes: writes.sort((x, y) => x.place - y.place) };
}

/** The sequence number, which goes on across epochs. */
function numberOf(version: string | null): number {
  return Number(version?.slice(version.indexOf('.') + 1) ?? Number.NaN);
}

/** Whether each success of one has its twin in the other: as many writes before it, and the same delays. */
function areTwins(a: Prepared, b: Prepared): boolean {
  if (a.writes.length !== b.writes.length || a.writes.length < 2) return false;
  return a.writes.every((write, i) => {
    const twin = b.writes[i] as Answered;
    if (write.place !== twin.place || write.floorMs === null || twin.floorMs === null) return false;
    return Math.abs(write.floorMs - twin.floorMs) <= SAME_FLOOR_MS;
  });
}

function latenciesOf({ data: { row }, writes }: Prepared): Latencies {
  return {
    values: writes.map(({ sample }) => latencyOf(sample)),
    mean: row.avg_latency_ms,
    percentiles: { 50: row.median_latency_ms, 95: row.p95_latency_ms, 99: row.p99_latency_ms },
  };
}

/** The noise is that of the load at its height, the change that of the whole. Where nothing was answered the rate is known: none. */
function rateChange(a: Prepared, b: Prepared, confidence: number): Change {
  const [left, right] = [a, b].map(({ data, writes }) =>
    writes.length === 0 && data.row.requests > 0 ? [0, 0] : windowRates(writes.map(({ sample }) => sample)),
  ) as [readonly number[], readonly number[]];
  const noise = welchInterval(left, right, confidence);
  const [from, to] = [rateOf(a.data.row), rateOf(b.data.row)];
  const half = noise === null ? null : (noise[1] - noise[0]) / 2;
  // No rate falls below none.
  const interval = half === null || from === null || to === null ? null : ([Math.max(-from, to - from - half), to - from + half] as const);
  return { figure: 'rate', unit: '/s', a: from, b: to, ...bounded(interval, 'too few writes to tell the noise of a rate') };
}

function rateOf({ requests, writes_per_s }: QuorumResult): number | null {
  return requests === 0 ? null : writes_per_s;
}

type Counts = Pick<QuorumResult, 'requests' | 'fails'>;

function failedChange(figure: FigureName, a: Counts, b: Counts, confidence: number): Change {
  const counted = ({ requests, fails }: Counts) => ({ hits: fails, trials: requests });
  return shareChange(figure, [counted(a), counted(b)], confidence, 'nothing was sent');
}

/** Latency minus floor, write by write. */
function overheadChange(a: Prepared, b: Prepared, interval: typeof welchInterval, confidence: number): Change {
  const [left, right] = [a, b].map(({ data, writes }) =>
    data.row.overhead_ms === null ? [] : writes.flatMap(({ sample, floorMs }) => (floorMs === null ? [] : [latencyOf(sample) - floorMs])),
  ) as [number[], number[]];
  const bounds = bounded(
    left.length === 0 || right.length === 0 ? null : interval(left, right, confidence),
    'one of the runs has no overhead',
  );
  return { figure: 'overhead', unit: 'ms', a: a.data.row.overhead_ms?.mean ?? null, b: b.data.row.overhead_ms?.mean ?? null, ...bounds };
}

/** Per write the mean over its followers, because one write's followers are no independent cases. */
function replicationChange(a: RowData, b: RowData, confidence: number): Change {
  const [left, right] = [a, b].map(({ trace }) => trace.toSorted((x, y) => numberOf(x.version) - numberOf(y.version))) as [
    WriteTrace[],
    WriteTrace[],
  ];
  const drewTheSame = left.length === right.length && left.every((write, i) => haveSameDelays(write, right[i] as WriteTrace));
  const [means, others] = [left, right].map((trace) => trace.flatMap(meanAck)) as [number[], number[]];
  const isPaired = drewTheSame && means.length === left.length && others.length === right.length;
  const bounds = bounded((isPaired ? pairedInterval : welchInterval)(means, others, confidence), 'fewer than two writes were replicated');
  return {
    figure: 'replication',
    unit: 'ms',
    a: means.length === 0 ? null : mean(means),
    b: others.length === 0 ? null : mean(others),
    ...bounds,
  };
}

function meanAck({ followers }: WriteTrace): number[] {
  const acks = Object.values(followers).flatMap(({ ackedMs }) => (ackedMs === null ? [] : [ackedMs]));
  return acks.length === 0 ? [] : [mean(acks)];
}

/** And all of them acked, so that the means are over the same followers. */
function haveSameDelays(a: WriteTrace, b: WriteTrace): boolean {
  const ids = Object.keys(a.followers);
  if (ids.length !== Object.keys(b.followers).length) return false;
  return ids.every((id) => {
    const [one, other] = [a.followers[id], b.followers[id]];
    return one !== undefined && other !== undefined && one.delayMs === other.delayMs && one.ackedMs !== null && other.ackedMs !== null;
  });
}

function readChanges(a: RowData, b: RowData, { confidence, prng }: Pick<LatencyOptions, 'confidence' | 'prng'>): Change[] {
  if (a.row.reads === null && b.row.reads === null) return [];
  const [left, right] = [a, b].map(({ samples }) =>
    measured(samples, 'get')
      .filter((sample) => sample.ok)
      .map(latencyOf),
  ) as [number[], number[]];
  const n = Math.min(left.length, right.length);
  const [p95] = n < 20 ? [null] : percentileIntervals(left, right, [95], { isPaired: false, confidence, prng });
  const none = { requests: 0, fails: 0 };
  return [
    {
      figure: 'reads_mean',
      unit: 'ms',
      a: a.row.reads?.avg_latency_ms ?? null,
      b: b.row.reads?.avg_latency_ms ?? null,
      ...bounded(welchInterval(left, right, confidence), 'fewer than two reads succeeded'),
    },
    {
      figure: 'reads_p(95)',
      unit: 'ms',
      a: a.row.reads?.p95_latency_ms ?? null,
      b: b.row.reads?.p95_latency_ms ?? null,
      ...bounded(p95 ?? null, n === 0 ? 'no read succeeded' : `p95 of ${n} reads is hardly more than the maximum`),
    },
    failedChange('reads_failed_share', a.row.reads ?? none, b.row.reads ?? none, confidence),
  ];
}
