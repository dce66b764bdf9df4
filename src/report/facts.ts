/**
 * What a benchmark's figures say, decided once: charts, headings and sentences all take their words from here, so that no
 * picture's title contradicts the text beside it.
 *
 * Not here: words (explain/, charts/), or any figure that measure did not give.
 * Invariant: "rising" and "falling" are claimed only beyond the noise of the two means compared.
 */
import { parseDelays } from '../lib/delay-plan.ts';
import { type Distribution, meanOf } from '../lib/distribution.ts';
import type { BenchResult, QuorumResult } from '../measure/result.ts';

/** A row with at least one success. */
export type MeasuredRow = QuorumResult & { readonly avg_latency_ms: number };

/**
 * How the mean goes from the lowest quorum measured to the highest.
 * `flat`: it does not change, though this run would have shown the change that the delays predict, or none is predicted.
 * `undecided`: the noise is larger than what there is to see.
 */
export type Trend = 'none' | 'single' | 'rising' | 'flat' | 'falling' | 'undecided';

export interface Facts {
  readonly result: BenchResult;
  /** N. */
  readonly followers: number;
  /** Ascending by quorum, failed rows too. */
  readonly rows: readonly QuorumResult[];
  readonly measured: readonly MeasuredRow[];
  readonly trend: Trend;
  /** Mean at the highest quorum minus mean at the lowest; 0 with fewer than two. */
  readonly changeMs: number;
  /** The same of the model; null if it does not apply (simulated loss). */
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
  const rows = [...result.results].sort((a, b) => a.quorum - b.quorum);
  const measured = rows.filter((row): row is MeasuredRow => row.avg_latency_ms !== null);
  const first = measured[0];
  const last = measured.at(-1);
  const delays = delaysOf(result);
  const changeMs = first === undefined || last === undefined ? 0 : last.avg_latency_ms - first.avg_latency_ms;
  const expectedChangeMs = expectedChange(first, last);
  const expectsRise = expectedChangeMs !== null && expectedChangeMs > SAME_MODEL * (last?.model_ms ?? 0);
  const trend = trendOf(measured, changeMs, expectedChangeMs, expectsRise);
  const meanDelayMs = delays.length === 0 ? null : delays.reduce((sum, delay) => sum + meanOf(delay), 0) / delays.length;
  const topCost = last?.overhead_ms?.mean ?? Number.POSITIVE_INFINITY;
  return {
    result,
    followers: result.cluster.followers,
    rows,
    measured,
    trend,
    changeMs,
    expectedChangeMs,
    expectsRise,
    looksLikeWaitingForAll: trend === 'flat' && expectsRise && meanDelayMs !== null && meanDelayMs >= MIN_DELAY_PER_COST * topCost,
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

function trendOf(measured: readonly MeasuredRow[], change: number, expected: number | null, expectsRise: boolean): Trend {
  const first = measured[0];
  const last = measured.at(-1);
  if (first === undefined || last === undefined) return 'none';
  if (first.quorum === last.quorum) return 'single';
  const noise = Math.hypot(halfInterval(first) ?? Number.POSITIVE_INFINITY, halfInterval(last) ?? Number.POSITIVE_INFINITY);
  if (change < -noise) return 'falling';
  if (change > noise) return expectsRise && expected !== null && change < MIN_SHARE_OF_EXPECTED * expected ? 'flat' : 'rising';
  if (expected === null || noise === Number.POSITIVE_INFINITY) return 'undecided';
  return !expectsRise || expected > change + noise ? 'flat' : 'undecided';
}

function expectedChange(first: MeasuredRow | undefined, last: MeasuredRow | undefined): number | null {
  const from = first?.model_ms ?? null;
  const to = last?.model_ms ?? null;
  return from === null || to === null ? null : to - from;
}

function delaysOf({ cluster }: BenchResult): Distribution[] {
  const parsed = parseDelays(cluster.delay);
  if (!parsed.ok) return [];
  const { all, perNode } = parsed.value;
  const ids = cluster.nodes.map((node) => node.id).filter((id) => id !== cluster.leader);
  return ids.map((id) => perNode.get(id) ?? all).filter((delay) => delay !== null);
}
