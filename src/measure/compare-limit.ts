/**
 * Limits of `--fail-on`: how much a figure may get worse before a comparison fails.
 *
 *   limit  = figure [ "{" row "}" ] (">" | "<") [ "+" | "-" ] number unit
 *   figure = mean | p(50) | p(95) | p(99) | rate | failed_share | overhead | replication | ..., as scenarios name them
 *   unit   = "%" of a's figure (of a share: percentage points), or the figure's own: "ms", "/s"
 *
 * `p(95)>+10%` fails where the 95th percentile rose by more than a tenth, in any row; `rate{quorum=3}<-5%` where the rate at quorum 3
 * fell by more than a twentieth. It fails only if the whole interval of the change is beyond the limit: noise never does.
 */
import { fail, ok, type Result } from '../lib/result.ts';
import { type ComparedFigure, type ComparedRow, FIGURES, type FigureName, type LimitResult } from './compare-result.ts';

export interface Limit {
  /** As it was written. */
  readonly text: string;
  readonly figure: FigureName;
  /** A row's name or its end; null: every row. */
  readonly row: string | null;
  readonly comparison: '<' | '>';
  readonly value: number;
  readonly unit: '%' | 'ms' | '/s';
}

const ALIASES: Readonly<Record<string, FigureName>> = {
  avg: 'mean',
  med: 'p(50)',
  median: 'p(50)',
  p50: 'p(50)',
  p95: 'p(95)',
  p99: 'p(99)',
  throughput: 'rate',
  failed: 'failed_share',
  failures: 'failed_share',
  reads_p95: 'reads_p(95)',
  reads_failed: 'reads_failed_share',
  stale: 'stale_share',
  lost_alone: 'lost_alone_share',
  lost_safely: 'lost_safely_share',
};
const PATTERN = /^\s*([a-z_0-9]+(?:\(\s*\d+\s*\))?)\s*(?:\{([^{}]*)\})?\s*([<>])\s*([+-]?)\s*(\d+(?:\.\d+)?)\s*(%|ms|\/s)\s*$/i;

export function parseLimit(text: string): Result<Limit> {
  const parts = PATTERN.exec(text);
  if (parts === null) return fail(`expected a limit like p(95)>+10%, rate{quorum=3}<-5% or mean>+20ms, got ${JSON.stringify(text)}`);
  const [, name = '', row, comparison, sign, size, unit] = parts;
  const figure = figureOf(name.replaceAll(/\s/g, '').toLowerCase());
  if (figure === null) return fail(`expected a figure among ${FIGURES.join(', ')}, got ${JSON.stringify(name)} in ${JSON.stringify(text)}`);
  const own = unitOf(figure);
  if (unit !== '%' && unit !== own) {
    const units = own === null ? '% (percentage points)' : `% or ${own}`;
    return fail(`expected ${units} as the unit of ${figure}, got ${unit} in ${JSON.stringify(text)}`);
  }
  const selected = row === undefined || row.trim() === '' ? null : row.trim();
  const value = Number(`${sign}${size}`);
  return ok({
    text: text.trim(),
    figure,
    row: selected,
    comparison: comparison as Limit['comparison'],
    value,
    unit: unit as Limit['unit'],
  });
}

function figureOf(name: string): FigureName | null {
  if (Object.hasOwn(ALIASES, name)) return ALIASES[name] ?? null;
  return FIGURES.find((figure) => figure === name) ?? null;
}

/** Besides percent; a share has none. */
function unitOf(figure: FigureName): 'ms' | '/s' | null {
  if (figure === 'rate') return '/s';
  return figure.endsWith('_share') ? null : 'ms';
}

/** One result per row that the limit speaks of and that has the figure in one of the runs; empty: it speaks of nothing. */
export function judgeLimit(limit: Limit, rows: readonly ComparedRow[]): readonly LimitResult[] {
  const { row: selected } = limit;
  const spoken = rows.filter(({ row }) => selected === null || row === selected || row.endsWith(` ${selected}`));
  return spoken.flatMap((row): LimitResult[] => {
    const found = { limit: limit.text, row: row.row, figure: limit.figure };
    if (row.present !== 'both') {
      const reason = `only ${row.present} has the row`;
      return selected === null ? [] : [{ ...found, change: null, ci: null, verdict: 'undecided', reason }];
    }
    const figure = row.figures.find((each) => each.figure === limit.figure);
    return figure === undefined ? [] : [{ ...found, ...judgeFigure(limit, figure) }];
  });
}

function judgeFigure(
  { unit, comparison, value }: Limit,
  figure: ComparedFigure,
): Pick<LimitResult, 'change' | 'ci' | 'verdict' | 'reason'> {
  const [change, ci] = unit === '%' ? [figure.change_percent, figure.ci_percent] : [figure.change, figure.ci];
  // A gate that lets a run through in which nothing worked would be no gate.
  if (figure.a !== null && figure.b === null)
    return { change, ci, verdict: 'failed', reason: 'b has no such figure, because nothing succeeded' };
  if (ci === null || change === null) return { change, ci, verdict: 'undecided', reason: figure.reason ?? 'its noise is not known' };
  const [low, high] = ci;
  if (comparison === '>' ? low > value : high < value)
    return { change, ci, verdict: 'failed', reason: 'the whole interval is beyond the limit' };
  if (comparison === '>' ? high <= value : low >= value) return { change, ci, verdict: 'ok', reason: null };
  return { change, ci, verdict: 'undecided', reason: 'the limit is within the interval' };
}
