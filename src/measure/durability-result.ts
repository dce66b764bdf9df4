/**
 * The document of a durability run: its rows, and what they amount to. Pure: of a run that was kept it is made again from the trials, by
 * this version of the program.
 *
 * Not here: how a row is computed from its trials (durability.ts).
 */
import { delaysOf, parseDelays } from '../lib/delay-plan.ts';
import type { Distribution } from '../lib/distribution.ts';
import { type DurabilityRow, type DurabilityTrial, durabilityRow } from './durability.ts';

/** What was asked for. */
export interface DurabilityAbout {
  readonly seed: number;
  /** Per quorum and way. */
  readonly trials: number;
  readonly cluster: { readonly followers: number; readonly store: string; readonly delay: string };
}

/** The document of -o json and of durability.json. */
export interface DurabilityResult extends DurabilityAbout {
  readonly verdict: 'ok' | 'inconclusive' | 'violation' | 'failed' | 'interrupted';
  readonly why: string;
  /** In the order in which they ran. */
  readonly results: readonly DurabilityRow[];
  /** The picture; null if none was painted. */
  readonly plot: string | null;
}

/** How the trials ended. */
export interface DurabilityEnding {
  readonly isInterrupted: boolean;
  /** What ended them early; null: nothing, or the user. */
  readonly error: { readonly message: string } | null;
}

/** Without a picture yet. */
export function durabilityResult(
  { seed, trials, cluster }: DurabilityAbout,
  made: readonly DurabilityTrial[],
  ending: DurabilityEnding,
): DurabilityResult {
  const results = rowsOf(made, cluster);
  return { ...concludeDurability(results, ending), seed, trials, cluster, results, plot: null };
}

/** Every row from its trials; one whose trials were not kept stays as it was. */
export function recomputeDurability(kept: DurabilityResult, made: readonly DurabilityTrial[], ending: DurabilityEnding): DurabilityResult {
  const rows = new Map([...kept.results, ...rowsOf(made, kept.cluster)].map((row) => [row.quorum, row]));
  const results = [...rows.values()];
  return { ...kept, ...concludeDurability(results, ending), results };
}

/** None where there is no model: the delays do not belong to these followers, which only an edited folder can say. */
function rowsOf(made: readonly DurabilityTrial[], cluster: DurabilityAbout['cluster']): DurabilityRow[] {
  const delays = followerDelays(cluster);
  if (delays.length < cluster.followers) return [];
  const groups = Map.groupBy(made, ({ quorum }) => quorum);
  return [...groups].filter(([quorum]) => quorum <= delays.length).map(([quorum, trials]) => durabilityRow(quorum, trials, delays));
}

/** n1 leads every trial, so the followers are the others. */
function followerDelays({ followers, delay }: DurabilityAbout['cluster']): readonly Distribution[] {
  const ids = Array.from({ length: followers }, (_, i) => `n${i + 2}`);
  const parsed = parseDelays(delay);
  return parsed.ok ? delaysOf(parsed.value, ids) : [];
}

/** A lie outweighs everything; what ended the run comes before what its rows are worth. */
export function concludeDurability(
  rows: readonly DurabilityRow[],
  { isInterrupted, error }: DurabilityEnding,
): Pick<DurabilityResult, 'verdict' | 'why'> {
  const of = (verdict: DurabilityRow['verdict']) => rows.filter((row) => row.verdict === verdict).flatMap(({ reasons }) => reasons);
  const lies = of('violation');
  if (lies.length > 0) return { verdict: 'violation', why: `${lies[0]}${lies.length > 1 ? `, and ${lies.length - 1} more` : ''}` };
  if (isInterrupted) return { verdict: 'interrupted', why: 'interrupted before all trials were made' };
  if (error !== null) return { verdict: 'failed', why: error.message };
  const [doubt] = of('inconclusive');
  if (doubt !== undefined) return { verdict: 'inconclusive', why: doubt };
  const safe = rows.reduce((sum, row) => sum + row.safe.trials - row.safe.refused, 0);
  const outside = rows.filter((row) => row.alone.is_expected === false).map(({ quorum }) => quorum);
  const within =
    outside.length === 0
      ? 'the 95 % interval of every quorum holds the expected (N − k)/N'
      : `the expected (N − k)/N lies outside the 95 % interval at quorum ${outside.join(', ')}, as it does in one row of twenty by chance`;
  return { verdict: 'ok', why: `none of ${safe} safe promotions lost an acknowledged write; alone, ${within}` };
}
