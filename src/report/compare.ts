/** A comparison of two runs as tables and sentences. What is better, measure/compare decides. */
import type { ComparedFigure, ComparedRow, Comparison, FigureName, LimitResult, Unit } from '../measure/compare-result.ts';
import { type Source, type Table, tableOf } from './columns.ts';
import type { FlatRow } from './csv.ts';
import { capitalised, count, decimalsFor, list } from './wording.ts';

/** What people call them; `-o json` and limits have the short names. */
const NAMES: Readonly<Record<FigureName, string>> = {
  mean: 'mean',
  'p(50)': 'p50',
  'p(95)': 'p95',
  'p(99)': 'p99',
  rate: 'writes',
  failed_share: 'failed',
  overhead: 'overhead',
  replication: 'replication',
  reads_mean: 'reads: mean',
  'reads_p(95)': 'reads: p95',
  reads_failed_share: 'reads: failed',
  stale_share: 'stale reads',
  lost_alone_share: 'lost alone',
  lost_safely_share: 'lost safely',
};
const UNITS: Readonly<Record<Unit, string>> = { ms: 'ms', '/s': '/s', share: '%' };
/** Of so many figures one verdict by chance is to be expected, and said. */
const MANY = 20;

interface Line extends ComparedFigure {
  readonly row: string;
}

/** One line per figure of every row that both runs have. */
export function comparisonTable({ rows, confidence }: Comparison): Table {
  const lines = rows.flatMap(({ row, figures }): Line[] => figures.map((figure) => ({ ...figure, row })));
  const columns: readonly Source<Line>[] = [
    { heading: 'row', unit: '', isNumber: false, rank: 0, value: (line) => line.row },
    { heading: 'figure', unit: '', isNumber: false, rank: 0, value: (line) => `${NAMES[line.figure]} ${UNITS[line.unit]}` },
    { heading: 'a', unit: '', isNumber: true, rank: 1, value: (line) => valueText(line, line.a) },
    { heading: 'b', unit: '', isNumber: true, rank: 1, value: (line) => valueText(line, line.b) },
    { heading: 'change', unit: '', isNumber: true, rank: 3, value: (line) => changeText(line, line.change) },
    { heading: 'change', unit: '%', isNumber: true, rank: 0, value: (line) => percentText(line, line.change_percent) },
    { heading: `${Number((confidence * 100).toPrecision(4))} % interval`, unit: '', isNumber: true, rank: 0, value: intervalText },
    { heading: 'verdict', unit: '', isNumber: false, rank: 0, value: (line) => line.verdict },
    { heading: 'why not sure', unit: '', isNumber: false, rank: 4, value: (line) => line.reason },
  ];
  return tableOf(columns, lines, notesOf(rows));
}

/** Null without limits. */
export function limitsTable({ limits }: Comparison): Table | null {
  if (limits.length === 0) return null;
  const columns: readonly Source<LimitResult>[] = [
    { heading: 'limit', unit: '', isNumber: false, rank: 0, value: (each) => each.limit },
    { heading: 'row', unit: '', isNumber: false, rank: 0, value: (each) => each.row },
    { heading: 'change', unit: '', isNumber: true, rank: 0, value: (each) => (each.change === null ? null : limitText(each, each.change)) },
    {
      heading: 'interval',
      unit: '',
      isNumber: true,
      rank: 0,
      value: (each) => (each.ci === null ? null : `${limitText(each, each.ci[0])} to ${limitText(each, each.ci[1])}`),
    },
    { heading: 'verdict', unit: '', isNumber: false, rank: 0, value: (each) => each.verdict },
    { heading: 'why', unit: '', isNumber: false, rank: 1, value: (each) => each.reason },
  ];
  return tableOf(columns, limits);
}

/** The whole in one sentence, then what it rests on. */
export function explainComparison({ rows, totals, min_change }: Comparison): readonly string[] {
  const compared = rows.filter((row) => row.present === 'both');
  const figures = compared.reduce((sum, row) => sum + row.figures.length, 0);
  if (figures === 0) return ['The two runs have no row in common, so there is nothing to compare.'];
  const parts = [
    ...(totals.better > 0 ? [`better in ${count(totals.better, 'figure')}`] : []),
    ...(totals.worse > 0 ? [`worse in ${count(totals.worse, 'figure')}`] : []),
    ...(totals.same > 0 ? [`the same in ${totals.same}`] : []),
    ...(totals.inconclusive > 0 ? [`inconclusive in ${totals.inconclusive}`] : []),
  ];
  const paired = compared.filter((row) => row.is_paired).length;
  const percent = Number((min_change * 100).toPrecision(3));
  return [
    `B against a: ${list(parts)}.`,
    ...(paired === 0
      ? []
      : [
          `${capitalised(paired === compared.length ? 'all rows' : `${paired} of ${count(compared.length, 'row')}`)} drew the same delays in both runs and are compared write by write.`,
        ]),
    ...(percent === 0 ? [] : [`Changes below ${percent} % do not count.`]),
    ...(totals.better + totals.worse > 0 && figures >= MANY
      ? [
          'An interval misses the truth now and then, and a busier machine is a difference too: what matters should be there in a second pair of runs.',
        ]
      : []),
  ];
}

/** One flat object per figure, in full precision. */
export function comparisonRows({ rows }: Comparison): readonly FlatRow[] {
  return rows.flatMap(({ row, present, is_paired, figures }): FlatRow[] => {
    if (figures.length === 0) return [{ row, present }];
    return figures.map(({ ci, ci_percent, ...figure }) => ({
      row,
      present,
      is_paired: is_paired ? 1 : 0,
      ...figure,
      ci_low: ci?.[0] ?? null,
      ci_high: ci?.[1] ?? null,
      ci_low_percent: ci_percent?.[0] ?? null,
      ci_high_percent: ci_percent?.[1] ?? null,
    }));
  });
}

function notesOf(rows: readonly ComparedRow[]): string[] {
  return (['a', 'b'] as const).flatMap((side) => {
    const only = rows.filter((row) => row.present === side).map(({ row }) => row);
    return only.length === 0 ? [] : [`only ${side} has: ${only.join(', ')}`];
  });
}

/** The decimals of the larger of the two, so that they can be compared by eye; shares are percentages. */
function valueText({ a, b, unit }: Line, value: number | null): string | null {
  if (value === null) return null;
  if (value === 0) return '0';
  const scale = unit === 'share' ? 100 : 1;
  return (value * scale).toFixed(decimalsFor(Math.max(Math.abs(a ?? 0), Math.abs(b ?? 0)) * scale));
}

function changeText({ unit }: Line, change: number | null): string | null {
  return change === null ? null : signed(unit === 'share' ? change * 100 : change);
}

/** Of a share the percentage points are its change already. */
function percentText({ unit }: Line, percent: number | null): string | null {
  return percent === null ? null : `${signed(percent)}${unit === 'share' ? ' pp' : ''}`;
}

function intervalText(line: Line): string | null {
  return line.ci_percent === null ? null : `${signed(line.ci_percent[0])} to ${signed(line.ci_percent[1])}`;
}

function limitText({ limit }: LimitResult, value: number): string {
  return `${signed(value)}${/(%|ms|\/s)\s*$/.exec(limit)?.[1] === '%' ? ' %' : ''}`;
}

/** Two significant digits are as many as an interval deserves; none that rounds away gets a sign. */
function signed(value: number): string {
  const text = Math.abs(value) >= 10 ? value.toFixed(0) : Math.abs(value) >= 1 ? value.toFixed(1) : value.toFixed(2);
  return Number(text) > 0 ? `+${text}` : text.replace('-', Number(text) === 0 ? '' : '−');
}
