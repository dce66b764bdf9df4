/** Sentences about how far the figures may be believed. The limits are those of SPEC 9, as measure's verdict applies them. */
import type { QuorumResult } from '../../measure/result.ts';
import { type Facts, MIN_DELAY_PER_COST } from '../facts.ts';
import type { Say, Sentence } from '../sentence.ts';
import { meanDelayOf } from '../sweep.ts';
import { capitalised, count, list, msRange, percent } from '../wording.ts';

/** Name of a result that is a benchmark of its own, not a step of a scenario. */
const BENCH = 'bench';
/** Event-loop utilisation above which requests queue for the loop. */
const MAX_BUSY = 0.8;

export function sayFailures({ rows, name }: Facts): Sentence | null {
  const failed = rows.filter((row) => row.fails > 0);
  if (failed.length === 0) return null;
  const all = failed.filter((row) => row.successes === 0);
  const some = failed.filter((row) => row.successes > 0);
  const parts = [
    ...(all.length === 0 ? [] : [`at ${name(all)} every write failed, so there is no latency`]),
    ...some.map((row) => `at ${name([row])} ${row.fails} of ${count(row.requests, 'write')} failed`),
  ];
  const caveat =
    some.length === 0 ? '' : ' Latencies are those of the successes only: the failed writes, which waited in vain, are not in them.';
  return { id: 'failures', text: `${capitalised(list(parts))}.${caveat}` };
}

export function sayDelaysBelowCost({ measured, looksLikeWaitingForAll, isQuorumSweep, name }: Facts): Sentence | null {
  if (looksLikeWaitingForAll) return null;
  const drowned = measured.flatMap((row) => {
    const delay = meanDelayOf(row);
    const cost = row.overhead_ms?.mean ?? 0;
    return delay !== null && delay < MIN_DELAY_PER_COST * cost ? [{ row, delay, cost }] : [];
  });
  if (drowned.length === 0) return null;
  const advice = isQuorumSweep ? ': use longer delays (--delay) or fewer writes in flight (--concurrency).' : '.';
  return {
    id: 'delays-below-cost',
    text:
      `The delays average ${msRange(drowned.map(({ delay }) => delay))}, while a request itself costs ` +
      `${msRange(drowned.map(({ cost }) => cost))} here. At ${name(drowned.map(({ row }) => row))} the latency is therefore mostly ` +
      `that of this machine, not of the ${isQuorumSweep ? 'quorum' : 'simulated network'}${advice}`,
  };
}

export function sayBusyGenerator(facts: Facts): Sentence | null {
  return busy('generator-busy', 'The load generator', 'and measured its own queue as latency', facts, (row) => row.generator_busy);
}

export function sayBusyLeader(facts: Facts): Sentence | null {
  return busy('leader-busy', 'The leader', 'so writes queued for it', facts, (row) => row.leader_busy);
}

function busy(
  id: string,
  who: string,
  effect: string,
  { rows, isQuorumSweep, name }: Facts,
  shareOf: (row: QuorumResult) => number | null,
): Sentence | null {
  const saturated = rows.filter((row) => (shareOf(row) ?? 0) > MAX_BUSY);
  if (saturated.length === 0) return null;
  const top = Math.max(...saturated.map((row) => shareOf(row) ?? 0));
  return {
    id,
    text:
      `${who} was busy up to ${percent(top)} of the time at ${name(saturated)}, ${effect}: ` +
      `those rows show a limit of throughput, not the price of ${isQuorumSweep ? 'the quorum' : 'waiting for followers'}.`,
  };
}

/** Doubts that no sentence above explains: what the verdict itself said. */
export function sayOtherReasons(facts: Facts): Sentence | null {
  const said: readonly Say[] = [sayDelaysBelowCost, sayBusyGenerator, sayBusyLeader];
  if (facts.looksLikeWaitingForAll || said.some((say) => say(facts) !== null)) return null;
  const doubtful = facts.measured.filter((row) => row.verdict === 'inconclusive');
  if (doubtful.length === 0) return null;
  const reasons = [...new Set(doubtful.flatMap((row) => row.reasons))];
  return { id: 'inconclusive', text: [`Inconclusive: ${facts.name(doubtful)}.`, ...reasons].join(' ') };
}

export function sayOverlaps({ result: { overlaps }, isQuorumSweep }: Facts): Sentence | null {
  if (overlaps.length === 0 || !isQuorumSweep) return null;
  const pairs = overlaps.map(([a, b]) => `${a} and ${b}`);
  return {
    id: 'overlaps',
    text: `The 95 % intervals of quorums ${list(pairs)} overlap: which of the two is slower, this run does not show. More writes would.`,
  };
}

export function sayThin({ rows, name }: Facts): Sentence | null {
  const thin = rows.filter((row) => row.thin.length > 0 && row.successes > 0);
  if (thin.length === 0) return null;
  return {
    id: 'thin',
    text:
      `Percentiles marked * at ${name(thin)} rest on too few values to be more than the maximum under ` +
      'another name: p99 wants at least 100 successes, p95 at least 20.',
  };
}

/** Of a benchmark; a load in a scenario is meant to be one row. */
export function sayOneQuorum({ rows, followers, result }: Facts): Sentence | null {
  const only = rows[0];
  if (rows.length !== 1 || only === undefined || followers === 0 || result.name !== BENCH) return null;
  return {
    id: 'one-quorum',
    text: `Only quorum ${only.quorum} was run, so there is no curve; --quorums 1-${followers} measures all of them with the same delays.`,
  };
}
