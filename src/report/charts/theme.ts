/**
 * How all pictures look: one typeface, few colours, no ink without data. Colours are those of M. Okabe and K. Ito (Color
 * Universal Design, 2008), told apart in all common forms of colour blindness; nothing is told by colour alone.
 */
import type { BenchResult } from '../../measure/result.ts';
import { wordsOf } from '../sweep.ts';
import { count } from '../wording.ts';
import { type Chart, type ChartSpec, type Panel, SCHEMA } from './spec.ts';

export const INK = {
  /** What was measured. */
  measured: '#0072B2',
  /** The same, where it is context. */
  measuredPale: '#8FBBD9',
  /** What the delays alone predict. */
  model: '#D55E00',
  /** What nothing was lost of. */
  kept: '#009E73',
  bad: '#CC3311',
  lag: '#F5CF86',
  text: '#222222',
  quiet: '#666666',
  grid: '#E6E6E6',
} as const;

export const SIZE = { width: 600, height: 320 } as const;

/** From pale to dark as more followers are waited for: the order of the quorums is the order of the darkness. */
export function quorumShade(index: number, of: number): string {
  const shades = ['#9ECAE1', '#6BAED6', '#4292C6', '#2171B5', '#084594'];
  const position = of < 2 ? 3 : Math.round((index / (of - 1)) * (shades.length - 1));
  return shades[position] as string;
}

const CONFIG = {
  background: 'white',
  // Each mark as an element with a label of its own would bury the figures: the picture has one description instead.
  aria: false,
  padding: 14,
  view: { stroke: null },
  title: {
    anchor: 'start',
    frame: 'group',
    fontSize: 15,
    fontWeight: 'bold',
    color: INK.text,
    subtitleFontSize: 11.5,
    subtitleColor: INK.quiet,
    subtitlePadding: 6,
    subtitleLineHeight: 15,
    offset: 14,
  },
  axis: {
    domain: false,
    ticks: false,
    gridColor: INK.grid,
    labelColor: INK.quiet,
    labelFontSize: 11,
    labelPadding: 6,
    titleColor: INK.quiet,
    titleFontSize: 11.5,
    titleFontWeight: 'normal',
    titlePadding: 10,
  },
  axisX: { grid: false },
  text: { fontSize: 11.5, color: INK.text },
};

/** Above the axis instead of on its side: text is read from left to right. */
export const UPRIGHT_TITLE = {
  titleAngle: 0,
  titleAlign: 'left',
  titleAnchor: 'start',
  titleBaseline: 'bottom',
  titleX: 0,
  titleY: -8,
} as const;

/** A picture of one panel. */
export function chart(name: string, panel: Panel, height: number = SIZE.height): Chart {
  const spec = {
    $schema: SCHEMA,
    description: panel.alt,
    title: { text: panel.title, subtitle: panel.subtitle },
    width: SIZE.width,
    height,
    ...panel.draw(SIZE.width, height),
    config: CONFIG,
  };
  return { name, alt: panel.alt, spec };
}

/** A picture of several panels, two in a row. */
export function composition(name: string, title: string, subtitle: string, panels: readonly Panel[], width: number, height: number): Chart {
  const alt = `${title}: ${panels.map((panel) => panel.title).join('; ')}.`;
  const spec = {
    $schema: SCHEMA,
    description: alt,
    title: { text: title, subtitle, fontSize: 18, subtitleFontSize: 12, offset: 22 },
    columns: 2,
    spacing: { row: 44, column: 52 },
    concat: panels.map(
      (panel): ChartSpec => ({
        title: { text: panel.title, fontSize: 13, offset: 22 },
        width,
        height,
        ...panel.draw(width, height),
      }),
    ),
    resolve: { scale: { x: 'independent', y: 'independent', color: 'independent' } },
    config: CONFIG,
  };
  return { name, alt, spec };
}

/** What was run, in the small print of every picture. */
export function workloadText(result: BenchResult): string {
  const { workload, cluster, sweep } = result;
  if (sweep.parameter !== 'quorum') return sweptWorkloadText(result);
  const amount = workload.writes === null ? `${(workload.duration_ms ?? 0) / 1000} s` : count(workload.writes, 'request');
  const pace = paceOf(workload);
  const reads = workload.read_share > 0 ? `, ${Math.round(workload.read_share * 100)} % reads` : '';
  const loss = cluster.loss > 0 ? `, ${cluster.loss * 100} % lost` : '';
  // A load in a scenario is no sweep of the quorum, though it runs at one.
  const each = result.name !== 'bench' && sweep.values.length === 1 ? ` at quorum ${sweep.values[0]}` : ' per quorum';
  return `${amount}${each}${reads} · ${pace} · ${count(cluster.followers, 'follower')} · delay ${cluster.delay} ms${loss} · ${cluster.store}`;
}

function paceOf({ loop, rate, concurrency, executor }: BenchResult['workload']): string {
  const isRamping = executor.startsWith('ramping');
  if (loop === 'open') return isRamping ? 'open loop at a changing rate' : `open loop, ${rate ?? 0} per second`;
  return isRamping ? 'closed loop, in flight a changing number' : `closed loop, ${concurrency} in flight`;
}

/** Of a sweep of anything else: without what the axis shows, and with the quorum, if it is one. */
function sweptWorkloadText({ workload, cluster, sweep, results }: BenchResult): string {
  const isSwept = (...names: readonly string[]) => names.includes(wordsOf(sweep.parameter).noun);
  const quorums = [...new Set(results.map((row) => row.quorum))];
  const amount = workload.writes === null ? `${(workload.duration_ms ?? 0) / 1000} s` : count(workload.writes, 'request');
  const pace = paceOf(workload);
  return [
    ...(isSwept('writes', 'duration') ? [] : [`${amount} per row`]),
    ...(workload.read_share > 0 && !isSwept('read share') ? [`${Math.round(workload.read_share * 100)} % reads`] : []),
    ...(isSwept('rate', 'concurrency') ? [] : [pace]),
    ...(quorums.length === 1 ? [`quorum ${quorums[0]}`] : []),
    ...(isSwept('followers') ? [] : [count(cluster.followers, 'follower')]),
    ...(isSwept('delay') ? [] : [`delay ${cluster.delay} ms`]),
    ...(cluster.loss > 0 && !isSwept('loss') ? [`${cluster.loss * 100} % lost`] : []),
    ...(isSwept('store') ? [] : [cluster.store]),
  ].join(' · ');
}

interface Stack {
  readonly title: string;
  readonly subtitle: string;
  readonly alt: string;
  /** px, of every view. */
  readonly width: number;
}

/** A picture of views below each other whose plots begin and end at the same place from the left. */
export function stacked(
  name: string,
  { title, subtitle, alt, width }: Stack,
  views: readonly { height: number; spec: ChartSpec }[],
): Chart {
  const spec = {
    $schema: SCHEMA,
    description: alt,
    title: { text: title, subtitle },
    spacing: 30,
    bounds: 'flush',
    vconcat: views.map((view): ChartSpec => ({ width, height: view.height, ...view.spec })),
    resolve: { scale: { x: 'independent', y: 'independent', color: 'independent' } },
    config: CONFIG,
  };
  return { name, alt, spec };
}
