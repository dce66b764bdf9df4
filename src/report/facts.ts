/**
 * What a benchmark's figures say, decided once: charts, headings and sentences all take their words from here, so that no
 * picture's title contradicts the text beside it.
 *
 * Not here: words (explain/, charts/), or any figure that measure did not give.
 * Invariant: "rising" and "falling" are claimed only beyond the noise of the two means compared.
 */
import { delaysOf, parseDelays } from '../lib/delay-plan.ts';
import { type Distribution, meanOf } from '../lib/distribution.ts';
import type { BenchResult, QuorumResult } from '../measure/result.ts';
import { followersOf, nameRows, type SweptRow, sweptRows } from './sweep.ts';

/** A row with at least one success. */
export type MeasuredRow = SweptRow & { readonly avg_latency_ms: number };

/**
 * How the mean goes from the first row measured to the last, in the order of the axis: from the lowest quorum to the highest.
 * `flat`: it does not change, though this run would have shown the change that the delays predict, or none is predicted.
 * `undecided`: the noise is larger than what there is to see.
 * Of a sweep of anything else no shape is known beforehand: there `flat` is a change within the noise, whatever the noise.
 */
export type Trend = 'none' | 'single' | 'rising' | 'flat' | 'falling' | 'undecided';

export interface Facts {
  readonly result: BenchResult;
  /** False for a sweep of anything else, about which sentences of the quorum say nothing. */
  readonly isQuorumSweep: boolean;
  /** N; the largest of a sweep that changes it. */
  readonly followers: number;
  /** In the order of the axis (of the quorum: ascending), failed rows too. */
  readonly rows: readonly SweptRow[];
  readonly measured: readonly MeasuredRow[];
  /**
   * The two rows that trend and change compare: the first and the last measured in the order of the axis. Values without an order
   * are compared by their means, the lowest and the highest. Null with fewer than two.
   */
  readonly ends: readonly [from: MeasuredRow, to: MeasuredRow] | null;
  /** The rows as a sentence names them: `quorums 1 to 3`, `delay 0-10 and 0-100 ms`. */
  readonly name: (rows: readonly SweptRow[]) => string;
  readonly trend: Trend;
  /** Mean of the second of the ends (the highest quorum) minus mean of the first; 0 without ends. */
  readonly changeMs: number;
  /** Of the two means compared, 95 %; Infinity if one of them has no interval, and without ends. */
  readonly noiseMs: number;
  /** The same change of the model; null if it does not apply (simulated loss). */
  readonly expectedChangeMs: number | null;
  /** The delays alone make higher quorums slower. False also where that is not known. */
  readonly expectsRise: boolean;
  /**
   * The curve is flat at the height of the highest quorum, and that row, which may wait for all, has hardly any overhead: then
   * the overhead of the others is no cost of software, but the wait for followers that the quorum did not ask for.
   */
  readonly looksLikeWaitingForAll: boolean;
  /** The quorum in the middle of those that ran, for examples; 0 without rows. */
  readonly exampleQuorum: number;
  /** One per follower; empty if the text of the delay cannot be read (a result of another version). */
  readonly delays: readonly Distribution[];
  /** Mean of all followers' delays; null without followers. */
  readonly meanDelayMs: number | null;
}

/** A change below this share of what the delays predict is no rise, however sure it is: 10,000 writes make 2 ms significant. */
const MIN_SHARE_OF_EXPECTED = 0.1;
/** SPEC 9: delays below this many times the cost of a request measure the machine. */
export const MIN_DELAY_PER_COST = 5;
/** Model means that differ by less than this share are the same: constant delays, or delays of 0. */
const SAME_MODEL = 0.01;

export function factsOf(result: BenchResult): Facts {
  const { parameter } = result.sweep;
  const isQuorumSweep = parameter === 'quorum';
  const rows = sweptRows(result);
  const measured = rows.filter((row): row is MeasuredRow => row.avg_latency_ms !== null);
  const ends = endsOf(measured);
  const last = ends?.[1] ?? measured.at(-1);
  const delays = followerDelays(result);
  const changeMs = ends === null ? 0 : ends[1].avg_latency_ms - ends[0].avg_latency_ms;
  const noiseMs = ends === null ? Number.POSITIVE_INFINITY : noiseOf(...ends);
  const expectedChangeMs = ends === null ? null : expectedChange(...ends);
  const expectsRise = expectedChangeMs !== null && expectedChangeMs > SAME_MODEL * (last?.model_ms ?? 0);
  const change = { measured, changeMs, noiseMs, expectedChangeMs, expectsRise };
  const trend = isQuorumSweep ? quorumTrend(change) : trendAcross(change);
  const meanDelayMs = delays.length === 0 ? null : delays.reduce((sum, delay) => sum + meanOf(delay), 0) / delays.length;
  const topCost = last?.overhead_ms?.mean ?? Number.POSITIVE_INFINITY;
  const isDelayLarge = meanDelayMs !== null && meanDelayMs >= MIN_DELAY_PER_COST * topCost;
  return {
    result,
    isQuorumSweep,
    followers: Math.max(result.cluster.followers, ...rows.map(followersOf)),
    rows,
    measured,
    ends,
    name: (named) => nameRows(parameter, named),
    trend,
    changeMs,
    noiseMs,
    expectedChangeMs,
    expectsRise,
    looksLikeWaitingForAll: isQuorumSweep && trend === 'flat' && expectsRise && isDelayLarge,
    exampleQuorum: rows[Math.floor((rows.length - 1) / 2)]?.quorum ?? 0,
    delays,
    meanDelayMs,
  };
}

/** Half of the interval's width; null with fewer than two successes. */
export function halfInterval(row: QuorumResult): number | null {
  return row.ci95_ms === null ? null : (row.ci95_ms[1] - row.ci95_ms[0]) / 2;
}

/** Rows whose interval has no room for the model's mean. */
export function modelOutside(measured: readonly MeasuredRow[]): MeasuredRow[] {
  return measured.filter(
    ({ model_ms, ci95_ms }) => model_ms !== null && ci95_ms !== null && (model_ms < ci95_ms[0] || model_ms > ci95_ms[1]),
  );
}

type Change = Pick<Facts, 'measured' | 'changeMs' | 'noiseMs' | 'expectedChangeMs' | 'expectsRise'>;

function quorumTrend({ measured, changeMs: change, noiseMs: noise, expectedChangeMs: expected, expectsRise }: Change): Trend {
  if (measured.length < 2) return measured.length === 0 ? 'none' : 'single';
  if (change < -noise) return 'falling';
  if (change > noise) return expectsRise && expected !== null && change < MIN_SHARE_OF_EXPECTED * expected ? 'flat' : 'rising';
  if (expected === null || noise === Number.POSITIVE_INFINITY) return 'undecided';
  return !expectsRise || expected > change + noise ? 'flat' : 'undecided';
}

function trendAcross({ measured, changeMs, noiseMs }: Change): Trend {
  if (measured.length < 2) return measured.length === 0 ? 'none' : 'single';
  if (Math.abs(changeMs) > noiseMs) return changeMs > 0 ? 'rising' : 'falling';
  return noiseMs === Number.POSITIVE_INFINITY ? 'undecided' : 'flat';
}

/** The two means are taken as independent, which is cautious: by the same seed both saw the same delays. */
function noiseOf(first: QuorumResult, last: QuorumResult): number {
  return Math.hypot(halfInterval(first) ?? Number.POSITIVE_INFINITY, halfInterval(last) ?? Number.POSITIVE_INFINITY);
}

function endsOf(measured: readonly MeasuredRow[]): Facts['ends'] {
  const hasOrder = measured.every((row) => typeof row.x === 'number');
  const ordered = hasOrder ? measured : measured.toSorted((a, b) => a.avg_latency_ms - b.avg_latency_ms);
  const [first, last] = [ordered[0], ordered.at(-1)];
  return first === undefined || last === undefined || first === last ? null : [first, last];
}

function expectedChange(first: MeasuredRow, last: MeasuredRow): number | null {
  return first.model_ms === null || last.model_ms === null ? null : last.model_ms - first.model_ms;
}

function followerDelays({ cluster }: BenchResult): readonly Distribution[] {
  const parsed = parseDelays(cluster.delay);
  if (!parsed.ok) return [];
  const ids = cluster.nodes.map((node) => node.id).filter((id) => id !== cluster.leader);
  return delaysOf(parsed.value, ids);
}
