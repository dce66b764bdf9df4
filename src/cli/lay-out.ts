/** Tables of report laid out for a terminal, or as they are for what reads a pipe. */
import { visible } from '../lib/text.ts';
import { fitTable, headingOf, splitTable, type Table } from '../report/columns.ts';
import type { Output } from './output.ts';

/** Of a boxed column: two spaces and a line. */
const BOX_GAP = 3;

/** On a terminal without the columns that it has no room for; what reads a pipe gets them all. */
export function layOut(out: Output, table: Table): string {
  return draw(out, out.isTty ? fitTable(table, out.width - 1, BOX_GAP) : table);
}

/** On a terminal in as many parts below each other as its width asks, each beginning with the first column: none is left out. */
export function layOutWide(out: Output, table: Table): string {
  const parts = out.isTty ? splitTable(table, out.width - 1, BOX_GAP) : [table];
  return parts.map((part) => draw(out, part)).join('\n');
}

function draw(out: Output, table: Table): string {
  const columns = table.columns.map((column) => `${column.isNumber ? '>' : ''}${visible(headingOf(column))}`);
  return [out.table(columns, table.rows), ...table.notes.map((note) => visible(note))].join('\n');
}

/** POSIX: the first of these that is set says which characters there are. */
export function isAscii(env: NodeJS.ProcessEnv): boolean {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  return locale !== '' && !/utf-?8/i.test(locale);
}
