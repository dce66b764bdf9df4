/**
 * What other quorums would have cost, from one run's trace: every follower's ack is noted whether the write waited for it
 * or not, so the k-th ack of each write is known for every k.
 *
 * Why `exact` depends on the loop: in an open loop the writes come when they come, and another quorum would have changed
 * nothing but the moment of the answers. In a closed loop clients wait for answers, so another quorum would have sent the
 * writes at other times and loaded the leader differently; the figure is then an approximation.
 * Not here: the client's share of a latency; all times run from admission to the answer's being due, at the leader.
 */
import { percentile } from '../lib/quantile.ts';
import { mean } from './statistics.ts';
import { answerTime, type WriteTrace } from './trace.ts';

export interface Counterfactual {
  /** The quorum that was in force while the trace was taken. */
  readonly measured_quorum: number;
  readonly accuracy: 'exact' | 'approximate';
  /** One entry per quorum, 0 to N. */
  readonly costs: readonly CounterfactualCost[];
}

export interface CounterfactualCost {
  readonly quorum: number;
  /** Writes that this quorum would have answered by the time the trace was read. */
  readonly answered: number;
  readonly unanswered: number;
  /** Over the answered ones; null without any. */
  readonly mean_ms: number | null;
  /** Over all writes, the unanswered ones counted as later than any; null if it falls on one of those. */
  readonly p95_ms: number | null;
}

export function counterfactual(
  measuredQuorum: number,
  trace: readonly WriteTrace[],
  followers: number,
  loop: 'closed' | 'open',
): Counterfactual {
  return {
    measured_quorum: measuredQuorum,
    accuracy: loop === 'open' ? 'exact' : 'approximate',
    costs: Array.from({ length: followers + 1 }, (_, quorum) => costOf(trace, quorum)),
  };
}

function costOf(trace: readonly WriteTrace[], quorum: number): CounterfactualCost {
  const times = Float64Array.from(trace, (write) => answerTime(write, quorum)).sort();
  const answered = [...times].filter(Number.isFinite);
  const p95 = times.length === 0 ? Number.POSITIVE_INFINITY : percentile(times, 95);
  return {
    quorum,
    answered: answered.length,
    unanswered: times.length - answered.length,
    mean_ms: answered.length === 0 ? null : mean(answered),
    p95_ms: Number.isFinite(p95) ? p95 : null,
  };
}
