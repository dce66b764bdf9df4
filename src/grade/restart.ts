/**
 * Everything stopped at once and started again: what the nodes show then can only come from what they kept, because nobody was up to tell
 * them. Judged by one check; the same promise as outage.ts: what was stopped is started on every way out.
 */
import type { Ms } from '../lib/units.ts';
import { KvctlError } from '../wire/errors.ts';
import type { Reply } from './api.ts';
import { type Expected, inLanes, type Mismatch, type Subject } from './subject.ts';

export interface Restart {
  readonly trouble: string | null;
  readonly writes: readonly Reply[];
  /** Keys that were written with success at every follower. */
  readonly written: Expected;
  /** What nodes lacked when they were up again and had been given time. */
  readonly lost: readonly Mismatch[];
  /** The same keys written once more: what followers did not take over then. */
  readonly stuck: readonly Mismatch[];
  readonly rewrites: readonly Reply[];
}

const KEYS = 8;
const DOWN_MS = 20_000;
const UP_MS = 60_000;
const SETTLE_MS = 10_000;

export async function restartAll(subject: Subject): Promise<Restart> {
  const { control, peers, leader, followers, pace } = subject;
  if (control === null) throw new Error('nothing can be stopped');
  const none: Restart = { trouble: null, writes: [], written: new Map(), lost: [], stuck: [], rewrites: [] };
  const quorum = subject.quorum;
  await subject.useQuorum(Math.max(1, followers.length));
  const keys = Array.from({ length: KEYS }, () => subject.key('restart'));
  const { written, replies: writes } = await writeAll(subject, keys);
  const early = await subject.mismatches(written, followers, pace.settleMs);
  if (written.size === 0 || early.length > 0)
    return { ...none, writes, trouble: 'the keys did not get to every follower before the restart' };
  let isDown = true;
  try {
    subject.onDetail('stopping all nodes');
    for (const { name } of peers) subject.stopped.add(name);
    await control.stop(peers);
    for (const peer of peers) await expectAnswer(subject, peer, false, DOWN_MS);
    subject.onDetail('starting all nodes');
    // Followers first: a leader may want to see them.
    await control.start(followers);
    await control.start([leader]);
    isDown = false;
    for (const peer of peers) await expectAnswer(subject, peer, true, UP_MS);
    // What was set while it ran is gone with the process.
    subject.quorumSet = null;
    const lost = await subject.mismatches(written, peers, SETTLE_MS);
    if (quorum !== null) await subject.setQuorum(quorum);
    const again = await writeAll(subject, [...written.keys()]);
    const stuck = await subject.mismatches(again.written, peers, pace.settleMs);
    return { trouble: null, writes, written, lost, stuck, rewrites: again.replies };
  } catch (error) {
    if (!(error instanceof KvctlError)) throw error;
    return { ...none, writes, written, trouble: error.message };
  } finally {
    if (isDown) await control.start([...followers, leader]);
  }
}

async function writeAll(subject: Subject, keys: readonly string[]): Promise<{ written: Map<string, unknown>; replies: Reply[] }> {
  const written = new Map<string, unknown>();
  const replies = await inLanes(keys, 4, async (key) => {
    const value = subject.value();
    const reply = await subject.api.write(subject.leader, key, value);
    if (reply.outcome === 'success') written.set(key, value);
    return reply;
  });
  return { written, replies };
}

async function expectAnswer(subject: Subject, peer: Subject['leader'], isUp: boolean, boundMs: Ms): Promise<void> {
  if ((await subject.answers(peer, isUp, boundMs)) !== null) return;
  const [wanted, got] = isUp ? ['to answer', 'nothing'] : ['to be down', 'an answer'];
  throw new KvctlError('node_failed', `expected ${peer.name} ${wanted} at ${peer.url} within ${boundMs / 1000} s, got ${got}`);
}
