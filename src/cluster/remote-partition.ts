/**
 * Partitions of a cluster elsewhere, by the nodes' own tables: all that can be broken there without touching a process. One
 * side of a pair would do, because a node's table blocks what goes out and what comes in; both are set where both are reached.
 */
import { KvClient } from '../client/kv-client.ts';
import { KvctlError } from '../wire/errors.ts';
import { type LinkChange, type PartitionOutcome, pairsOf, partnersOf } from './faults.ts';
import { adviceFor, REMOTE_ANSWER_MS, type RemoteCluster, reach } from './remote.ts';

/**
 * Cuts (both ways or one), or mends, every pair of nodes of different groups, as faults.ts does. `unreached`: nodes whose own table is as it was.
 * Throws `usage` for a node in two groups, `unreachable` if neither node of a pair is reached, before anything is changed.
 */
export async function setRemotePartition(
  cluster: RemoteCluster,
  groups: readonly (readonly string[])[],
  change: LinkChange,
): Promise<PartitionOutcome> {
  const pairs = pairsOf(
    cluster.nodes.map(({ id }) => id),
    groups,
  );
  const affected = cluster.nodes.filter(({ id }) => pairs.some((pair) => pair.includes(id)));
  const reached = await Promise.all(affected.map(({ id }) => isReached(cluster, id)));
  const unreached = affected.filter((_, index) => !reached[index]).map(({ id }) => id);
  const hopeless = pairs.find((pair) => pair.every((id) => unreached.includes(id)));
  if (hopeless !== undefined) {
    const what = `expected to reach ${hopeless.join(' or ')}, whose link is to be ${change === 'open' ? 'mended' : 'cut'}, but neither answers`;
    throw new KvctlError('unreachable', `${what}: ${adviceFor(hopeless)}`, { nodes: hopeless });
  }
  const client = new KvClient({ token: cluster.token, timeoutMs: REMOTE_ANSWER_MS });
  try {
    const nodes = affected.filter(({ id }) => !unreached.includes(id));
    await Promise.all(nodes.map(({ id, url }) => client.setNetwork(url, { nodes: partnersOf(id, pairs, change) })));
  } finally {
    await client.close();
  }
  return { pairs, unreached, reconnected: [] };
}

/** Throws what is no matter of reach, like the address of another node. */
async function isReached(cluster: RemoteCluster, id: string): Promise<boolean> {
  try {
    await reach(cluster, id);
    return true;
  } catch (error) {
    if (error instanceof KvctlError && error.code === 'unreachable') return false;
    throw error;
  }
}
