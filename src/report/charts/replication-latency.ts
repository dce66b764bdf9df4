/** How long each follower takes to hold a write, waited for or not: the part of latency that no quorum changes. */
import type { QuorumResult } from '../../measure/result.ts';
import type { Facts } from '../facts.ts';
import { ms } from '../wording.ts';
import { fromZero, quorumAxis } from './axes.ts';
import { replicationFinding } from './findings.ts';
import { endLabels, lines, type Series } from './series.ts';
import type { ChartSpec, Panel } from './spec.ts';
import { INK, workloadText } from './theme.ts';

type Replication = NonNullable<QuorumResult['replication_ms']>;

export function replicationLatency(facts: Facts): Panel {
  const points = facts.rows.flatMap(({ quorum, replication_ms }) =>
    replication_ms === null ? [] : [`quorum ${quorum}: ${ms(replication_ms.mean)}`],
  );
  return {
    title: replicationFinding(facts),
    subtitle: [workloadText(facts.result), 'all followers, those nobody waited for too; the delay included'],
    alt: `Mean time from admission to a follower’s ack, against the write quorum. ${points.length === 0 ? 'No follower acked.' : `${points.join('; ')}.`}`,
    draw: (_width, height) => draw(facts, height),
  };
}

function draw(facts: Facts, height: number): ChartSpec {
  const of = (value: (replication: Replication) => number) =>
    facts.rows.flatMap(({ quorum, replication_ms }) => (replication_ms === null ? [] : [{ quorum, ms: value(replication_ms) }]));
  const means = of((replication) => replication.mean);
  const { meanDelayMs, result } = facts;
  const isModelled = meanDelayMs !== null && result.cluster.loss === 0;
  const series: Series[] = [
    { label: 'p99', color: INK.measuredPale, style: 'thin', points: of((replication) => replication.p99) },
    { label: 'p95', color: INK.measuredPale, style: 'thin', points: of((replication) => replication.p95) },
    { label: 'median', color: INK.measuredPale, style: 'thin', points: of((replication) => replication.median) },
    { label: 'mean', color: INK.measured, style: 'strong', points: means },
    {
      label: 'mean delay',
      color: INK.model,
      style: 'dashed',
      points: isModelled ? means.map(({ quorum }) => ({ quorum, ms: meanDelayMs })) : [],
    },
  ];
  const y = fromZero(
    series.flatMap(({ points }) => points.map((point) => point.ms)),
    'admission of a write to a follower’s ack, ms',
  );
  return {
    encoding: { x: quorumAxis(facts.rows), y: y.encoding },
    layer: [...lines(series), ...endLabels(series, y.top, height)],
  };
}
