/**
 * The cluster that an experiment runs on, and the duty to leave it as it was: one made for the experiment is removed with its
 * data, one that stood gets its quorum, its delays and its seed back.
 *
 * Invariant: whoever has opened a venue closes it on every way out. Opening undoes its own half-done work before it throws.
 */
import { KvClient } from '../client/kv-client.ts';
import { down, type NodeEnvironments, up } from '../cluster/cluster.ts';
import { leaderOf } from '../cluster/readiness.ts';
import { type Cluster, optionOf, remoteLeader, storeOf } from '../cluster/remote.ts';
import type { ClusterSpec } from '../cluster/spec.ts';
import type { ClusterState } from '../cluster/state.ts';
import { parseDistribution } from '../lib/distribution.ts';
import type { NetworkAnswer, NetworkRequest } from '../wire/api.ts';
import { KvctlError } from '../wire/errors.ts';
import type { NodeAddress } from './parity.ts';
import type { ClusterView } from './plan.ts';

export interface Venue {
  readonly name: string;
  readonly store: 'sqlite' | 'memory';
  /** The nodes' program; undefined: the node of this package. */
  readonly entry?: string | undefined;
  /** For nodes that are started again. */
  readonly waitTimeoutMs?: number | undefined;
  readonly client: KvClient;
  readonly nodes: readonly NodeAddress[];
  readonly leader: NodeAddress;
  readonly followers: readonly NodeAddress[];
  /** Never throws; what could not be put back or removed is told in sentences. */
  close(): Promise<string[]>;
}

export interface OpenOptions {
  readonly signal: AbortSignal;
  /** The nodes' program; default: the node of this package. */
  readonly entry?: string | undefined;
  readonly waitTimeoutMs?: number | undefined;
  /** Of single nodes, for their first start. */
  readonly environment?: NodeEnvironments | undefined;
  readonly onStep?: ((text: string) => void) | undefined;
}

/** Paused nodes do not answer, and need not: they do not lead. */
const ANSWER_MS = 1_000;

/** Brings a cluster up. Throws what `up` throws, with nothing left behind but, after a failure, the logs that it names. */
export async function openOwn(spec: ClusterSpec, options: OpenOptions): Promise<Venue> {
  let state: ClusterState;
  try {
    ({ state } = await up(spec, options));
  } catch (error) {
    // Nobody reads the logs of a start that was called off.
    if (options.signal.aborted) await remove(spec.name);
    throw error;
  }
  const client = new KvClient({ token: state.token });
  const nodes = state.nodes.map(({ id, url }) => ({ id, url }));
  const [leader, ...followers] = nodes as [NodeAddress, ...NodeAddress[]];
  const close = async () => {
    // In this order: with its node a request that was cut off ends too, and closing need not wait for its answer.
    const failures = await remove(spec.name);
    await client.close();
    return failures;
  };
  const { entry, waitTimeoutMs } = options;
  return { name: spec.name, store: spec.store, entry, waitTimeoutMs, client, nodes, leader, followers, close };
}

/** Remembers the settings of a cluster that runs; changes nothing yet. */
export async function openRunning(cluster: Cluster): Promise<Venue> {
  const client = new KvClient({ token: cluster.token });
  try {
    const leader = await findLeader(cluster);
    const before = { quorum: (await client.quorum(leader.url)).write_quorum, network: await client.network(leader.url) };
    const nodes = cluster.nodes.map(({ id, url }) => ({ id, url }));
    const followers = nodes.filter(({ id }) => id !== leader.id);
    const close = async () => {
      const failures = await putBack(client, leader, before);
      await client.close();
      return failures;
    };
    return { name: cluster.name, store: storeOf(cluster), client, nodes, leader, followers, close };
  } catch (error) {
    await client.close();
    throw error;
  }
}

/** What a plan needs to know of a running cluster. Throws `not_ready` if nobody leads; of one elsewhere what remoteLeader throws. */
export async function viewRunning(cluster: Cluster): Promise<ClusterView> {
  const client = new KvClient({ token: cluster.token });
  try {
    const leader = await findLeader(cluster);
    const network = await client.network(leader.url);
    const nodes = cluster.nodes.map(({ id, url }) => ({ id, url }));
    const links = nodes.filter(({ id }) => id !== leader.id).map(({ id }) => ({ id, link: network.nodes[id] }));
    return {
      name: cluster.name,
      store: storeOf(cluster),
      seed: network.seed,
      nodes,
      leader: leader.id,
      delays: new Map(links.map(({ id, link }) => [id, distributionOf(link?.delay ?? '0')])),
      loss: Math.max(0, ...links.map(({ link }) => link?.loss ?? 0)),
    };
  } finally {
    await client.close();
  }
}

async function findLeader(cluster: Cluster): Promise<NodeAddress> {
  const candidates = cluster.target === 'remote' ? [await remoteLeader(cluster)] : cluster.nodes;
  const client = new KvClient({ timeoutMs: ANSWER_MS });
  const answers = await Promise.all(candidates.map(({ url }) => client.status(url).catch(() => null)));
  await client.close();
  const leader = leaderOf(answers.filter((answer) => answer !== null));
  const node = cluster.nodes.find(({ id }) => id === leader?.node);
  if (leader?.phase === 'open' && node !== undefined) return { id: node.id, url: node.url };
  const what = leader === null ? 'nobody leads' : `its leader ${leader.node} is ${leader.phase}`;
  const status = `\`kvctl status${optionOf(cluster)}\` shows why`;
  const advice = cluster.target === 'remote' ? status : `${status}, \`kvctl down${optionOf(cluster)}\` lets bench bring up its own`;
  throw new KvctlError('not_ready', `cluster "${cluster.name}" runs, but ${what}: expected an open leader; ${advice}`);
}

function distributionOf(text: string) {
  const parsed = parseDistribution(text);
  if (parsed.ok) return parsed.value;
  throw new KvctlError('unreachable', `expected the leader to name a delay: ${parsed.message}`);
}

async function putBack(client: KvClient, leader: NodeAddress, before: { quorum: number; network: NetworkAnswer }): Promise<string[]> {
  const failures: string[] = [];
  const attempt = async (what: string, work: () => Promise<unknown>) => {
    try {
      await work();
    } catch (error) {
      failures.push(`could not put back ${what}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  await attempt(`quorum ${before.quorum}`, () => client.setQuorum(leader.url, before.quorum));
  await attempt(`the network of seed ${before.network.seed}`, () => client.setNetwork(leader.url, settingsOf(before.network)));
  return failures;
}

/** Partitions are nobody's business here: what was cut or healed meanwhile was somebody else's deed. */
function settingsOf(network: NetworkAnswer): NetworkRequest {
  const nodes = Object.entries(network.nodes).map(([id, { delay, loss }]) => [id, { delay, loss }] as const);
  return { seed: network.seed, nodes: Object.fromEntries(nodes) };
}

async function remove(name: string): Promise<string[]> {
  try {
    await down(name, { purge: true });
    return [];
  } catch (error) {
    return [
      `could not remove the cluster "${name}": ${error instanceof Error ? error.message : String(error)}; try \`kvctl down --purge -n ${name}\``,
    ];
  }
}
