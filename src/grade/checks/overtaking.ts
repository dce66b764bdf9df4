/** What the checks of late messages share: writes in a row to one key, each sent as soon as the one before it was answered. */
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

/** One row per key, all keys at the same time. `send` makes the index-th request of a row. */
export function rows(
  subject: Subject,
  keys: readonly string[],
  length: number,
  send: (key: string, index: number) => Promise<Reply>,
): Promise<Row[]> {
  return inLanes(keys, keys.length, async (key) => {
    const replies: Reply[] = [];
    for (let index = 0; index < length; index++) {
      subject.signal.throwIfAborted();
      replies.push(await send(key, index));
    }
    return { key, replies };
  });
}

/** How many replicas of these keys an old write would have spoilt, if the last to arrive won. */
export function overtakings(subject: Subject, timing: Timing, made: readonly Row[]): number {
  const sentMs = made.map(({ replies }) => replies.map(({ exchange }) => exchange.sentMs));
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
