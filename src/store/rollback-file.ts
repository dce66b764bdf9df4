/**
 * What was rolled back stays readable: one line of JSON per row, in a file beside the data that is only ever appended to.
 *
 * Invariant: a row is in this file, durably, before it leaves the data, so a crash in between may leave it in both, and a rollback that is done again may
 * append it once more; whoever reads takes each version once.
 */
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KvRecord, Replacement } from '../core/record.ts';
import { formatVersion, parseVersion } from '../core/version.ts';
import { syncDirectory } from './directory.ts';
import type { RolledBack } from './store.ts';
import { reasonOf, StoreError } from './store-error.ts';

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
      const handle = await open(this.#file, 'a', 0o600);
      try {
        await handle.writeFile(replacements.map(lineOf).join(''));
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
  async read(): Promise<readonly RolledBack[]> {
    let text: string;
    try {
      text = await readFile(this.#file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw new StoreError(`expected to read what was rolled back at ${this.#file}, got "${reasonOf(error)}"`, error);
    }
    return withoutRepeats(text.split('\n').slice(0, -1).flatMap(parseLine));
  }
}

export function withoutRepeats(rows: readonly RolledBack[]): readonly RolledBack[] {
  return [...new Map(rows.map((row) => [`${formatVersion(row.record.version)} ${row.record.key}`, row])).values()];
}

function lineOf({ rolledBack, instead }: Replacement): string {
  const { key, value, version, need, timestampMs } = rolledBack;
  return `${JSON.stringify({ version: formatVersion(version), key, value, need, timestamp_ms: timestampMs, instead: instead && formatVersion(instead) })}\n`;
}

function parseLine(line: string): RolledBack[] {
  let row: Readonly<Record<string, unknown>>;
  try {
    row = JSON.parse(line) as Readonly<Record<string, unknown>>;
  } catch {
    // The end of an append that a crash cut off, with another one after it.
    return [];
  }
  const version = parseVersion(String(row.version));
  if (version === null || typeof row.key !== 'string') return [];
  const value = typeof row.value === 'string' ? row.value : null;
  const record: KvRecord = { key: row.key, value, version, need: Number(row.need), timestampMs: Number(row.timestamp_ms) };
  return [{ record, instead: typeof row.instead === 'string' ? parseVersion(row.instead) : null }];
}
