/**
 * The only connection that writes: one request, one transaction, one sync. Runs in the writer thread, or in the caller's own.
 *
 * Invariant: after a failed transaction nothing is written any more, because what the disk holds is unknown (a failed sync may have
 * dropped pages that a second one would not report); every later request is answered `failed`.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { KvRecord } from '../core/record.ts';
import { isNewer, type Version } from '../core/version.ts';
import { ContentDigest } from './digest.ts';
import { type DiskFault, FaultyDisk } from './disk-fault.ts';
import { EntryTable } from './sqlite-entries.ts';
import { HISTORY, type HistoryRow, openWriter, type Row, readContent, recordOf, SELECT_ROW, WRITE_CONTENT } from './sqlite-format.ts';
import { type Answer, type Columns, type CommitRequest, packRows, unpackRows } from './sqlite-messages.ts';
import { SqliteStage } from './sqlite-stage.ts';
import { reasonOf, StoreError } from './store-error.ts';

const UPDATE = 'UPDATE kv SET value = ?, epoch = ?, seq = ?, need = ?, timestamp_ms = ? WHERE key = ?';
const INSERT = 'INSERT INTO kv (value, epoch, seq, need, timestamp_ms, key) VALUES (?, ?, ?, ?, ?, ?)';
const MOVE = `UPDATE node SET watermark_epoch = ?, watermark_seq = ?, cursor_epoch = ?, cursor_seq = ?, scan_epoch = ?, k_min = ?,
  purge_epoch = ?, purge_seq = ? WHERE id = 1`;
const REMOVE = 'DELETE FROM kv WHERE key = ?';
const COLLECT = 'DELETE FROM kv INDEXED BY kv_tombstones WHERE value IS NULL AND (epoch, seq) <= (?, ?)';
const FORGET = 'DELETE FROM history';
const REMEMBER = `INSERT INTO history (${HISTORY}) VALUES (?, ?, ?, ?, ?, ?)`;

type Changed = Pick<Extract<Answer, { kind: 'persisted' }>, 'previous' | 'grown' | 'isSpoilt'>;
type Staged = NonNullable<CommitRequest['stage']>;

export class Writer {
  readonly #database: DatabaseSync;
  readonly #begin: StatementSync;
  readonly #end: StatementSync;
  readonly #select: StatementSync;
  readonly #update: StatementSync;
  readonly #insert: StatementSync;
  readonly #movePosition: StatementSync;
  readonly #entries: EntryTable;
  readonly #disk: FaultyDisk;
  readonly #writeContent: StatementSync;
  #digest: ContentDigest;
  #stage: SqliteStage | null = null;
  #failure: string | null = null;

  constructor(file: string, fault: DiskFault | null = null) {
    const database = openWriter(file);
    this.#database = database;
    this.#disk = new FaultyDisk(fault);
    this.#begin = database.prepare('BEGIN IMMEDIATE');
    this.#end = database.prepare('COMMIT');
    this.#select = database.prepare(SELECT_ROW);
    this.#update = database.prepare(UPDATE);
    this.#insert = database.prepare(INSERT);
    this.#movePosition = database.prepare(MOVE);
    this.#entries = new EntryTable(database);
    this.#writeContent = database.prepare(WRITE_CONTENT);
    this.#digest = new ContentDigest(readContent(database));
  }

  commit(request: CommitRequest): Answer {
    if (this.#failure !== null) return { kind: 'failed', message: this.#failure };
    try {
      this.#begin.run();
      const { stage } = request;
      const changed = request.rows.keys.length + request.removed.length;
      const answer = stage === null ? this.#apply(request, changed) : this.#build(request, stage);
      this.#disk.write(changed);
      this.#end.run();
      this.#disk.sync(changed);
      return { kind: 'persisted', ...answer, content: this.#digest.content };
    } catch (error) {
      this.#failure = reasonOf(error);
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      return { kind: 'failed', message: this.#failure };
    }
  }

  setFault(fault: DiskFault | null): void {
    this.#disk.set(fault);
  }

  close(): void {
    this.#database.close();
  }

  #apply(request: CommitRequest, changed: number): Changed {
    const { previousOf, dropUntoldAfter, dropOrphansAfter, epoch } = request;
    if (this.#stage !== null && epoch > this.#stage.epoch) {
      this.#stage.drop();
      this.#stage = null;
    }
    const previous = previousOf.length === 0 ? null : this.#read(previousOf);
    const removed = this.#remove(request.removed);
    const inserted = this.#write(request.rows);
    this.#entries.keep(request.entries, epoch);
    this.#move(request);
    const collected = request.purgeTo === null ? 0 : this.#collect(request.purgeTo);
    if (dropUntoldAfter !== null) this.#entries.dropUntold(dropUntoldAfter, epoch);
    if (dropOrphansAfter !== null) this.#entries.dropOrphans(dropOrphansAfter);
    this.#entries.forgetOldest();
    if (changed > 0) this.#keepContent();
    return { previous, grown: inserted - removed - collected, isSpoilt: false };
  }

  #build({ rows, entries, epoch, ...request }: CommitRequest, { isFirst, swap }: Staged): Changed {
    const stage = isFirst || this.#stage === null ? new SqliteStage(this.#database, epoch) : this.#stage;
    this.#stage = stage;
    stage.add(unpackRows(rows), entries);
    if (swap === null) return { previous: null, grown: 0, isSpoilt: false };
    this.#stage = null;
    if (!stage.is(swap)) {
      stage.drop();
      return { previous: null, grown: 0, isSpoilt: true };
    }
    const grown = stage.swap();
    this.#entries.lookAgain();
    this.#move(request);
    this.#digest = new ContentDigest(swap);
    this.#keepContent();
    return { previous: null, grown, isSpoilt: false };
  }

  #move({ position, history }: Pick<CommitRequest, 'position' | 'history'>): void {
    if (position !== null) this.#movePosition.run(...position);
    if (history !== null) this.#remember(history);
  }

  #keepContent(): void {
    const { digest, live } = this.#digest.content;
    this.#writeContent.run(digest, live);
  }

  #read(keys: readonly string[]): Columns {
    return packRows(keys.map((key) => this.#get(key)).filter((record) => record !== null));
  }

  #get(key: string): KvRecord | null {
    const row = this.#select.get(key);
    return row === undefined ? null : recordOf(row as unknown as Row);
  }

  /** Answers how many keys are gone. */
  #remove(keys: readonly string[]): number {
    if (keys.length === 0) return 0;
    const remove = this.#database.prepare(REMOVE);
    let removed = 0;
    for (const key of keys) {
      const held = this.#get(key);
      if (held === null) continue;
      remove.run(key);
      this.#digest.replace(held, null);
      removed += 1;
    }
    return removed;
  }

  #remember(history: readonly HistoryRow[]): void {
    this.#database.exec(FORGET);
    const remember = this.#database.prepare(REMEMBER);
    for (const row of history) remember.run(...row);
  }

  /** Answers how many keys are new. */
  #write(rows: Columns): number {
    let inserted = 0;
    for (const record of unpackRows(rows)) {
      const held = this.#get(record.key);
      if (held !== null && !isNewer(record.version, held.version)) continue;
      this.#put(held, record);
      if (held === null) inserted += 1;
    }
    return inserted;
  }

  /** Tombstones count for nothing in the digest. Answers how many went. */
  #collect({ epoch, seq }: Version): number {
    return Number(this.#database.prepare(COLLECT).run(epoch, seq).changes);
  }

  /** Every change of a row goes through here, whatever made it: the digest is told what stood there before. */
  #put(held: KvRecord | null, record: KvRecord): void {
    const { key, value, version, need, timestampMs } = record;
    const statement = held === null ? this.#insert : this.#update;
    statement.run(value, version.epoch, version.seq, need, timestampMs, key);
    this.#digest.replace(held, record);
  }
}

/** Why a data file could not be opened, as one message. */
export function refusal(file: string, error: unknown): string {
  if (error instanceof StoreError) return error.message;
  return `expected a readable kvctl data file, got "${reasonOf(error)}" at ${file}: restore it from a copy, or purge this node's data and let it catch up from the others`;
}
