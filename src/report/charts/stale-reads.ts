/** How many reads at a follower miss a write, against the time since its acknowledgement: measured with intervals, and modelled. */
import type { StalePoint, StaleReads } from '../../measure/run-result.ts';
import { figure, ms, percent } from '../wording.ts';
import { roundUp } from './axes.ts';
import { endLabels, lines, type Series } from './series.ts';
import type { Chart, ChartSpec, Panel } from './spec.ts';
import { chart, INK, UPRIGHT_TITLE } from './theme.ts';

/** Times further apart than this are steps of a scale, not of a line: 0, 1, 10, 100. */
const LOGARITHMIC_FROM = 25;
/** px at least between the labels of two times. */
const TICK_GAP = 34;

/** Null if no read was answered. */
export function staleReadsChart(name: string, reads: StaleReads): Chart | null {
  const points = answered(reads);
  if (points.length === 0) return null;
  return chart(name, panelOf(reads, points));
}

/** What a picture of it is titled, and its report begins with. */
export function staleFinding(reads: StaleReads): string {
  const points = answered(reads);
  const first = points[0];
  if (first === undefined) return 'No read was answered';
  const gone = points.findIndex((_, i) => points.slice(i).every((point) => point.stale === 0));
  const start = `${percent(first.share)} of the reads at a follower miss the write ${first.after_ms === 0 ? 'right' : ms(first.after_ms)} after its ack`;
  if (first.stale === 0 && gone === 0) return 'No read at a follower missed the write';
  if (gone === -1) {
    const last = points.at(-1) ?? first;
    return first === last ? start : `${start}, and still ${percent(last.share)} after ${ms(last.after_ms)}`;
  }
  return `${start}, none from ${ms((points[gone] ?? first).after_ms)} on`;
}

type AnsweredPoint = StalePoint & { readonly share: number };

function answered({ points }: StaleReads): readonly AnsweredPoint[] {
  return points.filter((point): point is AnsweredPoint => point.share !== null).sort((a, b) => a.sent_ms - b.sent_ms);
}

function panelOf(reads: StaleReads, points: readonly AnsweredPoint[]): Panel {
  const said = points.map(
    (point) => `${ms(point.after_ms)}: ${percent(point.share)}${point.model === null ? '' : ` (model ${percent(point.model)})`}`,
  );
  return {
    title: staleFinding(reads),
    subtitle: [
      `quorum ${reads.quorum} of ${reads.followers} followers · delay ${reads.delay} ms`,
      'shaded: 95 % interval (Wilson) · model: from the delays that were drawn for these very writes',
    ],
    alt: `Share of reads at a follower that did not see the acknowledged write, by the time after its ack. ${said.join('; ')}.`,
    draw: (width, height) => draw(points, width, height),
  };
}

function draw(points: readonly AnsweredPoint[], width: number, height: number): ChartSpec {
  const intervals = points.flatMap(({ sent_ms, ci95 }) => (ci95 === null ? [] : [{ x: sent_ms, ms: ci95[0], high: ci95[1] }]));
  const top = Math.min(1, roundUp(Math.max(...points.flatMap((point) => [point.share, point.ci95?.[1] ?? 0, point.model ?? 0]))));
  const series: Series[] = [
    { label: 'measured', color: INK.measured, style: 'strong', points: points.map((point) => ({ x: point.sent_ms, ms: point.share })) },
    {
      label: 'model',
      color: INK.model,
      style: 'dashed',
      points: points.flatMap((point) => (point.model === null ? [] : [{ x: point.sent_ms, ms: point.model }])),
    },
  ];
  return {
    encoding: {
      x: timeAxis(points, width),
      y: {
        field: 'ms',
        type: 'quantitative',
        scale: { domain: [0, top], nice: false },
        axis: { title: 'share of reads that missed the write', format: '~%', tickCount: 5, ...UPRIGHT_TITLE },
      },
    },
    layer: [
      {
        data: { values: intervals },
        mark: { type: 'rule', color: INK.measured, strokeWidth: 6, opacity: 0.28, strokeCap: 'round' },
        encoding: { y2: { field: 'high' } },
      },
      ...lines(series),
      ...endLabels(series, { top, height, places: points.map((point) => point.sent_ms), figureOf: (share) => `${figure(share * 100)} %` }),
    ],
  };
}

/** Ticks at the times that were asked for, as far as their labels leave room for each other. */
function timeAxis(points: readonly AnsweredPoint[], width: number): ChartSpec {
  const last = Math.max(...points.map((point) => point.sent_ms), 1e-3);
  const least = Math.min(...points.map((point) => point.after_ms).filter((time) => time > 0), last);
  const isLogarithmic = points.length > 2 && last / least >= LOGARITHMIC_FROM;
  // Like a logarithm beyond the smallest time, and a line before it, so that 0 has a place.
  const place = (time: number) => (isLogarithmic ? Math.log1p(time / least) / Math.log1p(last / least) : time / last) * width;
  const ticks: number[] = [];
  for (const { after_ms } of points.toSorted((a, b) => a.after_ms - b.after_ms)) {
    const before = ticks.at(-1);
    if (before === undefined || (after_ms <= last && place(after_ms) - place(before) >= TICK_GAP)) ticks.push(after_ms);
  }
  const scale = { ...(isLogarithmic ? { type: 'symlog', constant: least } : {}), domain: [0, last], nice: false };
  const axis = { values: ticks, format: ',.6~f', title: 'time from the write’s acknowledgement to the read, ms' };
  return { field: 'x', type: 'quantitative', scale, axis };
}
