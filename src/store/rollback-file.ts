/**
 * What was rolled back stays readable: one line of JSON per row, in a file beside the data that is only ever appended to.
 *
 * Invariant: a row is in this file, durably, before it leaves the data, so a crash in between may leave it in both, and a rollback that is done again may
 * append it once more; whoever reads takes each version once. The file may be larger than memory: it is read as it is asked for.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { KvRecord, Replacement } from '../core/record.ts';
import { formatVersion, parseVersion } from '../core/version.ts';
import { LineSplitter } from '../lib/line-splitter.ts';
import { syncDirectory } from './directory.ts';
import type { RolledBack } from './store.ts';
import { reasonOf, StoreError } from './store-error.ts';
import { VersionSet } from './version-set.ts';

export const ROLLBACK_FILE = 'rolled-back.ndjson';

export class RollbackFile {
  readonly #directory: string;
  readonly #file: string;

  constructor(dataDir: string) {
    this.#directory = dataDir;
    this.#file = join(dataDir, ROLLBACK_FILE);
  }

  /** Durable once it answers. */
  async append(replacements: readonly Replacement[]): Promise<void> {
    try {
      const handle = await open(this.#file, 'a+', 0o600);
      try {
        // What a crash cut off must not take the first of these lines with it.
        const begin = (await endsWithinLine(handle)) ? '\n' : '';
        await handle.writeFile(`${begin}${replacements.map(lineOf).join('')}`);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await syncDirectory(this.#directory);
    } catch (error) {
      throw new StoreError(
        `expected the disk to take what is rolled back to ${this.#file}, got "${reasonOf(error)}": make room or mend the disk, then restart the node`,
        error,
      );
    }
  }

  /** Oldest first, each version once. A last line that a crash cut off is left out: its row never left the data. */
  read(): AsyncGenerator<RolledBack> {
    return withoutRepeats(this.#rows());
  }

  async *#rows(): AsyncGenerator<RolledBack> {
    try {
      const handle = await open(this.#file);
      try {
        const lines = new LineSplitter({ isStrict: false });
        for await (const piece of handle.createReadStream({ autoClose: false })) yield* lines.push(piece as Buffer).flatMap(parseLine);
      } finally {
        await handle.close();
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw new StoreError(`expected to read what was rolled back at ${this.#file}, got "${reasonOf(error)}"`, error);
    }
  }
}

async function endsWithinLine(handle: FileHandle): Promise<boolean> {
  const { size } = await handle.stat();
  if (size === 0) return false;
  const { buffer } = await handle.read({ buffer: Buffer.alloc(1), position: size - 1 });
  return buffer.toString() !== '\n';
}

/** Of a version that comes twice the first. A version is one write's, so the key need not be compared. */
export async function* withoutRepeats(rows: Iterable<RolledBack> | AsyncIterable<RolledBack>): AsyncGenerator<RolledBack> {
  const told = new VersionSet();
  for await (const row of rows) if (told.add(row.record.version)) yield row;
}

function lineOf({ rolledBack, instead }: Replacement): string {
  const { key, value, version, need, timestampMs } = rolledBack;
  return `${JSON.stringify({ version: formatVersion(version), key, value, need, timestamp_ms: timestampMs, instead: instead && formatVersion(instead) })}\n`;
}

function parseLine(line: string): RolledBack[] {
  let row: Readonly<Record<string, unknown>> | null;
  try {
    row = JSON.parse(line) as Readonly<Record<string, unknown>> | null;
  } catch {
    // The end of an append that a crash cut off.
    return [];
  }
  const version = parseVersion(String(row?.version));
  if (row === null || version === null || typeof row.key !== 'string') return [];
  const value = typeof row.value === 'string' ? row.value : null;
  const record: KvRecord = { key: row.key, value, version, need: Number(row.need), timestampMs: Number(row.timestamp_ms) };
  return [{ record, instead: typeof row.instead === 'string' ? parseVersion(row.instead) : null }];
}
