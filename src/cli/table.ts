/**
 * Tables for people: boxes on a terminal (cli-table3), aligned columns elsewhere, so that a piped table can be cut and
 * grepped. Long and wide ones are columns everywhere: boxes of cli-table3 take time in the square of the rows (10,000: 5 s).
 */
import Table from 'cli-table3';
import { displayWidth, visible } from '../lib/text.ts';
import type { Paint } from './color.ts';

/** A heading; `>` before it sets the column to the right, as numbers want it. */
export type Column = string;
export type Cell = string | number | boolean | null | undefined;

interface TableStyle {
  /** Columns that a box may take, 0 for none: one that the terminal must wrap is unreadable. */
  readonly boxWidth: number;
  readonly paint: Paint;
}

const MOST_BOXED = 300;

/** The table without a line feed at its end. null is shown as `-`. Colours are allowed in cells, other control characters shown. */
export function renderTable(columns: readonly Column[], rows: readonly (readonly Cell[])[], style: TableStyle): string {
  const head = columns.map((column) => style.paint('bold', column.replace(/^>/, '')));
  const isRight = columns.map((column) => column.startsWith('>'));
  const body = rows.map((row) => row.map(cellText));
  const boxed = style.boxWidth > 0 && rows.length <= MOST_BOXED ? box(head, body, isRight) : null;
  const fits = boxed !== null && displayWidth(boxed.slice(0, boxed.indexOf('\n'))) <= style.boxWidth;
  return fits ? boxed : align([head, ...body], isRight);
}

function box(head: string[], body: string[][], isRight: readonly boolean[]): string {
  const colAligns = isRight.map((right) => (right ? 'right' : 'left'));
  const table = new Table({ head, colAligns, style: { head: [], border: [], compact: true } });
  table.push(...body);
  return table.toString();
}

function align(lines: readonly (readonly string[])[], isRight: readonly boolean[]): string {
  const widths = isRight.map((_right, column) => lines.reduce((most, line) => Math.max(most, displayWidth(line[column] ?? '')), 0));
  const pad = (cell: string, column: number) => {
    const blanks = ' '.repeat(widths[column]! - displayWidth(cell));
    return isRight[column] ? blanks + cell : cell + blanks;
  };
  return lines.map((line) => line.map(pad).join('  ').trimEnd()).join('\n');
}

function cellText(cell: Cell): string {
  if (cell === null || cell === undefined) return '-';
  return String(cell)
    .split(COLOR)
    .map((part, index) => (index % 2 === 0 ? visible(part) : part))
    .join('');
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what colours are made of
const COLOR = /(\u001b\[[\d;]*m)/;
