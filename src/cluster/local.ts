/**
 * Processes of a local cluster: starts a node so that nothing ties it to the command that started it, and ends it.
 *
 * A node is the leader of its own session, with stdin from nowhere and its log file as stdout and stderr, so `kvctl up | cat`
 * ends, a closed terminal hurts nobody, and Ctrl-C in the terminal reaches kvctl only.
 * Its environment is made, not inherited: a stray PORT, DELAY or NODE_OPTIONS (--inspect: six nodes, one debugger port) of the
 * shell would make a cluster that the next command could not start again, and a shell's secrets have no business in
 * processes that stay for days.
 */
import { closeSync, openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { resolveEntry } from '#entry';
import { KvctlError } from '../wire/errors.ts';
import { ioError, makePrivateDirectory } from './home.ts';
import { findProcess, findProcesses, type ProcessIdentity, signalProcess } from './process.ts';

export interface NodeCommand {
  readonly id: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly log: string;
  readonly dataDir: string | null;
  /** Neutral: nothing of the user's, so that no directory is held by a node, and writable, for a heap snapshot. */
  readonly cwd: string;
  /** The program; by default the node of this package. */
  readonly entry?: string | undefined;
}

export interface SpawnedNode {
  readonly id: string;
  readonly identity: ProcessIdentity;
  /** How it ended, once it has; such a node failed, because nobody told it to. */
  exit(): NodeExit | null;
}

export interface NodeExit {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** What every process needs to behave as the user's other programs do. */
const INHERITED = ['PATH', 'HOME', 'TZ', 'LANG', 'LC_ALL', 'TMPDIR'];
const NODE_FLAGS = ['--disable-warning=ExperimentalWarning'];
const POLL_MS = 10;

/** Starts one node and returns as soon as it has a pid. Throws `io` or `node_failed`. */
export async function spawnNode(command: NodeCommand): Promise<SpawnedNode> {
  const { execa } = await import('execa');
  makePrivateDirectory(dirname(command.log));
  if (command.dataDir !== null) makePrivateDirectory(command.dataDir);
  // execa's types know the descriptors 3 to 9; it takes any open one. Not its `{ file }`, which would copy through this process.
  const log = openLog(command.log) as 3;
  let end: NodeExit | null = null;
  try {
    const child = execa(process.execPath, [...NODE_FLAGS, command.entry ?? resolveEntry('node/main')], {
      detached: true,
      cleanup: false,
      buffer: false,
      reject: false,
      stdio: ['ignore', log, log],
      cwd: command.cwd,
      env: nodeEnvironment(command.environment),
      extendEnv: false,
    });
    child.nodeChildProcess.unref();
    child.then((result) => {
      end = { exitCode: result.exitCode ?? null, signal: result.signal ?? null };
    });
    if (child.pid === undefined) {
      const { cause, shortMessage } = await child;
      throw new KvctlError('node_failed', `expected ${command.id} to start with ${process.execPath}, got ${shortMessage}`, {}, cause);
    }
    // A child that has ended already is a zombie until we are told, so its start time can still be read or is not needed.
    const identity = { pid: child.pid, start_time: findProcess(child.pid)?.start_time ?? 'ended at once' };
    return { id: command.id, identity, exit: () => end };
  } finally {
    closeSync(log);
  }
}

/**
 * Ends processes: SIGTERM to all, and after `graceMs` SIGKILL to those that are still there. Returns when all are gone.
 * A paused process gets SIGCONT after its SIGTERM, so that the first thing it does is to end.
 * Throws `node_failed` for one that not even SIGKILL ends (it hangs in the kernel, on a disk usually).
 */
export async function endProcesses(identities: readonly ProcessIdentity[], graceMs: number): Promise<void> {
  for (const identity of identities) {
    signalProcess(identity, 'SIGTERM');
    signalProcess(identity, 'SIGCONT');
  }
  const stubborn = await untilGone(identities, graceMs);
  for (const identity of stubborn) signalProcess(identity, 'SIGKILL');
  const [left] = await untilGone(stubborn, KILL_MS);
  if (left === undefined) return;
  throw new KvctlError(
    'node_failed',
    `expected pid ${left.pid} to end on SIGKILL within ${KILL_MS / 1000} s, but it is still there: it hangs in the kernel`,
    {
      pid: left.pid,
    },
  );
}

/** The kernel ends a killed process as soon as it leaves the kernel; a sync to a slow disk may take seconds. */
export const KILL_MS = 5_000;

/** Waits until all are gone, at most `timeoutMs`; returns those that are not. */
export async function untilGone(identities: readonly ProcessIdentity[], timeoutMs: number): Promise<ProcessIdentity[]> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = findProcesses(identities.map(({ pid }) => pid));
    const left = identities.filter(({ pid, start_time }) => found.get(pid)?.start_time === start_time);
    if (left.length === 0 || performance.now() > deadline) return left;
    await delay(POLL_MS);
  }
}

/**
 * What a node sees: its own variables, the inherited few, and Node's compile cache, which halves the time that six nodes need
 * to load the same modules. It is the directory that bin/start.cjs uses, too.
 */
export function nodeEnvironment(own: Readonly<Record<string, string>>, parent: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const inherited = INHERITED.flatMap((name) => (parent[name] === undefined ? [] : [[name, parent[name]] as const]));
  const cache = parent['NODE_COMPILE_CACHE'] || join(tmpdir(), 'node-compile-cache');
  return { ...Object.fromEntries(inherited), NODE_COMPILE_CACHE: cache, ...own };
}

function openLog(path: string): number {
  try {
    return openSync(path, 'a', 0o600);
  } catch (error) {
    throw ioError(`expected to append to the log ${path}`, error);
  }
}
