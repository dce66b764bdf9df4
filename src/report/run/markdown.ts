/** The summary of a scenario's run as GitHub's Markdown, in the order of its page. */
import type { BenchResult } from '../../measure/result.ts';
import type { Chart } from '../charts/spec.ts';
import { workloadText } from '../charts/theme.ts';
import type { RunReportInput } from '../input.ts';
import { circumstanceParts, markdownTable, methodParts, pictureParts, plain } from '../markdown.ts';
import { benchTable, readTable } from '../table.ts';
import type { RunCharts } from './charts.ts';
import { explainRun, explainStale, explainSweep } from './explanation.ts';
import { runMethod, titleOf } from './method.ts';
import { expectationsTable, marksTable, parityMatrix, staleTable, stepsTable } from './tables.ts';

/** A file of its own in a run folder, beside `charts/`. */
export function runMarkdown(input: RunReportInput, { time, sweeps, stale }: RunCharts): string {
  const { result, environment, startedAt, command } = input;
  return `${[
    `# kvctl run: ${plain(result.scenario)}`,
    ...explainRun(result).map((sentence) => plain(sentence.text)),
    ...(result.why === '' ? [] : [plain(result.why)]),
    ...(result.expectations.length === 0 ? [] : ['## Expectations', markdownTable(expectationsTable(result))]),
    ...(time === null ? [] : ['## The run over time', ...pictureParts([time])]),
    ...(result.marks.length === 0 ? [] : [markdownTable(marksTable(result))]),
    ...result.sweeps.flatMap((sweep, i) => sweepParts(input, sweep, sweeps[i] ?? [])),
    ...result.stale_reads.flatMap((reads, i) => [
      `## ${plain(reads.name)}: reads after the acknowledgement`,
      ...explainStale(reads).map((sentence) => plain(sentence.text)),
      ...pictureParts([stale[i] ?? null].filter((chart) => chart !== null)),
      markdownTable(staleTable(reads)),
    ]),
    ...(result.parity.length === 0 ? [] : ['## Replicas', markdownTable(parityMatrix(result))]),
    ...(result.steps.length === 0 ? [] : ['## Steps', markdownTable(stepsTable(result))]),
    ...methodParts(runMethod(result)),
    ...circumstanceParts({ started: startedAt, target: result.target, seed: `${result.seed}`, ...environment }, command),
  ].join('\n\n')}\n`;
}

function sweepParts({ result }: RunReportInput, sweep: BenchResult, pictures: readonly Chart[]): string[] {
  if (sweep.results.length === 0) return [];
  const reads = readTable(sweep);
  return [
    `## ${plain(titleOf(sweep))}`,
    plain(workloadText(sweep)),
    markdownTable(benchTable(sweep)),
    ...(reads === null ? [] : ['### Reads', markdownTable(reads)]),
    ...pictureParts(pictures),
    ...explainSweep(result, sweep).map((sentence) => plain(sentence.text)),
  ];
}
