/** The sentence about what one run, by its trace, says of the quorums that were not in force. */
import type { Counterfactual } from '../../measure/counterfactual.ts';
import type { Facts } from '../facts.ts';
import type { Sentence } from '../sentence.ts';
import { figure, list, ms, quorums } from '../wording.ts';

/** Up to this share of the largest figure two curves count as the same. */
const CLOSE = 0.1;

/** The run in the middle of the sweep serves as the example; of the quorum only, because another sweep has no row to hold it against. */
export function middleRun(facts: Facts): Counterfactual | null {
  if (!facts.isQuorumSweep) return null;
  const runs = facts.result.counterfactual.filter((run) => run.costs.some((cost) => cost.mean_ms !== null));
  return runs[Math.floor((runs.length - 1) / 2)] ?? null;
}

export function sayCounterfactual(facts: Facts): Sentence | null {
  const run = middleRun(facts);
  if (run === null || facts.followers === 0) return null;
  const known = run.costs.flatMap((cost) =>
    cost.mean_ms === null || cost.quorum === run.measured_quorum || cost.quorum === 0 ? [] : [{ ...cost, mean: cost.mean_ms }],
  );
  if (known.length === 0) return null;
  const figures = `${list(known.map((cost) => figure(cost.mean)))} ms at ${quorums(known.map((cost) => cost.quorum))}`;
  const incomplete = known.some((cost) => cost.unanswered > 0)
    ? ' Writes that some quorum would not have answered are not in its mean.'
    : '';
  return {
    id: `counterfactual-${run.accuracy}`,
    text:
      `Every ack was noted, waited for or not, so the run at quorum ${run.measured_quorum} alone tells what its writes would have cost ` +
      `at the leader under others: ${figures}.${comparison(facts, known)} ${REACH[run.accuracy]}${incomplete}`,
  };
}

const REACH = {
  exact: 'In an open loop this is exact: the writes would have come at the same moments.',
  approximate: 'In a closed loop it is approximate: with other answers the clients would have sent their next writes at other times.',
} as const;

/** Against the rows that measured those quorums, if any did. */
function comparison({ measured }: Facts, known: readonly { readonly quorum: number; readonly mean: number }[]): string {
  const gaps = known.flatMap((cost) => {
    const row = measured.find(({ quorum }) => quorum === cost.quorum);
    return row === undefined ? [] : [Math.abs(row.avg_latency_ms - cost.mean)];
  });
  if (gaps.length === 0) return '';
  const largest = Math.max(...gaps);
  const isClose = largest <= CLOSE * Math.max(...known.map((cost) => cost.mean));
  return isClose
    ? ` The runs at those quorums measured the same to within ${ms(largest)}.`
    : ` The runs at those quorums differ from it by up to ${ms(largest)}.`;
}
