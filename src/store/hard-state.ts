/**
 * A node's hard state on disk: what it promised, in a file of its own that no snapshot of the data touches.
 *
 * Invariant: at every moment, through every crash, the file holds one whole state: a save writes a second file, syncs it, renames it over
 * the first and syncs the directory. A file that is there but broken is refused, never taken for a node without memory: a node that forgot
 * its promise could promise the same epoch to a second candidate.
 */
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { HardState } from '../core/record.ts';
import { syncDirectory } from './directory.ts';
import { reasonOf, StoreError } from './store-error.ts';

const HARD_STATE_FILE = 'hard-state.json';

/** What a save writes before it is renamed; one that a crash left behind is never read, and overwritten by the next save. */
const HARD_STATE_DRAFT = 'hard-state.json.new';

/** Raised whenever a file of the older form can no longer be read as it is. */
const FORMAT = 1;

/** What a field must be. By hand, since a schema library would take 10 MB of every node's memory for this one file. */
const FIELDS: Readonly<Record<keyof HardState, (value: unknown) => boolean>> = {
  lineage: isName,
  nodeId: isName,
  incarnation: isName,
  members: (value) => Array.isArray(value) && value.length > 0 && value.every((each) => isName(each?.id) && isName(each?.url)),
  promisedEpoch: isEpoch,
  promisedTo: (value) => typeof value === 'string',
  ledEpoch: isEpoch,
  blank: (value) => typeof value === 'boolean',
};

export class HardStateFile {
  readonly #directory: string;
  readonly #file: string;
  #lastSave: Promise<void> = Promise.resolve();

  /** The directory must be there and held by this process (`openSqliteStore` sees to both). */
  constructor(dataDir: string) {
    this.#directory = dataDir;
    this.#file = join(dataDir, HARD_STATE_FILE);
  }

  /** The state that the last finished save wrote, or null if there never was one. Throws a StoreError if the file is broken. */
  async load(): Promise<HardState | null> {
    let text: string;
    try {
      text = await readFile(this.#file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw this.#broken(reasonOf(error), error);
    }
    return this.#parse(text);
  }

  /** Durable once it answers. Saves run one after another in call order. A rejection leaves open whether the old or the new state is there. */
  save(state: HardState): Promise<void> {
    const saved = this.#lastSave.then(() => this.#write(`${JSON.stringify({ format: FORMAT, ...state }, null, 2)}\n`));
    this.#lastSave = saved.catch(() => {});
    return saved;
  }

  async #write(text: string): Promise<void> {
    const draft = join(this.#directory, HARD_STATE_DRAFT);
    try {
      const handle = await open(draft, 'w', 0o600);
      try {
        await handle.writeFile(text);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(draft, this.#file);
      await syncDirectory(this.#directory);
    } catch (error) {
      throw new StoreError(
        `expected the disk to take the hard state at ${this.#file}, got "${reasonOf(error)}": make room or mend the disk, then restart the node`,
        error,
      );
    }
  }

  #parse(text: string): HardState {
    let data: unknown;
    try {
      data = JSON.parse(text);
    } catch (error) {
      throw this.#broken(reasonOf(error), error);
    }
    if (typeof data !== 'object' || data === null) throw this.#broken('no JSON object', data);
    const { format, ...state } = data as Readonly<Record<string, unknown>>;
    if (format !== FORMAT) throw this.#broken(`format ${JSON.stringify(format)}`, data);
    const wrong = Object.entries(FIELDS).find(([field, isRight]) => !isRight(state[field]));
    if (wrong !== undefined) throw this.#broken(`${wrong[0]} ${JSON.stringify(state[wrong[0]])}`, data);
    const unknown = Object.keys(state).find((field) => !Object.hasOwn(FIELDS, field));
    if (unknown !== undefined) throw this.#broken(`the unknown field ${unknown}`, data);
    return state as unknown as HardState;
  }

  #broken(reason: string, cause: unknown): StoreError {
    return new StoreError(
      `expected a node's hard state of format ${FORMAT}, got "${reason}" at ${this.#file}: restore the file, or purge this node's data so that it joins as a blank one`,
      cause,
    );
  }
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value.length > 0;
}

function isEpoch(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
