/**
 * Making another node lead, and finding out who leads. A promotion that was refused changed nothing; of one that was not answered nobody knows, and
 * nodes may have promised a new epoch, so somebody is made to lead before anything else goes on.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { KvctlError } from '../wire/errors.ts';
import type { ChaosCluster, NodeAddress } from './cluster.ts';

const PROMOTE_MS = 3_000;
const LEADER_MS = 30_000;
const POLL_MS = 50;

/** By what its effect is seen; null: it was refused, and who led leads. Throws `not_ready` if nobody can be made to lead. */
export async function promote(cluster: ChaosCluster, node: NodeAddress, signal: AbortSignal): Promise<string | null> {
  const before = cluster.leader.id;
  try {
    const { epoch, responders } = await cluster.client.promote(node.url, { timeout_ms: PROMOTE_MS });
    cluster.leader = node;
    return node.id === before ? null : `${node.id} leads epoch ${epoch} (${responders.length} of ${cluster.nodes.length} promised)`;
  } catch (error) {
    if (!(error instanceof KvctlError)) throw error;
    if (error.code === 'not_lossless') return null;
    const epoch = await mustLead(cluster, signal);
    return cluster.leader.id === before ? null : `${cluster.leader.id} leads epoch ${epoch}`;
  }
}

/** Until somebody leads, by whatever promotion that takes; the cluster's leader is that node then. Answers its epoch. */
export async function mustLead(cluster: ChaosCluster, signal: AbortSignal): Promise<number> {
  const { client, nodes } = cluster;
  const deadlineMs = performance.now() + LEADER_MS;
  for (let turn = 0; performance.now() < deadlineMs; turn++) {
    signal.throwIfAborted();
    const statuses = await Promise.all(nodes.map(({ url }) => client.status(url).catch(() => null)));
    const newest = Math.max(0, ...statuses.map((status) => status?.epoch ?? 0));
    const index = statuses.findIndex((status) => status?.phase === 'open' && status.epoch === newest);
    const leader = nodes[index];
    if (leader !== undefined) {
      cluster.leader = leader;
      return newest;
    }
    const node = nodes[turn % nodes.length];
    if (node !== undefined && statuses[turn % nodes.length] !== null)
      await client.promote(node.url, { timeout_ms: PROMOTE_MS }).catch(() => undefined);
    await delay(POLL_MS, undefined, { signal });
  }
  throw new KvctlError('not_ready', `expected some node to lead within ${LEADER_MS / 1000} s, but none does: the nodes' logs tell why`);
}
