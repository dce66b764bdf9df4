/** The quorum as an axis, the milliseconds as an axis, and where labels go so that none covers another. */
import type { QuorumResult } from '../../measure/result.ts';
import { UPRIGHT_TITLE } from './theme.ts';

/** A linear axis with a tick at each quorum that was run: the gaps of 1, 3, 5 stay gaps, and the model stays a line. */
export function quorumAxis(rows: readonly QuorumResult[]): Readonly<Record<string, unknown>> {
  const values = [...new Set(rows.map((row) => row.quorum))].sort((a, b) => a - b);
  const [low, high] = [values[0] ?? 0, values.at(-1) ?? 0];
  const margin = Math.max(0.3, (high - low) * 0.06);
  return {
    field: 'quorum',
    type: 'quantitative',
    scale: { domain: [low - margin, high + margin], nice: false, zero: false },
    axis: { values, format: 'd', title: 'write quorum k: followers that must hold a write before it is acknowledged' },
  };
}

/** Each quorum in a band of its own, for figures that are compared one by one. */
export function quorumBands(rows: readonly QuorumResult[]): Readonly<Record<string, unknown>> {
  return {
    field: 'quorum',
    type: 'ordinal',
    scale: { domain: [...new Set(rows.map((row) => row.quorum))].sort((a, b) => a - b), padding: 0 },
    axis: { labelAngle: 0, title: 'write quorum k' },
  };
}

/** The width of a bar in its band: `share` of it, but with few bars no wider than five would be. */
export function barWidth(rows: readonly QuorumResult[], share: number): Readonly<Record<string, unknown>> {
  return { width: { band: share * Math.min(1, rows.length / 5) } };
}

/** From zero to a round number above the largest value: lengths can be compared, and labels placed to the pixel. */
export function fromZero(values: readonly number[], title: string, field = 'ms'): ZeroBased {
  const highest = Math.max(0, ...values);
  const top = roundUp(highest);
  return {
    top,
    encoding: {
      field,
      type: 'quantitative',
      scale: { domain: [0, top], nice: false },
      // Nothing measured: an axis of numbers would pretend a scale.
      axis: { title, tickCount: 5, labels: highest > 0, ...UPRIGHT_TITLE },
    },
  };
}

interface ZeroBased {
  /** Upper end of the axis. */
  readonly top: number;
  readonly encoding: Readonly<Record<string, unknown>>;
}

/** The next of 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8 times a power of ten; 1 for 0, so that an empty axis has a length. */
export function roundUp(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find((candidate) => candidate * power >= value * (1 - 1e-9)) ?? 10;
  return step * power;
}

/**
 * Positions for labels beside points of a vertical axis: in the order of the values, at least `gap` apart, between 0 and
 * `top`, and as near to their points as that allows (least squares). All in units of the axis. O(n log n).
 * Source: with position i less i gaps the constraint is order alone, so this is isotonic regression (pool adjacent violators).
 */
export function spread(values: readonly number[], gap: number, top: number): number[] {
  const order = values.map((value, index) => ({ value, index })).sort((a, b) => a.value - b.value);
  const pools: { sum: number; size: number }[] = [];
  order.forEach(({ value }, i) => {
    let pool = { sum: value - i * gap, size: 1 };
    for (let below = pools.at(-1); below !== undefined && below.sum / below.size > pool.sum / pool.size; below = pools.at(-1)) {
      pools.pop();
      pool = { sum: below.sum + pool.sum, size: below.size + pool.size };
    }
    pools.push(pool);
  });
  const room = Math.max(0, top - (values.length - 1) * gap);
  const shifted = pools.flatMap(({ sum, size }) => new Array<number>(size).fill(Math.min(room, Math.max(0, sum / size))));
  const positions = new Array<number>(values.length);
  order.forEach(({ index }, i) => {
    positions[index] = (shifted[i] as number) + i * gap;
  });
  return positions;
}
