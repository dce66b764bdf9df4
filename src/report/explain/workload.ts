/** Sentences about the load: what a closed loop allows, what an open loop counts, and what reads cost beside the writes. */
import type { Facts } from '../facts.ts';
import type { Sentence } from '../sentence.ts';
import { concurrencyOf } from '../sweep.ts';
import { figure, ms, msRange, percent } from '../wording.ts';

/** Share of the limit from which on the law explains a throughput. */
const NEAR_LIMIT = 0.8;

/** Little's law, with the slowest row as the example. Without reads only: they share the slots in flight. */
export function sayLittle({ measured, trend, result, isQuorumSweep, name }: Facts): Sentence | null {
  const { workload } = result;
  const slowest = [...measured].sort((a, b) => b.avg_latency_ms - a.avg_latency_ms)[0];
  if (
    slowest === undefined ||
    workload.loop !== 'closed' ||
    workload.executor.startsWith('ramping') ||
    slowest.reads !== null ||
    slowest.fails > 0
  )
    return null;
  const inFlight = concurrencyOf(result, slowest);
  const limit = (inFlight / slowest.avg_latency_ms) * 1000;
  // A short run is mostly its end, where fewer are in flight: then the law bounds it, but does not explain it.
  if (slowest.writes_per_s < NEAR_LIMIT * limit) return null;
  const why = trend === 'rising' && isQuorumSweep ? ' A higher quorum lowers it only because the clients wait.' : '';
  return {
    id: 'littles-law',
    text:
      `In a closed loop latency sets the throughput: ${inFlight} in flight at ${ms(slowest.avg_latency_ms)} each allow ` +
      `${figure(limit)} writes/s at ${name([slowest])} (Little’s law), and ${figure(slowest.writes_per_s)} were measured.${why}`,
  };
}

export function sayOpenLoop({ measured, result: { workload, sweep } }: Facts): Sentence | null {
  if (workload.loop !== 'open' || measured.length === 0) return null;
  const isSwept = sweep.parameter === 'rate';
  const pace = isSwept
    ? 'at the rate of their row'
    : workload.rate === null
      ? 'at a changing rate'
      : `at ${figure(workload.rate)} per second`;
  return {
    id: 'open-loop',
    text:
      `Requests came ${pace} whatever the answers did, and each is timed from the moment it was to start: ` +
      'a stall counts for every request that it delayed (no coordinated omission).',
  };
}

export function sayReads({ measured, result: { workload, sweep } }: Facts): Sentence | null {
  const rows = measured.flatMap((row) => (row.reads?.avg_latency_ms == null ? [] : [row.reads.avg_latency_ms]));
  if (rows.length === 0) return null;
  return {
    id: 'reads',
    text:
      `${sweep.parameter.startsWith('read') ? 'Some' : percent(workload.read_share)} of the requests were reads, counted apart: ` +
      `${msRange(rows)} on average. A read of ` +
      'the newest committed version asks the leader only and waits for no follower.',
  };
}
