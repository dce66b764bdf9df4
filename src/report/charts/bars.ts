/** Figures that are compared quorum by quorum: throughput, success, and the state of the replicas at the last answer. */
import type { Facts } from '../facts.ts';
import { figure, percent } from '../wording.ts';
import { barWidth, fromZero, quorumBands } from './axes.ts';
import { parityFinding, successFinding, throughputFinding } from './findings.ts';
import type { ChartSpec, Panel } from './spec.ts';
import { INK, UPRIGHT_TITLE, workloadText } from './theme.ts';

/** From here on bars are too narrow for words in them. */
const MAX_WORDED_BARS = 6;

export function throughput(facts: Facts): Panel {
  const values = facts.rows.map(({ quorum, writes_per_s }) => ({ quorum, rate: writes_per_s, text: figure(writes_per_s) }));
  const y = fromZero(
    values.map((value) => value.rate),
    'acknowledged writes per second',
    'rate',
  );
  return {
    title: throughputFinding(facts),
    subtitle: [workloadText(facts.result)],
    alt: `Acknowledged writes per second, by write quorum. ${values.map((value) => `quorum ${value.quorum}: ${value.text}`).join('; ')}.`,
    draw: () => ({
      data: { values },
      encoding: { x: quorumBands(facts.rows), y: y.encoding },
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
  const shares = facts.rows.flatMap(({ quorum, requests, successes, fails }) => {
    if (requests === 0) return [];
    const ok = successes / requests;
    return [
      {
        quorum,
        from: 0,
        to: ok,
        text: successes > 0 ? (hasWords ? `${successes} of ${requests}` : `${successes}`) : '',
        color: INK.measured,
        textColor: 'white',
      },
      { quorum, from: ok, to: 1, text: fails > 0 ? `× ${fails}` : '', color: INK.bad, textColor: 'white' },
    ];
  });
  return {
    title: successFinding(facts),
    subtitle: [workloadText(facts.result)],
    alt: `Share of writes acknowledged, by write quorum. ${facts.rows.map((row) => `quorum ${row.quorum}: ${row.requests === 0 ? 'none sent' : percent(row.successes / row.requests)}`).join('; ')}.`,
    draw: () =>
      stacked(facts, shares, {
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
  const segments = facts.rows.flatMap(({ quorum, parity_at_last_ack }) => {
    let from = 0;
    return kinds.flatMap(({ field, word, color, textColor }) => {
      const n = parity_at_last_ack[field];
      const segment = { quorum, from, to: from + n, text: hasWords ? `${n} ${word}` : `${n}`, color, textColor };
      from += n;
      return n === 0 ? [] : [segment];
    });
  });
  return {
    title: parityFinding(facts),
    subtitle: [workloadText(facts.result)],
    alt: `Followers level with the leader when the last write was answered, by write quorum. ${facts.rows.map((row) => `quorum ${row.quorum}: ${row.parity_at_last_ack.match} of ${facts.followers}`).join('; ')}.`,
    draw: () =>
      stacked(facts, segments, {
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

interface Segment {
  readonly quorum: number;
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly color: string;
  readonly textColor: string;
}

/** Bars of segments whose ends are known, with a text in the middle of each; white between them, so that colour is not needed. */
function stacked(facts: Facts, segments: readonly Segment[], y: ChartSpec): ChartSpec {
  const field = { field: 'color', type: 'nominal', scale: null };
  return {
    encoding: { x: quorumBands(facts.rows) },
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
