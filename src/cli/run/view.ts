/**
 * A scenario's run as the command line prints it. Tables, charts and words are report's; here they are laid out.
 * Names come from a file that may be anybody's: what could drive the terminal is shown instead.
 */
import { join } from 'node:path';
import { visible } from '../../lib/text.ts';
import type { BenchResult } from '../../measure/result.ts';
import type { RunResult } from '../../measure/run-result.ts';
import { explain } from '../../report/explanation.ts';
import { factsOf } from '../../report/facts.ts';
import { markdownTable, plain } from '../../report/markdown.ts';
import { runRecords, runRows } from '../../report/run/csv.ts';
import { explainRun, explainStale } from '../../report/run/explanation.ts';
import { titleOf } from '../../report/run/method.ts';
import { expectationsTable, parityMatrix, staleTable, stepsTable } from '../../report/run/tables.ts';
import { benchTable, readTable } from '../../report/table.ts';
import { terminalChart } from '../../report/terminal-chart.ts';
import { REPORT_FILE } from '../bench/report.ts';
import { isAscii, layOut, layOutWide } from '../lay-out.ts';
import type { Output, Result } from '../output.ts';

export interface RunView {
  readonly result: RunResult;
  /** The run folder, absolute. */
  readonly folder: string;
  /** False if nothing was found, so that there is nothing to report. */
  readonly hasReport: boolean;
}

export function showRun(out: Output, view: RunView): Result {
  const { result } = view;
  return {
    table: () => forPeople(out, view),
    json: result,
    rows: out.format === 'ndjson' ? runRecords(result) : runRows(result),
    md: () => forMarkdown(result),
  };
}

function forPeople(out: Output, { result, folder, hasReport }: RunView): string {
  const [verdict, ...remarks] = explainRun(result);
  const isDone = result.steps.every((step) => step.status === 'done');
  const hasFigures = result.sweeps.some((sweep) => sweep.results.length > 0) || result.stale_reads.length > 0;
  return [
    ...result.sweeps.filter((sweep) => sweep.results.length > 0).map((sweep) => sweepText(out, sweep)),
    ...result.stale_reads.map(
      (reads) =>
        `${out.paint('bold', visible(reads.name))}\n${layOut(out, staleTable(reads))}\n\n${explainStale(reads)
          .map(({ text }) => visible(text))
          .join('\n')}`,
    ),
    ...(result.parity.length === 0 ? [] : [`replicas\n${layOutWide(out, parityMatrix(result))}`]),
    ...(isDone && hasFigures ? [] : [`steps\n${layOut(out, stepsTable(result))}`]),
    ...(result.expectations.length === 0 ? [] : [`expectations\n${layOut(out, expectationsTable(result))}`]),
    [out.paint('bold', visible(verdict.text)), ...remarks.map(({ text }) => visible(text))].join('\n'),
    hasReport ? `report  ${join(folder, REPORT_FILE)}` : `what there is of it is kept in ${folder}: \`kvctl report ${folder}\` draws it`,
  ].join('\n\n');
}

/** One row needs no chart. */
function sweepText(out: Output, sweep: BenchResult): string {
  const reads = readTable(sweep);
  const [conclusion] = explain(sweep);
  return [
    `${out.paint('bold', visible(titleOf(sweep)))}\n${layOut(out, benchTable(sweep))}`,
    ...(reads === null ? [] : [layOut(out, reads)]),
    ...(sweep.results.length === 1 ? [] : [terminalChart(factsOf(sweep), { width: out.width, isAscii: isAscii(process.env) })]),
    visible(conclusion.text),
  ].join('\n\n');
}

function forMarkdown(result: RunResult): string {
  return [
    ...result.sweeps
      .filter((sweep) => sweep.results.length > 0)
      .flatMap((sweep) => [`### ${plain(titleOf(sweep))}`, markdownTable(benchTable(sweep))]),
    ...result.stale_reads.flatMap((reads) => [`### ${plain(reads.name)}`, markdownTable(staleTable(reads))]),
    ...(result.parity.length === 0 ? [] : ['### Replicas', markdownTable(parityMatrix(result))]),
    ...(result.expectations.length === 0 ? [] : ['### Expectations', markdownTable(expectationsTable(result))]),
    ...(result.steps.length === 0 ? [] : ['### Steps', markdownTable(stepsTable(result))]),
  ].join('\n\n');
}
