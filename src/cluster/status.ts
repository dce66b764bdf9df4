/**
 * Looking at clusters without touching them: no lock, no signal, and at most a second for any node.
 */
import { KvClient } from '../client/kv-client.ts';
import type { NodeStatus } from '../wire/api.ts';
import { KvctlError } from '../wire/errors.ts';
import { look } from './drivers.ts';
import { stateHome } from './home.ts';
import { leaderOf } from './readiness.ts';
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
  /** The leader's link to it: probe, catch-up or stream; `down` while requests fail. */
  readonly link: 'probe' | 'catch-up' | 'stream' | 'down' | null;
  readonly epoch: number | null;
  readonly head: string | null;
  readonly watermark: string | null;
  /** By the leader's account, which it gives for nodes that are away, too; 0 for the leader itself. */
  readonly lag_records: number | null;
  readonly lag_ms: number | null;
  /** Why it is of no use yet. */
  readonly waiting_for: string | null;
  readonly data_dir: string | null;
  readonly log: string;
}

/** SPEC 9: no more than 1 s for any node; the rest is for this process to start and print. */
const ANSWER_MS = 800;
const OFF_NETWORK = 'it was taken off the network (`kvctl heal` puts it back)';

/** Never throws for nodes that are dead, paused or silent. */
export async function clusterStatus(state: ClusterState): Promise<ClusterStatus> {
  const observed = await look(state);
  const answers = await askRunning(observed);
  const leader = leaderOf([...answers.values()]);
  const epochs = [...answers.values()].map(({ epoch }) => epoch);
  return {
    name: state.name,
    target: state.target,
    leader: leader?.node ?? null,
    epoch: epochs.length === 0 ? null : Math.max(...epochs),
    write_quorum: leader?.write_quorum ?? null,
    nodes: observed.map((item) => rowOf(item, answers.get(item.node.id) ?? null, leader)),
  };
}

/**
 * Ids of the nodes that the selector means, in the order of the cluster: a name, a comma list, `leader`, `followers`, `all`.
 * `leader` and `followers` are resolved by asking. Throws `usage` for no such node, `node_failed` if nobody leads.
 */
export async function resolveNodes(state: ClusterState, selector: string): Promise<string[]> {
  const ids = state.nodes.map(({ id }) => id);
  const words = selector.split(',').map((word) => word.trim());
  const wrong = words.find((word) => ![...ids, 'leader', 'followers', 'all'].includes(word));
  if (wrong !== undefined) {
    throw new KvctlError(
      'usage',
      `expected nodes among ${ids.join(', ')}, leader, followers or all (or several, with commas), got ${JSON.stringify(wrong)}`,
    );
  }
  const leader = words.some((word) => word === 'leader' || word === 'followers') ? await currentLeader(state) : null;
  const isMeant = (id: string) =>
    words.some((word) => word === id || word === 'all' || (word === 'leader' && id === leader) || (word === 'followers' && id !== leader));
  return ids.filter(isMeant);
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

async function currentLeader(state: ClusterState): Promise<string> {
  const answers = await askRunning(await look(state));
  const leader = leaderOf([...answers.values()]);
  if (leader !== null) return leader.node;
  throw new KvctlError(
    'node_failed',
    `expected a leader in cluster "${state.name}", but no running node leads: \`kvctl status\` tells, \`kvctl restart\` starts what is dead`,
  );
}

async function askRunning(observed: readonly ObservedNode[]): Promise<Map<string, NodeStatus>> {
  const client = new KvClient({ timeoutMs: ANSWER_MS });
  try {
    const running = observed.filter(({ state }) => state === 'running');
    const answers = await Promise.all(running.map(({ node }) => client.status(node.url).catch(() => null)));
    // Another program on that port, or a node of another cluster, is not our node.
    return new Map(running.flatMap(({ node }, index) => (answers[index]?.node === node.id ? [[node.id, answers[index]] as const] : [])));
  } finally {
    await client.close();
  }
}

function rowOf({ node, state, identity, container }: ObservedNode, answer: NodeStatus | null, leader: NodeStatus | null): NodeRow {
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
    data_dir: node.data_dir,
    log: node.log,
  };
}
