/**
 * A node's data directory: made durable, and held by one process at a time.
 *
 * The lock is SQLite's own lock on a small file beside the data, taken by a transaction that stays open: the kernel drops it with the
 * process, however that ends, so there is no stale lock to clean up. It also refuses a second opening inside the same process.
 * Why not lock the data file: `locking_mode=EXCLUSIVE` would shut out our own readers too.
 */
import { mkdir, open } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { reasonOf, StoreError } from './store-error.ts';

const LOCK_FILE = 'lock.sqlite';

/** SQLITE_BUSY, the primary code of every "somebody else holds the lock". */
const BUSY = 5;

export interface DirectoryLock {
  release(): void;
}

/** Makes the directory if it is not there, durably, and takes its lock. Throws a StoreError if it is held or cannot be written. */
export async function lockDirectory(dataDir: string): Promise<DirectoryLock> {
  await makeDirectory(dataDir);
  const file = join(dataDir, LOCK_FILE);
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(file);
    lock.exec('PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF');
    lock.exec(`PRAGMA user_version = ${process.pid}`);
    lock.exec('BEGIN IMMEDIATE');
    const held = lock;
    return { release: () => held.close() };
  } catch (error) {
    const owner = ((error as { errcode?: number }).errcode ?? 0) % 256 === BUSY && lock !== undefined ? ownerOf(lock) : null;
    lock?.close();
    if (owner === null) throw unwritable(dataDir, error);
    throw new StoreError(
      `expected to be the only process on the data directory ${dataDir}, but process ${owner} holds ${LOCK_FILE}: stop that node, or give this one a DATA_DIR of its own`,
      error,
    );
  }
}

/** Makes the names in a directory durable: a created or renamed file survives a power cut only after this. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function makeDirectory(dataDir: string): Promise<void> {
  try {
    const firstMade = await mkdir(dataDir, { recursive: true });
    if (firstMade === undefined) return;
    const stop = dirname(resolve(firstMade));
    for (let parent = dirname(resolve(dataDir)); ; parent = dirname(parent)) {
      await syncDirectory(parent);
      if (parent === stop) return;
    }
  } catch (error) {
    throw unwritable(dataDir, error);
  }
}

function unwritable(dataDir: string, error: unknown): StoreError {
  return new StoreError(
    `expected a data directory that this process may write, got "${reasonOf(error)}" at ${dataDir}: correct its permissions, or set DATA_DIR to another`,
    error,
  );
}

function ownerOf(lock: DatabaseSync): number {
  return Number(lock.prepare('PRAGMA user_version').get()?.['user_version']);
}
