/**
 * The picture in which the course's labs sum up a sweep: two by two, latency lines, throughput, success, and the summary as a
 * table that is drawn.
 */
import type { Table } from '../columns.ts';
import type { Facts } from '../facts.ts';
import { wordsOf } from '../sweep.ts';
import { benchTable } from '../table.ts';
import { percent, short } from '../wording.ts';
import { success, throughput } from './bars.ts';
import { latencyVsQuorum } from './latency-vs-quorum.ts';
import type { Chart, ChartSpec, Panel } from './spec.ts';
import { composition, INK, UPRIGHT_TITLE, workloadText } from './theme.ts';
import { widthOf } from './time-layout.ts';

/** px of one panel. */
const PANEL = { width: 420, height: 250 } as const;
/** px from one line of the table to the next, at most. */
const LINE = 26;
const FONT_SIZE = 11;
/** Smaller is not read; what has no room then is left to the table of the report. */
const MIN_LINE = 13;
const MAX_VALUE = 12;
/** px between two columns. */
const GAP = 8;
/** The bold face against the regular one. */
const BOLD = 1.12;

export function labSummary(facts: Facts): Chart {
  const panels = [latencyVsQuorum(facts), throughput(facts), success(facts), tablePanel(facts)];
  const title = `Latency, throughput and success by ${wordsOf(facts.result.sweep.parameter).noun}`;
  return composition('lab-summary', title, workloadText(facts.result), panels, PANEL.width, PANEL.height);
}

function tablePanel(facts: Facts): Panel {
  const { columns, rows } = summaryOf(facts);
  return {
    title: 'Summary',
    subtitle: [workloadText(facts.result)],
    alt: `Summary table. ${rows.map((row) => row.map((cell, i) => `${columns[i]} ${cell}`).join(', ')).join('; ')}.`,
    draw: (width, height) => draw(columns, rows, width, height),
  };
}

interface Summary {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Of the big table what the labs report, and in one word each whether the writes succeeded and the copies agree. */
function summaryOf({ result }: Facts): Summary {
  const table = benchTable(result);
  const cell = (row: readonly string[], heading: string) => row[indexOf(table, heading)] ?? '-';
  const rows = table.rows.map((cells, i) => {
    const row = result.results[i] as (typeof result.results)[number];
    const isEqual = row.settle_ms !== null && row.parity_at_last_ack.mismatch === 0;
    return [
      short(cells[0] ?? '', MAX_VALUE),
      ...['mean', 'p50', 'p95', 'p99', 'writes', 'replication'].map((heading) => cell(cells, heading)),
      row.requests === 0 ? '-' : percent(row.successes / row.requests),
      isEqual ? 'equal' : 'not equal',
    ];
  });
  const first = table.columns[0]?.heading ?? '';
  return { columns: [short(first, MAX_VALUE), 'mean', 'median', 'p95', 'p99', 'writes/s', 'replicated', 'ok', 'replicas'], rows };
}

function indexOf({ columns }: Table, heading: string): number {
  return columns.findIndex((column) => column.heading === heading);
}

/** Columns as wide as their widest text asks, all set to the right; smaller letters where that is more than there is. */
function draw(columns: readonly string[], all: Summary['rows'], width: number, height: number): ChartSpec {
  const line = Math.max(MIN_LINE, Math.min(LINE, height / (all.length + 1)));
  const fitting = Math.max(1, Math.floor(height / line) - 1);
  const isCut = all.length > fitting;
  const rows = isCut ? all.slice(0, fitting - 1) : all;
  const wished = Math.min(FONT_SIZE, line * 0.75);
  const widest = columns.map((column, i) => Math.max(widthOf(column, wished) * BOLD, ...rows.map((row) => widthOf(row[i] ?? '', wished))));
  const room = width - GAP * (columns.length - 1);
  const needed = widest.reduce((sum, each) => sum + each, 0);
  const fontSize = wished * Math.min(1, room / needed);
  const ends = widest.map((_, i) => widest.slice(0, i + 1).reduce((sum, each) => sum + (each / needed) * room, 0) + GAP * i);
  const cells = [columns, ...rows].flatMap((row, y) =>
    row.map((text, i) => ({
      x: ends[i],
      y: (y + 0.5) * line,
      text,
      weight: y === 0 ? 'bold' : 'normal',
      color: y === 0 ? INK.quiet : INK.text,
    })),
  );
  const cut = isCut
    ? [{ x: width, y: (rows.length + 1.5) * line, text: `and ${all.length - rows.length} more rows`, weight: 'normal', color: INK.quiet }]
    : [];
  const rules = rows.map((_, i) => ({ x: 0, to: width, y: (i + 1) * line }));
  const scale = (domain: readonly [number, number]) => ({ domain, nice: false, zero: false });
  const text = { text: { field: 'text', type: 'nominal' }, color: { field: 'color', type: 'nominal', scale: null } };
  const inWeight = (weight: string) => [...cells, ...cut].filter((each) => each.weight === weight);
  const mark = { type: 'text', align: 'right', baseline: 'middle', fontSize };
  return {
    encoding: {
      x: { field: 'x', type: 'quantitative', scale: scale([0, width]), axis: null },
      // An empty title where the other panels have theirs, so that the headings of all four are level.
      y: {
        field: 'y',
        type: 'quantitative',
        scale: scale([height, 0]),
        axis: { title: ' ', labels: false, grid: false, ...UPRIGHT_TITLE },
      },
    },
    layer: [
      { data: { values: rules }, mark: { type: 'rule', color: INK.grid }, encoding: { x2: { field: 'to' } } },
      { data: { values: inWeight('bold') }, mark: { ...mark, fontWeight: 'bold' }, encoding: text },
      { data: { values: inWeight('normal') }, mark, encoding: text },
    ],
  };
}
