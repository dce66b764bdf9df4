/** The summary as GitHub's Markdown: finding, table, pictures by their relative files, explanation, replicas, how it was measured. */
import { visible } from '../lib/text.ts';
import { charts } from './charts/all.ts';
import type { Chart } from './charts/spec.ts';
import { workloadText } from './charts/theme.ts';
import { headingOf, type Table } from './columns.ts';
import { explain } from './explanation.ts';
import { factsOf } from './facts.ts';
import type { ReportInput } from './input.ts';
import { METHOD } from './method.ts';
import { benchTable, lastAckTable, parityTable, readTable } from './table.ts';

/** A file of its own in a run folder, beside `charts/`. */
export function summaryMarkdown(input: ReportInput): string {
  const { result, shapes, environment, startedAt, command } = input;
  const [conclusion, ...rest] = explain(result);
  const reads = readTable(result);
  const pictures = charts(factsOf(result), shapes);
  return `${[
    `# kvctl bench: ${plain(result.cluster.name)}`,
    plain(conclusion.text),
    plain(workloadText(result)),
    `## Results`,
    markdownTable(benchTable(result)),
    ...(reads === null ? [] : ['### Reads', markdownTable(reads)]),
    ...pictureParts(pictures),
    '## Explanation',
    ...rest.map((sentence) => plain(sentence.text)),
    ...(result.cluster.followers === 0 ? [] : ['## Replicas', 'At the last answer of each quorum:', markdownTable(lastAckTable(result))]),
    ...(result.parity.length === 0 ? [] : ['After settling:', markdownTable(parityTable(result.parity))]),
    ...methodParts(METHOD),
    ...circumstanceParts({ started: startedAt, seed: `${result.seed}`, ...environment }, command),
  ].join('\n\n')}\n`;
}

/** The paragraphs that summaries of benchmarks and scenarios end with. */
export function methodParts(terms: readonly { readonly term: string; readonly text: string }[]): string[] {
  return ['## How it was measured', terms.map(({ term, text }) => `- **${plain(term)}**: ${plain(text)}`).join('\n')];
}

export function circumstanceParts(facts: Readonly<Record<string, string>>, command: string | null): string[] {
  const lines = Object.entries(facts).map(([name, value]) => `- ${plain(name)}: ${plain(value)}`);
  return ['## Environment', lines.join('\n'), ...(command === null ? [] : [`Again, with the same delays: ${code(command)}`])];
}

/** A picture by its file, and the names of the others as links. */
export function pictureParts(pictures: readonly Chart[]): string[] {
  const [first, ...others] = pictures;
  if (first === undefined) return [];
  const links = others.map((picture) => `[${picture.name}](charts/${picture.name}.svg)`);
  return [`![${plain(first.alt)}](charts/${first.name}.svg)`, ...(links.length === 0 ? [] : [`More pictures: ${links.join(', ')}.`])];
}

/** A table of GitHub's Markdown with its notes below. */
export function markdownTable({ columns, rows, notes }: Table): string {
  const lines = [
    columns.map((column) => plain(headingOf(column))),
    columns.map((column) => (column.isNumber ? '---:' : '---')),
    ...rows.map((row) => row.map(plain)),
  ].map((cells) => `| ${cells.join(' | ')} |`);
  return [lines.join('\n'), ...notes.map(plain)].join('\n\n');
}

/** So that text from outside stays text: no cell ends a column, no name starts a tag or a link. */
export function plain(text: string): string {
  return visible(text.replace(/[\\|<>*_`[\]]/g, (character) => `\\${character}`).replace(/\r?\n/g, ' '));
}

/** A code span that holds any text: its fence is longer than every run of backticks within. */
function code(text: string): string {
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence} ${text.replace(/\r?\n/g, ' ')} ${fence}`;
}
