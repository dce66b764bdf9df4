/**
 * The document of a comparison of two runs: what `kvctl compare -o json` prints, and what its tables are made of. Data only,
 * JSON-safe. `a` is the run that is compared against, `b` the one that is judged. Changes are b minus a.
 */

export interface Comparison {
  readonly schema_version: 1;
  readonly a: ComparedSide;
  readonly b: ComparedSide;
  /** Of every interval, e.g. 0.95. */
  readonly confidence: number;
  /** Share of a's figure (of a share: that many points) below which a change does not matter, e.g. 0.01. */
  readonly min_change: number;
  /** What differs between the runs besides their figures, and what limits the belief in them, in sentences. */
  readonly warnings: readonly string[];
  /** In the order of a, then what only b has. */
  readonly rows: readonly ComparedRow[];
  readonly totals: Readonly<Record<Verdict, number>>;
  readonly limits: readonly LimitResult[];
}

export interface ComparedSide {
  /** The run folder. */
  readonly run: string;
  readonly started_at: string;
  /** Of the scenario; null for a benchmark, with load or of durability. */
  readonly scenario: string | null;
  readonly seed: number;
}

export interface ComparedRow {
  /** QuorumResult.row, StalePoint.row, or `quorum=3` of a durability run. */
  readonly row: string;
  /** Which of the runs have it; only rows of both have figures. */
  readonly present: 'both' | 'a' | 'b';
  /** Both runs drew the same delays for the same writes, so that changes are taken write by write. */
  readonly is_paired: boolean;
  readonly figures: readonly ComparedFigure[];
}

export const FIGURES = [
  'mean',
  'p(50)',
  'p(95)',
  'p(99)',
  'rate',
  'failed_share',
  'overhead',
  'replication',
  'reads_mean',
  'reads_p(95)',
  'reads_failed_share',
  'stale_share',
  'lost_alone_share',
  'lost_safely_share',
] as const;
export type FigureName = (typeof FIGURES)[number];

/** `share` is 0 to 1. */
export type Unit = 'ms' | '/s' | 'share';

export type Verdict = 'better' | 'worse' | 'same' | 'inconclusive';

export interface ComparedFigure {
  readonly figure: FigureName;
  readonly unit: Unit;
  /** null: that run has no such figure. */
  readonly a: number | null;
  readonly b: number | null;
  /** In the unit; null where one of them is missing. */
  readonly change: number | null;
  /** Interval of the change, in the unit; null where the data cannot bound it. */
  readonly ci: readonly [low: number, high: number] | null;
  /** The same in percent of a, of a share in percentage points; null where a is no positive number. */
  readonly change_percent: number | null;
  readonly ci_percent: readonly [low: number, high: number] | null;
  readonly verdict: Verdict;
  /** Of an inconclusive one: why, in words; null otherwise. */
  readonly reason: string | null;
}

export interface LimitResult {
  /** As it was written: `p(95){quorum=3}>+10%`. */
  readonly limit: string;
  readonly row: string;
  readonly figure: FigureName;
  /** In the limit's own unit; null where there is none. */
  readonly change: number | null;
  readonly ci: readonly [low: number, high: number] | null;
  /** `failed`: the whole interval is beyond the limit. `undecided`: the limit is within it, or there is none. */
  readonly verdict: 'ok' | 'failed' | 'undecided';
  /** Of one that is not ok: why, in words. */
  readonly reason: string | null;
}
