/**
 * A lock between processes that no crash leaves behind: a file that names its holder by pid and start time.
 *
 * Invariant: one holder at a time. The file appears whole (written beside, then linked into place: link fails if the name is
 * taken), and a dead holder's file is removed only under a lock of its own, named after that very holding, and only if it
 * still is that holding. Without the second part, two waiters that both saw the dead holder would break it: the slower one
 * would remove the lock that the quicker one just took.
 */
import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { KvctlError } from '../wire/errors.ts';
import { ioError, makePrivateDirectory } from './home.ts';
import { findProcess, type ProcessIdentity, sameProcess } from './process.ts';

interface Holding extends ProcessIdentity {
  /** Tells two holdings of one process apart. */
  readonly id: string;
  /** For the one who waits: `kvctl up`. */
  readonly doing: string;
}

export interface LockOptions {
  /** What the holder does, as others will read it. */
  readonly doing: string;
  /** How long to wait for another holder, in ms. Default 2 minutes: an `up` that waits for its nodes holds its lock as long. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Told once, if somebody else holds it. */
  readonly onWait?: (holder: string) => void;
}

const DEFAULT_TIMEOUT_MS = 120_000;
const POLL_MS = 20;

/** Runs the work while holding the lock. Throws `io` if another process does not let go in time, `interrupted` if aborted. */
export async function withLock<T>(path: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  const mine = await acquire(path, options);
  try {
    return await work();
  } finally {
    if (readHolding(path)?.id === mine.id) rmSync(path, { force: true });
  }
}

async function acquire(path: string, options: LockOptions): Promise<Holding> {
  makePrivateDirectory(dirname(path));
  const mine: Holding = { ...selfIdentity(), id: randomUUID(), doing: options.doing };
  const deadline = performance.now() + (options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  let hasTold = false;
  for (;;) {
    if (takeFree(path, mine)) return mine;
    const other = readHolding(path);
    if (other !== null && sameProcess(other) === null) {
      await removeStale(path, other, options);
    } else if (other !== null) {
      const holder = `\`${other.doing}\` (pid ${other.pid})`;
      if (!hasTold) options.onWait?.(holder);
      hasTold = true;
      if (performance.now() > deadline) {
        throw new KvctlError('io', `expected ${path} to be free in time, but ${holder} holds it: let that command end, or stop it`, {
          pid: other.pid,
        });
      }
      await pause(options.signal);
    }
  }
}

async function removeStale(path: string, dead: Holding, options: LockOptions): Promise<void> {
  await withLock(`${path}.${dead.id}`, options, async () => {
    if (readHolding(path)?.id === dead.id) rmSync(path, { force: true });
  });
}

/** False if the lock is held. */
function takeFree(path: string, mine: Holding): boolean {
  const draft = `${path}.draft-${mine.id}`;
  try {
    writeFileSync(draft, JSON.stringify(mine), { mode: 0o600 });
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw ioError(`expected to write the lock ${path}`, error);
  } finally {
    rmSync(draft, { force: true });
  }
}

function readHolding(path: string): Holding | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Holding;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw ioError(`expected to read the lock ${path}`, error);
  }
}

function selfIdentity(): ProcessIdentity {
  const self = findProcess(process.pid);
  if (self === null) throw new Error('the system does not tell the start time of this process');
  return { pid: self.pid, start_time: self.start_time };
}

async function pause(signal: AbortSignal | undefined): Promise<void> {
  try {
    await delay(POLL_MS, undefined, { signal });
  } catch (error) {
    throw new KvctlError('interrupted', 'interrupted while waiting for another kvctl command', {}, error);
  }
}
