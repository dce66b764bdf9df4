/**
 * Breaking things on purpose: processes by signals, the network through the nodes' own tables. Repeating a fault is no error.
 *
 * A partition is set on both sides where both can be reached; one side would do, because a node's table blocks what goes out
 * and what comes in, but so it outlives the restart of either.
 */
import { KvClient } from '../client/kv-client.ts';
import { KvctlError } from '../wire/errors.ts';
import type { ClusterOptions } from './cluster.ts';
import { nameOption } from './ground.ts';
import { clusterPaths } from './home.ts';
import { KILL_MS, untilGone } from './local.ts';
import { withLock } from './lock.ts';
import { findProcess, type ProcessIdentity, signalProcess } from './process.ts';
import { loadState, type ObservedNode, observe, type ProcessState } from './state.ts';

/** What became of one node: `running -> stopped`. Equal if there was nothing to do. */
export interface FaultOutcome {
  readonly node: string;
  readonly before: ProcessState;
  readonly after: ProcessState;
}

/** Signals that may be given to `kill -s`; each is meant to end a process. */
export const KILL_SIGNALS = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGABRT', 'SIGHUP'] as const;
export type KillSignal = (typeof KILL_SIGNALS)[number];

/** A node that is asked to end answers what is in flight first; as long as `down` waits. */
const GRACE_MS = 10_000;
const POLL_MS = 5;
/** Stopping is a matter of the next scheduler tick, unless the process is in the kernel just then. */
const PAUSE_MS = 2_000;
const CALL_MS = 2_000;

/** Returns when the processes are gone. Throws `node_failed` for one that outlives the signal. */
export function kill(
  name: string,
  ids: readonly string[],
  signal: KillSignal = 'SIGKILL',
  options: ClusterOptions = {},
): Promise<FaultOutcome[]> {
  return onNodes(name, ids, `kvctl kill`, options, async (observed) => {
    const living = observed.flatMap(({ identity }) => identity ?? []);
    for (const identity of living) signalProcess(identity, signal);
    const [left] = await untilGone(living, signal === 'SIGKILL' ? KILL_MS : GRACE_MS);
    if (left !== undefined) {
      const node = observed.find(({ identity }) => identity?.pid === left.pid);
      const why = node?.state === 'paused' ? 'it is paused: `kvctl resume` it, or leave -s away' : 'leave -s away to kill it for certain';
      throw new KvctlError(
        'node_failed',
        `expected ${node?.node.id} (pid ${left.pid}) to end on ${signal}, but it is still there: ${why}`,
        { pid: left.pid },
      );
    }
    return observed.map(({ node, state }) => ({ node: node.id, before: state, after: 'stopped' }));
  });
}

/** SIGSTOP: the process stays, with its connections, and does nothing. Returns when it has stopped. */
export function pause(name: string, ids: readonly string[], options: ClusterOptions = {}): Promise<FaultOutcome[]> {
  return setPaused(name, ids, true, options);
}

export function resume(name: string, ids: readonly string[], options: ClusterOptions = {}): Promise<FaultOutcome[]> {
  return setPaused(name, ids, false, options);
}

function setPaused(name: string, ids: readonly string[], isPaused: boolean, options: ClusterOptions): Promise<FaultOutcome[]> {
  const verb = isPaused ? 'pause' : 'resume';
  return onNodes(name, ids, `kvctl ${verb}`, options, async (observed) => {
    const dead = observed.filter(({ state }) => state === 'stopped').map(({ node }) => node.id);
    if (dead.length > 0) throw notRunning(name, dead, `to ${verb} it`);
    for (const { identity } of observed) if (identity !== null) signalProcess(identity, isPaused ? 'SIGSTOP' : 'SIGCONT');
    const after = isPaused ? 'paused' : 'running';
    for (const { node, identity } of observed) {
      if (identity === null || (await becomes(identity, isPaused))) continue;
      throw new KvctlError(
        'node_failed',
        `expected ${node.id} (pid ${identity.pid}) to be ${after}, but it is not: look at it with \`ps\``,
        { node: node.id },
      );
    }
    return observed.map(({ node, state }) => ({ node: node.id, before: state, after }));
  });
}

export interface PartitionOutcome {
  /** Pairs of node ids that cannot (after heal: can again) talk to each other. */
  readonly pairs: readonly (readonly [string, string])[];
  /** Nodes whose own table could not be changed because they do not run; their partners' was. */
  readonly unreached: readonly string[];
}

/**
 * Cuts every pair of nodes of different groups; a single group is cut from all other nodes. Nodes in no group keep their links.
 * Throws `usage` for a node in two groups, `node_failed` if a named node does not run.
 */
export function partition(name: string, groups: readonly (readonly string[])[], options: ClusterOptions = {}): Promise<PartitionOutcome> {
  return setPartitioned(name, groups, true, options);
}

/** The reverse, by the same groups; without groups every pair. */
export function heal(name: string, groups: readonly (readonly string[])[], options: ClusterOptions = {}): Promise<PartitionOutcome> {
  return setPartitioned(name, groups, false, options);
}

async function setPartitioned(
  name: string,
  groups: readonly (readonly string[])[],
  isPartitioned: boolean,
  options: ClusterOptions,
): Promise<PartitionOutcome> {
  const state = loadState(name, options.home);
  const observed = observe(state.nodes);
  const pairs = pairsOf(
    state.nodes.map(({ id }) => id),
    groups,
  );
  const running = new Set(observed.filter((item) => item.state === 'running').map(({ node }) => node.id));
  const deadNamed = groups.flat().filter((id) => !running.has(id));
  if (deadNamed.length > 0) throw notRunning(name, deadNamed, 'to change its links');
  const client = new KvClient({ token: state.token, timeoutMs: CALL_MS });
  try {
    const nodes = state.nodes.filter(({ id }) => running.has(id) && pairs.some((pair) => pair.includes(id)));
    await Promise.all(nodes.map(({ id, url }) => client.setNetwork(url, { nodes: partnersOf(id, pairs, isPartitioned) })));
  } finally {
    await client.close();
  }
  // A node that is started again begins with a clean table, but one that is paused wakes up with its old one.
  const unreached = observed.filter(({ node, state }) => state === 'paused' && pairs.some((pair) => pair.includes(node.id)));
  return { pairs, unreached: unreached.map(({ node }) => node.id) };
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

/** What to set in a node's table to cut (or to mend) its side of the pairs. */
export function partnersOf(
  id: string,
  pairs: PartitionOutcome['pairs'],
  isPartitioned: boolean,
): Record<string, { is_partitioned: boolean }> {
  const partners = pairs.filter((pair) => pair.includes(id)).map(([a, b]) => (a === id ? b : a));
  return Object.fromEntries(partners.map((partner) => [partner, { is_partitioned: isPartitioned }]));
}

/** Runs the work on the nodes as they are, under the cluster's lock: a `restart` at the same time would undo half of it. */
function onNodes(
  name: string,
  ids: readonly string[],
  doing: string,
  options: ClusterOptions,
  work: (observed: ObservedNode[]) => Promise<FaultOutcome[]>,
): Promise<FaultOutcome[]> {
  loadState(name, options.home);
  const { lock } = clusterPaths(name, options.home);
  return withLock(lock, { doing, signal: options.signal, onWait: (holder) => options.onStep?.(`waiting for ${holder}`) }, () => {
    const state = loadState(name, options.home);
    return work(observe(state.nodes.filter(({ id }) => ids.includes(id))));
  });
}

async function becomes(identity: ProcessIdentity, isPaused: boolean): Promise<boolean> {
  const deadline = performance.now() + PAUSE_MS;
  while (performance.now() < deadline) {
    const found = findProcess(identity.pid);
    if (found === null || found.start_time !== identity.start_time) return false;
    if (found.isPaused === isPaused) return true;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return false;
}

function notRunning(name: string, ids: readonly string[], purpose: string): KvctlError {
  const first = ids.join(', ');
  return new KvctlError(
    'node_failed',
    `expected ${first} to run, ${purpose}, but it is stopped or paused: start it with \`kvctl restart${nameOption(name)} ${ids.join(',')}\`, or \`kvctl resume\` it`,
    { nodes: ids },
  );
}
