/**
 * What was done to the cluster, above the time chart and through it: bars with their labels in lanes, lines, shades, and below
 * them the loads that ran. Where labels have no room, marks are numbered and a legend says what they are.
 */
import type { Mark, RunResult } from '../../measure/run-result.ts';
import { nameRows, rowsAsRun } from '../sweep.ts';
import { ms, short } from '../wording.ts';
import type { ChartSpec } from './spec.ts';
import { INK } from './theme.ts';
import { lanesOf, widthOf } from './time-layout.ts';

export interface TimeScale {
  /** The right end of the axis. */
  readonly endMs: number;
  /** px. */
  readonly width: number;
}

export interface MarkStrip {
  /** The view above the plots; null if there is nothing to say there. */
  readonly strip: { readonly height: number; readonly spec: ChartSpec } | null;
  /** Layers for every plot: they want `x` from the plot's own encoding, field `s`. */
  readonly lines: readonly ChartSpec[];
}

const FONT_SIZE = 10.5;
/** px. */
const LANE = 17;
const LOADS = 18;
const LEGEND_LINE = 14;
/** Lanes of labels; with more of them numbers are easier to read. */
const MAX_WORDED_LANES = 6;
const MAX_LANES = 10;
const MAX_LABEL = 34;
const LEGEND_COLUMNS = 3;
/** The table beside the picture has all of them. */
const MAX_LEGEND = 45;

/** Told apart by their labels; the colour helps the eye to follow one. */
const TINTS: Readonly<Record<string, string>> = {
  kill: '#CC3311',
  pause: '#EE7733',
  partition: '#AA3377',
  'one-way': '#AA3377',
  disk: '#8A6D00',
  clock: '#332288',
  network: '#009988',
  promote: '#117733',
  quorum: '#0072B2',
};

interface Numbered {
  readonly mark: Mark;
  readonly label: string;
  readonly lane: number | null;
  readonly labelFrom: number;
}

/** In the order in which they took effect: the numbers of a chart and of the table beside it. */
export function marksInOrder(marks: readonly Mark[]): readonly Mark[] {
  return marks.toSorted((a, b) => a.at_ms - b.at_ms);
}

export function markStrip(result: RunResult, scale: TimeScale): MarkStrip {
  const marks = marksInOrder(result.marks);
  const worded = placeMarks(marks, scale, (mark) => short(mark.text, MAX_LABEL), MAX_WORDED_LANES);
  const isWorded = worded.every((each) => each.lane !== null);
  const placed = isWorded ? worded : placeMarks(marks, scale, (_, i) => `${i + 1}`, MAX_LANES);
  const loads = loadsOf(result);
  const legend = isWorded ? [] : legendOf(marks);
  return { strip: stripOf({ placed, loads, legend }, scale), lines: linesOf(marks, loads, scale) };
}

function placeMarks(marks: readonly Mark[], scale: TimeScale, labelOf: (mark: Mark, i: number) => string, most: number): Numbered[] {
  const labels = marks.map(labelOf);
  const spans = marks.map((mark, i) => ({
    from: toPx(mark.at_ms, scale),
    to: toPx(mark.until_ms ?? mark.at_ms, scale),
    labelWidth: widthOf(labels[i] as string, FONT_SIZE) + 8,
  }));
  const places = lanesOf(spans, scale.width, most);
  return marks.map((mark, i) => ({ mark, label: labels[i] as string, ...(places[i] as (typeof places)[number]) }));
}

function toPx(atMs: number, { endMs, width }: TimeScale): number {
  return (atMs / endMs) * width;
}

interface Load {
  readonly fromMs: number;
  readonly toMs: number;
  readonly label: string;
}

/** Rows by their value, a single load by its name, and steps that took long enough to leave a gap by theirs. */
function loadsOf({ sweeps, steps }: RunResult): readonly Load[] {
  const rows = sweeps.flatMap((sweep) =>
    rowsAsRun(sweep).map((row) => ({
      fromMs: row.began_ms,
      toMs: row.ended_ms,
      label: sweep.results.length === 1 && sweep.sweep.values.length === 1 ? sweep.name : nameRows(sweep.sweep.parameter, [row]),
    })),
  );
  const others = steps.flatMap((step) => {
    if (step.began_ms === null || step.ended_ms === null) return [];
    const [fromMs, toMs] = [step.began_ms, step.ended_ms];
    const isCovered = rows.some((row) => row.fromMs < toMs && fromMs < row.toMs);
    return isCovered || toMs === fromMs ? [] : [{ fromMs, toMs, label: step.step }];
  });
  return [...rows, ...others].sort((a, b) => a.fromMs - b.fromMs);
}

function legendOf(marks: readonly Mark[]): readonly string[] {
  const entries = marks.map(
    (mark, i) =>
      `${i + 1}  ${short(mark.text, MAX_LABEL - 8)}, ${ms(mark.at_ms)}${mark.until_ms === null ? '' : ` to ${ms(mark.until_ms)}`}`,
  );
  if (entries.length <= MAX_LEGEND) return entries;
  return [...entries.slice(0, MAX_LEGEND - 1), `… and ${entries.length - MAX_LEGEND + 1} more, all in the table`];
}

interface Strip {
  readonly placed: readonly Numbered[];
  readonly loads: readonly Load[];
  readonly legend: readonly string[];
}

/** From the top: legend, lanes, loads. Its y axis is px from the top, and is not shown. */
function stripOf({ placed, loads, legend }: Strip, scale: TimeScale): MarkStrip['strip'] {
  const lanes = Math.max(0, ...placed.map((each) => (each.lane ?? -1) + 1));
  const legendLines = Math.ceil(legend.length / LEGEND_COLUMNS);
  const legendHeight = legendLines === 0 ? 0 : legendLines * LEGEND_LINE + 8;
  const loadsTop = legendHeight + lanes * LANE + (lanes === 0 ? 0 : 4);
  const height = loadsTop + (loads.length === 0 ? 0 : LOADS);
  if (height === 0) return null;
  const toS = (px: number) => ((px / scale.width) * scale.endMs) / 1000;
  const shown = placed.filter((each) => each.lane !== null);
  const laneTop = (each: Numbered) => legendHeight + (each.lane ?? 0) * LANE;
  const bars = shown.map((each) => ({
    s: each.mark.at_ms / 1000,
    to: (each.mark.until_ms ?? each.mark.at_ms) / 1000,
    top: laneTop(each),
    bottom: laneTop(each) + LANE - 3,
    color: tintOf(each.mark),
  }));
  const labels = shown.map((each) => ({ s: toS(each.labelFrom), top: laneTop(each) + (LANE - 3) / 2, text: each.label, color: INK.text }));
  const rows = loads.map((load, i) => ({
    s: load.fromMs / 1000,
    to: load.toMs / 1000,
    top: loadsTop,
    bottom: loadsTop + LOADS - 5,
    color: i % 2 === 0 ? '#ECECEC' : '#DFDFDF',
    text: fitted(load, scale),
  }));
  const entries = legend.map((text, i) => ({
    s: toS((Math.floor(i / legendLines) * scale.width) / LEGEND_COLUMNS),
    top: (i % legendLines) * LEGEND_LINE + LEGEND_LINE / 2,
    text,
    color: INK.quiet,
  }));
  const x = { field: 's', type: 'quantitative', scale: { domain: [0, scale.endMs / 1000], nice: false }, axis: null };
  const y = { field: 'top', type: 'quantitative', scale: { domain: [height, 0], nice: false }, axis: null };
  const color = { field: 'color', type: 'nominal', scale: null };
  const text = { text: { field: 'text', type: 'nominal' }, color };
  return {
    height,
    spec: {
      encoding: { x, y },
      layer: [
        { data: { values: rows }, mark: { type: 'rect', opacity: 1 }, encoding: { x2: { field: 'to' }, y2: { field: 'bottom' }, color } },
        {
          data: { values: bars },
          mark: { type: 'rect', opacity: 0.25 },
          encoding: { x2: { field: 'to' }, y2: { field: 'bottom' }, color },
        },
        {
          data: { values: bars },
          mark: { type: 'rule', strokeWidth: 2 },
          encoding: { y2: { field: 'bottom' }, color },
        },
        {
          data: { values: [...labels, ...entries] },
          mark: { type: 'text', align: 'left', baseline: 'middle', dx: 4, fontSize: FONT_SIZE },
          encoding: text,
        },
        {
          data: { values: rows.map((row) => ({ ...row, s: (row.s + row.to) / 2, top: (row.top + row.bottom) / 2, color: INK.quiet })) },
          mark: { type: 'text', align: 'center', baseline: 'middle', fontSize: FONT_SIZE },
          encoding: text,
        },
      ],
    },
  };
}

/** The label of a load if its bar is wide enough, else its end, which tells rows apart, else nothing. */
function fitted({ fromMs, toMs, label }: Load, scale: TimeScale): string {
  const room = toPx(toMs - fromMs, scale) - 4;
  const end = label.slice(label.lastIndexOf(' ') + 1);
  return [label, end].find((text) => widthOf(text, FONT_SIZE) <= room) ?? '';
}

function tintOf({ kind }: Mark): string {
  return Object.hasOwn(TINTS, kind) ? (TINTS[kind] as string) : INK.quiet;
}

function linesOf(marks: readonly Mark[], loads: readonly Load[], { endMs }: TimeScale): readonly ChartSpec[] {
  const color = { field: 'color', type: 'nominal', scale: null };
  const shades = marks.flatMap((mark) =>
    mark.until_ms === null ? [] : [{ s: mark.at_ms / 1000, to: Math.min(endMs, mark.until_ms) / 1000, color: tintOf(mark) }],
  );
  return [
    { data: { values: shades }, mark: { type: 'rect', opacity: 0.09 }, encoding: { x2: { field: 'to' }, color } },
    { data: { values: loads.map((load) => ({ s: load.fromMs / 1000 })) }, mark: { type: 'rule', color: INK.grid } },
    {
      data: { values: marks.map((mark) => ({ s: mark.at_ms / 1000, color: tintOf(mark) })) },
      mark: { type: 'rule', strokeDash: [3, 3], strokeWidth: 1, opacity: 0.8 },
      encoding: { color },
    },
  ];
}
