/**
 * The life of a cluster: up, down, restart. What a command line and an experiment call; beside it, faults.ts breaks
 * nodes and status.ts looks at them. Where the nodes run is a driver's business (driver.ts).
 *
 * There is no daemon. Each call takes the cluster's lock, compares the state file with what runs, and only then acts.
 * Invariants: a process, or the name under which the engine knows the containers, is in the state file before anything waits
 * for it, so that `down` finds it whatever happens to us; a first start that failed leaves no data, because a birth needs
 * every node blank; nothing is signalled but processes whose pid and start time are those in the state file.
 */
import { existsSync, rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { KvctlError } from '../wire/errors.ts';
import type { DriverOptions, StartedNode } from './driver.ts';
import { driverOf, look } from './drivers.ts';
import { discard, isRunning, keptState, nameOption, requireSame, reserve } from './ground.ts';
import { type ClusterPaths, clusterPaths, ioError } from './home.ts';
import { withLock } from './lock.ts';
import { type ClusterPlan, planCluster } from './plan.ts';
import { isPortFree, portTaken } from './ports.ts';
import type { ProcessIdentity } from './process.ts';
import { type ReadinessWish, waitUntilReady } from './readiness.ts';
import { type ClusterSpec, DEFAULT_BASE_PORT } from './spec.ts';
import { type ClusterState, readState, withProcess, writeState } from './state.ts';

export interface ClusterOptions extends DriverOptions {
  /** The state directory; default stateHome(). */
  readonly home?: string | undefined;
}

export interface WaitOptions extends ClusterOptions {
  /** For the nodes to be ready once they are started, in ms. Default 30 s. */
  readonly waitTimeoutMs?: number | undefined;
  /** The nodes' program; default: the node of this package. Processes only. */
  readonly entry?: string | undefined;
  /** Variables of single nodes, for this start only: the cluster does not remember them. Processes only. */
  readonly environment?: NodeEnvironments | undefined;
}

/** By the node's id. */
export type NodeEnvironments = Readonly<Record<string, Readonly<Record<string, string>>>>;

export interface UpOutcome {
  readonly state: ClusterState;
  /** True if it ran before; nothing was changed then. */
  readonly isAlreadyRunning: boolean;
  /** Ids of nodes that do not run: after a fault, in a cluster that ran already. */
  readonly stopped: readonly string[];
  readonly paused: readonly string[];
}

export const DEFAULT_WAIT_MS = 30_000;
/** SPEC 9: how long a node may take to answer what is in flight. */
const DOWN_GRACE_MS = 10_000;
/** Of a cluster that never served there is nothing in flight. */
const ABORT_GRACE_MS = 1_000;
/** The ports of a process that is gone are free at once on Linux; elsewhere nobody promises that. */
const PORT_MS = 2_000;
const PORT_POLL_MS = 20;
/** Free ports were chosen, but somebody else listened first: an `up` of another state directory, or any other program. */
const PORT_ATTEMPTS = 5;
/** Those who took each other's ports would do so again: by each attempt they spread over so many more blocks. */
const PORT_SPREAD = 6;

/**
 * Returns when the leader is open and all links stream. The same spec again is no error and changes nothing.
 * Throws `cluster_differs`, `port_taken`, `io`, `no_engine`; `not_ready` or `interrupted` after everything that was started is stopped.
 */
export async function up(spec: ClusterSpec, options: WaitOptions = {}): Promise<UpOutcome> {
  const paths = clusterPaths(spec.name, options.home);
  return withLock(paths.lock, lockOptions('kvctl up', options), async () => {
    const standing = readState(paths);
    if (standing !== null && (await isRunning(standing))) {
      requireSame(standing, spec);
      return joinRunning(standing, paths, options);
    }
    const kept = await keptState(spec, paths);
    await driverOf(spec).prepare(options);
    if (standing !== null) await driverOf(standing).release(standing, paths, kept === null);
    if (kept === null) discard(paths);
    for (let attempt = 1; ; attempt += 1) {
      const planned = await reserve(spec, kept, paths, { ...options, skip: Math.floor(Math.random() * PORT_SPREAD * (attempt - 1)) });
      try {
        const started = await start(planned, idsOf(planned), paths, options);
        await untilReady(started, options);
        return { state: markBorn(started.state, paths), isAlreadyRunning: false, stopped: [], paused: [] };
      } catch (error) {
        options.onStep?.('stopping what was started');
        await stopAfterFailure(paths, kept === null);
        const isTaken = error instanceof KvctlError && error.code === 'port_taken';
        if (!isTaken || kept !== null || spec.port !== null || attempt === PORT_ATTEMPTS) throw error;
        options.onStep?.('others took the ports that were chosen: choosing again');
      }
    }
  });
}

export interface DownOutcome {
  /** Ids of the nodes that ran. */
  readonly ended: readonly string[];
  readonly isPurged: boolean;
  /** False if no such cluster was known. */
  readonly wasKnown: boolean;
}

/** SIGTERM, and SIGKILL after 10 s, paused nodes too; returns when no process is left and no port busy. No error on nothing. */
export async function down(name: string, options: ClusterOptions & { purge?: boolean } = {}): Promise<DownOutcome> {
  const paths = clusterPaths(name, options.home);
  const isPurged = options.purge === true && existsSync(paths.directory);
  if (!existsSync(paths.directory)) return { ended: [], isPurged, wasKnown: false };
  return withLock(paths.lock, lockOptions('kvctl down', options), async () => {
    const state = readState(paths);
    const ended = state === null ? [] : await stopNodes(state, paths, idsOf(state), options);
    if (state !== null) await driverOf(state).release(state, paths, isPurged);
    if (isPurged) remove(paths.directory);
    return { ended, isPurged, wasKnown: state !== null };
  });
}

/**
 * Stops what runs of the nodes (null: all) and starts them with the same data, port and environment; returns when they are
 * open or stream. Throws `not_ready` naming who is missing; what was started keeps running then.
 * The lock is let go before the waiting: a leader that waits for its followers gets them by another `restart`.
 */
export async function restart(name: string, ids: readonly string[] | null, options: WaitOptions = {}): Promise<ClusterState> {
  const paths = clusterPaths(name, options.home);
  const started = await withLock(paths.lock, lockOptions('kvctl restart', options), async () => {
    const state = requireState(paths, name);
    const wanted = ids ?? idsOf(state);
    await stopNodes(state, paths, wanted, options);
    return start(requireState(paths, name), wanted, paths, options);
  });
  const shared = {
    current: () => requireState(paths, name),
    afterOthers: () => withLock(paths.lock, lockOptions('kvctl restart', options), async () => undefined),
  };
  await untilReady(started, options, shared);
  if (started.state.born_at !== null) return started.state;
  return withLock(paths.lock, lockOptions('kvctl restart', options), async () => markBorn(requireState(paths, name), paths));
}

interface Started {
  readonly state: ClusterState;
  readonly wanted: readonly string[];
  readonly started: readonly StartedNode[];
  readonly stoppedAt: number | null;
}

/** Starts the nodes, writing down each process at once. */
async function start(planned: ClusterState, wanted: readonly string[], paths: ClusterPaths, options: WaitOptions): Promise<Started> {
  const plan = planOf(planned, paths);
  let state = planned;
  const { signal, onStep, entry, environment = {} } = options;
  const nodes = plan.nodes
    .filter(({ id }) => wanted.includes(id))
    .map((node) => ({ ...node, environment: { ...node.environment, ...environment[node.id] } }));
  await requireFreePorts(nodes);
  onStep?.(`starting ${nodes.map(({ id }) => id).join(', ')}`);
  const onStarted = (id: string, identity: ProcessIdentity) => {
    state = withProcess(state, id, identity);
    writeState(paths, state);
  };
  const stoppedAt = performance.now();
  const started = await driverOf(planned).start({ state: planned, paths, nodes, entry, signal, onStep, onStarted });
  return { state, wanted, started, stoppedAt };
}

function untilReady({ state, wanted, started, stoppedAt }: Started, options: WaitOptions, shared?: ReadinessWish['shared']): Promise<void> {
  const { waitTimeoutMs: timeoutMs = DEFAULT_WAIT_MS, signal, onStep } = options;
  return waitUntilReady({ state, shared, wanted, started, stoppedAt, timeoutMs, signal, onStep });
}

function markBorn(state: ClusterState, paths: ClusterPaths): ClusterState {
  if (state.born_at !== null) return state;
  const born = { ...state, born_at: new Date().toISOString() };
  writeState(paths, born);
  return born;
}

async function joinRunning(standing: ClusterState, paths: ClusterPaths, options: WaitOptions): Promise<UpOutcome> {
  const observed = await look(standing);
  const ids = (wanted: string) => observed.filter(({ state }) => state === wanted).map(({ node }) => node.id);
  const [stopped, paused] = [ids('stopped'), ids('paused')];
  // The `up` that started it was killed before it could see the birth: look in its place.
  if (standing.born_at === null && stopped.length + paused.length === 0) {
    await untilReady({ state: standing, wanted: idsOf(standing), started: [], stoppedAt: null }, options);
    return { state: markBorn(standing, paths), isAlreadyRunning: true, stopped, paused };
  }
  return { state: standing, isAlreadyRunning: true, stopped, paused };
}

/** Ends the nodes, writes that down, and makes sure that their ports are free. Returns the ids of those that ran. */
async function stopNodes(state: ClusterState, paths: ClusterPaths, ids: readonly string[], options: ClusterOptions): Promise<string[]> {
  const living = (await look(state)).filter((item) => item.state !== 'stopped' && ids.includes(item.node.id));
  const ended = living.map(({ node }) => node.id);
  if (ended.length > 0) options.onStep?.(`stopping ${ended.join(', ')}`);
  await driverOf(state).stop(living, DOWN_GRACE_MS);
  writeState(
    paths,
    ids.reduce((next, id) => withProcess(next, id, null), state),
  );
  await requireFreePorts(
    living.map(({ node }) => node),
    PORT_MS,
  );
  return ended;
}

async function stopAfterFailure(paths: ClusterPaths, isNew: boolean): Promise<void> {
  const state = readState(paths);
  if (state === null) return;
  const driver = driverOf(state);
  const living = (await driver.observe(state)).filter((item) => item.state !== 'stopped');
  await driver.stop(living, ABORT_GRACE_MS);
  await driver.release(state, paths, isNew);
  if (isNew) discard(paths);
  else
    writeState(
      paths,
      state.nodes.reduce((next, { id }) => withProcess(next, id, null), state),
    );
}

/** The ports of a cluster that exists: its nodes cannot have others, because they know each other by them. Waits `patienceMs`. */
async function requireFreePorts(nodes: readonly { readonly port: number }[], patienceMs = 0): Promise<void> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const free = await Promise.all(nodes.map(({ port }) => isPortFree(port)));
    const taken = nodes.find((_, index) => free[index] === false);
    if (taken === undefined) return;
    if (performance.now() >= deadline) throw portTaken(taken.port, 'stop that first');
    await delay(PORT_POLL_MS);
  }
}

function remove(directory: string): void {
  try {
    rmSync(directory, { recursive: true, force: true });
  } catch (error) {
    throw ioError(`expected to remove ${directory}`, error);
  }
}

function planOf(state: ClusterState, paths: ClusterPaths): ClusterPlan {
  const project = state.project ?? paths.project;
  return planCluster(state.spec, state.nodes[0]?.port ?? DEFAULT_BASE_PORT, { ...paths, project }, state.token);
}

function requireState(paths: ClusterPaths, name: string): ClusterState {
  const state = readState(paths);
  if (state === null) throw new KvctlError('no_cluster', `no cluster "${name}" is known: start one with \`kvctl up${nameOption(name)}\``);
  return state;
}

function idsOf(state: ClusterState): string[] {
  return state.nodes.map(({ id }) => id);
}

function lockOptions(doing: string, options: ClusterOptions) {
  return { doing, signal: options.signal, onWait: (holder: string) => options.onStep?.(`waiting for ${holder}`) };
}
