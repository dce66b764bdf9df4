/**
 * Whether a figure should be believed, and if not, why and what to do about it.
 *
 * Three grades, not to be mixed (SPEC 9): a *mean* that cannot be trusted makes its row inconclusive; a percentile of too
 * few values is marked in its cell; overlapping intervals are a sentence about two rows.
 */
import { formatMs, type Ms } from '../lib/units.ts';
import type { QuorumResult } from './result.ts';

/** Below this ratio of delay to cost, a row measures the software and the machine more than the quorum. */
const MIN_DELAY_PER_COST = 5;
/** Above this utilisation requests queue for the event loop, and latency grows with load instead of quorum. */
const MAX_BUSY = 0.8;

interface RowConditions {
  readonly successes: number;
  /** Mean of the followers' delays; null without followers. */
  readonly meanDelayMs: Ms | null;
  /** Mean overhead of the row; null if unknown. */
  readonly costMs: Ms | null;
  readonly generatorBusy: number;
  readonly leaderBusy: number | null;
}

/** `inconclusive` exactly if there are reasons; each is one sentence that says what was seen and what to change. */
export function judgeRow(row: RowConditions): Pick<QuorumResult, 'verdict' | 'reasons'> {
  const reasons = [noSuccess(row), smallDelay(row), busyGenerator(row), busyLeader(row)].filter((reason) => reason !== null);
  return { verdict: reasons.length === 0 ? 'ok' : 'inconclusive', reasons };
}

/** A percentile by counting: its field, p, and of how many values. */
interface PercentileCell {
  readonly field: string;
  readonly p: number;
  readonly n: number;
}

/**
 * Fields whose percentile has less than one value expected above it (p99 of fewer than 100, p95 of fewer than 20): such a
 * percentile is the maximum under another name.
 */
export function thinFields(cells: readonly PercentileCell[]): string[] {
  return cells.filter(({ n, p }) => n > 0 && n * (100 - p) < 100).map(({ field }) => field);
}

/**
 * Neighbouring quorums whose intervals of the mean overlap. Cautious: all rows see the same delays, so that a comparison
 * write by write would tell more of them apart.
 */
export function overlappingQuorums(rows: readonly Pick<QuorumResult, 'quorum' | 'ci95_ms'>[]): (readonly [number, number])[] {
  const known = rows.flatMap(({ quorum, ci95_ms }) => (ci95_ms === null ? [] : [{ quorum, ci95_ms }]));
  known.sort((a, b) => a.quorum - b.quorum);
  return known.flatMap((row, i) => {
    const next = known[i + 1];
    if (next === undefined || row.ci95_ms[1] < next.ci95_ms[0] || next.ci95_ms[1] < row.ci95_ms[0]) return [];
    return [[row.quorum, next.quorum] as const];
  });
}

function noSuccess({ successes }: RowConditions): string | null {
  return successes > 0 ? null : 'No write succeeded, so there is no latency to speak of.';
}

function smallDelay({ meanDelayMs, costMs }: RowConditions): string | null {
  if (meanDelayMs === null || costMs === null || meanDelayMs >= MIN_DELAY_PER_COST * costMs) return null;
  return (
    `The delays (${formatMs(meanDelayMs)} on average) are below ${MIN_DELAY_PER_COST} times what a request itself costs here ` +
    `(${formatMs(costMs)}), so the row tells more about this machine than about the quorum: raise --delay or lower --concurrency.`
  );
}

function busyGenerator({ generatorBusy }: RowConditions): string | null {
  if (generatorBusy <= MAX_BUSY) return null;
  return `The load generator was busy ${percent(generatorBusy)} of the time (limit ${percent(MAX_BUSY)}) and measured itself: lower --concurrency or --rate.`;
}

function busyLeader({ leaderBusy }: RowConditions): string | null {
  if (leaderBusy === null || leaderBusy <= MAX_BUSY) return null;
  return `The leader was busy ${percent(leaderBusy)} of the time (limit ${percent(MAX_BUSY)}), so writes queued for it: lower --concurrency or --rate.`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}
