/**
 * A benchmark's results as the command line prints them. The tables, the chart and the words are report's; here they are
 * laid out for a terminal, or for what reads it.
 */
import { join } from 'node:path';
import { visible } from '../../lib/text.ts';
import type { BenchResult } from '../../measure/result.ts';
import { flatRows } from '../../report/csv.ts';
import { explain } from '../../report/explanation.ts';
import { factsOf } from '../../report/facts.ts';
import { markdownTable } from '../../report/markdown.ts';
import { benchTable, parityTable, readTable } from '../../report/table.ts';
import { terminalChart } from '../../report/terminal-chart.ts';
import { isAscii, layOut } from '../lay-out.ts';
import type { Output, Result } from '../output.ts';
import { REPORT_FILE } from './report.ts';

export interface View {
  readonly result: BenchResult;
  /** The run folder, absolute. */
  readonly folder: string;
  /** False if nothing was measured, so that there is nothing to report. */
  readonly hasReport: boolean;
}

export function showResult(out: Output, view: View): Result {
  const { result } = view;
  return {
    table: () => forPeople(out, view),
    json: result,
    rows: flatRows(result),
    md: () => markdownTable(benchTable(result)),
  };
}

function forPeople(out: Output, { result, folder, hasReport }: View): string {
  if (!hasReport) return `nothing was measured; what there is of it is kept in ${folder}`;
  const reads = readTable(result);
  const unequal = result.parity.some((row) => row.status !== 'match') ? parityTable(result.parity) : null;
  const [conclusion] = explain(result);
  return [
    layOut(out, benchTable(result)),
    ...(reads === null ? [] : [layOut(out, reads)]),
    ...(unequal === null ? [] : [`replicas after settling\n${layOut(out, unequal)}`]),
    terminalChart(factsOf(result), { width: out.width, isAscii: isAscii(process.env) }),
    out.paint('bold', visible(conclusion.text)),
    `report  ${join(folder, REPORT_FILE)}`,
  ].join('\n\n');
}
