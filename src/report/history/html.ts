/** The page of a judged history: the verdict, every judge's, and each violation with its timeline. Under the policy of all pages: nothing is loaded, nothing runs. */
import type { Judgement, ShownOperation, ShownViolation } from '../../judge/judgement.ts';
import { visible } from '../../lib/text.ts';
import { type Source, type Table, tableOf } from '../columns.ts';
import { escapeHtml, figure, page, paragraph, section, table } from '../html-parts.ts';
import { timelineSvg } from './timeline.ts';
import { conclusionText, judgesTable, momentText, processText, violationTitle } from './wording.ts';

/** A page of many megabytes opens nowhere well; the JSON document has them all. */
const MOST_VIOLATIONS = 20;
const MOST_BARS = 200;
const LEGEND =
  'In the pictures a lane is a client and a bar an operation, from its call to its completion. What counts is the order of these moments, so they are not to scale. A dashed bar may have happened at any time after its call. Rest the pointer on a bar for its details.';

/** `name`: of the history, as a heading. */
export function historyHtml(judgement: Judgement, name: string): string {
  const { violations, undecided } = judgement;
  const shown = violations.slice(0, MOST_VIOLATIONS);
  const more = violations.length - shown.length;
  return page(`kvctl check-history: ${visible(name)}`, [
    `<header><h1>Judged: ${escapeHtml(visible(name))}</h1>`,
    paragraph(sentence(conclusionText(judgement)), 'finding'),
    '</header><main>',
    section('Judges', table(judgesTable(judgement), 'One row per judge')),
    ...(shown.length === 0 ? [] : [paragraph(LEGEND, 'small')]),
    ...shown.map((violation, i) => violationSection(violation, i, judgement.time_unit)),
    ...(more > 0 ? [section('More', paragraph(`${more} more violations are in the document of -o json.`))] : []),
    ...(undecided.length === 0
      ? []
      : [section('Not decided', table(undecidedTable(judgement), 'One row per key that could not be judged'))]),
    '</main>',
  ]);
}

function violationSection(violation: ShownViolation, index: number, unit: Judgement['time_unit']): string {
  const title = violationTitle(violation);
  const picture =
    violation.operations.length > MOST_BARS
      ? paragraph(`Too many operations for a picture (${violation.operations.length}).`, 'small')
      : `<div class="wide">${figure(timelineSvg(violation, unit), `violation-${index}`, `${title}. ${violation.why}`)}</div>`;
  return section(
    sentence(title),
    paragraph(`${sentence(visible(violation.why))}.`),
    picture,
    table(operationsTable(violation, unit), 'The operations, in the order of their calls', 'dense'),
  );
}

function operationsTable({ operations }: ShownViolation, unit: Judgement['time_unit']): Table {
  const text = { unit: '', isNumber: false, rank: 0 };
  const number = { ...text, isNumber: true };
  const first = operations[0]?.invoked_at ?? 0;
  const columns: readonly Source<ShownOperation>[] = [
    { ...number, heading: 'line', value: ({ line }) => String(line) },
    { ...text, heading: 'client', value: processText },
    { ...text, heading: 'operation', value: (operation) => operation.text },
    { ...number, heading: 'called', value: ({ invoked_at: at }) => momentText(at, first, unit) },
    { ...number, heading: 'completed', value: ({ completed_at: at }) => (at === null ? null : momentText(at, first, unit)) },
    { ...text, heading: 'version', value: ({ version }) => visibleOrNull(version) },
    { ...text, heading: 'node', value: ({ node }) => visibleOrNull(node) },
    { ...text, heading: 'error', value: ({ error }) => visibleOrNull(error) },
  ];
  return tableOf(columns, operations);
}

function undecidedTable({ undecided }: Judgement): Table {
  const text = { unit: '', isNumber: false, rank: 0 };
  return tableOf<Judgement['undecided'][number]>(
    [
      { ...text, heading: 'key', value: ({ key }) => visible(key) },
      { ...text, heading: 'judge', value: ({ judge }) => judge },
      { ...text, heading: 'why', value: ({ why }) => why },
    ],
    undecided,
  );
}

function visibleOrNull(text: string | null): string | null {
  return text === null ? null : visible(text);
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
