/**
 * One write, watched: sent to the leader while every follower is read again and again until it shows the value. See judge/timed-write.ts for
 * what that can tell.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Ms } from '../lib/units.ts';
import type { Reply } from './api.ts';
import type { Exchange } from './exchange.ts';
import type { Arrival, TimedWrite } from './judge/timed-write.ts';
import { type Subject, shows } from './subject.ts';
import type { Peer } from './target.ts';

export interface WatchedWrite extends TimedWrite {
  readonly key: string;
  readonly value: string;
  readonly reply: Reply;
  /** Per follower: the last read without the value, and the first with it. */
  readonly reads: readonly { readonly last: Exchange | null; readonly first: Exchange | null }[];
}

/**
 * @param quorum the one in force, for the record; null if not known
 * @param onFirst the value was seen at a follower for the first time
 */
export async function watchWrite(subject: Subject, quorum: number | null, onFirst: () => void = () => {}): Promise<WatchedWrite> {
  const { api, leader, followers, pace } = subject;
  const [key, value] = [subject.key('timed'), subject.value()];
  const startMs = performance.now();
  let endMs = Infinity;
  const answered = api.write(leader, key, value).finally(() => {
    endMs = performance.now() + pace.watchMs;
  });
  const [reply, ...watched] = await Promise.all([
    answered,
    ...followers.map((peer, index) =>
      watchFollower(subject, { peer, key, value, startMs, firstMs: (pace.pollMs * index) / followers.length, onFirst }, () => endMs),
    ),
  ]);
  const { exchange } = reply;
  return {
    key,
    value,
    reply,
    quorum,
    answerMs: reply.outcome === 'success' ? exchange.endMs - startMs : null,
    arrivals: watched.map(({ arrival }) => arrival),
    reads: watched.map(({ last, first }) => ({ last, first })),
  };
}

interface Watch {
  readonly peer: Peer;
  readonly key: string;
  readonly value: string;
  readonly startMs: Ms;
  /** When to begin, so that the followers are not all asked at one moment. */
  readonly firstMs: Ms;
  readonly onFirst: () => void;
}

async function watchFollower(
  { api, pace, signal }: Subject,
  { peer, key, value, startMs, firstMs, onFirst }: Watch,
  endMs: () => Ms,
): Promise<{ arrival: Arrival; last: Exchange | null; first: Exchange | null }> {
  let last: Exchange | null = null;
  await delay(firstMs, undefined, { signal });
  for (;;) {
    const reading = await api.read(peer, key);
    const { exchange } = reading;
    const afterMs = last === null ? 0 : last.sentMs - startMs;
    if (shows(reading, value)) {
      onFirst();
      return { arrival: { afterMs, byMs: exchange.endMs - startMs }, last, first: exchange };
    }
    // Only a read that says that the value is not there says so: one that failed tells nothing.
    if (reading.outcome === 'absent' || reading.outcome === 'value') last = exchange;
    const nextMs = exchange.sentMs + pace.pollMs;
    if (Math.max(nextMs, performance.now()) > endMs()) {
      return { arrival: { afterMs: last === null ? 0 : last.sentMs - startMs, byMs: Infinity }, last, first: null };
    }
    await delay(Math.max(1, nextMs - performance.now()), undefined, { signal });
  }
}
