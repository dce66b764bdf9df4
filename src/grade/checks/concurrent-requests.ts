import type { Check } from '../check.ts';
import type { Exchange } from '../exchange.ts';
import { failed, pass, unknown } from '../finding.ts';
import { inLanes, type Subject } from '../subject.ts';
import type { Peer } from '../target.ts';

const SECONDS = 2;
const KEYS = 4;
const WRITERS = 6;
const READERS = 6;
/** Alone so often, and so many at once. */
const ALONE = 12;
const AT_ONCE = 20;
/**
 * So many writes at once take as long as that many times one: at the lowest quorum of uniform delays the slowest of 20 is at most 6
 * times the mean, with more followers less; one after the other they take 20 +- 4 times the mean.
 */
const OVERLAP_RATIO = 7.5;
const SERIAL_RATIO = 11;
/** Below this a write is mostly computing, and a processor computes one thing after the other. */
const LEAST_WAITING_MS = 15;

export const CONCURRENT_REQUESTS: Check = {
  id: 'concurrent-requests',
  title: 'Reads and writes at the same time are all answered',
  about:
    'A server that holds a lock while it waits for followers answers nobody else meanwhile, and two locks taken in different orders answer nobody ever.',
  needs: ['writes'],
  run: async ({ subject }) => {
    const { followers, pace } = subject;
    await subject.useQuorum(Math.max(1, followers.length));
    const mixed = await mixedLoad(subject);
    if (mixed.bad.length > 0) {
      const silent = mixed.bad.filter(({ status }) => status === null).length;
      return failed(
        `Of ${mixed.count} reads and writes at the same time ${silent > 0 ? `${silent} were never answered` : `${mixed.bad.length} failed`}` +
          `${silent > 0 ? ` (a request may take ${subject.target.timeoutMs / 1000} s)` : ''}.`,
        { requests: mixed.bad },
      );
    }
    const alone: number[] = [];
    for (let index = 0; index < ALONE; index++) alone.push((await write(subject)).ms);
    const startMs = performance.now();
    const together = await inLanes(Array.from({ length: AT_ONCE }), AT_ONCE, () => write(subject));
    const tookMs = performance.now() - startMs;
    const bad = together.filter(({ exchange }) => exchange.status === null || exchange.status >= 400).map(({ exchange }) => exchange);
    if (bad.length > 0) return failed(`${bad.length} of ${AT_ONCE} writes at the same time failed.`, { requests: bad });
    const meanMs = alone.reduce((sum, ms) => sum + ms, 0) / alone.length;
    const ratio = tookMs / meanMs;
    const figures = [
      { requests: mixed.count, one_write_ms: Math.round(meanMs), writes_at_once: AT_ONCE, all_of_them_ms: Math.round(tookMs) },
    ];
    const answered = `${mixed.count} reads and writes at the same time were all answered`;
    if (meanMs < Math.max(LEAST_WAITING_MS, 8 * pace.readMs)) {
      return pass(`${answered}. (Whether writes wait for each other cannot be told: a write takes only ${meanMs.toFixed(1)} ms.)`, {
        figures,
      });
    }
    if (ratio >= SERIAL_RATIO) {
      return failed(
        `${AT_ONCE} writes to different keys at once took ${tookMs.toFixed(0)} ms, one alone ${meanMs.toFixed(0)} ms: the leader takes one after the other.`,
        { requests: together.map(({ exchange }) => exchange), figures },
      );
    }
    if (ratio > OVERLAP_RATIO)
      return unknown(
        `${answered}. Whether writes wait for each other cannot be told: ${AT_ONCE} at once took ${ratio.toFixed(1)} times as long as one.`,
        { figures },
      );
    return pass(`${answered}, and ${AT_ONCE} writes at once took ${ratio.toFixed(1)} times as long as one.`, { figures });
  },
};

async function write(subject: Subject): Promise<{ ms: number; exchange: Exchange }> {
  const { exchange } = await subject.api.write(subject.leader, subject.key('alone'), subject.value());
  return { ms: exchange.endMs - exchange.sentMs, exchange };
}

/** Writers and readers of the same few keys, at the leader and at every follower. Ends at the first request without an answer. */
async function mixedLoad(subject: Subject): Promise<{ count: number; bad: Exchange[] }> {
  const { api, leader, followers } = subject;
  const keys = Array.from({ length: KEYS }, () => subject.key('mixed'));
  const endMs = performance.now() + SECONDS * 1000;
  const bad: Exchange[] = [];
  let count = 0;
  const worker = async (request: (key: string) => Promise<Exchange>, from: number) => {
    for (let index = from; performance.now() < endMs && bad.length === 0; index++) {
      const exchange = await request(keys[index % KEYS] as string);
      count += 1;
      if (exchange.status === null || exchange.status >= 500) bad.push(exchange);
      // As a client that thinks: a loop without a pause would starve a slow server, which is no mistake of it.
      await subject.pause(1);
    }
  };
  const reader = (peer: Peer) => (key: string) => api.read(peer, key).then(({ exchange }) => exchange);
  const writer = (key: string) => api.write(leader, key, subject.value()).then(({ exchange }) => exchange);
  await Promise.all([
    ...Array.from({ length: WRITERS }, (_, index) => worker(writer, index)),
    ...Array.from({ length: READERS }, (_, index) => worker(reader(leader), index)),
    ...followers.map((peer, index) => worker(reader(peer), index)),
  ]);
  return { count, bad };
}
