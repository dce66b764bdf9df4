/**
 * Latency against the quorum, or whatever was swept, drawn with characters: one line per row, the mean as a point in its 95 % interval, the
 * model beside it, all on one axis from zero. Needs no colour, and no character beyond ASCII if so asked.
 *
 *   quorum 1           ╶◆●─╴                                                 186 ±28
 *   quorum 2                     ╶◆●──╴                                     357 ±36
 */
import { visible } from '../lib/text.ts';
import { roundUp } from './charts/axes.ts';
import { type Facts, halfInterval, type MeasuredRow } from './facts.ts';
import { decimalsFor, figure, short } from './wording.ts';

interface TerminalChartOptions {
  /** Columns of the terminal; the chart takes at most MAX_WIDTH of them and never needs less than MIN_WIDTH. */
  readonly width: number;
  /** For terminals and logs that cannot show more. */
  readonly isAscii: boolean;
}

const MIN_WIDTH = 50;
/** Wider, and the eye loses the line between a label and its point. */
const MAX_WIDTH = 100;
/** Labels of the axis. */
const TICKS = 5;
const MAX_LABEL = 26;

const UNICODE = {
  mean: '●',
  model: '◆',
  both: '◈',
  left: '╶',
  bar: '─',
  right: '╴',
  axis: '─',
  tick: '┴',
  times: '×',
  plusMinus: '±',
} as const;
const ASCII = {
  mean: 'o',
  model: '+',
  both: '@',
  left: '[',
  bar: '-',
  right: ']',
  axis: '-',
  tick: '+',
  times: 'x',
  plusMinus: '+-',
} as const;
type Glyphs = Readonly<Record<keyof typeof UNICODE, string>>;

/** Lines without a line feed at the end; no line is longer than the width, no line ends in spaces. */
export function terminalChart(facts: Facts, { width, isAscii }: TerminalChartOptions): string {
  const glyphs: Glyphs = isAscii ? ASCII : UNICODE;
  const labels = facts.rows.map((row) => shortLabel(facts.name([row]), isAscii));
  const values = facts.rows.map((row) => figuresOf(row.avg_latency_ms === null ? null : (row as MeasuredRow), row.fails, glyphs));
  const labelWidth = Math.max(0, ...labels.map((label) => label.length));
  const valueWidth = Math.max(0, ...values.map((value) => value.length));
  const outer = Math.min(MAX_WIDTH, Math.max(MIN_WIDTH, width));
  const plot = outer - labelWidth - valueWidth - 4;
  const top = roundUp(Math.max(0, ...facts.measured.flatMap((row) => [row.ci95_ms?.[1] ?? row.avg_latency_ms, row.model_ms ?? 0])));
  const column = (ms: number) => Math.round((Math.min(top, Math.max(0, ms)) / top) * (plot - 1));
  const lines = facts.rows.map((row, i) => {
    const marks = row.avg_latency_ms === null ? '' : rowMarks(row as MeasuredRow, plot, column, glyphs);
    return `${labels[i]?.padEnd(labelWidth)}  ${marks.padEnd(plot)}  ${values[i]}`;
  });
  const indent = ' '.repeat(labelWidth + 2);
  const body = facts.measured.length === 0 ? lines : [...lines, ...axis(top, plot, column, glyphs).map((line) => indent + line)];
  return [...legend(facts, glyphs, outer), ...body].map((line) => line.trimEnd()).join('\n');
}

/** A delay per node would leave no room to draw in. */
function shortLabel(text: string, isAscii: boolean): string {
  const cut = short(visible(text), MAX_LABEL);
  return isAscii ? cut.replace('…', '~') : cut;
}

/** One line, or two where one has no room. */
function legend({ measured }: Facts, glyphs: Glyphs, width: number): string[] {
  const hasModel = measured.some((row) => row.model_ms !== null);
  const model = hasModel ? `   ${glyphs.model} model   ${glyphs.both} both` : '';
  const title = 'write latency, ms';
  const marks = `${glyphs.mean} mean   ${glyphs.left}${glyphs.bar}${glyphs.right} 95 %${model}`;
  const line = `${title}   ${marks}`;
  return line.length <= width ? [line] : [title, marks];
}

function rowMarks(row: MeasuredRow, plot: number, column: (ms: number) => number, glyphs: Glyphs): string {
  const cells = new Array<string>(plot).fill(' ');
  if (row.ci95_ms !== null) {
    const [from, to] = [column(row.ci95_ms[0]), column(row.ci95_ms[1])];
    for (let i = from; i <= to; i++) cells[i] = glyphs.bar;
    if (to > from) {
      cells[from] = glyphs.left;
      cells[to] = glyphs.right;
    }
  }
  const mean = column(row.avg_latency_ms);
  if (row.model_ms !== null) cells[column(row.model_ms)] = glyphs.model;
  cells[mean] = row.model_ms !== null && column(row.model_ms) === mean ? glyphs.both : glyphs.mean;
  return cells.join('');
}

function figuresOf(row: MeasuredRow | null, fails: number, glyphs: Glyphs): string {
  const failed = fails > 0 ? `${glyphs.times} ${fails} failed` : '';
  if (row === null) return failed;
  const half = halfInterval(row);
  return [
    `${figure(row.avg_latency_ms)}${half === null ? '' : ` ${glyphs.plusMinus}${half.toFixed(decimalsFor(row.avg_latency_ms))}`}`,
    failed,
  ]
    .filter((text) => text !== '')
    .join(' ');
}

/** A rule with ticks, and the figures below them, the last one flush with the end. */
function axis(top: number, plot: number, column: (ms: number) => number, glyphs: Glyphs): [string, string] {
  const rule = new Array<string>(plot).fill(glyphs.axis);
  const figures = new Array<string>(plot).fill(' ');
  for (let tick = 0; tick <= TICKS; tick++) {
    const ms = (top * tick) / TICKS;
    const at = column(ms);
    rule[at] = glyphs.tick;
    const text = `${Number(ms.toPrecision(3))}`;
    const start = Math.min(plot - text.length, Math.max(0, at - Math.floor((text.length - 1) / 2)));
    for (let i = 0; i < text.length; i++) figures[start + i] = text.charAt(i);
  }
  return [rule.join(''), figures.join('')];
}
