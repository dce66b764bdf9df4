/**
 * Asks every node for what it holds and compares: once, or until the replicas have settled.
 *
 * `compareDigests` asks for digests, and reads the rows only of nodes of which these prove nothing; `compareReplicas` reads all
 * rows, and so finds what was changed on disk behind a node, too. Benchmarks, scenarios and chaos do the latter: what they say of
 * the data is the proof that replication worked, and they know how many keys they write.
 * The rules of the comparison are measure/parity's; here is only who is asked, in which order, and for how long.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Dump } from '../client/dump.ts';
import { KvClient } from '../client/kv-client.ts';
import type { Ms } from '../lib/units.ts';
import { compareDumps, haveSameContent, sameRow, unreachableRow } from '../measure/parity.ts';
import type { ParityRow } from '../measure/result.ts';
import type { DumpHeader } from '../wire/api.ts';
import { KvctlError } from '../wire/errors.ts';

export interface Replicas {
  readonly leader: NodeAddress;
  /** All other nodes. */
  readonly followers: readonly NodeAddress[];
}

export interface NodeAddress {
  readonly id: string;
  readonly url: string;
}

export interface Settling {
  /** From the call to all replicas equal; null if they were not in time, or one of them never will be. */
  readonly settleMs: Ms | null;
  /** As it was at the end, one row per follower. */
  readonly rows: readonly ParityRow[];
}

/** A frozen node takes the connection and never answers, and a dump of much data may rightly take long: so a node is asked for its health first. */
const ANSWER_MS = 1_000;
/** The leader is asked at the same time, because its dump must be of now, and may be busier. */
const LEADER_ANSWER_MS = 5_000;
const AWAY = 'away';
/** Between two looks at the leader's account; about the cost of one look. */
const POLL_MS = 5;
/** A link may be down for a moment; after so long nobody waits for what is behind it. Of a node that is known to be gone, not at all. */
const GIVE_UP_ON_DOWN_MS = 1_000;

/**
 * One row per follower. The leader is dumped first, as compareDumps requires.
 * Errors: whatever the leader's dump fails with; a follower that does not answer is `unreachable`.
 */
export async function compareReplicas(client: KvClient, { leader, followers }: Replicas): Promise<ParityRow[]> {
  const [dump] = await Promise.all([client.dump(leader.url), new KvClient({ timeoutMs: LEADER_ANSWER_MS }).health(leader.url)]);
  return Promise.all(followers.map((follower) => compareFollower(client, dump, follower)));
}

/**
 * The same at the price of one number per node where the digests agree; rows are read only of the others. A node that keeps no
 * digest is one of those.
 * Errors: as of compareReplicas.
 */
export async function compareDigests(client: KvClient, { leader, followers }: Replicas): Promise<ParityRow[]> {
  const [header, ...others] = await Promise.all([
    headerOf(client, leader, LEADER_ANSWER_MS),
    ...followers.map((follower) => headerOf(client, follower, ANSWER_MS).catch((): typeof AWAY => AWAY)),
  ]);
  const found = followers.map(({ id, url }, i): ParityRow | null => {
    const other = others[i] ?? null;
    if (other === AWAY) return unreachableRow(id, url);
    if (header === null || other === null || !isReplicaOf(header, other, id)) return null;
    return haveSameContent(header, other) ? sameRow(id, url) : null;
  });
  const rest = followers.filter((_, i) => found[i] === null);
  const read = rest.length === 0 ? [] : await compareReplicas(client, { leader, followers: rest });
  return found.map((row) => row ?? (read.shift() as ParityRow));
}

/** Null of a node that answers, but not with a header: an older kvctl's. Throws where nobody answers. */
async function headerOf(client: KvClient, { url }: NodeAddress, timeoutMs: Ms): Promise<DumpHeader | null> {
  try {
    return await client.dumpHeader(url, { timeoutMs });
  } catch (error) {
    if (error instanceof KvctlError && error.code === 'bad_request') return null;
    throw error;
  }
}

/** The same for a look that must not fail: without the leader nothing can be compared, and every row is `unreachable`. */
export function lookAtParity(client: KvClient, replicas: Replicas): Promise<ParityRow[]> {
  return compareReplicas(client, replicas).catch(() => replicas.followers.map(({ id, url }) => unreachableRow(id, url)));
}

/**
 * Looks again and again until all replicas are equal, one is wrong, or `timeoutMs` has passed. Dumps are fetched only when
 * the leader says that every follower has everything: they cost more than its account does, and they are the proof.
 * `gone`: nodes that were killed or frozen on purpose and stay so: nobody waits for them.
 */
export async function waitForParity(
  client: KvClient,
  replicas: Replicas,
  timeoutMs: Ms,
  signal: AbortSignal,
  gone: ReadonlySet<string> = new Set(),
): Promise<Settling> {
  const startMs = performance.now();
  for (;;) {
    const account = await accountOf(client, replicas.leader, gone);
    const levelMs = performance.now() - startMs;
    if (account === 'level') {
      const rows = await lookAtParity(client, replicas);
      if (rows.every((row) => row.status === 'match')) return { settleMs: levelMs, rows };
      if (rows.some((row) => row.status === 'mismatch')) return { settleMs: null, rows };
      // The leader reaches them and we do not: looking again will not change that.
      const isSeen = rows.some((row) => row.status === 'lag');
      const isExplained = rows.every((row) => row.status === 'match' || gone.has(row.node));
      if (!isSeen && (isExplained || levelMs > GIVE_UP_ON_DOWN_MS)) return { settleMs: null, rows };
    }
    const isHopeless = account === 'gone' || (account === 'down' && levelMs > GIVE_UP_ON_DOWN_MS);
    if (isHopeless || levelMs > timeoutMs || signal.aborted) return { settleMs: null, rows: await lookAtParity(client, replicas) };
    await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** `level`: all followers have all; `gone`, `down`: all but those that are gone, or behind a broken link; `behind`: somebody is getting it. */
async function accountOf(client: KvClient, leader: NodeAddress, gone: ReadonlySet<string>): Promise<'level' | 'gone' | 'down' | 'behind'> {
  const answer = await client.replicaStatus(leader.url).catch(() => null);
  if (answer === null) return gone.has(leader.id) ? 'gone' : 'down';
  const late = answer.replicas.filter((replica) => replica.lag_records > 0);
  if (late.length === 0) return 'level';
  const awaited = late.filter(({ node }) => !gone.has(node));
  if (awaited.length === 0) return 'gone';
  return awaited.some((replica) => replica.is_up) ? 'behind' : 'down';
}

async function compareFollower(client: KvClient, leader: Dump, { id, url }: NodeAddress): Promise<ParityRow> {
  try {
    await new KvClient({ timeoutMs: ANSWER_MS }).health(url);
    const dump = await client.dump(url);
    return isReplicaOf(leader, dump, id) ? compareDumps(leader, dump, url) : unreachableRow(id, url);
  } catch {
    return unreachableRow(id, url);
  }
}

/** An address that a cluster elsewhere uses among its nodes may lead to a node of another cluster here. */
function isReplicaOf(leader: DumpHeader, dump: DumpHeader, id: string): boolean {
  return dump.node === id && (dump.lineage === null || leader.lineage === null || dump.lineage === leader.lineage);
}
