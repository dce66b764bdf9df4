/** How long each follower takes to hold a write, waited for or not: the part of latency that no quorum changes. */
import type { QuorumResult } from '../../measure/result.ts';
import type { Facts } from '../facts.ts';
import { lossOf, meanDelayOf, wordsOf } from '../sweep.ts';
import { ms } from '../wording.ts';
import { fromZero, sweptAxis } from './axes.ts';
import { replicationFinding } from './findings.ts';
import { endLabels, lines, type Series } from './series.ts';
import type { ChartSpec, Panel } from './spec.ts';
import { INK, workloadText } from './theme.ts';

type Replication = NonNullable<QuorumResult['replication_ms']>;

export function replicationLatency(facts: Facts): Panel {
  const points = facts.rows.flatMap((row) => (row.replication_ms === null ? [] : [`${facts.name([row])}: ${ms(row.replication_ms.mean)}`]));
  return {
    title: replicationFinding(facts),
    subtitle: [workloadText(facts.result), 'all followers, those nobody waited for too; the delay included'],
    alt: `Mean time from admission to a follower’s ack, against the ${wordsOf(facts.result.sweep.parameter).noun}. ${points.length === 0 ? 'No follower acked.' : `${points.join('; ')}.`}`,
    draw: (width, height) => draw(facts, width, height),
  };
}

function draw(facts: Facts, width: number, height: number): ChartSpec {
  const of = (value: (replication: Replication) => number) =>
    facts.rows.flatMap(({ x, replication_ms }) => (replication_ms === null ? [] : [{ x, ms: value(replication_ms) }]));
  const means = of((replication) => replication.mean);
  // With loss a message may wait for several delays, and their mean is no model of it.
  const meanDelays = facts.rows.flatMap((row) => {
    const delay = row.replication_ms === null || lossOf(facts.result, row) > 0 ? null : meanDelayOf(row);
    return delay === null ? [] : [{ x: row.x, ms: delay }];
  });
  const series: Series[] = [
    { label: 'p99', color: INK.measuredPale, style: 'thin', points: of((replication) => replication.p99) },
    { label: 'p95', color: INK.measuredPale, style: 'thin', points: of((replication) => replication.p95) },
    { label: 'median', color: INK.measuredPale, style: 'thin', points: of((replication) => replication.median) },
    { label: 'mean', color: INK.measured, style: 'strong', points: means },
    { label: 'mean delay', color: INK.model, style: 'dashed', points: meanDelays },
  ];
  const y = fromZero(
    series.flatMap(({ points }) => points.map((point) => point.ms)),
    'admission of a write to a follower’s ack, ms',
  );
  return {
    encoding: { x: sweptAxis(facts, width), y: y.encoding },
    layer: [...lines(series), ...endLabels(series, { top: y.top, height, places: facts.rows.map((row) => row.x) })],
  };
}
