/**
 * report.html: the whole run on one page that needs nothing else, neither network nor scripts nor the files beside it.
 *
 * Invariant: everything from outside goes through escapeHtml or escapeJson; the page's own policy forbids every request and
 * every script, so that what slips through would still do nothing.
 */
import { charts } from './charts/all.ts';
import { workloadText } from './charts/theme.ts';
import { equivalentsOf } from './equivalents.ts';
import { explain } from './explanation.ts';
import { type Facts, factsOf } from './facts.ts';
import { STYLE } from './html-style.ts';
import type { ReportInput } from './input.ts';
import { METHOD } from './method.ts';
import { rowsAsRun } from './sweep.ts';
import { benchTable, fitTable, lastAckTable, parityTable, readTable, type Table } from './table.ts';

/** No request of any kind; styles are the page's own; `data:` is for the download link in browsers that count it as an image. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'";

/** Characters of the table above the pictures; the whole of it comes later. */
const KEY_TABLE_WIDTH = 100;
/** Beyond this they stay in samples.ndjson: a page of many megabytes opens nowhere well. */
const MAX_EMBEDDED_LATENCIES = 20_000;

/** Pictures by the name of their chart, each one SVG element as render makes it; a chart without a picture is left out. */
export type Pictures = ReadonlyMap<string, string>;

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
    section('How it was measured', `<dl>${METHOD.map(({ term, text }) => definition(term, escapeHtml(text))).join('')}</dl>`),
    section(
      'Environment',
      `<dl>${Object.entries(environment)
        .map(([name, value]) => definition(name, escapeHtml(value)))
        .join('')}</dl>`,
      ...(command === null ? [] : [`<p>Again, with the same delays: <code>${escapeHtml(command)}</code></p>`]),
    ),
    section('Data', downloadLink(data)),
    '</main>',
    `<script type="application/json" id="kvctl-data">${escapeJson(data)}</script>`,
  ]);
}

/** The document, the environment and, up to a size that a mailed page may have, the latency of every write. */
function dataOf({ result, shapes, environment }: ReportInput): object {
  const isSmall = shapes.reduce((sum, shape) => sum + shape.latencies.length, 0) <= MAX_EMBEDDED_LATENCIES;
  const latencies = rowsAsRun(result).flatMap(({ row, value }) => {
    const shape = shapes.find((each) => each.row === row);
    return shape === undefined ? [] : [[value, shape.latencies.map((ms) => Number(ms.toFixed(3)))] as const];
  });
  return { result, environment, latencies_ms: isSmall ? Object.fromEntries(latencies) : null };
}

function page(title: string, body: readonly string[]): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
${body.filter((part) => part !== '').join('\n')}
</body>
</html>
`;
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

function elsewhere({ followers, exampleQuorum }: Facts): string {
  if (followers === 0) return '';
  const rows = equivalentsOf(exampleQuorum, followers).map(
    ({ system, setting, note }) =>
      `<tr><th scope="row">${escapeHtml(system)}</th><td><code>${escapeHtml(setting)}</code></td><td class="prose">${escapeHtml(note)}</td></tr>`,
  );
  const head = '<tr><th scope="col">system</th><th scope="col">setting</th><th scope="col">difference</th></tr>';
  return section(
    `Quorum ${exampleQuorum} elsewhere`,
    `<div class="wide"><table><thead>${head}</thead><tbody>${rows.join('')}</tbody></table></div>`,
  );
}

function section(title: string, ...content: readonly string[]): string {
  return `<section><h2>${escapeHtml(title)}</h2>\n${content.join('\n')}\n</section>`;
}

function paragraph(text: string, className?: string): string {
  return `<p${className === undefined ? '' : ` class="${className}"`}>${escapeHtml(text)}</p>`;
}

function definition(term: string, html: string): string {
  return `<div><dt>${escapeHtml(term)}</dt><dd>${html}</dd></div>`;
}

/**
 * The SVG's own ids get the chart's name in front: two pictures on one page would otherwise clip each other. Namespaces are
 * for files of their own; without them no address at all is left in the page.
 */
function figure(svg: string, name: string, alt: string): string {
  const own = svg
    .replaceAll(/ xmlns(:\w+)?="[^"]*"/g, '')
    .replaceAll(/\bid="([^"]+)"/g, `id="${name}-$1"`)
    .replaceAll(/url\(#([^)]+)\)/g, `url(#${name}-$1)`);
  return `<figure role="img" aria-label="${escapeHtml(alt)}" id="figure-${name}">${own.replace('<svg ', '<svg aria-hidden="true" focusable="false" ')}</figure>`;
}

function table({ columns, rows, notes }: Table, caption: string, className = ''): string {
  const head = columns.map(
    ({ heading, unit, isNumber }) =>
      `<th scope="col"${isNumber ? ' class="number"' : ''}>${escapeHtml(heading)}${unit === '' ? '' : ` <span class="unit">${unit}</span>`}</th>`,
  );
  const body = rows.map(
    (row) => `<tr>${row.map((cell, i) => `<td${classOf(cell, columns[i]?.isNumber ?? false)}>${escapeHtml(cell)}</td>`).join('')}</tr>`,
  );
  const below = notes.map((note) => paragraph(note, 'small')).join('');
  return `<div class="wide"><table class="${className}" aria-label="${escapeHtml(caption)}"><thead><tr>${head.join('')}</tr></thead><tbody>${body.join('\n')}</tbody></table></div>${below}`;
}

/** Words that a reader must not miss. */
const ALARMING = new Set(['inconclusive', 'mismatch', 'unreachable']);

function classOf(cell: string, isNumber: boolean): string {
  const names = [...(isNumber ? ['number'] : []), ...(ALARMING.has(cell) ? ['bad'] : [])];
  return names.length === 0 ? '' : ` class="${names.join(' ')}"`;
}

function downloadLink(data: unknown): string {
  const href = `data:application/json;charset=utf-8,${encodeURIComponent(JSON.stringify(data))}`;
  return (
    `<p class="screen"><a download="kvctl-bench.json" href="${href}">Save the results as JSON</a>; ` +
    'the same is in this page, in the element <code>kvctl-data</code>. Every request is in samples.ndjson of the run folder.</p>'
  );
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** JSON that no parser of HTML can take for the end of its element, and that is still the same JSON. */
function escapeJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
