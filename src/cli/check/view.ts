/** A graded run as the command line prints it. */
import { curlOf } from '../../grade/curl.ts';
import type { Verdict } from '../../grade/finding.ts';
import { gradePage } from '../../grade/page.ts';
import { type CheckRow, countsText, type GradeReport } from '../../grade/report.ts';
import { displayWidth, visible } from '../../lib/text.ts';
import { formatMs } from '../../lib/units.ts';
import type { Output, Result } from '../output.ts';

const SHOWN_REQUESTS = 3;
const STYLE = { pass: 'green', fail: 'red', unknown: 'yellow' } as const;
const INDENT = '         ';

export function showReport(out: Output, report: GradeReport): Result {
  return {
    table: () => forPeople(out, report),
    json: report,
    rows: report.checks.map(({ id, title, verdict, why, seconds }) => ({ id, title, verdict, why, seconds })),
    md: () => gradePage(report),
  };
}

function forPeople(out: Output, report: GradeReport): string {
  const unknown = report.checks.filter(({ verdict }) => verdict === 'unknown').map(({ id }) => id);
  return [
    ...report.checks.map((check) => block(out, check)),
    '',
    out.paint('bold', `${countsText(report)} in ${formatMs(report.seconds * 1000)} (seed ${report.seed})`),
    ...(unknown.length === 0 ? [] : [out.paint('yellow', `unknown is not passed: ${unknown.join(', ')}`)]),
  ].join('\n');
}

function block(out: Output, { id, title, verdict, why, evidence }: CheckRow): string {
  const width = Math.max(60, Math.min(out.width, 120)) - INDENT.length;
  const requests =
    verdict === 'fail' ? evidence.requests.slice(0, SHOWN_REQUESTS).map((row) => out.paint('dim', `${INDENT}${curlOf(row)}`)) : [];
  return [
    `${out.paint(STYLE[verdict], label(verdict))} ${out.paint('bold', title)} (${id})`,
    ...wrapped(visible(why), width).map((line) => `${INDENT}${line}`),
    ...requests,
  ].join('\n');
}

function label(verdict: Verdict): string {
  return verdict.padEnd(INDENT.length - 1);
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && displayWidth(line) + 1 + displayWidth(word) > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
