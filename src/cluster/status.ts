/**
 * Looking at clusters without touching them: no lock, no signal, and at most a second for any node.
 */
import { KvClient } from '../client/kv-client.ts';
import type { NodeStatus } from '../wire/api.ts';
import { KvctlError } from '../wire/errors.ts';
import { look } from './drivers.ts';
import { stateHome } from './home.ts';
import { leaderOf } from './readiness.ts';
import { type Cluster, isNodeOf, REMOTE_ANSWER_MS, remoteLeader } from './remote.ts';
import { namesRole, selectNodes } from './selector.ts';
import { type ClusterState, listNames, type ObservedNode, readableStates } from './state.ts';

/** The document of `kvctl status`. What a node that does not answer would have to tell is null. */
export interface ClusterStatus {
  readonly name: string;
  readonly target: string;
  /** The node that answers as leader, of the highest epoch if several do. */
  readonly leader: string | null;
  readonly epoch: number | null;
  readonly write_quorum: number | null;
  readonly nodes: readonly NodeRow[];
}

export interface NodeRow {
  readonly node: string;
  readonly role: 'leader' | 'follower' | null;
  readonly url: string;
  /** null: stopped, or in a container. */
  readonly pid: number | null;
  /** unreachable: it runs, but it does not answer. */
  readonly state: 'running' | 'paused' | 'stopped' | 'unreachable';
  /** Of a leader: looking, fencing, installing, open or deposed. */
  readonly phase: NodeStatus['phase'] | null;
  /** The leader's link to it: probe, install, catch-up or stream; `down` while requests fail. */
  readonly link: 'probe' | 'install' | 'snapshot' | 'catch-up' | 'stream' | 'down' | null;
  readonly epoch: number | null;
  readonly head: string | null;
  readonly watermark: string | null;
  /** By the leader's account, which it gives for nodes that are away, too; 0 for the leader itself. */
  readonly lag_records: number | null;
  readonly lag_ms: number | null;
  /** Why it is of no use yet. */
  readonly waiting_for: string | null;
  readonly data_dir: string | null;
  /** null: not on this machine. */
  readonly log: string | null;
}

/** A node as it was looked at. One elsewhere counts as running until it does not answer. */
type Seen = Pick<ObservedNode, 'state' | 'identity' | 'container'> & {
  readonly node: { readonly id: string; readonly url: string; readonly data_dir?: string | null; readonly log: string | null };
};

/** SPEC 9: no more than 1 s for any node; the rest is for this process to start and print. */
const ANSWER_MS = 800;
const OFF_NETWORK = 'it was taken off the network (`kvctl heal` puts it back)';

/** Never throws for nodes that are dead, paused or silent. */
export async function clusterStatus(cluster: Cluster): Promise<ClusterStatus> {
  const observed = await see(cluster);
  const answers = await askRunning(cluster, observed);
  const leader = leaderOf([...answers.values()]);
  const epochs = [...answers.values()].map(({ epoch }) => epoch);
  return {
    name: cluster.name,
    target: cluster.target,
    leader: leader?.node ?? null,
    epoch: epochs.length === 0 ? null : Math.max(...epochs),
    write_quorum: leader?.write_quorum ?? null,
    nodes: observed.map((item) => rowOf(item, answers.get(item.node.id) ?? null, leader)),
  };
}

/**
 * Ids of the nodes that the selector means, in the order of the cluster: a name, a comma list, `leader`, `followers`, `all`.
 * `leader` and `followers` are resolved by asking. Throws `usage` for no such node, `node_failed` if nobody leads; what
 * remoteLeader throws.
 */
export async function resolveNodes(cluster: Cluster, selector: string): Promise<string[]> {
  const ids = cluster.nodes.map(({ id }) => id);
  const leader = namesRole(selector) ? await currentLeader(cluster) : null;
  const selected = selectNodes(selector, ids, leader);
  if (selected.ok) return selected.value;
  throw new KvctlError('usage', selected.message);
}

/** A cluster of the state directory in one row. */
export interface ClusterRow {
  readonly name: string;
  readonly target: string;
  /**
   * degraded: some nodes do not run; unreadable: its state file is broken; unknown: the engine of its containers does not answer.
   * `kvctl status` says more.
   */
  readonly state: 'running' | 'degraded' | 'stopped' | 'unreadable' | 'unknown';
  readonly nodes: number;
  readonly running: number;
  readonly paused: number;
  readonly first_port: number | null;
  readonly last_port: number | null;
  readonly store: string | null;
  readonly created_at: string | null;
}

/** All clusters that were started and not purged, by name. Asks no node. */
export async function listClusters(home = stateHome()): Promise<ClusterRow[]> {
  const rows = await Promise.all(readableStates(home).map(clusterRow));
  return listNames(home).map((name) => rows.find((row) => row.name === name) ?? unreadable(name));
}

async function clusterRow(state: ClusterState): Promise<ClusterRow> {
  const observed = await look(state).catch(() => null);
  const count = (wanted: string) => observed?.filter((item) => item.state === wanted).length ?? 0;
  const [running, paused, all] = [count('running'), count('paused'), state.nodes.length];
  return {
    name: state.name,
    target: state.target,
    state: observed === null ? 'unknown' : running === all ? 'running' : running + paused === 0 ? 'stopped' : 'degraded',
    nodes: all,
    running,
    paused,
    first_port: state.nodes[0]?.port ?? null,
    last_port: state.nodes.at(-1)?.port ?? null,
    store: state.spec.store,
    created_at: state.created_at,
  };
}

function unreadable(name: string): ClusterRow {
  const counts = { nodes: 0, running: 0, paused: 0, first_port: null, last_port: null };
  return { name, target: 'local', state: 'unreadable', ...counts, store: null, created_at: null };
}

async function currentLeader(cluster: Cluster): Promise<string> {
  if (cluster.target === 'remote') return (await remoteLeader(cluster)).id;
  const answers = await askRunning(cluster, await see(cluster));
  const leader = leaderOf([...answers.values()]);
  if (leader !== null) return leader.node;
  throw new KvctlError(
    'node_failed',
    `expected a leader in cluster "${cluster.name}", but no running node leads: \`kvctl status\` tells, \`kvctl restart\` starts what is dead, \`kvctl promote NODE\` makes another node lead`,
  );
}

async function see(cluster: Cluster): Promise<readonly Seen[]> {
  if (cluster.target !== 'remote') return look(cluster);
  return cluster.nodes.map((node) => ({ node, state: 'running', identity: null, container: null }));
}

async function askRunning(cluster: Cluster, observed: readonly Seen[]): Promise<Map<string, NodeStatus>> {
  const isRemote = cluster.target === 'remote';
  const client = new KvClient({ timeoutMs: isRemote ? REMOTE_ANSWER_MS : ANSWER_MS });
  try {
    const running = observed.filter(({ state }) => state === 'running');
    const answers = await Promise.all(running.map(({ node }) => client.status(node.url).catch(() => null)));
    // Another program on that port, or a node of another cluster, is not our node.
    const isOurs = (answer: NodeStatus, id: string) => (isRemote ? isNodeOf(cluster, id, answer) : answer.node === id);
    return new Map(
      running.flatMap(({ node }, index) => {
        const answer = answers[index];
        return answer != null && isOurs(answer, node.id) ? [[node.id, answer] as const] : [];
      }),
    );
  } finally {
    await client.close();
  }
}

function rowOf({ node, state, identity, container }: Seen, answer: NodeStatus | null, leader: NodeStatus | null): NodeRow {
  const isLeader = answer !== null && answer.node === leader?.node;
  const link = leader?.replicas.find((replica) => replica.node === node.id);
  return {
    node: node.id,
    role: answer?.role ?? null,
    url: node.url,
    pid: identity?.pid ?? null,
    state: state === 'running' && answer === null ? 'unreachable' : state,
    phase: answer?.phase ?? null,
    link: link === undefined ? null : link.is_up ? link.link : 'down',
    epoch: answer?.epoch ?? null,
    head: answer?.head ?? null,
    watermark: answer?.watermark ?? null,
    lag_records: isLeader ? 0 : (link?.lag_records ?? null),
    lag_ms: isLeader ? 0 : (link?.lag_ms ?? null),
    waiting_for: container?.isConnected === false ? OFF_NETWORK : (answer?.waiting_for ?? null),
    data_dir: node.data_dir ?? answer?.data_dir ?? null,
    log: node.log,
  };
}
