/** The evidence of the checks that look at when the followers got the writes. */
import type { Exchange } from '../exchange.ts';
import type { Figures } from '../finding.ts';
import { isComplete, middleOf } from '../judge/timed-write.ts';
import type { Peer } from '../target.ts';
import type { WatchedWrite } from '../watch.ts';

const SHOWN_WRITES = 8;

/** The last few writes that were seen everywhere, a row each: when it was answered, and when each follower first showed it. */
export function arrivalFigures(writes: readonly WatchedWrite[], followers: readonly Peer[]): Figures[] {
  return writes
    .filter(isComplete)
    .slice(-SHOWN_WRITES)
    .map(({ quorum, answerMs, arrivals }) => ({
      quorum,
      answered_ms: answerMs === null ? null : Math.round(answerMs * 10) / 10,
      ...Object.fromEntries(
        arrivals.map((arrival, index) => [`${followers[index]?.name ?? index}_ms`, Math.round(middleOf(arrival) * 10) / 10]),
      ),
    }));
}

/** One write and the first read of each follower that showed it. */
export function arrivalRequests(writes: readonly WatchedWrite[]): Exchange[] {
  const example = writes.findLast(isComplete) as WatchedWrite | undefined;
  return example === undefined ? [] : [example.reply.exchange, ...example.reads.flatMap(({ first }) => (first === null ? [] : [first]))];
}
