/**
 * Rows as CSV. Columns are the members of the rows, in the order in which they first appear; a member that is itself an object is JSON text in its
 * cell, null and undefined are an empty one.
 */

export type Row = Readonly<Record<string, unknown>>;

/** RFC 4180, with line feeds; the first line names the columns. */
export function toCsv(rows: readonly Row[]): string {
  const columns = columnsOf(rows);
  const lines = [columns, ...rows.map((row) => columns.map((column) => cellText(row[column])))];
  return lines.map((cells) => `${cells.map(csvCell).join(',')}\n`).join('');
}

export function columnsOf(rows: readonly Row[]): string[] {
  return [...new Set(rows.flatMap((row) => Object.keys(row)))];
}

export function cellText(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function csvCell(text: string): string {
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
