/**
 * The cluster and the node that a verb talks to: one of this machine, out of its state file, or one elsewhere, out of what
 * --leader's node tells. Who leads is asked when the verb runs, because the role may have moved.
 */
import { KvClient } from '../client/kv-client.ts';
import { type Cluster, discover, reach } from '../cluster/remote.ts';
import { loadState } from '../cluster/state.ts';
import { resolveNodes } from '../cluster/status.ts';
import { KvctlError } from '../wire/errors.ts';
import type { Context } from './context.ts';

export interface Target {
  readonly cluster: Cluster;
  readonly client: KvClient;
  readonly node: Cluster['nodes'][number];
}

interface Wanted {
  /** One node; default: who leads now. */
  readonly selector?: string | undefined;
  /** How long one call may take, in ms; default: KvClient's. */
  readonly timeoutMs?: number | undefined;
}

/** Throws `no_cluster`, and for a cluster elsewhere what `discover` throws. */
export async function clusterOf({ clusterName, remote }: Context): Promise<Cluster> {
  return remote === null ? loadState(clusterName) : discover(remote);
}

/**
 * Throws `no_cluster`, `node_failed` if nobody leads, and `usage` for a selector of no node or of several; `unreachable` for a
 * node elsewhere that is not there.
 */
export async function targetOf(context: Context, { selector = 'leader', timeoutMs }: Wanted = {}): Promise<Target> {
  const cluster = await clusterOf(context);
  const ids = await resolveNodes(cluster, selector);
  const node = cluster.nodes.find(({ id }) => id === ids[0]);
  if (ids.length !== 1 || node === undefined) {
    throw new KvctlError('usage', `--node: expected one node, got ${JSON.stringify(selector)}, which is ${ids.join(', ') || 'none'}`);
  }
  if (cluster.target === 'remote' && node.id !== cluster.entry) {
    if (selector === 'leader') context.out.note(`${cluster.entry} at ${cluster.name} does not lead: asking ${node.id} at ${node.url}`);
    await reach(cluster, node.id);
  }
  const client = new KvClient({ token: cluster.token, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
  return { cluster, client, node };
}
