/**
 * report.html of a scenario's run: what it is about, whether it met what was expected, the run over time, every sweep, stale reads,
 * the replicas, and every step. The same page as a benchmark's, under the same policy.
 */
import type { BenchResult } from '../../measure/result.ts';
import type { StaleReads } from '../../measure/run-result.ts';
import type { Chart } from '../charts/spec.ts';
import { workloadText } from '../charts/theme.ts';
import { fitTable } from '../columns.ts';
import { factsOf } from '../facts.ts';
import { escapeHtml, figure, type Pictures, page, paragraph, section, table } from '../html-parts.ts';
import { circumstances, dataParts, elsewhere, embedded, method } from '../html-sections.ts';
import type { RunReportInput } from '../input.ts';
import { benchTable, readTable } from '../table.ts';
import type { RunCharts } from './charts.ts';
import { explainRun, explainStale, explainSweep, mainSweep } from './explanation.ts';
import { runMethod, titleOf } from './method.ts';
import { expectationsTable, marksTable, parityMatrix, staleTable, stepsTable } from './tables.ts';

/** Characters of the table above the pictures; the whole of it comes later. */
const KEY_TABLE_WIDTH = 100;

export function runHtml(input: RunReportInput, { time, sweeps, stale }: RunCharts, pictures: Pictures): string {
  const { result, environment, startedAt, command } = input;
  const paint = (chart: Chart | null | undefined): string => {
    const svg = chart === null || chart === undefined ? undefined : pictures.get(chart.name);
    return svg === undefined || chart === null || chart === undefined ? '' : figure(svg, chart.name, chart.alt);
  };
  const [verdict, ...remarks] = explainRun(result);
  const main = mainSweep(result);
  return page(`kvctl run: ${result.scenario}`, [
    `<header><h1>${escapeHtml(result.scenario)}</h1>`,
    paragraph(verdict.text, 'finding'),
    ...(result.why === '' ? [] : [paragraph(result.why)]),
    ...remarks.map((remark) => paragraph(remark.text)),
    `<p class="small">target ${escapeHtml(result.target)} · seed ${result.seed} · ${escapeHtml(startedAt)}</p></header>`,
    '<main>',
    ...(result.expectations.length === 0 ? [] : [section('Expectations', table(expectationsTable(result), 'One row per expectation'))]),
    overTime(input, paint(time)),
    ...result.sweeps.flatMap((sweep, i) => (sweep.results.length === 0 ? [] : [sweepSection(input, sweep, (sweeps[i] ?? []).map(paint))])),
    ...result.stale_reads.map((reads, i) => staleSection(reads, paint(stale[i]))),
    ...(result.parity.length === 0
      ? []
      : [
          section(
            'Replicas',
            table(parityMatrix(result), 'State of every replica at every look: one row per replica, one column per look'),
          ),
        ]),
    ...(result.steps.length === 0 ? [] : [section('Steps', table(stepsTable(result), 'Every step of the scenario, in order'))]),
    ...(main === undefined ? [] : [elsewhere(factsOf(main))]),
    method(runMethod(result)),
    circumstances(environment, command),
    ...dataParts('kvctl-run.json', dataOf(input)),
  ]);
}

function overTime({ result }: RunReportInput, picture: string): string {
  const marks = result.marks.length === 0 ? '' : table(marksTable(result), 'What was done to the cluster, numbered as on the picture');
  return picture === '' && marks === '' ? '' : section('The run over time', picture, marks);
}

/** A single load needs no second table: its one row is the key table, whole. */
function sweepSection({ result }: RunReportInput, sweep: BenchResult, figures: readonly string[]): string {
  const [conclusion, ...sentences] = explainSweep(result, sweep);
  const isWide = sweep.results.length > 1;
  const [overview = '', ...others] = figures;
  const reads = readTable(sweep);
  const all = table(benchTable(sweep), `All figures of ${sweep.name}, one row each`, 'dense');
  return section(
    titleOf(sweep),
    paragraph(conclusion?.text ?? '', 'finding'),
    `<p class="small">${escapeHtml(workloadText(sweep))}</p>`,
    isWide ? table(fitTable(benchTable(sweep), KEY_TABLE_WIDTH, 1), `Results of ${sweep.name}`) : all,
    overview,
    ...sentences.map((sentence) => paragraph(sentence.text)),
    ...others,
    ...(isWide ? ['<h3>All figures</h3>', all] : []),
    ...(reads === null ? [] : ['<h3>Reads</h3>', table(reads, `Reads of ${sweep.name}`)]),
  );
}

function staleSection(reads: StaleReads, picture: string): string {
  const [finding, ...sentences] = explainStale(reads);
  return section(
    `${reads.name}: reads after the acknowledgement`,
    paragraph(finding?.text ?? '', 'finding'),
    picture,
    ...sentences.map((sentence) => paragraph(sentence.text)),
    table(staleTable(reads), `Stale reads of ${reads.name}, one row per time after the ack`),
  );
}

function dataOf({ result, shapes, environment }: RunReportInput): object {
  const latencies = [...shapes.values()].flat().map((shape) => [shape.row, shape.latencies] as const);
  return embedded({ result, environment }, latencies);
}
