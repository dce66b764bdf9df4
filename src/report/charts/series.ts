/** Lines over what was swept with their names at their right ends: the layers that the latency charts share. */
import { figure } from '../wording.ts';
import { spread } from './axes.ts';
import type { ChartSpec } from './spec.ts';
import { INK } from './theme.ts';

export interface Point {
  /** Where it stands on the axis. */
  readonly x: number | string;
  readonly ms: number;
}

export interface Series {
  /** Its figure at the right end follows by itself. */
  readonly label: string;
  readonly color: string;
  /** In the order of the axis; empty series are not drawn. */
  readonly points: readonly Point[];
  readonly style: 'strong' | 'thin' | 'dashed';
}

const STROKE = {
  strong: { strokeWidth: 2.5 },
  thin: { strokeWidth: 1.25 },
  dashed: { strokeWidth: 1.75, strokeDash: [5, 4] },
} as const;
/** More points than this, and their figures would meet. */
const MAX_LABELLED = 8;
/** Shares of the axis: a fall below this is none, and a point below that has its label above it. */
const FLAT = 0.02;
const AT_FOOT = 0.07;
/** px from the baseline of one label to that of the next. */
const LINE_HEIGHT = 15;

/** Each series as line and points; a single point is a point. */
export function lines(all: readonly Series[]): ChartSpec[] {
  return all
    .filter((series) => series.points.length > 0)
    .flatMap(({ points, color, style }) => [
      { data: { values: points }, mark: { type: 'line', color, ...STROKE[style] } },
      ...(style === 'dashed' && points.length > 1
        ? []
        : [{ data: { values: points }, mark: { type: 'point', filled: true, opacity: 1, color, size: style === 'strong' ? 64 : 22 } }]),
    ]);
}

interface Plot {
  /** The axis' upper end. */
  readonly top: number;
  /** In px. */
  readonly height: number;
  /** From left to right. */
  readonly places: readonly Point['x'][];
  /** What a label says of its last point; its milliseconds if absent. */
  readonly figureOf?: (value: number) => string;
}

/** The name of each series beside its last point, pushed apart where points meet; series that end before the others have none. */
export function endLabels(all: readonly Series[], { top, height, places, figureOf = figure }: Plot): ChartSpec[] {
  const ends = all.flatMap(({ points, label, color, style }) => {
    const end = points.at(-1);
    return end === undefined ? [] : [{ ...end, label: `${label} ${figureOf(end.ms)}`, color, style }];
  });
  const right = places.findLast((place) => ends.some((end) => end.x === place));
  const atRight = ends.filter((end) => end.x === right);
  const positions = spread(
    atRight.map((end) => end.ms),
    (LINE_HEIGHT / height) * top,
    top,
  );
  return atRight.map(({ x, label, color, style }, i) => ({
    data: { values: [{ x, ms: positions[i] }] },
    mark: {
      type: 'text',
      text: label,
      align: 'left',
      baseline: 'middle',
      dx: 12,
      color: color === INK.measuredPale ? INK.quiet : color,
      fontWeight: style === 'strong' ? 'bold' : 'normal',
    },
  }));
}

/** The figures of a line beside its points, save the last, which has its own label at the end of the line. `top` as in Plot. */
export function pointLabels(points: readonly Point[], color: string, top: number): ChartSpec {
  const labelled = points.length > MAX_LABELLED ? [] : points.slice(0, -1);
  // Below the point where a rising line leaves room, above it where a falling one does; and above where the axis would be in the way.
  const beside = labelled.map((point, i) => {
    const isFalling = (points[i + 1] as Point).ms < point.ms - top * FLAT;
    const [dx, dy] = point.ms < top * AT_FOOT ? [-10, -22] : isFalling ? [7, -16] : [7, 5];
    return { ...point, text: figure(point.ms), dx, dy };
  });
  return labelsBeside(beside, color, 'top');
}

/** Labels in bold, each so many px from its own point. */
export function labelsBeside(
  values: readonly { readonly text: string; readonly dx: number; readonly dy: number }[],
  color: string,
  baseline: 'top' | 'middle',
): ChartSpec {
  const offset = { dx: { expr: 'datum.dx' }, dy: { expr: 'datum.dy' } };
  return {
    data: { values },
    mark: { type: 'text', align: 'left', baseline, ...offset, color, fontWeight: 'bold' },
    encoding: { text: { field: 'text', type: 'nominal' } },
  };
}
