/** One page of Markdown to hand in: what was graded and with what, every verdict with its reason, and the evidence of what failed. */
import { formatMs } from '../lib/units.ts';
import { curlOf } from './curl.ts';
import type { Figures } from './finding.ts';
import { type CheckRow, countsText, type GradeReport } from './report.ts';

/** More would be another page. */
const SHOWN_REQUESTS = 4;
const SHOWN_FIGURES = 6;

export function gradePage(report: GradeReport): string {
  const { dialect, leader, followers, seed, started_at: startedAt, seconds, environment, quorum, delay, checks } = report;
  const facts: readonly (readonly [string, string])[] = [
    ['date', startedAt],
    ['leader', leader],
    ['followers', followers.join(', ') || 'none'],
    ['quorum', quorum === null ? 'not told' : `${quorum}`],
    ['delays', delay === null ? 'not told' : `${delay} ms`],
    ['seed', `${seed}`],
    ['took', formatMs(seconds * 1000)],
    ...Object.entries(environment),
  ];
  return [
    `# kvctl check: ${plain(dialect)}`,
    `**${countsText(report)}.**${report.unknown > 0 ? ' Unknown is not passed: the reason says what it would take to know.' : ''}`,
    table(
      ['check', 'verdict', 'why'],
      checks.map(({ title, verdict, why }) => [plain(title), VERDICTS[verdict], plain(why)]),
    ),
    ...checks.filter(({ verdict }) => verdict === 'fail').map(section),
    '## Circumstances',
    facts.map(([name, value]) => `- ${name}: ${plain(value)}`).join('\n'),
    '',
  ].join('\n\n');
}

const VERDICTS = { pass: 'pass', fail: '**fail**', unknown: 'unknown' } as const;

function section({ id, title, about, evidence }: CheckRow): string {
  const lines = evidence.requests.slice(0, SHOWN_REQUESTS).map(curlOf);
  return [
    `## ${plain(title)} (${id})`,
    plain(about),
    ...(evidence.figures.length === 0 ? [] : [figuresTable(evidence.figures.slice(0, SHOWN_FIGURES))]),
    ...(lines.length === 0 ? [] : [fenced(lines.join('\n'))]),
  ].join('\n\n');
}

function figuresTable(rows: readonly Figures[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return table(
    columns.map(plain),
    rows.map((row) => columns.map((column) => plain(`${row[column] ?? '-'}`))),
  );
}

function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  return [columns, columns.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Its fence is longer than every run of backticks within, so that no answer of a server ends it. */
function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}sh\n${text}\n${fence}`;
}

/** So that text from outside stays text: no cell ends a column, no name starts a tag or a link. */
function plain(text: string): string {
  return text.replace(/[\\|<>*_`[\]]/g, (character) => `\\${character}`).replace(/\r?\n/g, ' ');
}
