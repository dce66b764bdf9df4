/** Writes the report of a benchmark into its run folder: tables, pictures and page. Report makes the texts, render paints. */
import { join } from 'node:path';
import type { BenchResult } from '../../measure/result.ts';
import { chartsOf, reportFiles } from '../../report/bundle.ts';
import type { ReportInput } from '../../report/input.ts';
import type { Run } from '../../runs/run.ts';
import { paint, type WriteOptions, writeFiles } from '../run/paint.ts';

/** The picture that the result's `plot` names: latency against quorum. */
const PLOT = 'latency-vs-quorum';
export const REPORT_FILE = 'report.html';

interface WrittenReport {
  /** The result with its `plot`, if that could be painted. */
  readonly result: BenchResult;
  /** What could not be painted, and why. */
  readonly failures: readonly string[];
}

/** Throws `io`. */
export async function writeReport(run: Run, input: ReportInput, options: WriteOptions = {}): Promise<WrittenReport> {
  const { pictures, failures } = await paint(run, chartsOf(input));
  const plot = pictures.has(PLOT) ? join(run.dir, 'charts', `${PLOT}.png`) : null;
  const result = { ...input.result, plot };
  await writeFiles(run, reportFiles({ ...input, result }, pictures), options);
  return { result, failures };
}
