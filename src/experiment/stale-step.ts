/**
 * Writes keys at the leader and reads each of them at a follower, at fixed times after the client has the answer. Several
 * writers work side by side, each on keys of its own, so that no later write of a key hides an earlier one.
 */
import { setTimeout as delay, setImmediate as immediate } from 'node:timers/promises';
import { LoadConnection } from '../client/load-client.ts';
import type { Ms } from '../lib/units.ts';
import { type StaleRead, stalePoints } from '../measure/stale.ts';
import { idsOf } from './actions.ts';
import { waitForParity } from './parity.ts';
import { formatDelayMap, lookAtConditions, settleTimeoutMs, traceSince } from './row.ts';
import type { Stage } from './stage.ts';
import type { StaleStep } from './step.ts';

/** Writers side by side: enough to be quick, too few to be what is measured. */
const WRITERS = 8;
const GIVE_UP_MS = 10_000;
/** Timers are late by up to this; the rest is waited out turn by turn. */
const SPIN_MS = 1.5;

/** Answers what was seen, in a sentence; null if it was cut off. */
export async function runStaleStep(stage: Stage, step: StaleStep): Promise<string | null> {
  const { venue, plan, signal } = stage;
  const found = await lookAtConditions(venue, stage.recorder.marks.down());
  const quorum = step.quorum ?? found.quorum;
  await venue.client.setNetwork(venue.leader.url, { seed: plan.seed });
  const before = await venue.client.status(venue.leader.url);
  const reads: StaleRead[] = [];
  let next = 0;
  const writer = async (place: number) => {
    const client = new StaleClient(stage, step, place, quorum);
    const cutOff = () => void client.close();
    signal.addEventListener('abort', cutOff);
    try {
      while (next < step.writes && !signal.aborted) {
        reads.push(...(await client.writeAndRead(next++)));
        stage.progress({ phase: 'load', done: reads.length });
      }
    } finally {
      signal.removeEventListener('abort', cutOff);
      await client.close();
    }
  };
  await Promise.all(Array.from({ length: Math.min(WRITERS, step.keys, step.writes) }, (_, place) => writer(place)));
  await waitForParity(venue.client, venue, settleTimeoutMs(found.delays), signal, stage.recorder.marks.down());
  const trace = await traceSince(venue, before.head);
  await stage.keep({ row: step.step, quorum, samples: [], trace, staleReads: reads });
  if (signal.aborted) return null;
  const points = stalePoints(step.step, reads, trace, found.cluster.loss > 0);
  const { cluster } = found;
  stage.recorder.stale({ name: step.step, quorum, followers: cluster.followers, delay: formatDelayMap(found.delays), points });
  const [first] = points;
  const made = reads.filter((read) => read.isStale !== null).length;
  return `${made} reads; right after the answer ${first?.share == null ? 'none' : `${(first.share * 100).toFixed(0)} %`} were stale`;
}

/** One writer: a connection to the leader, and one per time to every follower, because reads overlap. */
class StaleClient {
  readonly #step: StaleStep;
  readonly #signal: AbortSignal;
  readonly #quorum: number;
  readonly #keys: readonly string[];
  readonly #leader: LoadConnection;
  readonly #followers: readonly { readonly id: string; readonly connections: readonly LoadConnection[] }[];
  #made = 0;

  constructor({ venue, signal }: Stage, step: StaleStep, place: number, quorum: number) {
    this.#step = step;
    this.#signal = signal;
    this.#quorum = quorum;
    // Every writer has at least one key: there are no more writers than keys.
    this.#keys = Array.from({ length: step.keys }, (_, index) => index)
      .filter((index) => index % Math.min(WRITERS, step.keys, step.writes) === place)
      .map((index) => `stale${index}`);
    this.#leader = new LoadConnection(venue.leader.url, GIVE_UP_MS);
    const ids = idsOf(venue, step.nodes).filter((id) => id !== venue.leader.id);
    this.#followers = venue.followers
      .filter(({ id }) => ids.includes(id))
      .map(({ id, url }) => ({ id, connections: step.afterMs.map(() => new LoadConnection(url, GIVE_UP_MS)) }));
  }

  /** Write number `index` of the step; it decides which follower is read. None of a write that failed. */
  async writeAndRead(index: number): Promise<StaleRead[]> {
    const key = this.#keys[this.#made++ % this.#keys.length] as string;
    const written = await this.#leader.send('PUT', `/kv/${key}?quorum=${this.#quorum}`, `{"value":${index}}`);
    if (!written.ok || written.version === null) return [];
    const { version, endMs } = written;
    const follower = this.#followers[index % this.#followers.length];
    if (follower === undefined) return [];
    const reads = this.#step.afterMs.map(async (afterMs, at): Promise<StaleRead> => {
      await waitUntil(endMs + afterMs, this.#signal);
      const read = await (follower.connections[at] as LoadConnection).send('GET', `/kv/${key}?read=local`, null);
      const isStale = read.ok ? isOlder(read.version, version) : null;
      return { version, follower: follower.id, afterMs, sentMs: read.startMs - endMs, isStale: this.#signal.aborted ? null : isStale };
    });
    return Promise.all(reads);
  }

  async close(): Promise<void> {
    await Promise.all([this.#leader, ...this.#followers.flatMap(({ connections }) => connections)].map((connection) => connection.close()));
  }
}

/** `epoch.seq`; null is a key that is not there yet. */
function isOlder(seen: string | null, written: string): boolean {
  if (seen === null) return true;
  const [a, b] = [seen, written].map((text) => text.split('.').map(Number)) as [number[], number[]];
  return a[0] === b[0] ? (a[1] ?? 0) < (b[1] ?? 0) : (a[0] ?? 0) < (b[0] ?? 0);
}

/** Never early. */
async function waitUntil(dueMs: Ms, signal: AbortSignal): Promise<void> {
  const coarseMs = dueMs - performance.now() - SPIN_MS;
  if (coarseMs >= 1) await delay(coarseMs, undefined, { signal }).catch(() => undefined);
  while (performance.now() < dueMs && !signal.aborted) await immediate();
}
