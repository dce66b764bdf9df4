/**
 * The latencies of single writes, one row of bars per row of the result, with the outline that the delays alone predict: the same
 * bins for both, so that the model may be any distribution, a constant too, whose density would be no curve at all.
 */
import { percentile } from '../../lib/quantile.ts';
import type { Facts } from '../facts.ts';
import type { LatencyShape } from '../input.ts';
import { type SweptRow, wordsOf } from '../sweep.ts';
import { count, figure, ms, short } from '../wording.ts';
import { roundUp } from './axes.ts';
import { distributionFinding } from './findings.ts';
import type { ChartSpec, Panel } from './spec.ts';
import { INK, quorumShade, UPRIGHT_TITLE, workloadText } from './theme.ts';

/** Bins across the axis: fine enough for a shape, coarse enough that 100 writes still fill them. */
const BINS = { few: 30, many: 60 } as const;
const MANY_WRITES = 1000;

/** px below a row for the figure of its mean, and below the lowest row. */
const FOOT = 16;
/** px between a row without that figure and the next. */
const GAP = 3;
/** px of a row that has room for the figure of its mean below it. */
const MIN_ROW_WITH_MEAN = 36;

interface Bin {
  readonly from: number;
  readonly to: number;
  readonly share: number;
  /** null without a model. */
  readonly expected: number | null;
}

interface Row {
  /** At its left. */
  readonly label: string;
  /** In a sentence. */
  readonly name: string;
  readonly mean: number;
  readonly bins: readonly Bin[];
  /** Writes right of the axis. */
  readonly beyond: number;
}

/** Characters of a label; a delay per node would push the plot off the picture. */
const MAX_LABEL = 18;

/** Null if no write succeeded. */
export function latencyDistribution(facts: Facts, shapes: readonly LatencyShape[]): Panel | null {
  const filled = facts.rows.flatMap((row) => {
    const shape = shapes.find((each) => each.row === row.row);
    return shape === undefined || shape.latencies.length === 0 ? [] : [{ ...shape, swept: row }];
  });
  if (filled.length === 0) return null;
  // The slowest hundredth does not set the scale: one stall of a second would press all of 10,000 writes into one bin.
  const reach = Math.max(...filled.map(({ latencies }) => percentile(Float64Array.from(latencies).sort(), 99))) * 1.02;
  const width = roundUp(reach / (filled.some((shape) => shape.latencies.length >= MANY_WRITES) ? BINS.many : BINS.few));
  const rows = filled.map((shape) => rowOf(facts, shape, shape.swept, width, Math.ceil(reach / width)));
  const model = rows.some((row) => row.bins.some((bin) => bin.expected !== null)) ? '; outline: the delays alone' : '';
  return {
    title: distributionFinding(facts),
    subtitle: [workloadText(facts.result)],
    alt: `Histograms of write latency, one per ${wordsOf(facts.result.sweep.parameter).noun}. Means: ${rows.map((row) => `${row.name}: ${ms(row.mean)}`).join('; ')}.`,
    draw: (_width, height) => draw(rows, height, `writes per ${Number(width.toPrecision(3))} ms, each row to its own height${model}`),
  };
}

function rowOf(facts: Facts, { latencies, modelCdf: cdf }: LatencyShape, swept: SweptRow, width: number, bins: number): Row {
  // At quorum 0 no delay is waited for, so there is nothing to outline.
  const modelCdf = swept.quorum === 0 ? null : cdf;
  const counts = new Array<number>(bins).fill(0);
  for (const latency of latencies) {
    const bin = Math.floor(latency / width);
    if (bin >= 0 && bin < bins) counts[bin] = (counts[bin] as number) + 1;
  }
  return {
    label: facts.isQuorumSweep ? `k = ${swept.value}` : short(swept.value, MAX_LABEL),
    name: facts.name([swept]),
    mean: latencies.reduce((sum, latency) => sum + latency, 0) / latencies.length,
    beyond: latencies.filter((latency) => latency >= width * bins).length,
    bins: counts.map((n, i) => ({
      from: i * width,
      to: (i + 1) * width,
      share: n / latencies.length,
      // Bins are closed on the left, a cdf on the right: a constant delay of 50 belongs to the bin that begins with 50.
      expected: modelCdf === null ? null : modelCdf((i + 1) * width * (1 - 1e-12)) - (i === 0 ? 0 : modelCdf(i * width * (1 - 1e-12))),
    })),
  };
}

/** Row i from the top has its base line at height n - 1 - i of an axis that is not shown. */
function draw(rows: readonly Row[], height: number, caption: string): ChartSpec {
  const top = Math.max(...rows.map((row) => row.bins.at(-1)?.to ?? 0));
  const hasMeans = height / rows.length >= MIN_ROW_WITH_MEAN;
  const foot = (FOOT * rows.length) / (height - FOOT);
  const fill = 1 - ((hasMeans ? FOOT : GAP) * rows.length) / (height - FOOT);
  const baseOf = (i: number) => rows.length - 1 - i;
  // Each row to its own height: at quorum 0 all writes are in one bin, and a common scale would flatten the others to nothing.
  const highest = rows.map((row) => Math.max(...row.bins.flatMap((bin) => [bin.share, bin.expected ?? 0])));
  const heightOf = (i: number, share: number) => (share / (highest[i] as number)) * fill;
  const bars = rows.flatMap((row, i) =>
    row.bins
      .filter((bin) => bin.share > 0)
      .map((bin) => ({
        ms: bin.from,
        to: bin.to,
        base: baseOf(i),
        high: baseOf(i) + heightOf(i, bin.share),
        color: quorumShade(i, rows.length),
      })),
  );
  const outline = rows.flatMap((row, i) =>
    outlineOf(row).map(({ at, share }) => ({ ms: at, base: baseOf(i) + heightOf(i, share), row: i })),
  );
  const labels = rows.map((row, i) => ({ ms: 0, base: baseOf(i), text: row.label }));
  const means = rows.map((row, i) => ({ ms: Math.min(row.mean, top), base: baseOf(i), text: hasMeans ? figure(row.mean) : '' }));
  const beyond = rows.flatMap((row, i) =>
    row.beyond === 0 ? [] : [{ ms: top, base: baseOf(i), text: `${count(row.beyond, 'write')} beyond` }],
  );
  const text = { text: { field: 'text', type: 'nominal' } };
  return {
    encoding: {
      x: {
        field: 'ms',
        type: 'quantitative',
        scale: { domain: [0, top], nice: false },
        axis: { title: 'latency of a write, ms', grid: true, tickCount: 6 },
      },
      y: {
        field: 'base',
        type: 'quantitative',
        scale: { domain: [-foot, rows.length], nice: false, zero: false },
        axis: { title: caption, labels: false, grid: false, ...UPRIGHT_TITLE },
      },
    },
    layer: [
      {
        data: { values: bars },
        mark: { type: 'rect', stroke: 'white', strokeWidth: 0.5 },
        encoding: { x2: { field: 'to' }, y2: { field: 'high' }, color: { field: 'color', type: 'nominal', scale: null } },
      },
      {
        data: { values: outline },
        mark: { type: 'line', interpolate: 'step-after', color: INK.model, strokeWidth: 1.25 },
        encoding: { detail: { field: 'row', type: 'nominal' } },
      },
      { data: { values: labels }, mark: { type: 'text', align: 'right', baseline: 'bottom', dx: -10, fontWeight: 'bold' }, encoding: text },
      { data: { values: means }, mark: { type: 'tick', orient: 'vertical', color: INK.text, thickness: 2, size: 7, yOffset: 4 } },
      {
        data: { values: means },
        mark: { type: 'text', align: 'left', baseline: 'top', dx: 5, dy: 1, fontSize: 10.5, color: INK.text },
        encoding: text,
      },
      {
        data: { values: beyond },
        mark: { type: 'text', align: 'left', baseline: 'bottom', dx: 6, fontSize: 10.5, color: INK.quiet },
        encoding: text,
      },
    ],
  };
}

/** The upper edge of the expected bars: one corner per bin, and one that ends the last. Bins with next to nothing at both ends are left out. */
function outlineOf({ bins }: Row): { at: number; share: number }[] {
  const corners = bins.flatMap((bin) => (bin.expected === null ? [] : [{ at: bin.from, share: bin.expected }]));
  const end = bins.at(-1);
  if (end === undefined || corners.length === 0) return [];
  const isSeen = corners.map((corner) => corner.share > 1e-4);
  return [...corners, { at: end.to, share: corners.at(-1)?.share ?? 0 }].slice(
    Math.max(0, isSeen.indexOf(true) - 1),
    isSeen.lastIndexOf(true) + 2,
  );
}
