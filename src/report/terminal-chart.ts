/**
 * Pictures drawn with characters: one line per row, what was measured as a point in its 95 % interval, the model beside it, all on one axis from zero.
 * Needs no colour, and no character beyond ASCII if so asked. Here latency against the quorum, or whatever was swept; others bring their own lines.
 *
 *   quorum 1           ╶◆●─╴                                                 186 ±28
 *   quorum 2                     ╶◆●──╴                                     357 ±36
 */
import { visible } from '../lib/text.ts';
import { roundUp } from './charts/axes.ts';
import { type Facts, halfInterval, type MeasuredRow } from './facts.ts';
import { decimalsFor, figure, short } from './wording.ts';

export interface TerminalChartOptions {
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
export type Glyphs = Readonly<Record<keyof typeof UNICODE, string>>;

/** One line of a picture. */
export interface TerminalLine {
  readonly label: string;
  /** Null: nothing was measured, and the line has only its label and its figures. */
  readonly value: number | null;
  readonly interval: readonly [low: number, high: number] | null;
  readonly model: number | null;
  /** At the right end. */
  readonly figures: string;
}

export interface TerminalPicture {
  /** What the axis counts. */
  readonly title: string;
  /** What a point and a model are called. */
  readonly names: { readonly value: string; readonly model: string };
  readonly lines: readonly TerminalLine[];
  /** Upper end of the axis; null: a round number above the largest value. */
  readonly top: number | null;
}

/** Lines without a line feed at the end; no line is longer than the width, no line ends in spaces. */
export function terminalChart(facts: Facts, options: TerminalChartOptions): string {
  const glyphs = glyphsOf(options);
  const lines = facts.rows.map((row) => ({
    label: shortLabel(facts.name([row]), options.isAscii),
    value: row.avg_latency_ms,
    interval: row.ci95_ms,
    model: row.model_ms,
    figures: figuresOf(row.avg_latency_ms === null ? null : (row as MeasuredRow), row.fails, glyphs),
  }));
  return drawLines({ title: 'write latency, ms', names: { value: 'mean', model: 'model' }, lines, top: null }, options);
}

/** The same for lines of any kind. */
export function drawLines({ title, names, lines, top: wanted }: TerminalPicture, { width, isAscii }: TerminalChartOptions): string {
  const glyphs = glyphsOf({ isAscii });
  const measured = lines.filter(({ value }) => value !== null);
  const labelWidth = Math.max(0, ...lines.map(({ label }) => label.length));
  const figuresWidth = Math.max(0, ...lines.map(({ figures }) => figures.length));
  const outer = Math.min(MAX_WIDTH, Math.max(MIN_WIDTH, width));
  const plot = outer - labelWidth - figuresWidth - 4;
  const highest = measured.flatMap(({ interval, value, model }) => [interval?.[1] ?? value ?? 0, model ?? 0]);
  const top = wanted ?? roundUp(Math.max(0, ...highest));
  const column = (value: number) => Math.round((Math.min(top, Math.max(0, value)) / top) * (plot - 1));
  const drawn = lines.map((line) => {
    const marks = line.value === null ? '' : rowMarks(line, line.value, plot, column, glyphs);
    return `${line.label.padEnd(labelWidth)}  ${marks.padEnd(plot)}  ${line.figures}`;
  });
  const indent = ' '.repeat(labelWidth + 2);
  const body = measured.length === 0 ? drawn : [...drawn, ...axis(top, plot, column, glyphs).map((line) => indent + line)];
  const hasModel = measured.some(({ model }) => model !== null);
  return [...legend(title, hasModel, names, glyphs, outer), ...body].map((line) => line.trimEnd()).join('\n');
}

export function glyphsOf({ isAscii }: Pick<TerminalChartOptions, 'isAscii'>): Glyphs {
  return isAscii ? ASCII : UNICODE;
}

/** A delay per node would leave no room to draw in. */
function shortLabel(text: string, isAscii: boolean): string {
  const cut = short(visible(text), MAX_LABEL);
  return isAscii ? cut.replace('…', '~') : cut;
}

/** One line, or two where one has no room. */
function legend(title: string, hasModel: boolean, names: TerminalPicture['names'], glyphs: Glyphs, width: number): string[] {
  const model = hasModel ? `   ${glyphs.model} ${names.model}   ${glyphs.both} both` : '';
  const marks = `${glyphs.mean} ${names.value}   ${glyphs.left}${glyphs.bar}${glyphs.right} 95 %${model}`;
  const line = `${title}   ${marks}`;
  return line.length <= width ? [line] : [title, marks];
}

function rowMarks(
  { interval, model }: TerminalLine,
  value: number,
  plot: number,
  column: (value: number) => number,
  glyphs: Glyphs,
): string {
  const cells = new Array<string>(plot).fill(' ');
  if (interval !== null) {
    const [from, to] = [column(interval[0]), column(interval[1])];
    for (let i = from; i <= to; i++) cells[i] = glyphs.bar;
    if (to > from) {
      cells[from] = glyphs.left;
      cells[to] = glyphs.right;
    }
  }
  const at = column(value);
  if (model !== null) cells[column(model)] = glyphs.model;
  cells[at] = model !== null && column(model) === at ? glyphs.both : glyphs.mean;
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
