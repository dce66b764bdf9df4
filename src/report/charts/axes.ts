/** What was swept as an axis, the milliseconds as an axis, and where labels go so that none covers another. */
import { type SweptRow, wordsOf } from '../sweep.ts';
import { UPRIGHT_TITLE } from './theme.ts';

/** What an axis needs to know of a sweep: Facts have it. */
interface Swept {
  readonly rows: readonly SweptRow[];
  readonly result: { readonly sweep: { readonly parameter: string } };
}

/** Values further apart than this are steps of a scale, not of a line: 1, 10, 100. */
const LOGARITHMIC_FROM = 20;
/** Share of an axis beyond which a figure on a bar would reach what stands above the plot. */
const FULL = 0.94;
/** px between the labels of two neighbouring categories. */
const LABEL_GAP = 6;

/** Of an axis of quorums, which may name more of them than ran. */
export function quorumAxis(quorums: readonly number[]): Readonly<Record<string, unknown>> {
  return numberAxis(quorums, wordsOf('quorum').axis, { least: 0.3, format: 'd' });
}

/**
 * The sweep as an axis with a tick at each value: numbers keep their distances (the gaps of 1, 3, 5 stay gaps, and the model stays a
 * line), or their ratios if they are far apart; anything else stands side by side. `width` is the plot's, in px.
 */
export function sweptAxis({ rows, result }: Swept, width: number): Readonly<Record<string, unknown>> {
  const { parameter } = result.sweep;
  const values = rows.flatMap((row) => (typeof row.x === 'number' ? [row.x] : []));
  if (values.length < rows.length) {
    const domain = rows.map((row) => row.x);
    const labels = categoryLabels(width, domain.length);
    return {
      field: 'x',
      type: 'ordinal',
      sort: null,
      scale: { type: 'point', domain, padding: 0.5 },
      axis: { ...labels, title: wordsOf(parameter).axis },
    };
  }
  return parameter === 'quorum' ? quorumAxis(values) : numberAxis(values, wordsOf(parameter).axis, { least: 0, format: ',~f' });
}

function numberAxis(numbers: readonly number[], title: string, { least, format }: { least: number; format: string }) {
  const values = [...new Set(numbers)].sort((a, b) => a - b);
  const [low, high] = [values[0] ?? 0, values.at(-1) ?? 0];
  const axis = { values, format, title };
  if (low > 0 && values.length > 2 && high / low >= LOGARITHMIC_FROM) {
    const margin = (high / low) ** 0.06;
    return { field: 'x', type: 'quantitative', scale: { type: 'log', domain: [low / margin, high * margin], nice: false }, axis };
  }
  const margin = Math.max(least, (high - low) * 0.06) || Math.abs(high) / 2 || 0.5;
  return { field: 'x', type: 'quantitative', scale: { domain: [low - margin, high + margin], nice: false, zero: false }, axis };
}

/** Each value in a band of its own, for figures that are compared one by one. */
export function sweptBands({ rows, result }: Swept, width: number): Readonly<Record<string, unknown>> {
  const { parameter } = result.sweep;
  const domain = rows.map((row) => row.x);
  const title = parameter === 'quorum' ? 'write quorum k' : wordsOf(parameter).axis;
  return {
    field: 'x',
    type: 'ordinal',
    sort: null,
    scale: { domain, padding: 0 },
    axis: { ...categoryLabels(width, domain.length), title },
  };
}

/** A delay per node is long: one line for each, cut off where the neighbour begins. */
function categoryLabels(width: number, n: number) {
  return { labelAngle: 0, labelExpr: "split(datum.label, ';')", labelLimit: Math.max(20, width / Math.max(1, n) - LABEL_GAP) };
}

/** The width of a bar in its band: `share` of it, but with few bars no wider than five would be. */
export function barWidth(rows: readonly SweptRow[], share: number): Readonly<Record<string, unknown>> {
  return { width: { band: share * Math.min(1, rows.length / 5) } };
}

/** The same with room above the highest bar for the figure that stands on it. */
export function fromZeroWithFigures(values: readonly number[], title: string, field: string): ZeroBased {
  const highest = Math.max(0, ...values);
  const hasRoom = highest <= FULL * roundUp(highest);
  return fromZero(hasRoom ? values : [highest / FULL], title, field);
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

/** Evenly spaced round values from 0 to a value that roundUp gave, that one included. */
export function ticksTo(top: number): readonly number[] {
  const leading = Number((top / 10 ** Math.floor(Math.log10(top))).toPrecision(3));
  const steps = [3, 6].includes(leading) ? 3 : [1.2, 2, 4, 8].includes(leading) ? 4 : 5;
  return Array.from({ length: steps + 1 }, (_, i) => Number(((top * i) / steps).toPrecision(6)));
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
