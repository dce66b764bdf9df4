/** What a picture's title says: the finding, as far as the figures carry it, else what is shown. */
import { middleRun } from '../explain/counterfactual.ts';
import type { Facts } from '../facts.ts';
import { count, figure, ms, msRange } from '../wording.ts';

export function latencyFinding(facts: Facts): string {
  const first = facts.measured[0];
  const last = facts.measured.at(-1);
  switch (facts.trend) {
    case 'none':
      return 'No write succeeded';
    case 'single':
      return `A write at quorum ${first?.quorum ?? 0} takes ${ms(first?.avg_latency_ms ?? 0)} on average`;
    case 'rising':
      return `Each further follower waited for adds about ${ms(facts.changeMs / ((last?.quorum ?? 1) - (first?.quorum ?? 0)))} to a write`;
    case 'falling':
      return 'Latency falls as the quorum rises: something else was measured';
    case 'flat':
      return facts.expectsRise
        ? `Latency does not rise with the quorum, though the delays alone would add ${ms(facts.expectedChangeMs ?? 0)}`
        : 'Equal delays: the quorum makes no difference to latency';
    case 'undecided':
      return 'Too few writes to tell whether latency rises with the quorum';
  }
}

export function distributionFinding({ trend }: Facts): string {
  return trend === 'rising'
    ? 'Waiting for one follower more moves the whole distribution'
    : 'How the latencies of single writes are distributed';
}

export function throughputFinding({ measured, trend, result: { workload } }: Facts): string {
  const first = measured[0];
  const last = measured.at(-1);
  if (first === undefined || last === undefined) return 'No write succeeded';
  if (workload.loop === 'open') return `Throughput follows the ${figure(workload.rate ?? 0)} requests/s that came`;
  if (trend === 'rising' && first.writes_per_s > last.writes_per_s) {
    return `Who waits longer writes less: ${figure(first.writes_per_s)} writes/s become ${figure(last.writes_per_s)}`;
  }
  return 'Throughput by quorum';
}

export function successFinding({ rows }: Facts): string {
  const total = rows.reduce((sum, row) => sum + row.requests, 0);
  const fails = rows.reduce((sum, row) => sum + row.fails, 0);
  if (fails === 0) return total === 1 ? 'The write was acknowledged' : `All ${count(total, 'write')} were acknowledged`;
  return fails === total ? `All ${count(total, 'write')} failed` : `${fails} of ${count(total, 'write')} failed`;
}

/** Means that differ by less than this share are called the same. */
const SAME = 0.1;

export function replicationFinding({ rows }: Facts): string {
  const means = rows.flatMap((row) => (row.replication_ms === null ? [] : [row.replication_ms.mean]));
  if (means.length === 0) return 'No follower acknowledged a write';
  const [low, high] = [Math.min(...means), Math.max(...means)];
  if (means.length > 1 && high - low <= SAME * high) {
    return `Reaching a follower takes ${msRange(means)} whatever the quorum: only the waiting changes`;
  }
  return `Reaching a follower takes ${msRange(means)} on average`;
}

export function parityFinding({ rows, followers }: Facts): string {
  const behind = rows.map((row) => followers - row.parity_at_last_ack.match);
  const [first, last] = [behind[0] ?? 0, behind.at(-1) ?? 0];
  if (rows.some((row) => row.parity_at_last_ack.mismatch > 0)) return 'Some followers contradict what they claim to hold';
  if (behind.every((n) => n === 0)) return 'At the last answer every follower was level with the leader';
  return rows.length > 1 && first > last
    ? 'What the waiting buys: fewer followers behind at the last answer'
    : 'Followers behind the leader at the last answer';
}

/** Largest distance between one run's prediction and the means that other runs measured; null if nothing can be compared. */
export function counterfactualFinding(facts: Facts): string {
  const run = middleRun(facts);
  if (run === null) return 'No write was traced';
  const gaps = run.costs.flatMap((cost) => {
    const row = facts.measured.find(({ quorum }) => quorum === cost.quorum);
    return row === undefined || cost.mean_ms === null || row.quorum === run.measured_quorum
      ? []
      : [Math.abs(row.avg_latency_ms - cost.mean_ms)];
  });
  if (gaps.length === 0) return `What the writes at quorum ${run.measured_quorum} would have cost under other quorums`;
  return `The run at quorum ${run.measured_quorum} alone tells the others’ latency to within ${ms(Math.max(...gaps))}`;
}
