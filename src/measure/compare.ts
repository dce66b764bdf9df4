/**
 * Two runs compared, row by row and figure by figure: better, worse, the same, or inconclusive.
 *
 * A change counts (better, worse) if its interval leaves out zero and it is itself as large as the least change that matters. It is none
 * (same) if its whole interval is smaller than that. All else is inconclusive: the runs cannot tell.
 * Why a least change: of 10,000 writes every difference is significant, and a tenth of a percent is nobody's concern.
 * Not here: reading runs, or what is done about a verdict (limits: compare-limit.ts).
 */
import { type Change, shareChange } from './change.ts';
import { type RowData, rowChanges } from './compare-figures.ts';
import type { ComparedFigure, ComparedRow, Comparison, FigureName, Verdict } from './compare-result.ts';
import type { RawData } from './recompute.ts';
import type { BenchResult } from './result.ts';
import type { StalePoint, StaleReads } from './run-result.ts';

/** What a comparison needs of one run. */
export interface RunData extends RawData {
  readonly sweeps: readonly BenchResult[];
  readonly stale: readonly StaleReads[];
}

export interface CompareOptions {
  /** Of the intervals, 0 to 1. */
  readonly confidence: number;
  /** Share of a figure. */
  readonly minChange: number;
}

/** Rows are matched by their names, which hold the step and the value: `all-up quorum=3`. */
export function compareRows(a: RunData, b: RunData, options: CompareOptions): readonly ComparedRow[] {
  return [
    ...matched(
      rowsOf(a),
      rowsOf(b),
      ({ row }) => row.row,
      (x, y) => compareRow(x, y, options),
    ),
    ...matched(
      pointsOf(a),
      pointsOf(b),
      ({ row }) => row,
      (x, y) => comparePoint(x, y, options),
    ),
  ];
}

/** How many figures of all rows got which verdict. */
export function totalsOf(rows: readonly ComparedRow[]): Comparison['totals'] {
  const totals: Record<Verdict, number> = { better: 0, worse: 0, same: 0, inconclusive: 0 };
  for (const { figures } of rows) for (const { verdict } of figures) totals[verdict] += 1;
  return totals;
}

function rowsOf({ sweeps, samples, trace }: RunData): readonly RowData[] {
  return sweeps
    .flatMap((sweep) => sweep.results)
    .map((row) => ({ row, samples: samples.get(row.row) ?? [], trace: trace.get(row.row) ?? [] }));
}

function pointsOf({ stale }: RunData): readonly StalePoint[] {
  return stale.flatMap((step) => step.points);
}

/** One row per name, in the order of a; then those of b alone. */
export function matched<T>(
  a: readonly T[],
  b: readonly T[],
  nameOf: (each: T) => string,
  compare: (x: T, y: T) => ComparedRow,
): ComparedRow[] {
  const others = new Map(b.map((each) => [nameOf(each), each]));
  const known = new Set(a.map(nameOf));
  const only = (present: 'a' | 'b', each: T): ComparedRow => ({ row: nameOf(each), present, is_paired: false, figures: [] });
  return [
    ...a.map((each) => {
      const other = others.get(nameOf(each));
      return other === undefined ? only('a', each) : compare(each, other);
    }),
    ...b.filter((each) => !known.has(nameOf(each))).map((each) => only('b', each)),
  ];
}

function compareRow(a: RowData, b: RowData, options: CompareOptions): ComparedRow {
  const { isPaired, changes } = rowChanges(a, b, options.confidence);
  return { row: a.row.row, present: 'both', is_paired: isPaired, figures: judged(changes, options) };
}

function comparePoint(a: StalePoint, b: StalePoint, options: CompareOptions): ComparedRow {
  const counted = ({ stale, reads }: StalePoint) => ({ hits: stale, trials: reads });
  const change = shareChange('stale_share', [counted(a), counted(b)], options.confidence, 'no read was answered');
  return { row: a.row, present: 'both', is_paired: false, figures: judged([change], options) };
}

/** Without figures that neither run has. */
export function judged(changes: readonly Change[], options: CompareOptions): readonly ComparedFigure[] {
  return changes.filter(({ a, b }) => a !== null || b !== null).map((change) => judge(change, options));
}

/** Of everything else less is better. */
const MORE_IS_BETTER: readonly FigureName[] = ['rate'];

function judge({ figure, unit, a, b, interval, reason }: Change, { minChange, confidence }: CompareOptions): ComparedFigure {
  const change = a === null || b === null ? null : b - a;
  const scale = unit === 'share' ? 100 : a !== null && a > 0 ? 100 / a : null;
  const bounds = change === null ? null : interval;
  const percents = {
    change_percent: change === null || scale === null ? null : change * scale,
    ci_percent: bounds === null || scale === null ? null : ([bounds[0] * scale, bounds[1] * scale] as const),
  };
  const verdict = verdictOf(figure, { a, change, bounds, least: unit === 'share' ? minChange : minChange * Math.abs(a ?? 0) });
  const why = change === null ? `only ${a === null ? 'b' : 'a'} has it` : (reason ?? whyOf(bounds, { minChange, confidence }));
  return { figure, unit, a, b, change, ci: bounds, ...percents, verdict, reason: verdict === 'inconclusive' ? why : null };
}

interface Bounded {
  readonly a: number | null;
  readonly change: number | null;
  readonly bounds: readonly [low: number, high: number] | null;
  /** The least change that matters, in the figure's unit. */
  readonly least: number;
}

function verdictOf(figure: FigureName, { a, change, bounds, least }: Bounded): Verdict {
  if (change === null || bounds === null) return 'inconclusive';
  const [low, high] = bounds;
  // None or all in both runs is no change, though so many requests could not rule a rare exception out.
  if (figure.endsWith('_share') && (a === 0 || a === 1) && change === 0) return 'same';
  if (low >= -least && high <= least) return 'same';
  const isSure = (low > 0 || high < 0) && Math.abs(change) >= least;
  if (!isSure) return 'inconclusive';
  return change > 0 === MORE_IS_BETTER.includes(figure) ? 'better' : 'worse';
}

function whyOf(bounds: Bounded['bounds'], { minChange, confidence }: CompareOptions): string {
  if (bounds === null) return 'its noise is not known';
  const isChange = bounds[0] > 0 || bounds[1] < 0;
  return isChange
    ? `a change, but perhaps one below ${Number((minChange * 100).toPrecision(3))} %`
    : `the ${Number((confidence * 100).toPrecision(4))} % interval holds both a change and none`;
}
