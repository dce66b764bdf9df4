/**
 * The whole run on one time axis: the latency of every request at the moment it was to start, with what was done to the cluster
 * above it, as lines, and as shades for as long as it lasted.
 *
 * A failed request has no latency, so it stands in a row of its own above the others, as a cross.
 * Not here: where marks and points go (time-layout.ts).
 */
import type { Mark, RunResult } from '../../measure/run-result.ts';
import type { TimePoint } from '../input.ts';
import { count, ms } from '../wording.ts';
import { roundUp, ticksTo } from './axes.ts';
import type { Chart, ChartSpec } from './spec.ts';
import { INK, stacked, UPRIGHT_TITLE } from './theme.ts';
import { thin } from './time-layout.ts';
import { markStrip, type TimeScale } from './time-marks.ts';

/** px. */
const WIDTH = 880;
const WRITES_HEIGHT = 260;
const READS_HEIGHT = 140;
/** Of one kind; a picture of many more opens slowly and shows no more. */
const MAX_POINTS = 2_500;
/** px from a panel's upper edge: where latencies end, and where failures stand. No shares: their label must clear the highest tick. */
const TOP = 26;
const FAILED = 10;
/** A largest latency that is so many times the median presses the others flat: then the axis is logarithmic. */
const MAX_LINEAR_RATIO = 60;

/** Kinds of marks that take something away for as long as they last. */
const FAULTS: readonly string[] = ['kill', 'pause', 'partition', 'one-way', 'disk'];

/** Null if no request was made. */
export function timeChart(result: RunResult, points: readonly TimePoint[]): Chart | null {
  if (points.length === 0) return null;
  const scale = scaleOf(result, points);
  const { strip, lines } = markStrip(result, scale);
  const writes = points.filter((point) => point.op === 'put');
  const reads = points.filter((point) => point.op === 'get');
  const panels = [
    ...(writes.length === 0 ? [] : [requestsPanel('latency of a write, ms', writes, scale, WRITES_HEIGHT)]),
    ...(reads.length === 0 ? [] : [requestsPanel('latency of a read, ms', reads, scale, READS_HEIGHT)]),
  ];
  const title = findingOf(result, writes.length === 0 ? reads : writes, writes.length === 0 ? 'read' : 'write');
  const isThinned = panels.some((panel) => panel.isThinned);
  const subtitle = [
    `${count(writes.length, 'write')}${reads.length === 0 ? '' : `, ${count(reads.length, 'read')}`}, each at the time when it was to start`,
    ...(isThinned ? ['of points that cover each other one is drawn'] : []),
  ].join(' · ');
  const views = panels.map(({ view, height }, i) => ({
    height,
    spec: { ...view, layer: [...lines, ...view.layer], encoding: { x: timeAxis(scale, i === panels.length - 1) } },
  }));
  const alt = `${title}. ${altOf(result, writes, reads)}`;
  return stacked('time', { title, subtitle, alt, width: WIDTH }, [...(strip === null ? [] : [strip]), ...views]);
}

function scaleOf(result: RunResult, points: readonly TimePoint[]): TimeScale {
  const ends = [
    ...points.map((point) => point.at_ms),
    ...result.marks.flatMap((mark) => [mark.at_ms, mark.until_ms ?? 0]),
    ...result.sweeps.flatMap((sweep) => sweep.results.map((row) => row.ended_ms)),
    ...result.steps.map((step) => step.ended_ms ?? 0),
  ];
  // reduce, because a spread of a million arguments is none.
  const end = ends.reduce((latest, each) => Math.max(latest, each), 0);
  return { endMs: end > 0 ? end : 1, width: WIDTH };
}

function timeAxis({ endMs }: TimeScale, hasLabels: boolean): ChartSpec {
  return {
    field: 's',
    type: 'quantitative',
    scale: { domain: [0, endMs / 1000], nice: false },
    axis: hasLabels ? { title: 'time since the run began, s', tickCount: 10, grid: false } : null,
  };
}

interface RequestsPanel {
  readonly height: number;
  readonly isThinned: boolean;
  readonly view: { readonly layer: readonly ChartSpec[] };
}

/** The axis ends below the panel's upper edge; what failed stands in between. */
function requestsPanel(title: string, points: readonly TimePoint[], scale: TimeScale, height: number): RequestsPanel {
  const answered = points.filter((point) => point.ok);
  const failed = points.filter((point) => !point.ok);
  const axis = latencyAxis(
    answered.map((point) => point.latency_ms),
    1 - TOP / height,
  );
  const xOf = (point: TimePoint) => (point.at_ms / scale.endMs) * scale.width;
  const shownAnswered = thin(answered, (point) => [xOf(point), axis.share(point.latency_ms) * height], MAX_POINTS);
  const shownFailed = thin(failed, (point) => [xOf(point), 0], MAX_POINTS);
  const at = (point: TimePoint, value: number) => ({ s: point.at_ms / 1000, ms: value });
  const failedAt = axis.at(1 - FAILED / height);
  const y = {
    field: 'ms',
    type: 'quantitative',
    scale: axis.scale,
    // Nothing answered: an axis of numbers would pretend a scale.
    axis: { title, values: answered.length === 0 ? [] : axis.ticks, format: ',.6~f', ...UPRIGHT_TITLE },
  };
  return {
    height,
    isThinned: shownAnswered.length < answered.length || shownFailed.length < failed.length,
    view: {
      layer: [
        {
          data: { values: shownAnswered.map((point) => at(point, point.latency_ms)) },
          mark: { type: 'point', filled: true, color: INK.measured, opacity: 0.6, size: 14 },
          encoding: { y },
        },
        {
          data: { values: shownFailed.map((point) => at(point, failedAt)) },
          mark: { type: 'point', shape: 'cross', angle: 45, filled: true, color: INK.bad, opacity: 0.8, size: 50 },
          encoding: { y },
        },
        {
          data: { values: failed.length === 0 ? [] : [{ s: 0, ms: failedAt, text: `× ${failed.length} failed` }] },
          mark: { type: 'text', align: 'right', baseline: 'middle', dx: -8, color: INK.bad, fontWeight: 'bold', fontSize: 11 },
          encoding: { y, text: { field: 'text', type: 'nominal' } },
        },
      ],
    },
  };
}

interface LatencyAxis {
  readonly scale: ChartSpec;
  readonly ticks: readonly number[];
  /** The value at this share of the panel's height. */
  readonly at: (share: number) => number;
  /** And back. */
  readonly share: (value: number) => number;
}

/** @param end share of the panel's height at which latencies end */
function latencyAxis(latencies: readonly number[], end: number): LatencyAxis {
  const sorted = Float64Array.from(latencies).sort();
  const [least = 0, median = 0, most = 0] = [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
  const top = roundUp(most);
  if (least > 0 && most > MAX_LINEAR_RATIO * median) {
    const low = 10 ** Math.floor(Math.log10(least));
    const high = 10 ** Math.ceil(Math.log10(most));
    const decades = Math.log10(high / low);
    const at = (share: number) => low * 10 ** ((share / end) * decades);
    const ticks = Array.from({ length: Math.round(decades) + 1 }, (_, i) => low * 10 ** i);
    return {
      scale: { type: 'log', domain: [low, at(1)], nice: false },
      ticks,
      at,
      share: (value) => (Math.log10(value / low) / decades) * end,
    };
  }
  const at = (share: number) => (share / end) * top;
  return { scale: { domain: [0, at(1)], nice: false }, ticks: ticksTo(top), at, share: (value) => (value / top) * end };
}

function findingOf({ marks }: RunResult, points: readonly TimePoint[], noun: string): string {
  const failed = points.filter((point) => !point.ok);
  if (failed.length === 0) return points.length === 1 ? `The ${noun} was answered` : `All ${count(points.length, noun)} were answered`;
  if (failed.length === points.length) return `All ${count(points.length, noun)} failed`;
  const during = failed.filter((point) => marks.some((mark) => FAULTS.includes(mark.kind) && isDuring(mark, point))).length;
  const when = during === 0 ? '' : during === failed.length ? ', all of them during a fault' : `, ${during} of them during a fault`;
  return `${failed.length} of ${count(points.length, noun)} failed${when}`;
}

function isDuring({ at_ms, until_ms }: Mark, point: TimePoint): boolean {
  return point.at_ms + point.latency_ms >= at_ms && point.at_ms <= (until_ms ?? at_ms);
}

function altOf({ marks }: RunResult, writes: readonly TimePoint[], reads: readonly TimePoint[]): string {
  const kinds = [
    { noun: 'write', points: writes },
    { noun: 'read', points: reads },
  ].flatMap(({ noun, points }) => {
    const slowest = points.reduce((most, point) => (point.ok ? Math.max(most, point.latency_ms) : most), 0);
    return points.length === 0 ? [] : [`${count(points.length, noun)}, the slowest answered after ${ms(slowest)}`];
  });
  const done = marks.slice(0, 12).map((mark) => `${mark.text} at ${ms(mark.at_ms)}`);
  return `Latency against the time since the run began: ${kinds.join('; ')}.${done.length === 0 ? '' : ` Marks: ${done.join('; ')}.`}`;
}
