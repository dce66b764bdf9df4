/**
 * Tables as data: headings, units and cells that are text already. The command line, Markdown and the page lay the same tables
 * out, each in its own way. Which tables there are: table.ts, and run/tables.ts for scenarios.
 *
 * Invariant: all cells of a column of milliseconds have the same number of decimals, so that their points stand below each other.
 */
import { decimalsFor } from './wording.ts';

export interface Table {
  readonly columns: readonly TableColumn[];
  /** As many cells as columns; `-` where there is no figure. */
  readonly rows: readonly (readonly string[])[];
  /** Lines below the table: what its marks mean, and why a row should not be believed. */
  readonly notes: readonly string[];
}

export interface TableColumn {
  readonly heading: string;
  /** `ms`, `/s`, or empty. */
  readonly unit: string;
  /** Set to the right. */
  readonly isNumber: boolean;
  /** Columns of a higher rank leave first where a table must be narrower; 0 never leaves. */
  readonly rank: number;
}

/** Stands after a percentile of too few values. */
export const THIN_MARK = '*';
const NOTHING = '-';

/** A column with where its cells come from. */
export interface Source<Row> extends TableColumn {
  readonly value: (row: Row) => number | string | null;
  /** Name in QuorumResult.thin. */
  readonly field?: string;
}

/** A row per row; `isThin` marks cells of fields that rest on too few values. */
export function tableOf<Row>(
  columns: readonly Source<Row>[],
  rows: readonly Row[],
  notes: readonly string[] = [],
  isThin: (row: Row, field: string) => boolean = () => false,
): Table {
  return { columns: columns.map(columnOf), rows: cellsOf(columns, rows, isThin), notes };
}

/** Heading and unit as one text. */
export function headingOf({ heading, unit }: TableColumn): string {
  return unit === '' ? heading : `${heading} ${unit}`;
}

/**
 * The table without the columns that a width has no room for, the least important gone first. `gap` is what a column takes
 * besides its text, in characters. Columns of rank 0 stay, room or not.
 */
export function fitTable(table: Table, width: number, gap: number): Table {
  const widths = widthsOf(table, gap);
  const kept = table.columns.map((_, i) => i);
  const total = () => kept.reduce((sum, i) => sum + (widths[i] as number), 0);
  while (total() > width) {
    const rank = Math.max(...kept.map((i) => (table.columns[i] as TableColumn).rank));
    if (rank === 0) break;
    kept.splice(
      kept.findLastIndex((i) => (table.columns[i] as TableColumn).rank === rank),
      1,
    );
  }
  return pick(table, kept);
}

/**
 * The table in parts that fit the width, in the order of its columns and each with the first column in front; `gap` as in fitTable.
 * Notes stand below the last.
 */
export function splitTable(table: Table, width: number, gap: number): readonly Table[] {
  const widths = widthsOf(table, gap);
  const groups: number[][] = [];
  let used = Number.POSITIVE_INFINITY;
  for (let i = 1; i < table.columns.length; i++) {
    if (used + (widths[i] as number) > width) {
      groups.push([0]);
      used = widths[0] as number;
    }
    groups.at(-1)?.push(i);
    used += widths[i] as number;
  }
  if (groups.length === 0) groups.push([0]);
  return groups.map((kept, i) => ({ ...pick(table, kept), notes: i === groups.length - 1 ? table.notes : [] }));
}

function widthsOf({ columns, rows }: Table, gap: number): number[] {
  return columns.map((column, i) => Math.max(headingOf(column).length, ...rows.map((row) => (row[i] as string).length)) + gap);
}

function pick(table: Table, kept: readonly number[]): Table {
  return {
    columns: kept.map((i) => table.columns[i] as TableColumn),
    rows: table.rows.map((row) => kept.map((i) => row[i] as string)),
    notes: table.notes,
  };
}

function columnOf({ heading, unit, isNumber, rank }: TableColumn): TableColumn {
  return { heading, unit, isNumber, rank };
}

function cellsOf<Row>(columns: readonly Source<Row>[], rows: readonly Row[], isThin: (row: Row, field: string) => boolean): string[][] {
  const decimals = columns.map(({ value }) =>
    decimalsFor(Math.max(0, ...rows.map(value).map((cell) => (typeof cell === 'number' ? Math.abs(cell) : 0)))),
  );
  return rows.map((row) =>
    columns.map(({ value, field }, i) => {
      const cell = value(row);
      if (cell === null) return NOTHING;
      const text = typeof cell === 'string' ? cell : cell.toFixed(decimals[i]);
      return field !== undefined && isThin(row, field) ? `${text}${THIN_MARK}` : text;
    }),
  );
}
