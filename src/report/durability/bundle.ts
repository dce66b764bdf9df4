/** The files of a durability run's report, as text: summary.csv|md, the picture's specification and SVG, and report.html. */
import { toCsv } from '../../lib/csv.ts';
import type { DurabilityResult } from '../../measure/durability-result.ts';
import { filesOf, type ReportFile } from '../bundle.ts';
import { durabilityChart } from '../charts/durability.ts';
import type { Chart } from '../charts/spec.ts';
import { escapeHtml, figure, type Pictures, page, paragraph, section, table } from '../html-parts.ts';
import { circumstances, dataParts, method } from '../html-sections.ts';
import { circumstanceParts, markdownTable, methodParts, pictureParts, plain } from '../markdown.ts';
import { durabilityRows, durabilityTable } from './table.ts';
import { DURABILITY_METHOD, durabilitySentence } from './words.ts';

export interface DurabilityInput {
  readonly result: DurabilityResult;
  readonly environment: Readonly<Record<string, string>>;
  /** ISO 8601. */
  readonly startedAt: string;
  /** The command line that repeats it; null if it was not kept. */
  readonly command: string | null;
}

export function durabilityCharts(result: DurabilityResult): readonly Chart[] {
  const chart = durabilityChart(result);
  return chart === null ? [] : [chart];
}

/** Without the document itself, which is durability.json: a summary.json is what benchmarks are redrawn from. */
export function durabilityFiles(input: DurabilityInput, pictures: Pictures): readonly ReportFile[] {
  const { result } = input;
  const texts = { csv: toCsv(durabilityRows(result)), md: markdown(input), html: html(input, pictures) };
  return filesOf({ document: result, charts: durabilityCharts(result), ...texts }, pictures).filter(({ file }) => file !== 'summary.json');
}

function html({ result, environment, startedAt, command }: DurabilityInput, pictures: Pictures): string {
  const figures = durabilityCharts(result).flatMap(({ name, alt }) => {
    const svg = pictures.get(name);
    return svg === undefined ? [] : [figure(svg, name, alt)];
  });
  return page('kvctl bench --durability', [
    '<header><h1>What a write quorum buys</h1>',
    paragraph(durabilitySentence(result), 'finding'),
    `<p class="small">${escapeHtml(circumstanceText(result))} · ${escapeHtml(startedAt)}</p></header>`,
    '<main>',
    section(
      'Results',
      paragraph(`${result.verdict}: ${result.why}`),
      table(durabilityTable(result), 'One row per write quorum'),
      ...figures,
    ),
    method(DURABILITY_METHOD),
    circumstances(environment, command),
    ...dataParts('kvctl-durability.json', result, 'Every trial is in trials.ndjson of the run folder.'),
  ]);
}

function markdown({ result, environment, startedAt, command }: DurabilityInput): string {
  return `${[
    '# kvctl bench --durability',
    plain(durabilitySentence(result)),
    plain(circumstanceText(result)),
    '## Results',
    markdownTable(durabilityTable(result)),
    plain(`${result.verdict}: ${result.why}`),
    ...pictureParts(durabilityCharts(result)),
    ...methodParts(DURABILITY_METHOD),
    ...circumstanceParts({ started: startedAt, ...environment }, command),
  ].join('\n\n')}\n`;
}

function circumstanceText({ trials, seed, cluster: { followers, delay, store } }: DurabilityResult): string {
  return `${trials} trials per quorum and way · ${followers} followers · delay ${delay} ms · ${store} · seed ${seed}`;
}
