/**
 * Where things go on the time chart, in px: marks and their labels in lanes so that none covers another, and which of very many
 * points are drawn. Arithmetic only; how it looks is time.ts's business.
 *
 * Invariant: equal input gives equal places, and what is left out is counted.
 */

/** Something with a beginning and an end on the time axis, and a label that starts with it. */
export interface Span {
  /** px from the left. */
  readonly from: number;
  /** px; equal to `from` for what is over at once. */
  readonly to: number;
  /** px of its label. */
  readonly labelWidth: number;
}

export interface Placed {
  /** From 0 at the top; null if no lane was free. */
  readonly lane: number | null;
  /** px where its label begins: at `from`, or where the plot ends before it would, so that it ends at `from`. */
  readonly labelFrom: number;
}

/** px between two neighbours of a lane. */
const GAP = 6;

/** One lane for each span, the highest that is free at its beginning, at most `most` lanes. O(spans * lanes). Spans are ascending by `from`. */
export function lanesOf(spans: readonly Span[], width: number, most: number): Placed[] {
  const ends: number[] = [];
  return spans.map(({ from, to, labelWidth }) => {
    const labelFrom = from + labelWidth <= width ? from : Math.max(0, from - labelWidth);
    const start = Math.min(from, labelFrom);
    const end = Math.max(to, labelFrom + labelWidth);
    const free = ends.findIndex((taken) => taken + GAP <= start);
    const lane = free === -1 ? ends.length : free;
    if (lane >= most) return { lane: null, labelFrom };
    ends[lane] = end;
    return { lane, labelFrom };
  });
}

/** px; the first that leaves few enough points is taken. */
const CELLS = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48] as const;

/** More cells than any column of a picture has. */
const COLUMN = 1e5;

/**
 * The first point of every cell of a grid, in their order: what is left out lies under what is drawn, and no outlier is lost. The
 * grid is as fine as `most` allows, however many points there are; with the coarsest one more than `most` may stay.
 */
export function thin<T>(points: readonly T[], place: (point: T) => readonly [x: number, y: number], most: number): readonly T[] {
  if (points.length <= most) return points;
  // Each grid thins what the finer one left, so that a million points are gone through once or twice only.
  let kept: readonly T[] = points;
  for (const cell of CELLS) {
    const taken = new Set<number>();
    kept = kept.filter((point) => {
      const [x, y] = place(point);
      const name = Math.floor(x / cell) * COLUMN + Math.floor(y / cell);
      return !taken.has(name) && taken.add(name);
    });
    if (kept.length <= most) return kept;
  }
  return kept;
}

/** px that a text takes at most, at this size, in the typeface of the pictures: its widest common letters are 0.62 em. */
export function widthOf(text: string, fontSize: number): number {
  return text.length * fontSize * 0.62;
}
