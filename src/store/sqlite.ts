/**
 * The store on disk: Node's own SQLite, a write-ahead log, one writer and readers in this thread.
 *
 * Not here: SQL (sqlite-format, sqlite-reader, sqlite-writer) and the thread's inside (sqlite-worker). Early
 * releases of Node 24 print an ExperimentalWarning for `node:sqlite`, unless started with --disable-warning=ExperimentalWarning.
 * Invariant: `position`, `head`, `count` and `content` are those of the last answered commit; reads may be ahead of them by what is durable already.
 */
import { join } from 'node:path';
import type { ViewPart } from '../core/message.ts';
import type { Content, History, IdempotencyEntry, KvRecord, Position } from '../core/record.ts';
import { isNewer, maxVersion, type Version } from '../core/version.ts';
import { type DirectoryLock, lockDirectory, syncDirectory } from './directory.ts';
import type { DiskFault } from './disk-fault.ts';
import { entriesOf } from './entries.ts';
import { RollbackFile } from './rollback-file.ts';
import { SqliteCommits } from './sqlite-commits.ts';
import { columnsOf, DATA_FILE, entryRow, historyRows } from './sqlite-format.ts';
import { newestPerKey, packRows, unpackRows } from './sqlite-messages.ts';
import { SqliteReader } from './sqlite-reader.ts';
import type { Commit, DumpView, ListRange, Page, Persisted, RolledBack, ScanRange, Store } from './store.ts';
import { Views } from './views.ts';

export interface SqliteOptions {
  readonly dataDir: string;
  /**
   * True: a thread of its own writes, and a sync never stops the caller's event loop; for a leader, whose simulated delays must be kept. False: a commit
   * stops the caller until it is durable, and costs less CPU and 13 MB less; for a follower, which has nothing to do meanwhile, until it is to `lead`.
   */
  readonly hasWriterThread: boolean;
  /** A disk that is to fail, for tests. */
  readonly fault?: DiskFault | null;
}

/**
 * Opens the data of a directory, which is made if it is not there, and holds it for this process alone until `close`.
 * Errors (StoreError): the directory cannot be written or is held by another process; the file is broken, foreign or of another format.
 */
export async function openSqliteStore(options: SqliteOptions): Promise<Store> {
  const lock = await lockDirectory(options.dataDir);
  const file = join(options.dataDir, DATA_FILE);
  let commits: SqliteCommits | undefined;
  let reader: SqliteReader | undefined;
  try {
    commits = await SqliteCommits.open(file, options.hasWriterThread, options.fault ?? null);
    reader = new SqliteReader(file);
    await syncDirectory(options.dataDir);
    return new SqliteStore(lock, commits, reader, new RollbackFile(options.dataDir));
  } catch (error) {
    reader?.close();
    await commits?.close();
    lock.release();
    throw error;
  }
}

class SqliteStore implements Store {
  readonly kind = 'sqlite';
  readonly #lock: DirectoryLock;
  readonly #commits: SqliteCommits;
  readonly #reader: SqliteReader;
  readonly #rollbacks: RollbackFile;
  #position: Position;
  /** As last sent to the writer, which need not be told again. */
  #history: History;
  /** Of the position that was last sent to the writer. */
  #purgeFloor: Version;
  #newest: Version;
  #count: number;
  #content: Content;
  readonly #views: Views;
  #closing: Promise<void> | null = null;

  constructor(lock: DirectoryLock, commits: SqliteCommits, reader: SqliteReader, rollbacks: RollbackFile) {
    this.#lock = lock;
    this.#commits = commits;
    this.#reader = reader;
    this.#rollbacks = rollbacks;
    this.#views = new Views(() => reader.dump({ tombstones: true }));
    this.#position = reader.position();
    this.#history = this.#position.history;
    this.#purgeFloor = this.#position.purgeFloor;
    this.#newest = reader.newest();
    this.#count = reader.count();
    this.#content = reader.content();
  }

  async commit(batch: Commit): Promise<Persisted> {
    const { position = null, previousOf = [], replacements = [], stage } = batch;
    const removed = replacements.map(({ key }) => key);
    if (removed.length > 0) await this.#rollbacks.append(replacements);
    const records = stage?.rows ?? newestPerKey(withReplacements(batch));
    const entries = stage?.entries ?? entriesOf(batch);
    const isPurging = position !== null && stage === undefined && isNewer(position.purgeFloor, this.#purgeFloor);
    if (position !== null) this.#purgeFloor = position.purgeFloor;
    const columns = position === null ? null : columnsOf(position);
    const history = position === null || position.history === this.#history ? null : historyRows(position.history);
    this.#history = position?.history ?? this.#history;
    const answer = await this.#commits.commit({
      kind: 'commit',
      rows: packRows(records),
      position: columns,
      history,
      removed,
      previousOf,
      entries: entries.map(entryRow),
      epoch: batch.epoch ?? 0,
      dropUntoldAfter: batch.dropUntoldAfter ?? null,
      dropOrphansAfter: batch.dropOrphansAfter ?? null,
      purgeTo: isPurging ? position.purgeFloor : null,
      stage: stage === undefined ? null : { isFirst: stage.isFirst, swap: stage.swap },
    });
    if (answer.isSpoilt) {
      // Nothing of the position came to be.
      this.#purgeFloor = this.#position.purgeFloor;
      this.#history = this.#position.history;
      return { previous: new Map(), isSpoilt: true };
    }
    if (stage === undefined) for (const { version } of records) this.#newest = maxVersion(this.#newest, version);
    if (removed.length > 0 || stage?.swap) this.#newest = this.#reader.newest();
    this.#position = position ?? this.#position;
    this.#count += answer.grown;
    this.#content = answer.content;
    const previous = new Map<string, KvRecord | null>();
    for (const key of previousOf) previous.set(key, null);
    if (answer.previous !== null) for (const record of unpackRows(answer.previous)) previous.set(record.key, record);
    return { previous };
  }

  position(): Position {
    return this.#position;
  }

  head(): Version {
    return maxVersion(this.#newest, this.#position.watermark);
  }

  get(key: string): KvRecord | null {
    return this.#reader.get(key);
  }

  idempotency(key: string): IdempotencyEntry | null {
    return this.#reader.idempotency(key);
  }

  scan(range: ScanRange): Page {
    return this.#reader.scan(range);
  }

  list(range: ListRange): readonly KvRecord[] {
    return this.#reader.list(range);
  }

  dump(options: { tombstones: boolean }): DumpView {
    return this.#reader.dump(options);
  }

  readView(view: number, limit: number, maxBytes: number): ViewPart {
    return this.#views.read(view, limit, maxBytes);
  }

  closeView(view: number): void {
    this.#views.close(view);
  }

  count(): number {
    return this.#count;
  }

  setFault(fault: DiskFault | null): void {
    this.#commits.setFault(fault);
  }

  lead(): void {
    this.#commits.moveToThread();
  }

  rolledBack(): AsyncIterable<RolledBack> {
    return this.#rollbacks.read();
  }

  content(): Content {
    return this.#content;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** The writer goes last: the last connection, if it may write, folds the log into the file and removes it. */
  async #close(): Promise<void> {
    this.#views.closeAll();
    this.#reader.close();
    await this.#commits.close();
    this.#lock.release();
  }
}

function withReplacements({ replacements, records }: Commit): readonly KvRecord[] {
  return replacements === undefined ? records : [...replacements.flatMap(({ record }) => record ?? []), ...records];
}
