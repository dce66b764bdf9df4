/** What a durability run says in words: a sentence of explanation, the finding that titles its picture, and its method. */
import type { DurabilityRow, LossRow } from '../../measure/durability.ts';
import type { DurabilityResult } from '../../measure/durability-result.ts';
import { count, ms, percent } from '../wording.ts';

/** By quorum, whatever the order in which they ran, those with trials of both kinds of figure. */
export function measuredRows({ results }: DurabilityResult): readonly MeasuredRow[] {
  return results.filter((row): row is MeasuredRow => row.avg_latency_ms !== null).toSorted((a, b) => a.quorum - b.quorum);
}

export type MeasuredRow = DurabilityRow & { readonly avg_latency_ms: number };

/** `16/20 = 80 % (58 to 92)`; `-` without trials. */
export function lossText({ lost, trials, share, ci95 }: LossRow): string {
  if (share === null) return '-';
  const interval = ci95 === null ? '' : ` (${Math.round(ci95[0] * 100)} to ${Math.round(ci95[1] * 100)})`;
  return `${lost}/${trials} = ${percent(share)}${interval}`;
}

/** What the picture is titled: at most some 80 characters. */
export function durabilityFinding(result: DurabilityResult): string {
  const rows = measuredRows(result);
  const [first, last] = [rows[0], rows.at(-1)];
  if (first === undefined || last === undefined) return 'No write was acknowledged';
  const lost = rows.reduce((sum, { safe }) => sum + safe.lost, 0);
  if (lost > 0) return `A safe promotion lost ${count(lost, 'acknowledged write')}`;
  const begin = `Promoted alone, a follower lost ${percent(first.alone.share ?? 0)} of the writes at quorum ${first.quorum}`;
  return first === last ? begin : `${begin}, ${percent(last.alone.share ?? 0)} at quorum ${last.quorum}`;
}

/** One sentence, or two where a quorum of 0 asks for it. */
export function durabilitySentence(result: DurabilityResult): string {
  const rows = measuredRows(result);
  const [first, last] = [rows[0], rows.at(-1)];
  if (first === undefined || last === undefined) return 'No write was acknowledged, so nothing could be lost.';
  const { followers } = result.cluster;
  const alone =
    first === last
      ? `at quorum ${first.quorum} it lost ${percent(first.alone.share ?? 0)} of the acknowledged writes (expected ${percent(first.alone.expected)})`
      : `from quorum ${first.quorum} to ${last.quorum} its loss went from ${percent(first.alone.share ?? 0)} to ${percent(last.alone.share ?? 0)} of the acknowledged writes (expected ${percent(first.alone.expected)} to ${percent(last.alone.expected)}), for ${ms(last.avg_latency_ms - first.avg_latency_ms)} more latency per write`;
  const safeTrials = rows.reduce((sum, { safe }) => sum + safe.trials - safe.refused, 0);
  const safeLost = rows.reduce((sum, { safe }) => sum + safe.lost, 0);
  const safely = safeTrials === 0 ? '' : `; the safe promotion, which asks the others first, lost ${safeLost} of ${safeTrials}`;
  const refused = rows.some(({ safe }) => safe.refused > 0)
    ? ' With quorum 0 only the leader need hold a write, so the safe promotion was refused, and the leader had the write when it was back.'
    : '';
  return `A follower that is promoted alone has a write only if it is among the k of N = ${followers} that acknowledged it: ${alone}${safely}.${refused}`;
}

/** How it was measured, for the page and the summary. */
export const DURABILITY_METHOD: readonly { readonly term: string; readonly text: string }[] = [
  {
    term: 'trial',
    text: 'One write with the quorum. The leader kills itself (SIGKILL) as soon as its answer is with the socket, before anything else can leave it. Then a follower drawn at random is promoted and asked for the write; the old leader comes back as follower and is promoted back.',
  },
  { term: 'alone', text: 'Promoted by force, with its own data only (--force --gather none). Expected: (N − k)/N of the writes are lost.' },
  {
    term: 'safely',
    text: 'Promoted the usual way: it gathers what the other followers hold. Expected: nothing is lost for k ≥ 1. With k = 0 it is refused, because the leader alone need hold the write.',
  },
  {
    term: 'interval',
    text: '95 %, by Wilson for shares and Student for means. In one row of twenty the expected share lies outside by chance alone.',
  },
  {
    term: 'same chance',
    text: 'Of each trial alone there is one safely, with the same delays and the same follower. All else is independent.',
  },
  {
    term: 'held by',
    text: 'Followers that had the write once the leader was dead. More than k means that records had left for others before the answer.',
  },
];
