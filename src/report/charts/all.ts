/** Every picture of a benchmark, in the order in which a report shows them. */
import type { Facts } from '../facts.ts';
import type { LatencyShape } from '../input.ts';
import { wordsOf } from '../sweep.ts';
import { slug } from '../wording.ts';
import { parityAtLastAck, success, throughput } from './bars.ts';
import { counterfactualPanel } from './counterfactual.ts';
import { labSummary } from './lab-summary.ts';
import { latencyDistribution } from './latency-distribution.ts';
import { latencyVsQuorum } from './latency-vs-quorum.ts';
import { replicationLatency } from './replication-latency.ts';
import type { Chart } from './spec.ts';
import { chart, composition, SIZE, workloadText } from './theme.ts';

/** px of a row of the distribution chart. */
const ROW_HEIGHT = 72;
/** px of one panel of the overview. */
const PANEL = { width: 400, height: 240 } as const;
const LOW = 240;

/** The first is the overview of four; without followers or successes some of the others are missing. */
export function charts(facts: Facts, shapes: readonly LatencyShape[]): readonly Chart[] {
  const latency = latencyVsQuorum(facts);
  const distribution = latencyDistribution(facts, shapes);
  const counterfactual = facts.followers === 0 ? null : counterfactualPanel(facts);
  const rate = throughput(facts);
  const parity = facts.followers === 0 ? null : parityAtLastAck(facts);
  const overview = [latency, ...(distribution === null ? [] : [distribution]), rate, ...(parity === null ? [] : [parity])];
  if (overview.length % 2 === 1) overview.push(success(facts));
  const { parameter } = facts.result.sweep;
  const title = facts.isQuorumSweep
    ? 'What a write quorum costs, and what it buys'
    : `Latency and throughput by ${wordsOf(parameter).noun}`;
  return [
    composition('overview', title, workloadText(facts.result), overview, PANEL.width, PANEL.height),
    chart(`latency-vs-${slug(parameter)}`, latency),
    ...(distribution === null ? [] : [chart('latency-distribution', distribution, Math.max(LOW / 2, ROW_HEIGHT * shapes.length))]),
    chart('throughput', rate, LOW),
    chart('success', success(facts), LOW),
    ...(facts.followers === 0 ? [] : [chart('replication-latency', replicationLatency(facts))]),
    ...(parity === null ? [] : [chart('parity-at-last-ack', parity, LOW)]),
    ...(counterfactual === null ? [] : [chart('counterfactual', counterfactual, SIZE.height)]),
    ...(facts.rows.length < 2 ? [] : [labSummary(facts)]),
  ];
}
