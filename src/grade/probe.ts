/**
 * The first look: who answers, how quickly, whether the quorum can be switched, and how long writes take to get everywhere. Judges nothing;
 * everything after it takes its measure from here.
 */
import { percentile } from '../lib/quantile.ts';
import { KvctlError } from '../wire/errors.ts';
import { isRouteMissing, type Reply } from './api.ts';
import { choosePace } from './pace.ts';
import { inLanes, type Subject } from './subject.ts';
import type { Peer } from './target.ts';
import { type WatchedWrite, watchWrite } from './watch.ts';

export interface FirstLook {
  /** Followers that do not answer at all. */
  readonly silent: readonly Peer[];
  /** The leader's answer to the quorum that was set first; null if the API has no such call. */
  readonly switched: Reply | null;
  /** The quorum can be set: the route exists and took a number. */
  readonly canSwitch: boolean;
  readonly writes: readonly WatchedWrite[];
}

const READS = 20;
const WARM_UP_WRITES = 3;
const WRITES = 8;
const WRITES_AT_ONCE = 4;
/** Within this a node that listens answers a read. */
const CONNECT_MS = 5_000;

/** Sets `subject.pace`. Throws `unreachable` if the leader does not answer. */
export async function lookFirst(subject: Subject): Promise<FirstLook> {
  const { leader, followers, api } = subject;
  if ((await subject.answers(leader, true, CONNECT_MS)) === null) {
    const { exchange } = await api.read(leader, subject.key('ping'));
    throw new KvctlError(
      'unreachable',
      `expected an answer from the leader at ${leader.url}, got ${exchange.answer}. Is it running, and is this its address?`,
      { url: leader.url, reason: exchange.answer },
    );
  }
  const found = await Promise.all(followers.map((peer) => subject.answers(peer, true, CONNECT_MS)));
  const silent = followers.filter((_, index) => found[index] === null);
  const answering = followers.filter((_, index) => found[index] !== null);
  const reads: number[] = [];
  for (let index = 0; index < READS; index++) {
    const { exchange } = await api.read([leader, ...answering][index % (answering.length + 1)] as Peer, subject.key('probe'));
    reads.push(exchange.endMs - exchange.sentMs);
  }
  reads.sort((a, b) => a - b);
  const [readMs, slowReadMs] = [percentile(reads, 50), percentile(reads, 90)];
  const switched = await subject.setQuorum(Math.max(1, answering.length));
  const look = { silent, switched, canSwitch: switched !== null && switched.outcome === 'success' };
  // The first requests pay for cold programs and new connections.
  for (let index = 0; index < WARM_UP_WRITES; index++) await api.write(leader, subject.key('warm'), subject.value());
  if (silent.length > 0 || followers.length === 0) return { ...look, writes: [] };
  const known = { followers: followers.length, readMs, slowReadMs };
  subject.pace = { ...choosePace({ ...known, longestMs: 100, isSerial: true }), watchMs: choosePace(null).watchMs };
  const writes: WatchedWrite[] = [];
  for (let index = 0; index < WRITES; index++) writes.push(await watchWrite(subject, subject.quorum));
  const longestMs = Math.max(1, ...writes.flatMap(timesOf));
  subject.pace = choosePace({ ...known, longestMs, isSerial: await isSerial(subject, writes) });
  return { ...look, writes };
}

/** Why every check that writes cannot tell, or null: nothing takes writes where the dialect has them. */
export function writeRouteMissing({ writes }: FirstLook): string | null {
  const first = writes[0];
  if (first === undefined || !writes.every(({ reply }) => isRouteMissing(reply))) return null;
  const { exchange } = first.reply;
  return `the leader has no ${exchange.method} ${new URL(exchange.url).pathname} (it answered ${exchange.status}): is this the right dialect?`;
}

/** Arrivals and the answer; what never came is no time. */
function timesOf({ answerMs, arrivals }: WatchedWrite): number[] {
  return [answerMs ?? 0, ...arrivals.map(({ byMs }) => byMs).filter(Number.isFinite)];
}

/** A few writes at once take about as long as one, unless the leader does them one after the other. */
async function isSerial(subject: Subject, alone: readonly WatchedWrite[]): Promise<boolean> {
  const longest = Math.max(...alone.map(({ answerMs }) => answerMs ?? 0));
  const startMs = performance.now();
  await inLanes(Array.from({ length: WRITES_AT_ONCE }), WRITES_AT_ONCE, () =>
    subject.api.write(subject.leader, subject.key('probe'), subject.value()),
  );
  return performance.now() - startMs > 2 * longest;
}
