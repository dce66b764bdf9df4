/**
 * Rows as text, for the formats of -o that programs read: pure functions. Columns are the members of the rows, in the order
 * in which they first appear; a member that is itself an object is JSON text in its cell.
 */
import { cellText, columnsOf, type Row } from '../lib/csv.ts';
import { visible } from '../lib/text.ts';

/** What -o offers; `table` is for people and made by table.ts. */
export const FORMATS = ['table', 'json', 'ndjson', 'csv', 'md'] as const;
export type Format = (typeof FORMATS)[number];

/** A table of GitHub's Markdown; numbers are set to the right. */
export function toMarkdown(rows: readonly Row[]): string {
  const columns = columnsOf(rows);
  const rule = columns.map((column) => (rows.every((row) => typeof row[column] === 'number') && rows.length > 0 ? '---:' : '---'));
  const body = rows.map((row) => columns.map((column) => markdownCell(cellText(row[column]))));
  return [columns.map(markdownCell), rule, ...body].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

/** One JSON text per line. */
export function toNdjson(rows: readonly Row[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

function markdownCell(text: string): string {
  return visible(text.replaceAll('\\', '\\\\').replaceAll('|', '\\|').replace(/\r?\n/g, '<br>'));
}
