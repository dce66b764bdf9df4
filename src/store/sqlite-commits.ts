/**
 * Who commits to a data file: the caller's own thread, or one of its own, to which a follower that becomes leader moves between two commits.
 *
 * Invariant: one writer at a time, and commits are applied in call order; after one that failed all fail.
 */
import { Worker } from 'node:worker_threads';
import type { DiskFault } from './disk-fault.ts';
import type { Answer, CommitRequest, Request } from './sqlite-messages.ts';
import { refusal, Writer } from './sqlite-writer.ts';
import { StoreError } from './store-error.ts';

/**
 * The thread holds little more than the batch it works on, so a small nursery does, and keeps a busy node small. The old generation
 * must hold the largest batch there can be: 64 MiB of waiting values, two bytes per character, and the copy that SQLite is given.
 */
const WORKER_LIMITS = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 512 };

/** This module runs as .ts from src and as .js from a build; so does its worker. */
const WORKER = new URL(`./sqlite-worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);

type Persist = Extract<Answer, { kind: 'persisted' }>;

interface CommitWriter {
  commit(request: CommitRequest): Promise<Persist>;
  /** Of the commits to come. */
  setFault(fault: DiskFault | null): void;
  close(): Promise<void>;
}

export class SqliteCommits {
  readonly #file: string;
  #writer: CommitWriter;
  #fault: DiskFault | null;
  #moving: Promise<void> | null = null;

  /** Answers once the file is open and as it must be. */
  static async open(file: string, hasThread: boolean, fault: DiskFault | null): Promise<SqliteCommits> {
    return new SqliteCommits(file, hasThread ? await WriterThread.start(file, fault) : new InlineWriter(file, fault), fault);
  }

  private constructor(file: string, writer: CommitWriter, fault: DiskFault | null) {
    this.#file = file;
    this.#writer = writer;
    this.#fault = fault;
  }

  async commit(request: CommitRequest): Promise<Persist> {
    if (this.#moving !== null) await this.#moving;
    return this.#writer.commit(request);
  }

  /** Of the commits to come. */
  setFault(fault: DiskFault | null): void {
    this.#fault = fault;
    this.#writer.setFault(fault);
  }

  /** Commits that are asked for from now on wait for it, once. If no thread can be had, all stays as it is. */
  moveToThread(): void {
    if (this.#writer instanceof InlineWriter) this.#moving ??= this.#move(this.#writer);
  }

  async close(): Promise<void> {
    await this.#moving;
    await this.#writer.close();
  }

  async #move(inline: InlineWriter): Promise<void> {
    const thread = await WriterThread.start(this.#file, this.#fault).catch(() => null);
    if (thread === null) return;
    this.#writer = thread;
    await inline.close();
  }
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
