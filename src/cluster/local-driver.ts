/**
 * The driver of target local: every node a process of this machine, its data a directory, its log a file.
 */
import { existsSync, readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { KvctlError } from '../wire/errors.ts';
import type { Driver, StartedNode, StartOrder } from './driver.ts';
import { endProcesses, KILL_MS, spawnNode, untilGone } from './local.ts';
import { followLogs, tailLog } from './logs.ts';
import { findProcess, type ProcessIdentity, signalProcess } from './process.ts';
import { type ObservedNode, observe } from './state.ts';

/** A node that is asked to end answers what is in flight first; as long as `down` waits. */
const GRACE_MS = 10_000;
const POLL_MS = 5;
/** Stopping is a matter of the next scheduler tick, unless the process is in the kernel just then. */
const PAUSE_MS = 2_000;

export const localDriver: Driver = {
  prepare: async () => {},
  observe: async ({ nodes }) => observe(nodes),
  hasData: async (_state, { dataRoot }) => existsSync(dataRoot) && readdirSync(dataRoot).length > 0,
  start,
  stop: (living, graceMs) => endProcesses(identitiesOf(living), graceMs),
  kill,
  setPaused,
  setConnected: async ({ name }, nodes) => {
    const ids = nodes.map(({ node }) => node.id).join(', ');
    throw new KvctlError(
      'usage',
      `--disconnect: expected a cluster of containers (\`kvctl up --target compose\`), but "${name}" runs as processes, which share one network: leave the option away, and ${ids} will be cut off by the nodes' own tables`,
    );
  },
  release: async () => {},
  logs: async ({ nodes }, ids, count) => {
    const sources = nodes.filter(({ id }) => ids.includes(id));
    const tails = sources.map((source) => tailLog(source, count));
    const sizes = new Map(sources.map(({ id }, index) => [id, tails[index]?.size ?? 0]));
    return {
      tails: tails.map(({ lines }) => lines),
      follow: (onLines, signal) => followLogs(sources, sizes, onLines, signal),
    };
  },
};

async function start({ nodes, paths, entry, signal, onStarted }: StartOrder): Promise<StartedNode[]> {
  const started: StartedNode[] = [];
  for (const node of nodes) {
    if (signal?.aborted) throw new KvctlError('interrupted', 'interrupted while starting the nodes');
    const child = await spawnNode({ ...node, dataDir: node.data_dir, cwd: paths.directory, entry });
    started.push({ id: node.id, exit: async () => child.exit() });
    onStarted(node.id, child.identity);
  }
  return started;
}

async function kill(observed: readonly ObservedNode[], signal: NodeJS.Signals): Promise<void> {
  const living = identitiesOf(observed);
  for (const identity of living) signalProcess(identity, signal);
  const [left] = await untilGone(living, signal === 'SIGKILL' ? KILL_MS : GRACE_MS);
  if (left === undefined) return;
  const node = observed.find(({ identity }) => identity?.pid === left.pid);
  const why = node?.state === 'paused' ? 'it is paused: `kvctl resume` it, or leave -s away' : 'leave -s away to kill it for certain';
  throw new KvctlError('node_failed', `expected ${node?.node.id} (pid ${left.pid}) to end on ${signal}, but it is still there: ${why}`, {
    pid: left.pid,
  });
}

/** SIGSTOP: the process stays, with its connections, and does nothing. */
async function setPaused(living: readonly ObservedNode[], isPaused: boolean): Promise<void> {
  for (const identity of identitiesOf(living)) signalProcess(identity, isPaused ? 'SIGSTOP' : 'SIGCONT');
  for (const { node, identity } of living) {
    if (identity === null || (await becomes(identity, isPaused))) continue;
    throw new KvctlError(
      'node_failed',
      `expected ${node.id} (pid ${identity.pid}) to be ${isPaused ? 'paused' : 'running'}, but it is not: look at it with \`ps\``,
      { node: node.id },
    );
  }
}

async function becomes(identity: ProcessIdentity, isPaused: boolean): Promise<boolean> {
  const deadline = performance.now() + PAUSE_MS;
  while (performance.now() < deadline) {
    const found = findProcess(identity.pid);
    if (found === null || found.start_time !== identity.start_time) return false;
    if (found.isPaused === isPaused) return true;
    await delay(POLL_MS);
  }
  return false;
}

function identitiesOf(observed: readonly ObservedNode[]): ProcessIdentity[] {
  return observed.flatMap(({ identity }) => identity ?? []);
}
