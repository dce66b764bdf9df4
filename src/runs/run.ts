/**
 * The folder of one run: `runs/<time>-<name>/`, opened and proved writable before the run begins, because nobody wants to learn
 * after twenty minutes of measuring that the result has no place to go.
 *
 * Not here: what is in the files (report, measure) and reading them again.
 * Invariant: a reader finds each file whole or not at all, whenever the process dies; only the NDJSON files grow, line by line.
 */
import { lstat, mkdir, open, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { ioError } from './io-error.ts';

/** What a run folder holds. Besides, pictures under `charts/`. */
export const RUN_FILES = {
  spec: 'spec.json',
  environment: 'environment.json',
  samples: 'samples.ndjson',
  trace: 'trace.ndjson',
  staleReads: 'stale-reads.ndjson',
  summary: 'summary.json',
  outcome: 'outcome.json',
  /** Of chaos: what its clients did and heard, and their reads at followers. */
  history: 'history.ndjson',
  localReads: 'local-reads.ndjson',
  /** Of chaos: the result. Not a summary, which reports are drawn from. */
  chaos: 'chaos.json',
  /** Of a durability run: its trials, and the result. */
  trials: 'trials.ndjson',
  durability: 'durability.json',
} as const;

export interface RunOptions {
  /** Directory of all runs, made if absent; unused with `out`. */
  readonly root: string;
  /** Exactly this directory, made if absent. One that holds a run already is refused: raw data is not overwritten. */
  readonly out?: string | null;
  /** What the run is about; part of the folder's name. */
  readonly name: string;
  readonly now: Date;
}

const LATEST = 'latest';
/** Runs of one name in one second. */
const MAX_NAMESAKES = 1000;
/** Lines that are written at once: few system calls, and no copy of a million samples in memory. */
const LINES_PER_WRITE = 1000;

/** Makes the folder, or fails with `io` before anything was measured. */
export async function openRun({ root, out, name, now }: RunOptions): Promise<Run> {
  if (out !== undefined && out !== null) return new Run(await takeDirectory(resolve(out)), null);
  const parent = resolve(root);
  try {
    await mkdir(parent, { recursive: true });
    await mustBeReplaceable(join(parent, LATEST));
    return new Run(await makeUnique(parent, `${compactTime(now)}-${fileNameOf(name)}`), parent);
  } catch (error) {
    throw ioError(parent, error);
  }
}

export class Run {
  /** Absolute. */
  readonly dir: string;
  /** Where `latest` is kept; null for a directory that the user named. */
  readonly #root: string | null;
  #temporaries = 0;

  constructor(dir: string, root: string | null) {
    this.dir = dir;
    this.#root = root;
  }

  /** Replaces the file as a whole; `file` is relative and may name a directory below. Safe against the death of this process, not of the machine. */
  async write(file: string, content: string | Uint8Array): Promise<void> {
    const path = join(this.dir, file);
    const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.${this.#temporaries++}`);
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(temporary, content);
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {});
      throw ioError(path, error);
    }
  }

  async writeJson(file: string, value: unknown): Promise<void> {
    await this.write(file, `${JSON.stringify(value, null, 2)}\n`);
  }

  /** Appends one line of JSON per row. A process that dies within may leave one torn last line. */
  async appendRows(file: string, rows: Iterable<unknown>): Promise<void> {
    const path = join(this.dir, file);
    try {
      const handle = await open(path, 'a');
      try {
        for (const lines of chunksOf(rows, LINES_PER_WRITE)) await handle.appendFile(`${lines.join('\n')}\n`);
      } finally {
        await handle.close();
      }
    } catch (error) {
      throw ioError(path, error);
    }
  }

  /** Points `runs/latest` at this run, in one step: a reader sees the old target or the new one. */
  async finish(): Promise<void> {
    if (this.#root === null) return;
    const latest = join(this.#root, LATEST);
    const temporary = join(this.#root, `.${LATEST}.${basename(this.dir)}`);
    try {
      await rm(temporary, { force: true });
      await symlink(basename(this.dir), temporary);
      await rename(temporary, latest);
    } catch (error) {
      throw ioError(latest, error);
    }
  }
}

/** `20251121T014501Z`: sorts by time, and has no character that a shell or another file system minds. */
function compactTime(time: Date): string {
  return `${time.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}

function fileNameOf(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9._-]+/g, '-').slice(0, 60) || 'run';
}

/** Why a loop: mkdir is the only question about a name whose answer cannot be outdated, so two runs of one second never meet. */
async function makeUnique(parent: string, name: string): Promise<string> {
  for (let namesake = 1; ; namesake++) {
    const dir = join(parent, namesake === 1 ? name : `${name}-${namesake}`);
    try {
      await mkdir(dir);
      return dir;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || namesake === MAX_NAMESAKES) throw error;
    }
  }
}

async function takeDirectory(dir: string): Promise<string> {
  try {
    await mkdir(dir, { recursive: true });
    const kept = (await readdir(dir)).find((file) => Object.values<string>(RUN_FILES).includes(file));
    if (kept !== undefined) throw new Error(`a directory that holds the ${kept} of an earlier run`);
    const probe = join(dir, `.kvctl-probe.${process.pid}`);
    await writeFile(probe, '');
    await rm(probe);
    return dir;
  } catch (error) {
    throw ioError(dir, error);
  }
}

/** A `latest` that is no link is somebody's data. Better said now than after the run. */
async function mustBeReplaceable(latest: string): Promise<void> {
  const found = await lstat(latest).catch(() => null);
  if (found !== null && !found.isSymbolicLink()) throw new Error(`a "${LATEST}" in it that is no symbolic link and must be moved away`);
}

function* chunksOf(rows: Iterable<unknown>, size: number): Generator<string[]> {
  let lines: string[] = [];
  for (const row of rows) {
    lines.push(JSON.stringify(row));
    if (lines.length < size) continue;
    yield lines;
    lines = [];
  }
  if (lines.length > 0) yield lines;
}
