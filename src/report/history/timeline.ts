/**
 * A violation's operations as a picture: a lane per client, a bar per operation, details where the pointer rests. The axis is the order of the
 * moments, not time: what matters is what came before what, and operations of microseconds stand beside pauses of seconds.
 *
 * Invariant: everything from outside goes through escapeHtml. No script: the details are the bars' titles.
 */
import type { Judgement, ShownOperation, ShownViolation } from '../../judge/judgement.ts';
import { visible } from '../../lib/text.ts';
import { escapeHtml } from '../html-parts.ts';
import { momentText, processText } from './wording.ts';

const GUTTER = 120;
const RIGHT = 24;
const TOP = 26;
const ROW = 34;
const BAR = 24;
const AXIS = 30;
/** Between two moments: what fits the page, within bounds. */
const LEAST_STEP = 34;
const MOST_STEP = 90;
const PAGE = 930;
const CHARACTER = 6.7;
const LONGEST_LABEL = 40;
const LONGEST_LANE = 16;

const FILL = { read: '#00785a', write: '#005a8c', cas: '#8a3f74', delete: '#a84600' } as const;

const STYLE = `text { font: 11px system-ui, 'Segoe UI', Helvetica, Arial, sans-serif; fill: #222; }
.bar text { fill: #fff; } .bar rect { stroke: #fff; } .bar:hover rect { stroke: #000; stroke-width: 2; }
.doubt rect { fill-opacity: .75; stroke: #222; stroke-dasharray: 4 3; } .refused rect { fill-opacity: .55; }
.lane { stroke: #d8d8d4; } .moment { stroke: #ececea; } .mark { stroke: #b3261e; stroke-dasharray: 2 3; } .mark-text { fill: #b3261e; }
.axis { fill: #5c5c5c; font-size: 10px; }`;

/** One SVG element. `unit`: of the times. */
export function timelineSvg(violation: ShownViolation, unit: Judgement['time_unit']): string {
  const { operations, marks } = violation;
  const moments = momentsOf(operations);
  const xs = positionsOf(operations, moments.length);
  const x = (position: number) => xs[position] as number;
  const right = x(moments.length);
  const lanes = lanesOf(operations);
  const bottom = TOP + lanes.length * ROW;
  const [width, height] = [Math.round(right + RIGHT), bottom + AXIS];
  const first = moments[0]?.time ?? 0;
  return [
    `<svg width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" style="max-width:none"><style>${STYLE}</style>`,
    ...moments.map((_, position) => `<line class="moment" x1="${x(position)}" x2="${x(position)}" y1="${TOP}" y2="${bottom}"/>`),
    ...lanes.flatMap(({ name, isFirst }, lane) => laneParts(name, isFirst, TOP + lane * ROW, right)),
    ...marks.map(({ position, text }) => markParts(text, (x(Math.max(0, position - 1)) + x(position)) / 2, bottom)),
    ...lanes.flatMap(({ members }, lane) => members.map((each) => barParts(each, TOP + lane * ROW, x, moments.length, { first, unit }))),
    ...axisParts(moments, x, bottom, { first, unit }),
    '</svg>',
  ].join('');
}

interface Moment {
  readonly time: number;
}

interface Clock {
  readonly first: number;
  readonly unit: Judgement['time_unit'];
}

function momentsOf(operations: readonly ShownOperation[]): Moment[] {
  const moments: Moment[] = [];
  for (const { call, end, invoked_at: called, completed_at: completed } of operations) {
    moments[call] = { time: called };
    if (end !== null) moments[end] = { time: completed ?? called };
  }
  return moments;
}

/** Where each moment stands, and after the last one where the picture ends: apart so far that every label fits its bar. */
function positionsOf(operations: readonly ShownOperation[], moments: number): number[] {
  const even = Math.floor((PAGE - GUTTER - RIGHT) / moments);
  const steps = Array.from({ length: moments }, () => Math.max(LEAST_STEP, Math.min(MOST_STEP, even)));
  const spans = operations.map(({ call, end, text }) => ({
    from: call,
    to: end ?? moments,
    needed: labelOf(text).length * CHARACTER + 14,
  }));
  for (const { from, to, needed } of spans.sort((a, b) => a.to - a.from - (b.to - b.from))) {
    const missing = needed - steps.slice(from, to).reduce((sum, step) => sum + step, 0);
    if (missing > 0) for (let i = from; i < to; i++) steps[i] = (steps[i] as number) + missing / (to - from);
  }
  const positions = [GUTTER];
  for (const step of steps) positions.push(Math.round((positions.at(-1) as number) + step));
  return positions;
}

interface Lane {
  readonly name: string;
  /** A client whose operation may still happen while it goes on has a second row. */
  readonly isFirst: boolean;
  readonly members: ShownOperation[];
}

function lanesOf(operations: readonly ShownOperation[]): Lane[] {
  const lanes: Lane[] = [];
  for (const [name, own] of Map.groupBy(operations, processText)) {
    const rows: Lane[] = [];
    for (const operation of own) {
      const free = rows.find(({ members }) => members.every(({ end }) => end !== null && end < operation.call));
      if (free === undefined) rows.push({ name, isFirst: rows.length === 0, members: [operation] });
      else free.members.push(operation);
    }
    lanes.push(...rows);
  }
  return lanes;
}

function laneParts(name: string, isFirst: boolean, top: number, right: number): string[] {
  const line = `<line class="lane" x1="0" x2="${right}" y1="${top}" y2="${top}"/>`;
  const text = `<text x="8" y="${top + ROW / 2 + 4}">client ${escapeHtml(cut(name, LONGEST_LANE))}</text>`;
  return isFirst ? [line, text] : [];
}

function markParts(text: string, x: number, bottom: number): string {
  const label = escapeHtml(visible(cut(text, LONGEST_LABEL)));
  return `<g><title>${escapeHtml(visible(text))}</title><line class="mark" x1="${x}" x2="${x}" y1="${TOP - 6}" y2="${bottom}"/><text class="mark-text" x="${x + 3}" y="${TOP - 9}">${label}</text></g>`;
}

function barParts(operation: ShownOperation, top: number, x: (position: number) => number, moments: number, clock: Clock): string {
  const { call, end, f, outcome, text } = operation;
  const left = x(call) + 1;
  const width = x(end ?? moments) - left - 1;
  const className = outcome === 'info' ? 'bar doubt' : outcome === 'fail' ? 'bar refused' : 'bar';
  return [
    `<g class="${className}"><title>${escapeHtml(detailsOf(operation, clock))}</title>`,
    `<rect x="${left}" y="${top + (ROW - BAR) / 2}" width="${width}" height="${BAR}" rx="4" fill="${FILL[f]}"/>`,
    `<text x="${left + 6}" y="${top + ROW / 2 + 4}">${escapeHtml(labelOf(text))}</text></g>`,
  ].join('');
}

/** A line per fact. */
function detailsOf(operation: ShownOperation, { first, unit }: Clock): string {
  const { text, invoked_at: called, completed_at: completed, line, completed_line: completedLine, version, node, error, value } = operation;
  const end = completed === null ? 'never completed' : `completed ${momentText(completed, first, unit)} (line ${completedLine})`;
  return [
    `${text}, by client ${processText(operation)}`,
    `called ${momentText(called, first, unit)} (line ${line}), ${end}`,
    ...(text.includes('…') ? [`value ${visible(value)}`] : []),
    ...(version === null ? [] : [`version ${visible(version)}`]),
    ...(node === null ? [] : [`node ${visible(node)}`]),
    ...(error === null ? [] : [`error ${visible(error)}`]),
  ].join('\n');
}

/** As many times as there is room for. */
function axisParts(moments: readonly Moment[], x: (position: number) => number, bottom: number, { first, unit }: Clock): string[] {
  const parts: string[] = [`<line class="lane" x1="0" x2="${x(moments.length)}" y1="${bottom}" y2="${bottom}"/>`];
  let free = Number.NEGATIVE_INFINITY;
  for (const [position, { time }] of moments.entries()) {
    const text = momentText(time, first, unit);
    const half = (text.length * CHARACTER) / 2;
    if (x(position) - half < free) continue;
    free = x(position) + half + 4;
    parts.push(`<text class="axis" x="${x(position)}" y="${bottom + 16}" text-anchor="middle">${escapeHtml(text)}</text>`);
  }
  return parts;
}

function labelOf(text: string): string {
  return visible(cut(text, LONGEST_LABEL));
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}
