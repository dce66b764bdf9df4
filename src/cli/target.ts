/**
 * The nodes that a data verb talks to: who leads is asked when the verb runs, because the role may have moved since `up`.
 */
import { KvClient } from '../client/kv-client.ts';
import { type ClusterState, loadState, type NodeState } from '../cluster/state.ts';
import { resolveNodes } from '../cluster/status.ts';
import { KvctlError } from '../wire/errors.ts';
import type { Context } from './context.ts';

export interface Target {
  readonly state: ClusterState;
  readonly client: KvClient;
  readonly node: NodeState;
}

interface Wanted {
  /** One node; default: who leads now. */
  readonly selector?: string | undefined;
  /** How long one call may take, in ms; default: KvClient's. */
  readonly timeoutMs?: number | undefined;
}

/** Throws `no_cluster`, `node_failed` if nobody leads, and `usage` for a selector of no node or of several. */
export async function targetOf(context: Context, { selector = 'leader', timeoutMs }: Wanted = {}): Promise<Target> {
  const state = loadState(context.clusterName);
  const ids = await resolveNodes(state, selector);
  const node = state.nodes.find(({ id }) => id === ids[0]);
  if (ids.length !== 1 || node === undefined) {
    throw new KvctlError('usage', `--node: expected one node, got ${JSON.stringify(selector)}, which is ${ids.join(', ') || 'none'}`);
  }
  const client = new KvClient({ token: state.token, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
  return { state, client, node };
}
