/**
 * Writes the report of a benchmark into its run folder: tables, pictures and page. Report makes the texts, render paints.
 * A picture that cannot be painted is a warning: the figures are what the run was for.
 */
import { join } from 'node:path';
import type { BenchResult } from '../../measure/result.ts';
import { chartsOf, reportFiles } from '../../report/bundle.ts';
import type { ReportInput } from '../../report/input.ts';
import type { Run } from '../../runs/run.ts';

/** The picture that the result's `plot` names: latency against quorum. */
const PLOT = 'latency-vs-quorum';
export const REPORT_FILE = 'report.html';

export interface WrittenReport {
  /** The result with its `plot`, if that could be painted. */
  readonly result: BenchResult;
  /** What could not be painted, and why. */
  readonly failures: readonly string[];
}

/** Throws `io`. */
export async function writeReport(run: Run, input: ReportInput): Promise<WrittenReport> {
  const { pictures, failures } = await paint(run, input);
  const plot = pictures.has(PLOT) ? join(run.dir, 'charts', `${PLOT}.png`) : null;
  const result = { ...input.result, plot };
  for (const { file, text } of reportFiles({ ...input, result }, pictures)) await run.write(file, text);
  return { result, failures };
}

async function paint(run: Run, input: ReportInput): Promise<{ pictures: Map<string, string>; failures: string[] }> {
  // Loaded here, after the measuring: half a second, and a library of the machine's own that may be missing.
  const painters = await Promise.all([import('../../render/svg.ts'), import('../../render/png.ts')]).catch((error: unknown) =>
    String(error),
  );
  if (typeof painters === 'string') return { pictures: new Map(), failures: [`no pictures were painted: ${painters}`] };
  const [{ renderSvg }, { renderPng }] = painters;
  const pictures = new Map<string, string>();
  const failures: string[] = [];
  for (const { name, spec } of chartsOf(input)) {
    try {
      const svg = await renderSvg(spec);
      await run.write(`charts/${name}.png`, await renderPng(svg));
      pictures.set(name, svg);
    } catch (error) {
      failures.push(`could not paint ${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return { pictures, failures };
}
