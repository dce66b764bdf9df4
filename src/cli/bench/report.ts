/**
 * Writes the report of a benchmark into its run folder: tables, pictures and page. Report makes the texts, render paints.
 * A picture that cannot be painted is a warning: the figures are what the run was for.
 */
import { join } from 'node:path';
import type { StepData } from '../../experiment/stage.ts';
import { parseDelays } from '../../lib/delay-plan.ts';
import type { Distribution } from '../../lib/distribution.ts';
import { cdfKth } from '../../measure/order-statistic.ts';
import type { BenchResult, QuorumResult } from '../../measure/result.ts';
import { latencyOf, measured } from '../../measure/sample.ts';
import { chartsOf, reportFiles } from '../../report/bundle.ts';
import type { LatencyShape, ReportInput } from '../../report/input.ts';
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

/** What the distribution chart needs of one row. */
export function shapeOf(row: QuorumResult, followers: readonly string[], { samples }: StepData): LatencyShape {
  const delays = delaysOf(row.delay, followers);
  const latencies = measured(samples, 'put')
    .filter((sample) => sample.ok)
    .map(latencyOf);
  return { quorum: row.quorum, latencies, modelCdf: row.model_ms === null ? null : (ms) => cdfKth(delays, row.quorum, ms) };
}

/** The text of a row names each follower that was up, or gives one delay for all of them. */
function delaysOf(text: string, followers: readonly string[]): Distribution[] {
  const parsed = parseDelays(text);
  if (!parsed.ok) return [];
  const { all, perNode } = parsed.value;
  return all === null ? [...perNode.values()] : followers.map((id) => perNode.get(id) ?? all);
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
