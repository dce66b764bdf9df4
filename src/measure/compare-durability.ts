/**
 * Two durability runs compared, quorum by quorum: the latency of the writes, and the shares of them that were lost, alone and safely.
 *
 * Latencies are taken trial by trial where both runs made the same trials under the same delays: seed and follower stand in each trial, and
 * the delays come from the seed. Shares are compared as independent all the same, which is cautious where they are not.
 * Why safely lost is a share of the promotions that took place: one that was refused lost nothing, but shows nothing either.
 * Not here: what is better (compare.ts).
 */
import { Prng } from '../lib/prng.ts';
import { type Change, type Latencies, latencyChanges, shareChange } from './change.ts';
import { type CompareOptions, judged, matched } from './compare.ts';
import type { ComparedRow } from './compare-result.ts';
import type { DurabilityRow, DurabilityTrial } from './durability.ts';
import type { DurabilityAbout, DurabilityResult } from './durability-result.ts';
import { summarise } from './statistics.ts';

/** What a comparison needs of one run. */
export interface DurabilityData {
  readonly result: DurabilityResult;
  readonly trials: readonly DurabilityTrial[];
}

/** A row with the trials that it was computed from, in the order of their plan. */
interface RowData {
  readonly row: DurabilityRow;
  readonly trials: readonly DurabilityTrial[];
  readonly cluster: DurabilityAbout['cluster'];
}

/** Bootstraps are seeded by row, so that the same two runs always compare alike. */
const SEED = 1;

export function compareDurability(a: DurabilityData, b: DurabilityData, options: CompareOptions): readonly ComparedRow[] {
  return matched(
    rowsOf(a),
    rowsOf(b),
    ({ row }) => nameOf(row),
    (x, y) => compareRow(x, y, options),
  );
}

function nameOf({ quorum }: DurabilityRow): string {
  return `quorum=${quorum}`;
}

function rowsOf({ result: { results, cluster }, trials }: DurabilityData): readonly RowData[] {
  return results.map((row) => ({ row, cluster, trials: trials.filter(({ quorum }) => quorum === row.quorum).sort(byPlan) }));
}

function byPlan(a: DurabilityTrial, b: DurabilityTrial): number {
  return a.trial - b.trial || (a.way < b.way ? -1 : 1);
}

function compareRow(a: RowData, b: RowData, options: CompareOptions): ComparedRow {
  const { confidence } = options;
  const isPaired = areTwins(a, b);
  const row = nameOf(a.row);
  const changes: Change[] = [
    ...lossChanges(a.row, b.row, confidence),
    ...latencyChanges(latenciesOf(a), latenciesOf(b), { isPaired, confidence, prng: new Prng(SEED).fork(row) }),
  ];
  return { row, present: 'both', is_paired: isPaired, figures: judged(changes, options) };
}

/** Whether each trial of one has its twin in the other: the same way, delays and follower. */
function areTwins(a: RowData, b: RowData): boolean {
  if (a.trials.length !== b.trials.length || a.trials.length < 2) return false;
  if (a.cluster.delay !== b.cluster.delay || a.cluster.followers !== b.cluster.followers) return false;
  return a.trials.every((trial, i) => {
    const twin = b.trials[i] as DurabilityTrial;
    return trial.way === twin.way && trial.seed === twin.seed && trial.promoted === twin.promoted;
  });
}

function lossChanges(a: DurabilityRow, b: DurabilityRow, confidence: number): Change[] {
  const alone = ({ alone: { lost, trials } }: DurabilityRow) => ({ hits: lost, trials });
  const safe = ({ safe: { lost, trials, refused } }: DurabilityRow) => ({ hits: lost, trials: trials - refused });
  return [
    shareChange('lost_alone_share', [alone(a), alone(b)], confidence, 'nobody was promoted alone'),
    shareChange('lost_safely_share', [safe(a), safe(b)], confidence, 'no safe promotion took place'),
  ];
}

function latenciesOf({ row, trials }: RowData): Latencies {
  const values = trials.map((trial) => trial.latency_ms);
  const found = summarise(values);
  return {
    values,
    mean: row.avg_latency_ms,
    percentiles: { 50: found?.median ?? null, 95: found?.p95 ?? null, 99: found?.p99 ?? null },
  };
}
