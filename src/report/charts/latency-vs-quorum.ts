/** The picture that kvctl exists for: latency against the write quorum, or whatever else was swept, measured and modelled. */
import { type Facts, halfInterval, type MeasuredRow } from '../facts.ts';
import { wordsOf } from '../sweep.ts';
import { ms } from '../wording.ts';
import { fromZero, sweptAxis } from './axes.ts';
import { latencyFinding } from './findings.ts';
import { endLabels, lines, pointLabels, type Series } from './series.ts';
import type { ChartSpec, Panel } from './spec.ts';
import { INK, workloadText } from './theme.ts';

export function latencyVsQuorum(facts: Facts): Panel {
  return {
    title: latencyFinding(facts),
    subtitle: [workloadText(facts.result), 'shaded: 95 % interval of the mean · model: what the k-th fastest of the delays alone takes'],
    alt: altOf(facts),
    draw: (width, height) => draw(facts, width, height),
  };
}

function draw(facts: Facts, width: number, height: number): ChartSpec {
  const series = seriesOf(facts.measured);
  const intervals = facts.measured.flatMap(({ x, ci95_ms }) =>
    ci95_ms === null ? [] : [{ x, ms: Math.max(0, ci95_ms[0]), high: ci95_ms[1] }],
  );
  const y = fromZero(
    [...series.flatMap(({ points }) => points.map((point) => point.ms)), ...intervals.map((each) => each.high)],
    'latency of a write, ms',
  );
  const means = facts.measured.map(({ x, avg_latency_ms }) => ({ x, ms: avg_latency_ms }));
  return {
    encoding: { x: sweptAxis(facts, width), y: y.encoding },
    layer: [
      ...lines(series),
      {
        data: { values: intervals },
        mark: { type: 'rule', color: INK.measured, strokeWidth: 6, opacity: 0.28, strokeCap: 'round' },
        encoding: { y2: { field: 'high' } },
      },
      pointLabels(means, INK.measured, y.top),
      ...endLabels(series, { top: y.top, height, places: facts.rows.map((row) => row.x) }),
      failureMarks(facts),
    ],
  };
}

/** Context first, so that what matters is drawn over it. */
function seriesOf(measured: readonly MeasuredRow[]): Series[] {
  const of = (value: (row: MeasuredRow) => number | null) =>
    measured.flatMap((row) => {
      const found = value(row);
      return found === null ? [] : [{ x: row.x, ms: found }];
    });
  return [
    { label: 'p99', color: INK.measuredPale, style: 'thin', points: of((row) => row.p99_latency_ms) },
    { label: 'p95', color: INK.measuredPale, style: 'thin', points: of((row) => row.p95_latency_ms) },
    { label: 'median', color: INK.measuredPale, style: 'thin', points: of((row) => row.median_latency_ms) },
    { label: 'mean', color: INK.measured, style: 'strong', points: of((row) => row.avg_latency_ms) },
    { label: 'model', color: INK.model, style: 'dashed', points: of((row) => row.model_ms) },
  ];
}

/** More rows than this, and the words at their feet would meet. */
const MAX_WORDED_FAILURES = 6;

/** Failures stand where their latency would be missed: at the foot of their row. */
function failureMarks({ rows }: Facts): ChartSpec {
  const values = rows
    .filter((row) => row.fails > 0)
    .map(({ x, fails, requests }) => ({
      x,
      ms: 0,
      text: rows.length > MAX_WORDED_FAILURES ? '×' : fails === requests ? '× all failed' : `× ${fails} failed`,
    }));
  return {
    data: { values },
    mark: { type: 'text', color: INK.bad, baseline: 'bottom', dy: -5, fontWeight: 'bold' },
    encoding: { text: { field: 'text', type: 'nominal' } },
  };
}

function altOf(facts: Facts): string {
  const points = facts.measured.map((row) => {
    const half = halfInterval(row);
    const model = row.model_ms === null ? '' : `, model ${ms(row.model_ms)}`;
    return `${facts.name([row])}: ${ms(row.avg_latency_ms)}${half === null ? '' : ` ± ${ms(half)}`}${model}`;
  });
  const noun = wordsOf(facts.result.sweep.parameter).noun;
  return `Mean write latency against the ${noun}. ${points.length === 0 ? 'No write succeeded.' : `${points.join('; ')}.`}`;
}
