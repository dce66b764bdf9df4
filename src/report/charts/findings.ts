/** What a picture's title says: the finding, as far as the figures carry it, else what is shown. */
import { middleRun } from '../explain/counterfactual.ts';
import type { Facts, MeasuredRow } from '../facts.ts';
import { followersOf, wordsOf } from '../sweep.ts';
import { count, figure, ms, msRange, short } from '../wording.ts';

/** Means that differ by less than this share are called the same. */
const SAME = 0.1;
/** Characters of a row's name in a title. */
const MAX_NAME = 26;

export function latencyFinding(facts: Facts): string {
  const first = facts.measured[0];
  const last = facts.measured.at(-1);
  if (first === undefined || last === undefined) return 'No write succeeded';
  if (facts.trend === 'single') return `A write at ${short(facts.name([first]), MAX_NAME)} takes ${ms(first.avg_latency_ms)} on average`;
  return facts.isQuorumSweep || facts.ends === null ? quorumFinding(facts, first, last) : findingAcross(facts, ...facts.ends);
}

function findingAcross(facts: Facts, first: MeasuredRow, last: MeasuredRow): string {
  const [from, to] = [first, last].map((row) => short(facts.name([row]), MAX_NAME));
  switch (facts.trend) {
    case 'rising':
    case 'falling':
      return `From ${from} to ${to} latency ${facts.changeMs > 0 ? 'rises' : 'falls'} by ${ms(Math.abs(facts.changeMs))}`;
    case 'undecided':
      return `Too few writes to tell whether latency changes from ${from} to ${to}`;
    default:
      return `From ${from} to ${to} latency changes by no more than the noise`;
  }
}

function quorumFinding(facts: Facts, first: MeasuredRow, last: MeasuredRow): string {
  switch (facts.trend) {
    case 'rising':
      return `Each further follower waited for adds about ${ms(facts.changeMs / (last.quorum - first.quorum))} to a write`;
    case 'falling':
      return 'Latency falls as the quorum rises: something else was measured';
    case 'flat':
      return facts.expectsRise
        ? `Latency does not rise with the quorum, though the delays alone would add ${ms(facts.expectedChangeMs ?? 0)}`
        : 'Equal delays: the quorum makes no difference to latency';
    default:
      return 'Too few writes to tell whether latency rises with the quorum';
  }
}

export function distributionFinding({ trend, isQuorumSweep }: Facts): string {
  return trend === 'rising' && isQuorumSweep
    ? 'Waiting for one follower more moves the whole distribution'
    : 'How the latencies of single writes are distributed';
}

export function throughputFinding({ measured, trend, result: { workload, sweep }, isQuorumSweep }: Facts): string {
  const first = measured[0];
  const last = measured.at(-1);
  if (first === undefined || last === undefined) return 'No write succeeded';
  if (!isQuorumSweep) {
    const isSame = Math.abs(last.writes_per_s - first.writes_per_s) <= SAME * first.writes_per_s;
    const noun = wordsOf(sweep.parameter).noun;
    return isSame
      ? `Throughput by ${noun}`
      : `Throughput by ${noun}: ${figure(first.writes_per_s)} writes/s become ${figure(last.writes_per_s)}`;
  }
  if (workload.loop === 'open') {
    return workload.rate === null
      ? 'Throughput follows the rate that came'
      : `Throughput follows the ${figure(workload.rate)} requests/s that came`;
  }
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

export function replicationFinding({ rows, isQuorumSweep }: Facts): string {
  const means = rows.flatMap((row) => (row.replication_ms === null ? [] : [row.replication_ms.mean]));
  if (means.length === 0) return 'No follower acknowledged a write';
  const [low, high] = [Math.min(...means), Math.max(...means)];
  if (means.length > 1 && high - low <= SAME * high) {
    return `Reaching a follower takes ${msRange(means)} whatever ${isQuorumSweep ? 'the quorum: only the waiting changes' : 'was changed'}`;
  }
  return `Reaching a follower takes ${msRange(means)} on average`;
}

export function parityFinding({ rows, isQuorumSweep }: Facts): string {
  const behind = rows.map((row) => followersOf(row) - row.parity_at_last_ack.match);
  const [first, last] = [behind[0] ?? 0, behind.at(-1) ?? 0];
  if (rows.some((row) => row.parity_at_last_ack.mismatch > 0)) return 'Some followers contradict what they claim to hold';
  if (behind.every((n) => n === 0)) return 'At the last answer every follower was level with the leader';
  return rows.length > 1 && first > last && isQuorumSweep
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
