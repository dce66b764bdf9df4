/**
 * What was found, as the document of SPEC 9: the rows so far, with the plan and the place that they belong to.
 * Pure; a run that ended early gives the same document with fewer rows.
 */
import { formatDelays } from '../lib/delay-plan.ts';
import { type Distribution, formatDistribution } from '../lib/distribution.ts';
import type { Counterfactual } from '../measure/counterfactual.ts';
import type { BenchResult, ParityRow, QuorumResult } from '../measure/result.ts';
import { overlappingQuorums } from '../measure/verdict.ts';
import type { ExperimentPlan } from './plan.ts';
import type { Venue } from './venue.ts';

export interface Findings {
  readonly rows: readonly QuorumResult[];
  readonly parity: readonly ParityRow[];
  readonly counterfactuals: readonly Counterfactual[];
}

export function benchResult(plan: ExperimentPlan, venue: Pick<Venue, 'name' | 'nodes' | 'leader'>, findings: Findings): BenchResult {
  const { load, target } = plan;
  return {
    schema_version: 1,
    name: 'bench',
    sweep: { parameter: 'quorum', values: plan.steps.map(({ quorum }) => `${quorum}`) },
    leader_url: venue.leader.url,
    seed: plan.seed,
    workload: {
      writes: load.writes,
      concurrency: load.concurrency,
      keys: load.keys,
      value_bytes: load.valueBytes,
      read_share: load.readShare,
      rate: load.rate,
      duration_ms: load.durationMs,
      warmup: load.warmup,
      loop: load.rate === null ? 'closed' : 'open',
    },
    cluster: {
      name: venue.name,
      followers: plan.followers,
      store: target.kind === 'own' ? target.spec.store : target.view.store,
      delay: delayText(plan.delays),
      loss: lossOf(plan),
      nodes: venue.nodes,
      leader: venue.leader.id,
    },
    results: [...findings.rows],
    parity: findings.parity,
    overlaps: overlappingQuorums(findings.rows),
    counterfactual: [...findings.counterfactuals],
    plot: null,
  };
}

/** Largest probability of loss of any link; a cluster of our own has none. */
export function lossOf(plan: ExperimentPlan): number {
  return plan.target.kind === 'own' ? 0 : plan.target.view.loss;
}

/** One text if all followers have the same delay, else each with its own. */
export function delayText(delays: ReadonlyMap<string, Distribution>): string {
  const texts = new Set([...delays.values()].map(formatDistribution));
  const [first] = delays.values();
  if (first === undefined) return '0';
  return formatDelays(texts.size === 1 ? { all: first, perNode: new Map() } : { all: null, perNode: delays });
}
