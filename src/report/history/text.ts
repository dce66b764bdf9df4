/** A violation for the terminal: what it is, why, and its operations as bars over the order of their moments. */
import type { ShownOperation, ShownViolation } from '../../judge/judgement.ts';
import { displayWidth, visible } from '../../lib/text.ts';
import { processText, violationTitle } from './wording.ts';

/** Characters between two moments, if there is room. */
const WIDEST_STEP = 6;
const MOST_OPERATIONS = 40;

export interface ViolationText {
  readonly title: string;
  readonly why: string;
  readonly chart: string;
}

/** `width` in characters. A chart that finds no room has no bars. */
export function violationText(violation: ShownViolation, width: number): ViolationText {
  const shown = violation.operations.slice(0, MOST_OPERATIONS);
  const more = violation.operations.length - shown.length;
  const labels = columns(
    shown.map((operation) => [`  line ${operation.line}`, `client ${processText(operation)}`, operation.text, extra(operation)]),
  );
  const moments = 1 + shown.reduce((most, { call, end }) => Math.max(most, call, end ?? 0), 0);
  const left = labels.reduce((most, label) => Math.max(most, displayWidth(label)), 0) + 2;
  const step = Math.min(WIDEST_STEP, Math.floor((width - left - 2) / moments));
  const lines = shown.map((operation, i) => {
    const label = labels[i] as string;
    return step < 1 ? label : `${label}${' '.repeat(left - displayWidth(label))}${bar(operation, moments, step)}`;
  });
  return {
    title: violationTitle(violation),
    why: visible(violation.why),
    chart: [...lines.map((line) => line.trimEnd()), ...(more === 0 ? [] : [`  … and ${more} more`])].join('\n'),
  };
}

function extra({ version, node, error }: ShownOperation): string {
  return visible([version === null ? '' : `v${version}`, node ?? '', error ?? ''].filter((part) => part !== '').join(' '));
}

/** `|-----|`, or `|---->` for one that may still happen. */
function bar({ call, end }: ShownOperation, moments: number, step: number): string {
  const length = ((end ?? moments) - call) * step;
  return `${' '.repeat(call * step)}|${'-'.repeat(Math.max(0, length - 1))}${end === null ? '>' : '|'}`;
}

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => rows.reduce((most, row) => Math.max(most, displayWidth(row[column] as string)), 0));
  return rows.map((row) =>
    row
      .map((cell, column) => cell + ' '.repeat((widths[column] as number) - displayWidth(cell)))
      .join('  ')
      .trimEnd(),
  );
}
