/** Writes the report of a durability run into its run folder: tables, picture and page, but not the document, which says how it ended. */
import { join } from 'node:path';
import type { DurabilityResult } from '../../measure/durability-result.ts';
import { type DurabilityInput, durabilityCharts, durabilityFiles } from '../../report/durability/bundle.ts';
import type { Run } from '../../runs/run.ts';
import { paint, writeFiles } from '../run/paint.ts';

export interface WrittenReport {
  /** The result with its `plot`, if that could be painted. */
  readonly result: DurabilityResult;
  /** What could not be painted, and why. */
  readonly failures: readonly string[];
}

/** Throws `io`. */
export async function writeDurabilityReport(run: Run, input: DurabilityInput): Promise<WrittenReport> {
  const { pictures, failures } = await paint(run, durabilityCharts(input.result));
  const [name] = pictures.keys();
  const result = { ...input.result, plot: name === undefined ? null : join(run.dir, 'charts', `${name}.png`) };
  await writeFiles(run, durabilityFiles({ ...input, result }, pictures), {});
  return { result, failures };
}
