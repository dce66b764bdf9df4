/** Writes the report of a scenario's run into its run folder: tables, pictures and page. Report makes the texts, render paints. */
import { join } from 'node:path';
import type { RunResult } from '../../measure/run-result.ts';
import type { RunReportInput } from '../../report/input.ts';
import { runReportFiles } from '../../report/run/bundle.ts';
import { allCharts, runCharts } from '../../report/run/charts.ts';
import type { Run } from '../../runs/run.ts';
import { paint, type WriteOptions, writeFiles } from './paint.ts';

interface WrittenReport {
  /** The result with the `plot` of each sweep whose picture could be painted. */
  readonly result: RunResult;
  /** What could not be painted, and why. */
  readonly failures: readonly string[];
}

/** Throws `io`. */
export async function writeRunReport(run: Run, input: RunReportInput, options: WriteOptions = {}): Promise<WrittenReport> {
  const charts = runCharts(input);
  const { pictures, failures } = await paint(run, allCharts(charts));
  const sweeps = input.result.sweeps.map((sweep, i) => {
    const name = charts.sweeps[i]?.find((chart) => chart.name.includes('latency-vs-') && pictures.has(chart.name))?.name;
    return { ...sweep, plot: name === undefined ? null : join(run.dir, 'charts', `${name}.png`) };
  });
  const result = { ...input.result, sweeps };
  await writeFiles(run, runReportFiles({ ...input, result }, charts, pictures), options);
  return { result, failures };
}
