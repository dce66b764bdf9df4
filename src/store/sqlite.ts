/**
 * The store on disk: Node's own SQLite, a write-ahead log, one writer and readers in this thread.
 *
 * Not here: SQL (sqlite-format, sqlite-reader, sqlite-writer) and the thread's inside (sqlite-worker). Early
 * releases of Node 24 print an ExperimentalWarning for `node:sqlite`, unless started with --disable-warning=ExperimentalWarning.
 * Invariant: `position`, `head`, `count` and `content` are those of the last answered commit; reads may be ahead of them by what is durable already.
 */
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { ViewPart } from '../core/message.ts';
import type { Content, History, IdempotencyEntry, KvRecord, Position } from '../core/record.ts';
import { isNewer, maxVersion, type Version } from '../core/version.ts';
import { type DirectoryLock, lockDirectory, syncDirectory } from './directory.ts';
import type { DiskFault } from './disk-fault.ts';
import { entriesOf } from './entries.ts';
import { RollbackFile } from './rollback-file.ts';
import { columnsOf, DATA_FILE, entryRow, historyRows } from './sqlite-format.ts';
import { type Answer, type CommitRequest, newestPerKey, packRows, type Request, unpackRows } from './sqlite-messages.ts';
import { SqliteReader } from './sqlite-reader.ts';
import { refusal, Writer } from './sqlite-writer.ts';
import type { Commit, DumpView, ListRange, Page, Persisted, RolledBack, ScanRange, Store } from './store.ts';
import { StoreError } from './store-error.ts';
import { Views } from './views.ts';

/**
 * The thread holds little more than the batch it works on, so a small nursery does, and keeps a busy node small. The old generation
 * must hold the largest batch there can be: 64 MiB of waiting values, two bytes per character, and the copy that SQLite is given.
 */
const WORKER_LIMITS = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 512 };

/** This module runs as .ts from src and as .js from a build; so does its worker. */
const WORKER = new URL(`./sqlite-worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);

export interface SqliteOptions {
  readonly dataDir: string;
  /**
   * True: a thread of its own writes, and a sync never stops the caller's event loop; for a leader, whose simulated delays must be kept. False: a commit
   * stops the caller until it is durable, and costs less CPU and 13 MB less; for a follower, which has nothing to do meanwhile.
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
  let writer: CommitWriter | undefined;
  let reader: SqliteReader | undefined;
  try {
    const { hasWriterThread, fault = null } = options;
    writer = hasWriterThread ? await WriterThread.start(file, fault) : new InlineWriter(file, fault);
    reader = new SqliteReader(file);
    await syncDirectory(options.dataDir);
    return new SqliteStore(lock, writer, reader, new RollbackFile(options.dataDir));
  } catch (error) {
    reader?.close();
    await writer?.close();
    lock.release();
    throw error;
  }
}

class SqliteStore implements Store {
  readonly kind = 'sqlite';
  readonly #lock: DirectoryLock;
  readonly #writer: CommitWriter;
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

  constructor(lock: DirectoryLock, writer: CommitWriter, reader: SqliteReader, rollbacks: RollbackFile) {
    this.#lock = lock;
    this.#writer = writer;
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
    const answer = await this.#writer.commit({
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
    this.#writer.setFault(fault);
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
    await this.#writer.close();
    this.#lock.release();
  }
}

type Persist = Extract<Answer, { kind: 'persisted' }>;

interface CommitWriter {
  /** Applied in call order; after one that failed all fail. */
  commit(request: CommitRequest): Promise<Persist>;
  /** Of the commits to come. */
  setFault(fault: DiskFault | null): void;
  close(): Promise<void>;
}

class InlineWriter implements CommitWriter {
  readonly #file: string;
  readonly #writer: Writer;

  constructor(file: string, fault: DiskFault | null) {
    this.#file = file;
    try {
      this.#writer = new Writer(file, fault);
    } catch (error) {
      throw new StoreError(refusal(file, error), error);
    }
  }

  async commit(request: CommitRequest): Promise<Persist> {
    const answer = this.#writer.commit(request);
    if (answer.kind === 'persisted') return answer;
    throw commitFailure(this.#file, answer.kind === 'failed' ? answer.message : answer.kind);
  }

  setFault(fault: DiskFault | null): void {
    this.#writer.setFault(fault);
  }

  async close(): Promise<void> {
    this.#writer.close();
  }
}

interface Waiting {
  readonly resolve: (answer: Persist) => void;
  readonly reject: (error: StoreError) => void;
}

/** The other thread as seen from here. Invariant: `#waiting` has one entry per unanswered commit, oldest first. */
class WriterThread implements CommitWriter {
  readonly #worker: Worker;
  readonly #file: string;
  readonly #waiting: Waiting[] = [];
  readonly #exited: Promise<void>;
  #failure: StoreError | null = null;

  /** Answers once the file is open and as it must be. */
  static start(file: string, fault: DiskFault | null): Promise<WriterThread> {
    return new Promise((resolve, reject) => {
      const worker = new Worker(WORKER, { workerData: { file, fault }, resourceLimits: WORKER_LIMITS, name: 'store' });
      worker.once('error', reject);
      worker.once('message', (answer: Answer) => {
        worker.off('error', reject);
        if (answer.kind === 'ready') resolve(new WriterThread(file, worker));
        else reject(new StoreError(answer.kind === 'refused' ? answer.message : `expected ready, got ${answer.kind}`));
      });
    });
  }

  private constructor(file: string, worker: Worker) {
    this.#file = file;
    this.#worker = worker;
    worker.on('message', (answer: Answer) => this.#settle(answer));
    worker.on('error', (error: Error) => this.#fail(error.message));
    this.#exited = new Promise((resolve) => {
      worker.once('exit', () => {
        this.#fail('the writer thread ended');
        resolve();
      });
    });
  }

  commit(request: CommitRequest): Promise<Persist> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#send(request);
    });
  }

  setFault(fault: DiskFault | null): void {
    this.#send({ kind: 'fault', fault });
  }

  /** Running commits are answered first: requests are taken in order. */
  async close(): Promise<void> {
    this.#send({ kind: 'close' });
    await this.#exited;
  }

  #send(request: Request): void {
    this.#worker.postMessage(request);
  }

  #settle(answer: Answer): void {
    if (answer.kind === 'persisted') this.#waiting.shift()?.resolve(answer);
    else this.#fail(answer.kind === 'failed' ? answer.message : `expected an answer to a commit, got ${answer.kind}`);
  }

  /** Refuses the running commits and all to come: of a disk that failed once nothing more is believed. */
  #fail(reason: string): void {
    this.#failure ??= commitFailure(this.#file, reason);
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
  }
}

function commitFailure(file: string, reason: string): StoreError {
  return new StoreError(
    `expected the disk to take a commit to ${file}, got "${reason}": make room or mend the disk, then restart the node; until then it takes no writes`,
  );
}

function withReplacements({ replacements, records }: Commit): readonly KvRecord[] {
  return replacements === undefined ? records : [...replacements.flatMap(({ record }) => record ?? []), ...records];
}
