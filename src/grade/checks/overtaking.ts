/**
 * What the checks of late messages share: requests to one key in a row, each sent a little after the one before it, whether that was
 * answered or not, so that their messages to a follower are under way together and may overtake each other.
 */
import type { Reply } from '../api.ts';
import { expectedOvertakings } from '../judge/reordering.ts';
import { middleOf } from '../judge/timed-write.ts';
import { inLanes, type Subject } from '../subject.ts';
import type { Timing } from '../timing.ts';

/** Below this a clean result may be luck: e^-8 is three in ten thousand. */
export const LEAST_OVERTAKINGS = 8;

export interface Row {
  readonly key: string;
  readonly replies: readonly Reply[];
}

/** Keys times followers, about: so many copies can go wrong. */
const COPIES = 45;
const LEAST_KEYS = 6;
const ROWS_AT_ONCE = 2;
/** Requests per longest delay, where the servers can take them so fast. */
const PER_DELAY = 12;

export function keysFor(subject: Subject, label: string): string[] {
  const count = Math.max(LEAST_KEYS, Math.ceil(COPIES / Math.max(1, subject.followers.length)));
  return Array.from({ length: count }, () => subject.key(label));
}

/** `send` makes the index-th request of a row. */
export function rows(
  subject: Subject,
  keys: readonly string[],
  length: number,
  send: (key: string, index: number) => Promise<Reply>,
): Promise<Row[]> {
  const { pace, followers } = subject;
  // A write costs the servers a request for every follower besides its own, and the order in which they are taken must be plain.
  const gapMs = Math.max(pace.longestMs / PER_DELAY, ROWS_AT_ONCE * (followers.length + 1) * pace.readMs, pace.marginMs);
  return inLanes(keys, ROWS_AT_ONCE, async (key) => {
    const replies: Promise<Reply>[] = [];
    for (let index = 0; index < length; index++) {
      if (index > 0) await subject.pause(gapMs);
      replies.push(send(key, index));
    }
    return { key, replies: await Promise.all(replies) };
  });
}

/** How many replicas of these keys an old write would have spoilt, if the last to arrive won. */
export function overtakings(subject: Subject, timing: Timing, made: readonly Row[]): number {
  const sentMs = made.map(({ replies }) =>
    replies.map(({ exchange }, index) => {
      const before = replies[index - 1]?.exchange.endMs ?? 0;
      return subject.pace.isSerial ? Math.max(exchange.sentMs, before) : exchange.sentMs;
    }),
  );
  const delaysMs = subject.followers.map((_, index) =>
    timing.writes.map(({ arrivals }) => (arrivals[index] === undefined ? Number.NaN : middleOf(arrivals[index]))).filter(Number.isFinite),
  );
  return expectedOvertakings(sentMs, delaysMs, subject.prng.fork('overtakings'));
}

/** Until whatever is still under way has arrived: a comparison before that could be right by luck. */
export async function letArrive(subject: Subject): Promise<void> {
  subject.onDetail('waiting for what is still under way');
  await subject.pause(subject.pace.watchMs);
}
