/**
 * The ground that `up` builds on: the data that is there already, or none, and the ports.
 *
 * Invariant: data that a cluster may have acknowledged is never thrown away here. Members, addresses included, are fixed when
 * a cluster is born (SPEC 6), so its data binds it to its number of nodes, its store and its ports; quorum, delay, seed and
 * settings are a matter of the next start.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { KvctlError } from '../wire/errors.ts';
import { driverOf, look } from './drivers.ts';
import { type ClusterPaths, clusterPaths, ioError, makePrivateDirectory, stateHome } from './home.ts';
import { withLock } from './lock.ts';
import { type ClusterPlan, planCluster } from './plan.ts';
import { choosePorts } from './ports.ts';
import { type ClusterSpec, DEFAULT_BASE_PORT, DEFAULT_NAME, differences } from './spec.ts';
import { type ClusterState, readableStates, readState, writeState } from './state.ts';

/** What `up` would start, and on which ports as things are now. Changes nothing; throws what `up` would throw. */
export async function planUp(spec: ClusterSpec, home = stateHome()): Promise<ClusterPlan> {
  const paths = clusterPaths(spec.name, home);
  const running = readState(paths);
  if (running !== null && (await isRunning(running))) {
    requireSame(running, spec);
    return planCluster(running.spec, running.nodes[0]?.port ?? DEFAULT_BASE_PORT, placed(paths, running), '');
  }
  const kept = await keptState(spec, paths);
  return planCluster(spec, await basePortOf(spec, kept, paths), placed(paths, kept), '');
}

export async function isRunning(state: ClusterState): Promise<boolean> {
  return (await look(state)).some((node) => node.state !== 'stopped');
}

/** Throws `cluster_differs`, naming each difference, unless the running cluster is what is asked for. */
export function requireSame(running: ClusterState, spec: ClusterSpec): void {
  const found = differences(running.spec, running.nodes[0]?.port ?? null, spec);
  if (found.length === 0) return;
  const what = `cluster "${spec.name}" runs already, but not as asked`;
  throw differs(spec.name, what, found, `give the same options, stop it first with \`kvctl down${nameOption(spec.name)}\``);
}

/** The state of a stopped cluster whose data is to be used again, or null if there is none. Throws `cluster_differs`. */
export async function keptState(spec: ClusterSpec, paths: ClusterPaths): Promise<ClusterState | null> {
  const standing = readState(paths);
  const advice = `remove that data with \`kvctl down --purge${nameOption(spec.name)}\``;
  if (standing === null) {
    if (!hasFiles(paths)) return null;
    throw differs(spec.name, `there is data of a cluster "${spec.name}" in ${paths.dataRoot}, but no state file`, [], advice);
  }
  if (!(await driverOf(standing).hasData(standing, paths))) return null;
  const { followers, store, port, target } = spec;
  const asked: ClusterSpec = { ...standing.spec, followers, store, port, target };
  const found = differences(standing.spec, standing.nodes[0]?.port ?? null, asked);
  if (found.length === 0) return standing;
  throw differs(spec.name, `the data of cluster "${spec.name}" belongs to another set of nodes`, found, `give the same options, ${advice}`);
}

/** Chooses the ports and writes the new state file before letting go of the ports' lock: what is written is reserved. */
export async function reserve(
  spec: ClusterSpec,
  kept: ClusterState | null,
  paths: ClusterPaths,
  options: { signal?: AbortSignal | undefined; onStep?: ((text: string) => void) | undefined; skip?: number },
): Promise<ClusterState> {
  makePrivateDirectory(paths.directory);
  return withLock(paths.portsLock, { doing: 'kvctl up', signal: options.signal }, async () => {
    const basePort = await basePortOf(spec, kept, paths, options.skip);
    if (spec.port === null && kept === null && basePort !== DEFAULT_BASE_PORT) {
      options.onStep?.(`ports from ${DEFAULT_BASE_PORT} are taken: using ${basePort} and up`);
    }
    const token = kept?.token ?? randomBytes(24).toString('hex');
    const { project } = placed(paths, kept);
    const plan = planCluster(spec, basePort, { ...paths, project }, token);
    const state: ClusterState = {
      schema_version: 1,
      name: spec.name,
      target: spec.target,
      ...(spec.target === 'compose' ? { project } : {}),
      token,
      spec,
      data_root: plan.data_root,
      nodes: plan.nodes.map(({ environment: _, ...node }) => ({ ...node, pid: null, start_time: null })),
      created_at: kept?.created_at ?? new Date().toISOString(),
      born_at: kept?.born_at ?? null,
    };
    writeState(paths, state);
    return state;
  });
}

/** Forgets a cluster that was never born. Its logs stay: they say why. */
export function discard(paths: ClusterPaths): void {
  try {
    rmSync(paths.dataRoot, { recursive: true, force: true });
    rmSync(paths.stateFile, { force: true });
  } catch (error) {
    throw ioError(`expected to remove what is left of a start that failed in ${paths.directory}`, error);
  }
}

/** ` -n NAME` for commands in messages; nothing for the default cluster. */
export function nameOption(name: string): string {
  return name === DEFAULT_NAME ? '' : ` -n ${name}`;
}

async function basePortOf(spec: ClusterSpec, kept: ClusterState | null, paths: ClusterPaths, skip = 0): Promise<number> {
  const keptPort = kept?.nodes[0]?.port;
  const reserved = reservedPorts(spec.name, paths.home);
  return keptPort ?? (await choosePorts({ count: spec.followers + 1, port: spec.port, reserved, skip }));
}

/** The state directory may have been moved since its cluster was born; the engine knows the cluster by its name of that day. */
function placed(paths: ClusterPaths, kept: ClusterState | null): ClusterPaths {
  return { ...paths, project: kept?.project ?? paths.project };
}

/** Ports in the state files of all other clusters, running or not. */
function reservedPorts(exceptName: string, home: string): Map<number, string> {
  const states = readableStates(home).filter(({ name }) => name !== exceptName);
  return new Map(states.flatMap(({ name, nodes }) => nodes.map(({ id, port }) => [port, `node ${id} of cluster "${name}"`] as const)));
}

function hasFiles(paths: ClusterPaths): boolean {
  return existsSync(paths.dataRoot) && readdirSync(paths.dataRoot).length > 0;
}

function differs(name: string, what: string, found: readonly string[], advice: string): KvctlError {
  const list = found.map((line) => `  ${line}\n`).join('');
  const message = `${what}:${list === '' ? ' ' : `\n${list}`}${advice}, or choose another name with --name`;
  return new KvctlError('cluster_differs', message, { name, differences: found });
}
