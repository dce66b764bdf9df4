/**
 * Breaking things on purpose: nodes by signals, the network through the nodes' own tables, or whole, by taking a container off
 * its network. Repeating a fault is no error.
 *
 * A partition is set on both sides where both can be reached; one side would do, because a node's table blocks what goes out
 * and what comes in, but so it outlives the restart of either. The same with one way of it.
 */
import { KvClient } from '../client/kv-client.ts';
import type { NetworkRequest } from '../wire/api.ts';
import { KvctlError } from '../wire/errors.ts';
import type { ClusterOptions } from './cluster.ts';
import type { Driver } from './driver.ts';
import { driverOf, look } from './drivers.ts';
import { nameOption } from './ground.ts';
import { clusterPaths } from './home.ts';
import { withLock } from './lock.ts';
import { type ClusterState, loadState, type ObservedNode, type ProcessState } from './state.ts';

/** What became of one node: `running -> stopped`. Equal if there was nothing to do. */
export interface FaultOutcome<State extends string = ProcessState> {
  readonly node: string;
  readonly before: State;
  readonly after: State;
}

/** Signals that may be given to `kill -s`; each is meant to end a process. */
export const KILL_SIGNALS = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGABRT', 'SIGHUP'] as const;
export type KillSignal = (typeof KILL_SIGNALS)[number];

/** The first admin change loads what it is parsed with, which takes a busy machine a second or two. */
const CALL_MS = 5_000;

/** Returns when the nodes are gone. Throws `node_failed` for one that outlives the signal. */
export function kill(
  name: string,
  ids: readonly string[],
  signal: KillSignal = 'SIGKILL',
  options: ClusterOptions = {},
): Promise<FaultOutcome[]> {
  return onNodes(name, ids, 'kvctl kill', options, async ({ driver, observed }) => {
    await driver.kill(
      observed.filter(({ state }) => state !== 'stopped'),
      signal,
    );
    return observed.map(({ node, state }) => ({ node: node.id, before: state, after: 'stopped' }));
  });
}

/** SIGSTOP, or the freezer of a container: the node stays, with its connections, and does nothing. Returns when it has stopped. */
export function pause(name: string, ids: readonly string[], options: ClusterOptions = {}): Promise<FaultOutcome[]> {
  return setPaused(name, ids, true, options);
}

export function resume(name: string, ids: readonly string[], options: ClusterOptions = {}): Promise<FaultOutcome[]> {
  return setPaused(name, ids, false, options);
}

function setPaused(name: string, ids: readonly string[], isPaused: boolean, options: ClusterOptions): Promise<FaultOutcome[]> {
  const verb = isPaused ? 'pause' : 'resume';
  return onNodes(name, ids, `kvctl ${verb}`, options, async ({ driver, observed }) => {
    const dead = observed.filter(({ state }) => state === 'stopped').map(({ node }) => node.id);
    if (dead.length > 0) throw notRunning(name, dead, `to ${verb} it`);
    await driver.setPaused(observed, isPaused);
    return observed.map(({ node, state }) => ({ node: node.id, before: state, after: isPaused ? 'paused' : 'running' }));
  });
}

export type Plug = 'connected' | 'disconnected';

/** Takes nodes off their network, as if a cable were pulled: clients do not reach them either. Throws `usage` if they are processes. */
export function disconnect(name: string, ids: readonly string[], options: ClusterOptions = {}): Promise<FaultOutcome<Plug>[]> {
  return onNodes(name, ids, 'kvctl partition', options, async ({ driver, state, observed }) => {
    const dead = observed.filter((item) => item.state === 'stopped').map(({ node }) => node.id);
    if (dead.length > 0) throw notRunning(name, dead, 'to take it off the network');
    await driver.setConnected(state, observed, false);
    return observed.map((item) => ({ node: item.node.id, before: plugOf(item), after: 'disconnected' }));
  });
}

/** The reverse; returns what was off the network. */
function reconnect(name: string, ids: readonly string[], options: ClusterOptions): Promise<FaultOutcome<Plug>[]> {
  return onNodes(name, ids, 'kvctl heal', options, async ({ driver, state, observed }) => {
    const unplugged = observed.filter((item) => item.state !== 'stopped' && plugOf(item) === 'disconnected');
    if (unplugged.length > 0) await driver.setConnected(state, unplugged, true);
    return unplugged.map(({ node }) => ({ node: node.id, before: 'disconnected', after: 'connected' }));
  });
}

function plugOf({ container }: ObservedNode): Plug {
  return container?.isConnected === false ? 'disconnected' : 'connected';
}

export interface PartitionOutcome {
  /** Pairs of node ids that cannot (after heal: can again) talk to each other. */
  readonly pairs: readonly (readonly [string, string])[];
  /** Nodes whose own table could not be changed because they are paused or off the network; their partners' was. */
  readonly unreached: readonly string[];
  /** Nodes that `heal` put back on the network. */
  readonly reconnected: readonly string[];
}

/** What becomes of the links of pairs. one-way: what the first of a pair sends is lost, and what the second sends arrives. */
export type LinkChange = 'cut' | 'one-way' | 'open';

/**
 * Cuts every pair of nodes of different groups; a single group is cut from all other nodes. Nodes in no group keep their links.
 * Throws `usage` for a node in two groups, `node_failed` if a named node does not run.
 */
export function partition(
  name: string,
  groups: readonly (readonly string[])[],
  options: ClusterOptions & { readonly change?: Exclude<LinkChange, 'open'> } = {},
): Promise<PartitionOutcome> {
  return setLinks(name, groups, options.change ?? 'cut', options);
}

/** The reverse, by the same groups; without groups every pair. First it puts back what `disconnect` took off the network. */
export async function heal(name: string, groups: readonly (readonly string[])[], options: ClusterOptions = {}): Promise<PartitionOutcome> {
  const ids = groups.length === 0 ? loadState(name, options.home).nodes.map(({ id }) => id) : groups.flat();
  const plugged = await reconnect(name, ids, options);
  const outcome = await setLinks(name, groups, 'open', options);
  return { ...outcome, reconnected: plugged.map(({ node }) => node) };
}

async function setLinks(
  name: string,
  groups: readonly (readonly string[])[],
  change: LinkChange,
  options: ClusterOptions,
): Promise<PartitionOutcome> {
  const state = loadState(name, options.home);
  const observed = await look(state);
  const pairs = pairsOf(
    state.nodes.map(({ id }) => id),
    groups,
  );
  const named = groups.flat();
  const running = observed.filter((item) => item.state === 'running');
  const deadNamed = named.filter((id) => !running.some(({ node }) => node.id === id));
  if (deadNamed.length > 0) throw notRunning(name, deadNamed, 'to change its links');
  const reachable = new Set(running.filter((item) => plugOf(item) === 'connected').map(({ node }) => node.id));
  const unplugged = named.filter((id) => !reachable.has(id));
  if (unplugged.length > 0) throw offNetwork(name, unplugged);
  const client = new KvClient({ token: state.token, timeoutMs: CALL_MS });
  try {
    const nodes = state.nodes.filter(({ id }) => reachable.has(id) && pairs.some((pair) => pair.includes(id)));
    await Promise.all(nodes.map(({ id, url }) => client.setNetwork(url, { nodes: partnersOf(id, pairs, change) })));
  } finally {
    await client.close();
  }
  // A node that is started again begins with a clean table, but one that is paused wakes up with its old one.
  const away = observed.filter((item) => item.state === 'paused' || (item.state === 'running' && plugOf(item) === 'disconnected'));
  const unreached = away.map(({ node }) => node.id).filter((id) => pairs.some((pair) => pair.includes(id)));
  return { pairs, unreached, reconnected: [] };
}

/** Pairs of nodes of different groups. No group: all pairs; one group: it and the rest. Throws `usage` for a node in two groups. */
export function pairsOf(all: readonly string[], groups: readonly (readonly string[])[]): (readonly [string, string])[] {
  const named = groups.flat();
  const twice = named.find((id, index) => named.indexOf(id) !== index);
  if (twice !== undefined) throw new KvctlError('usage', `expected each node in one group, got ${twice} in two`);
  const sides =
    groups.length === 0 ? all.map((id) => [id]) : groups.length === 1 ? [...groups, all.filter((id) => !named.includes(id))] : groups;
  return sides.flatMap((side, index) => sides.slice(index + 1).flatMap((other) => side.flatMap((a) => other.map((b) => [a, b] as const))));
}

/** What to set in a node's table for its side of the pairs. To mend a link ends whatever stopped it. */
export function partnersOf(id: string, pairs: PartitionOutcome['pairs'], change: LinkChange): NonNullable<NetworkRequest['nodes']> {
  const partners = pairs.filter((pair) => pair.includes(id)).map(([a, b]) => [a === id ? b : a, a === id] as const);
  return Object.fromEntries(
    partners.map(([partner, isFirst]) => [
      partner,
      change === 'one-way' ? { one_way: isFirst ? 'out' : 'in' } : { is_partitioned: change === 'cut' },
    ]),
  );
}

interface Scene {
  readonly driver: Driver;
  readonly state: ClusterState;
  /** The wanted nodes only. */
  readonly observed: readonly ObservedNode[];
}

/** Runs the work on the nodes as they are, under the cluster's lock: a `restart` at the same time would undo half of it. */
function onNodes<T>(
  name: string,
  ids: readonly string[],
  doing: string,
  options: ClusterOptions,
  work: (scene: Scene) => Promise<T>,
): Promise<T> {
  loadState(name, options.home);
  const { lock } = clusterPaths(name, options.home);
  return withLock(lock, { doing, signal: options.signal, onWait: (holder) => options.onStep?.(`waiting for ${holder}`) }, async () => {
    const state = loadState(name, options.home);
    const observed = await look(state);
    return work({ driver: driverOf(state), state, observed: observed.filter(({ node }) => ids.includes(node.id)) });
  });
}

function notRunning(name: string, ids: readonly string[], purpose: string): KvctlError {
  const first = ids.join(', ');
  return new KvctlError(
    'node_failed',
    `expected ${first} to run, ${purpose}, but it is stopped or paused: start it with \`kvctl restart${nameOption(name)} ${ids.join(',')}\`, or \`kvctl resume\` it`,
    { nodes: ids },
  );
}

function offNetwork(name: string, ids: readonly string[]): KvctlError {
  return new KvctlError(
    'node_failed',
    `expected ${ids.join(', ')} to be on the network, to change its links, but it was taken off: put it back with \`kvctl heal${nameOption(name)} ${ids.join(',')}\``,
    { nodes: ids },
  );
}
