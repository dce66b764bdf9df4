/**
 * The driver of target compose: every node a container, its data a volume, its log with the engine while the container lives.
 *
 * Compose creates and removes; everything that is done to nodes in between is Docker's own (stop, kill, pause), because
 * the two kinds of Compose differ most in what they print. Containers stay where they are when a node is killed, and are
 * removed by `down`; volumes only with `purge`.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KvctlError } from '../../wire/errors.ts';
import type { Driver, NodeExit, StartedNode, StartOrder } from '../driver.ts';
import { type ClusterPaths, ioError, makePrivateDirectory } from '../home.ts';
import { planCluster } from '../plan.ts';
import { DEFAULT_BASE_PORT } from '../spec.ts';
import type { ClusterState, ObservedNode } from '../state.ts';
import { CHANGE_MS, exitOf, hasVolumes, keepLog, observeContainers, plug, projectOf } from './containers.ts';
import { type ComposeProject, compose, docker, engineVersion, findCompose } from './engine.ts';
import { renderClusterFile } from './file.ts';
import { ensureImage, imageName } from './image.ts';
import { viewLogs } from './logs.ts';

/** Creating 32 containers on a slow machine. */
const UP_MS = 5 * 60_000;
/** How long a signalled node may take; as long as `down` waits. */
const GRACE_MS = 10_000;
/** Looking whether a started node has ended costs a process. */
const EXIT_POLL_MS = 1_000;

export const composeDriver: Driver = {
  prepare: async (options) => {
    await engineVersion();
    await findCompose();
    await ensureImage(options);
  },
  observe: observeContainers,
  hasData: async (state) => state.spec.store === 'sqlite' && (await hasVolumes(state)),
  start,
  stop: async (living, graceMs) => {
    if (living.length === 0) return;
    // Docker thaws a paused container for its SIGTERM.
    const seconds = Math.ceil(graceMs / 1000);
    await docker(['stop', '-t', `${seconds}`, ...containersOf(living)], { timeoutMs: graceMs + CHANGE_MS });
  },
  kill,
  setPaused: async (living, isPaused) => {
    const ids = containersOf(living.filter(({ state }) => (state === 'paused') !== isPaused));
    if (ids.length > 0) await docker([isPaused ? 'pause' : 'unpause', ...ids], { timeoutMs: CHANGE_MS });
  },
  setConnected: plug,
  release,
  logs: viewLogs,
};

async function start({ state, paths, nodes, signal, onStep }: StartOrder): Promise<StartedNode[]> {
  // A container that exists keeps its image, and a new one gets the one of these sources: as processes do.
  const image = await ensureImage({ signal, onStep });
  if (signal?.aborted) throw new KvctlError('interrupted', 'interrupted before the nodes were started');
  const project = writeFile(state, paths, image);
  const wanted = nodes.map(({ id }) => id);
  const isWanted = ({ node }: ObservedNode) => wanted.includes(node.id);
  // A node that is started again is a node in the network again. Before it starts: its port is published with the network.
  await plug(state, (await observeContainers(state)).filter(isWanted), true);
  onStep?.(`starting the containers ${wanted.join(', ')}`);
  await compose(project, ['up', '--detach', '--no-build', '--no-recreate', '--no-deps', ...wanted], {
    timeoutMs: UP_MS,
    environment: { CLUSTER_TOKEN: state.token },
  });
  const started = (await observeContainers(state)).filter(isWanted);
  return started.map(({ node, container }) => ({ id: node.id, exit: watch(container?.id ?? null) }));
}

/** Asks at most once a second. */
function watch(id: string | null): () => Promise<NodeExit | null> {
  let nextMs = performance.now() + EXIT_POLL_MS;
  return async () => {
    if (id === null) return { exitCode: null, signal: null };
    if (performance.now() < nextMs) return null;
    nextMs = performance.now() + EXIT_POLL_MS;
    const end = await exitOf(id);
    return end === null ? null : { ...end, signal: null };
  };
}

async function kill(living: readonly ObservedNode[], signal: NodeJS.Signals): Promise<void> {
  const ids = containersOf(living);
  if (ids.length === 0) return;
  try {
    await docker(['kill', '--signal', signal, ...ids], { timeoutMs: CHANGE_MS });
    await docker(['wait', ...ids], { timeoutMs: GRACE_MS });
  } catch (error) {
    // One that ended by itself meanwhile is an error to Docker, but not here.
    const ends = await Promise.all(ids.map(exitOf));
    const left = living.filter((_, index) => ends[index] === null).map(({ node }) => node.id);
    if (left.length === 0) return;
    const message = `expected ${left.join(', ')} to end on ${signal}, but it is still there: leave -s away to kill it for certain`;
    throw new KvctlError('node_failed', message, { nodes: left }, error);
  }
}

/** Keeps the logs, then removes containers and network, and with `purge` the volumes. */
async function release(state: ClusterState, paths: ClusterPaths, purge: boolean): Promise<void> {
  const observed = await observeContainers(state);
  await Promise.all(observed.map(({ node, container }) => (container === null ? null : keepLog(node, container.id))));
  // Of an older kvctl, or half written: `down` needs a file that names the services and volumes, whatever the image.
  const project = writeFile(state, paths, imageName());
  await compose(project, ['down', '--remove-orphans', ...(purge ? ['--volumes'] : [])], {
    timeoutMs: UP_MS,
    environment: { CLUSTER_TOKEN: state.token },
  });
  if (purge) rmSync(project.file, { force: true });
}

function writeFile(state: ClusterState, paths: ClusterPaths, image: string): ComposeProject {
  const project = projectOf(state);
  const plan = planCluster(state.spec, state.nodes[0]?.port ?? DEFAULT_BASE_PORT, { ...paths, project }, state.token);
  const file = join(paths.directory, 'docker-compose.yml');
  makePrivateDirectory(paths.directory);
  try {
    writeFileSync(file, renderClusterFile(plan, image), { mode: 0o600 });
  } catch (error) {
    throw ioError(`expected to write ${file}`, error);
  }
  return { project, file };
}

function containersOf(observed: readonly ObservedNode[]): string[] {
  return observed.flatMap(({ container }) => container?.id ?? []);
}
