/** Figures that are compared row by row: throughput, success, and the state of the replicas at the last answer. */
import type { Facts } from '../facts.ts';
import { followersOf, type SweptRow, wordsOf } from '../sweep.ts';
import { figure, percent } from '../wording.ts';
import { barWidth, fromZeroWithFigures, sweptBands } from './axes.ts';
import { parityFinding, successFinding, throughputFinding } from './findings.ts';
import type { ChartSpec, Panel } from './spec.ts';
import { INK, UPRIGHT_TITLE, workloadText } from './theme.ts';

/** From here on bars are too narrow for words in them. */
const MAX_WORDED_BARS = 6;

export function throughput(facts: Facts): Panel {
  const values = facts.rows.map(({ x, writes_per_s }) => ({ x, rate: writes_per_s, text: figure(writes_per_s) }));
  const y = fromZeroWithFigures(
    values.map((value) => value.rate),
    'acknowledged writes per second',
    'rate',
  );
  return {
    title: throughputFinding(facts),
    subtitle: [workloadText(facts.result)],
    alt: altOf('Acknowledged writes per second', facts, (row) => figure(row.writes_per_s)),
    draw: (width) => ({
      data: { values },
      encoding: { x: sweptBands(facts, width), y: y.encoding },
      layer: [
        { mark: { type: 'bar', color: INK.measured, ...barWidth(facts.rows, 0.55) } },
        {
          mark: { type: 'text', baseline: 'bottom', dy: -4, fontWeight: 'bold', color: INK.measured },
          encoding: { text: { field: 'text', type: 'nominal' } },
        },
      ],
    }),
  };
}

export function success(facts: Facts): Panel {
  const hasWords = facts.rows.length <= MAX_WORDED_BARS;
  const shares = facts.rows.flatMap(({ x, requests, successes, fails }) => {
    if (requests === 0) return [];
    const ok = successes / requests;
    return [
      {
        x,
        from: 0,
        to: ok,
        text: successes > 0 ? (hasWords ? `${successes} of ${requests}` : `${successes}`) : '',
        color: INK.measured,
        textColor: 'white',
      },
      { x, from: ok, to: 1, text: fails > 0 ? `× ${fails}` : '', color: INK.bad, textColor: 'white' },
    ];
  });
  return {
    title: successFinding(facts),
    subtitle: [workloadText(facts.result)],
    alt: altOf('Share of writes acknowledged', facts, (row) => (row.requests === 0 ? 'none sent' : percent(row.successes / row.requests))),
    draw: (width) =>
      stacked(facts, width, shares, {
        scale: { domain: [0, 1] },
        axis: { title: 'share of writes acknowledged in time', format: '.0%', tickCount: 5, ...UPRIGHT_TITLE },
      }),
  };
}

export function parityAtLastAck(facts: Facts): Panel {
  const kinds = [
    { field: 'match', word: 'level', color: INK.measured, textColor: 'white' },
    { field: 'lag', word: 'behind', color: INK.lag, textColor: INK.text },
    { field: 'mismatch', word: 'wrong', color: INK.bad, textColor: 'white' },
    { field: 'unreachable', word: 'unknown', color: INK.quiet, textColor: 'white' },
  ] as const;
  const hasWords = facts.rows.length <= MAX_WORDED_BARS;
  const segments = facts.rows.flatMap(({ x, parity_at_last_ack }) => {
    let from = 0;
    return kinds.flatMap(({ field, word, color, textColor }) => {
      const n = parity_at_last_ack[field];
      const segment = { x, from, to: from + n, text: hasWords ? `${n} ${word}` : `${n}`, color, textColor };
      from += n;
      return n === 0 ? [] : [segment];
    });
  });
  return {
    title: parityFinding(facts),
    subtitle: [workloadText(facts.result)],
    alt: altOf(
      'Followers level with the leader when the last write was answered',
      facts,
      (row) => `${row.parity_at_last_ack.match} of ${followersOf(row)}`,
    ),
    draw: (width) =>
      stacked(facts, width, segments, {
        scale: { domain: [0, Math.max(1, facts.followers)] },
        axis: {
          title: `followers at the last answer${hasWords ? '' : ': level (blue), behind (amber)'}`,
          format: 'd',
          tickMinStep: 1,
          tickCount: 5,
          ...UPRIGHT_TITLE,
        },
      }),
  };
}

function altOf(what: string, { rows, name, result }: Facts, figureOf: (row: SweptRow) => string): string {
  return `${what}, by ${wordsOf(result.sweep.parameter).noun}. ${rows.map((row) => `${name([row])}: ${figureOf(row)}`).join('; ')}.`;
}

interface Segment {
  readonly x: number | string;
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly color: string;
  readonly textColor: string;
}

/** Bars of segments whose ends are known, with a text in the middle of each; white between them, so that colour is not needed. */
function stacked(facts: Facts, width: number, segments: readonly Segment[], y: ChartSpec): ChartSpec {
  const field = { field: 'color', type: 'nominal', scale: null };
  return {
    encoding: { x: sweptBands(facts, width) },
    layer: [
      {
        data: { values: segments },
        mark: { type: 'bar', stroke: 'white', strokeWidth: 1.5, ...barWidth(facts.rows, 0.82) },
        encoding: { y: { field: 'from', type: 'quantitative', ...y }, y2: { field: 'to' }, color: field },
      },
      {
        data: { values: segments.map((segment) => ({ ...segment, from: (segment.from + segment.to) / 2 })) },
        mark: { type: 'text', baseline: 'middle', fontWeight: 'bold' },
        encoding: {
          y: { field: 'from', type: 'quantitative', ...y },
          text: { field: 'text', type: 'nominal' },
          color: { field: 'textColor', type: 'nominal', scale: null },
        },
      },
    ],
  };
}
