/** report.html of a benchmark: the whole run on one page that needs nothing else, neither network nor scripts nor the files beside it. */
import { charts } from './charts/all.ts';
import { workloadText } from './charts/theme.ts';
import { fitTable } from './columns.ts';
import { explain } from './explanation.ts';
import { type Facts, factsOf } from './facts.ts';
import { escapeHtml, figure, type Pictures, page, paragraph, section, table } from './html-parts.ts';
import { circumstances, dataParts, elsewhere, embedded, method } from './html-sections.ts';
import type { ReportInput } from './input.ts';
import { METHOD } from './method.ts';
import { rowsAsRun } from './sweep.ts';
import { benchTable, lastAckTable, parityTable, readTable } from './table.ts';

/** Characters of the table above the pictures; the whole of it comes later. */
const KEY_TABLE_WIDTH = 100;
export function reportHtml(input: ReportInput, pictures: Pictures): string {
  const { result, shapes, environment, startedAt, command } = input;
  const facts = factsOf(result);
  const [conclusion, ...sentences] = explain(result);
  const [overview = '', ...figures] = charts(facts, shapes).flatMap((chart) => {
    const svg = pictures.get(chart.name);
    return svg === undefined ? [] : [figure(svg, chart.name, chart.alt)];
  });
  const reads = readTable(result);
  const data = dataOf(input);
  return page(`kvctl bench: ${result.cluster.name}`, [
    `<header><h1>What a write quorum costs: ${escapeHtml(result.cluster.name)}</h1>`,
    paragraph(conclusion.text, 'finding'),
    `<p class="small">${escapeHtml(workloadText(result))} · seed ${result.seed} · ${escapeHtml(startedAt)}</p></header>`,
    '<main>',
    section('Results', table(fitTable(benchTable(result), KEY_TABLE_WIDTH, 1), 'One row per write quorum'), overview),
    section('Explanation', ...sentences.map((sentence) => paragraph(sentence.text))),
    section('Pictures', ...figures),
    replicas(facts),
    elsewhere(facts),
    section('All figures', table(benchTable(result), 'All figures, one row per write quorum', 'dense')),
    ...(reads === null ? [] : [section('Reads', table(reads, 'Reads, one row per write quorum'))]),
    method(METHOD),
    circumstances(environment, command),
    ...dataParts('kvctl-bench.json', data),
  ]);
}

/** The latencies by what was swept, as it was written. */
function dataOf({ result, shapes, environment }: ReportInput): object {
  const latencies = rowsAsRun(result).flatMap(({ row, value }) => {
    const shape = shapes.find((each) => each.row === row);
    return shape === undefined ? [] : [[value, shape.latencies] as const];
  });
  return embedded({ result, environment }, latencies);
}

function replicas({ result, followers }: Facts): string {
  if (followers === 0) return '';
  return section(
    'Replicas',
    '<h3>At the last answer of each quorum</h3>',
    table(lastAckTable(result), 'State of the followers at the last answer, one row per write quorum'),
    '<h3>After settling</h3>',
    table(parityTable(result.parity), 'Comparison with the leader, one row per node'),
  );
}
