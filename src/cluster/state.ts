/**
 * What kvctl remembers of a cluster between commands: one JSON file per cluster, replaced whole.
 *
 * It says what was started, not what runs: every command compares it with the processes first (observe). Whoever changes it
 * holds the cluster's lock; reading needs none, because a file is replaced by rename.
 */
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { KvctlError } from '../wire/errors.ts';
import { type ClusterPaths, clusterPaths, ioError, makePrivateDirectory, stateHome } from './home.ts';
import { findProcesses, type ProcessIdentity } from './process.ts';
import { TARGETS } from './spec.ts';

const nodeState = z.object({
  id: z.string(),
  role: z.enum(['leader', 'follower']),
  url: z.string(),
  port: z.int(),
  /** Of the last start; null after `down`, and for a container. Meaningful only together with start_time. */
  pid: z.int().nullable(),
  start_time: z.string().nullable(),
  /** A directory; of a container the volume's name. */
  data_dir: z.string().nullable(),
  /** Of a container: where its log is kept once it is gone; while it is there the engine has it. */
  log: z.string(),
});
export type NodeState = z.infer<typeof nodeState>;

const clusterState = z.object({
  schema_version: z.literal(1),
  name: z.string(),
  target: z.enum(TARGETS),
  /** The name by which Compose knows its containers; only with target compose. */
  project: z.string().optional(),
  /** Bearer token of admin and internal calls. */
  token: z.string(),
  spec: z.object({
    name: z.string(),
    followers: z.int(),
    quorum: z.int(),
    delay: z.string(),
    store: z.enum(['sqlite', 'memory']),
    port: z.int().nullable(),
    seed: z.int(),
    target: z.enum(TARGETS),
    settings: z.record(z.string(), z.string()),
  }),
  /** The directory of the nodes' data; with target compose the prefix of their volumes' names. */
  data_root: z.string(),
  nodes: z.array(nodeState),
  created_at: z.string(),
  /** When it was first ready; null: its birth was cut short, and whatever data there is belongs to no cluster. */
  born_at: z.string().nullable(),
});
export type ClusterState = z.infer<typeof clusterState>;

export type ProcessState = 'running' | 'paused' | 'stopped';

/** A node of the state file, and what runs behind it. */
export interface ObservedNode {
  readonly node: NodeState;
  readonly state: ProcessState;
  /** null if stopped, and for a container. */
  readonly identity: ProcessIdentity | null;
  /** null for a process, and if there is none (any more). */
  readonly container: Container | null;
}

/** A container, running or not. */
export interface Container {
  readonly id: string;
  /** False: it was taken off its network, and nobody reaches it, clients included. */
  readonly isConnected: boolean;
}

/** The cluster of that name. Throws `no_cluster`, saying how to start one. */
export function loadState(name: string, home = stateHome()): ClusterState {
  const state = readState(clusterPaths(name, home));
  if (state !== null) return state;
  const others = listNames(home);
  const known = others.length === 0 ? '' : ` (known: ${others.join(', ')}; choose one by -n)`;
  const option = name === 'default' ? '' : ` -n ${name}`;
  throw new KvctlError('no_cluster', `no cluster "${name}" is known${known}: start one with \`kvctl up${option}\``, {
    name,
    known: others,
  });
}

/** null if there is none. Throws `io` for a file that cannot be read or is no state file. */
export function readState(paths: ClusterPaths): ClusterState | null {
  let text: string;
  try {
    text = readFileSync(paths.stateFile, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw ioError(`expected to read the state file ${paths.stateFile}`, error);
  }
  try {
    return clusterState.parse(JSON.parse(text));
  } catch (error) {
    const advice = `stop its nodes by hand if any run, then remove ${paths.directory}`;
    throw new KvctlError('io', `expected a kvctl state file at ${paths.stateFile}, got something else: ${advice}`, {}, error);
  }
}

/** The states that can be read, by name: a broken file must not stand in the way of the other clusters. */
export function readableStates(home = stateHome()): ClusterState[] {
  return listNames(home).flatMap((name) => {
    try {
      return readState(clusterPaths(name, home)) ?? [];
    } catch {
      return [];
    }
  });
}

/** Replaces the state file by one rename, mode 0600. The caller holds the cluster's lock. */
export function writeState(paths: ClusterPaths, state: ClusterState): void {
  makePrivateDirectory(paths.directory);
  const draft = `${paths.stateFile}.${process.pid}`;
  try {
    writeFileSync(draft, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
    renameSync(draft, paths.stateFile);
  } catch (error) {
    throw ioError(`expected to write the state file ${paths.stateFile}`, error);
  }
}

/** Names of all clusters that have a state file, sorted. */
export function listNames(home = stateHome()): string[] {
  const root = join(home, 'clusters');
  try {
    return readdirSync(root)
      .filter((name) => existsSync(join(root, name, 'state.json')))
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw ioError(`expected to list ${root}`, error);
  }
}

/** Compares the state file with the processes of this machine: one look, nothing is signalled or asked. Of every target: driver.ts. */
export function observe(nodes: readonly NodeState[]): ObservedNode[] {
  const found = findProcesses(nodes.flatMap((node) => node.pid ?? []));
  return nodes.map((node) => {
    const process = node.pid === null ? undefined : found.get(node.pid);
    if (process === undefined || process.start_time !== node.start_time) return { node, state: 'stopped', identity: null, container: null };
    const identity = { pid: process.pid, start_time: process.start_time };
    return { node, state: process.isPaused ? 'paused' : 'running', identity, container: null };
  });
}

/** The state with another process (or none) behind one node. */
export function withProcess(state: ClusterState, id: string, identity: ProcessIdentity | null): ClusterState {
  const process = { pid: identity?.pid ?? null, start_time: identity?.start_time ?? null };
  return { ...state, nodes: state.nodes.map((node) => (node.id === id ? { ...node, ...process } : node)) };
}
