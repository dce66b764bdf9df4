/** A durability run as the command line prints it: table, picture in characters, a sentence, the verdict, and where the rest is. */
import { join } from 'node:path';
import type { DurabilityResult } from '../../measure/durability-result.ts';
import { durabilityRows, durabilityTable } from '../../report/durability/table.ts';
import { durabilityTerminalChart } from '../../report/durability/terminal.ts';
import { durabilitySentence } from '../../report/durability/words.ts';
import { markdownTable } from '../../report/markdown.ts';
import { isAscii, layOut } from '../lay-out.ts';
import type { Output, Result } from '../output.ts';
import { REPORT_FILE } from './report.ts';

interface DurabilityView {
  readonly result: DurabilityResult;
  /** The run folder, absolute. */
  readonly folder: string;
}

const STYLE = { ok: 'green', violation: 'red', inconclusive: 'yellow', failed: 'red', interrupted: 'yellow' } as const;

export function showDurability(out: Output, view: DurabilityView): Result {
  const { result } = view;
  return {
    table: () => forPeople(out, view),
    json: result,
    rows: durabilityRows(result),
    md: () => markdownTable(durabilityTable(result)),
  };
}

function forPeople(out: Output, { result, folder }: DurabilityView): string {
  if (result.results.length === 0) return `no trial was made; what there is of it is kept in ${folder}`;
  return [
    layOut(out, durabilityTable(result)),
    durabilityTerminalChart(result, { width: out.width, isAscii: isAscii(process.env) }),
    out.paint('bold', durabilitySentence(result)),
    out.paint(STYLE[result.verdict], `${result.verdict}: ${result.why}`),
    `report  ${join(folder, REPORT_FILE)}`,
  ].join('\n\n');
}
