/** What a quorum buys, for what it costs: acknowledged writes lost against the latency of a write, a point per quorum. */
import type { DurabilityResult } from '../../measure/durability-result.ts';
import { durabilityFinding, type MeasuredRow, measuredRows } from '../durability/words.ts';
import { count, ms, percent } from '../wording.ts';
import { roundUp, spread, ticksTo } from './axes.ts';
import { labelsBeside, lines, type Point, type Series } from './series.ts';
import type { Chart, ChartSpec, Panel } from './spec.ts';
import { chart, INK, UPRIGHT_TITLE } from './theme.ts';

const NAME = 'loss-vs-latency';
/** px from the baseline of one label to that of the next. */
const LINE_HEIGHT = 15;
/** Shares above this are too near to the title of the axis, and below that to its labels. */
const AT_TOP = 0.95;
const AT_FOOT = 0.07;
/** More quorums than this, and their names would meet. */
const MAX_NAMED = 12;

/** Null if no write was acknowledged. */
export function durabilityChart(result: DurabilityResult): Chart | null {
  const rows = measuredRows(result);
  return rows.length === 0 ? null : chart(NAME, panelOf(result, rows));
}

function panelOf(result: DurabilityResult, rows: readonly MeasuredRow[]): Panel {
  const { cluster, trials } = result;
  return {
    title: durabilityFinding(result),
    subtitle: [
      `the leader dies at the ack · ${count(trials, 'trial')} per quorum and way · ${count(cluster.followers, 'follower')} · delay ${cluster.delay} ms · ${cluster.store}`,
      'shaded: 95 % interval (Wilson) · expected: (N − k)/N of the writes, at the latency of the model',
    ],
    alt: altOf(rows),
    draw: (_width, height) => draw(rows, height),
  };
}

function draw(rows: readonly MeasuredRow[], height: number): ChartSpec {
  const right = roundUp(Math.max(...rows.flatMap(({ avg_latency_ms, model_ms }) => [avg_latency_ms, model_ms])) * 1.05);
  const latency = ({ avg_latency_ms }: MeasuredRow) => avg_latency_ms;
  const promoted = rows.filter(({ safe }) => safe.trials > safe.refused);
  const alone: Series = {
    label: 'promoted alone',
    color: INK.measured,
    style: 'strong',
    points: pointsOf(rows, latency, ({ alone: { share } }) => share),
  };
  const expected: Series = {
    label: 'expected alone',
    color: INK.model,
    style: 'dashed',
    points: pointsOf(
      rows,
      ({ model_ms }) => model_ms,
      ({ alone: { expected: share } }) => share,
    ),
  };
  const safe: Series = {
    label: 'promoted safely',
    color: INK.kept,
    style: 'thin',
    points: pointsOf(promoted, latency, ({ safe: { lost, trials, refused } }) => lost / (trials - refused)),
  };
  return {
    encoding: {
      x: {
        field: 'x',
        type: 'quantitative',
        scale: { domain: [0, right], nice: false },
        axis: { values: ticksTo(right), title: 'latency of a write, ms' },
      },
      y: {
        field: 'ms',
        type: 'quantitative',
        scale: { domain: [0, 1], nice: false },
        axis: { title: 'share of the acknowledged writes that were lost', format: '~%', tickCount: 5, ...UPRIGHT_TITLE },
      },
    },
    layer: [
      intervals(rows),
      ...lines([safe, expected, alone]),
      dots(expected, { filled: true, size: 24 }),
      // A ring, so that it is seen around a point of the other line.
      dots(safe, { filled: false, size: 170, strokeWidth: 2 }),
      quorumNames(rows),
      refusals(rows),
      ...legends([alone, safe, expected], right, height),
    ],
  };
}

function dots({ points, color }: Series, mark: ChartSpec): ChartSpec {
  return { data: { values: points }, mark: { type: 'point', opacity: 1, color, ...mark } };
}

function pointsOf(
  rows: readonly MeasuredRow[],
  x: (row: MeasuredRow) => number,
  share: (row: MeasuredRow) => number | null,
): readonly Point[] {
  return rows.flatMap((row) => {
    const found = share(row);
    return found === null ? [] : [{ x: x(row), ms: found }];
  });
}

function intervals(rows: readonly MeasuredRow[]): ChartSpec {
  const values = rows.flatMap(({ avg_latency_ms: x, alone: { ci95 } }) => (ci95 === null ? [] : [{ x, ms: ci95[0], high: ci95[1] }]));
  return {
    data: { values },
    mark: { type: 'rule', color: INK.measured, strokeWidth: 6, opacity: 0.28, strokeCap: 'round' },
    encoding: { y2: { field: 'high' } },
  };
}

/** Beside its point, on the side of the falling line on which what is expected is not. */
function quorumNames(rows: readonly MeasuredRow[]): ChartSpec {
  const named = rows.length > MAX_NAMED ? [] : rows;
  const values = named.flatMap(({ quorum, avg_latency_ms: x, alone: { share, expected } }, i) =>
    share === null ? [] : [{ x, ms: share, text: `k = ${quorum}`, ...offsetOf(share, expected, named[i + 1]?.alone.share ?? 0) }],
  );
  return labelsBeside(values, INK.measured, 'middle');
}

function offsetOf(share: number, expected: number, next: number): { readonly dx: number; readonly dy: number } {
  if (share > AT_TOP) return next > AT_TOP ? { dx: 9, dy: 12 } : { dx: 16, dy: 0 };
  return share < expected && share > AT_FOOT ? { dx: -46, dy: 12 } : { dx: 9, dy: -12 };
}

/** Where a safe promotion would be, had there been one. */
function refusals(rows: readonly MeasuredRow[]): ChartSpec {
  const values = rows.flatMap(({ avg_latency_ms: x, safe }) =>
    safe.trials > 0 && safe.refused === safe.trials ? [{ x, ms: 0, text: '× refused' }] : [],
  );
  return {
    data: { values },
    mark: { type: 'text', align: 'left', baseline: 'bottom', dx: 2, dy: -5, color: INK.kept },
    encoding: { text: { field: 'text', type: 'nominal' } },
  };
}

/** What the lines are, beside the plot, each at the height of its last point. */
function legends(series: readonly Series[], right: number, height: number): ChartSpec[] {
  const named = series.filter(({ points }) => points.length > 0);
  const places = spread(
    named.map(({ points }) => points.at(-1)?.ms ?? 0),
    LINE_HEIGHT / height,
    1,
  );
  return named.map(({ label, color, style }, i) => ({
    data: { values: [{ x: right, ms: places[i] }] },
    mark: {
      type: 'text',
      text: label,
      align: 'left',
      baseline: 'middle',
      dx: 8,
      color,
      fontWeight: style === 'strong' ? 'bold' : 'normal',
    },
  }));
}

function altOf(rows: readonly MeasuredRow[]): string {
  const points = rows.map(({ quorum, avg_latency_ms: mean, alone, safe }) => {
    const safely =
      safe.refused === safe.trials ? 'the safe promotion was refused' : `${safe.lost} of ${safe.trials - safe.refused} lost safely`;
    const share = alone.share === null ? 'nothing is known' : `${percent(alone.share)} lost alone (expected ${percent(alone.expected)})`;
    return `quorum ${quorum}: ${ms(mean)}, ${share}, ${safely}`;
  });
  return `Acknowledged writes lost against the latency of a write, a point per quorum. ${points.join('; ')}.`;
}
