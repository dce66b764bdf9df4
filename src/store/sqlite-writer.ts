/**
 * The only connection that writes: one request, one transaction, one sync. Runs in the writer thread, or in the caller's own.
 *
 * Invariant: after a failed transaction nothing is written any more, because what the disk holds is unknown (a failed sync may have
 * dropped pages that a second one would not report); every later request is answered `failed`.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { KvRecord } from '../core/record.ts';
import { isNewer } from '../core/version.ts';
import { ContentDigest } from './digest.ts';
import { type DiskFault, FaultyDisk } from './disk-fault.ts';
import { IDEMPOTENCY_KEEP } from './entries.ts';
import {
  ENTRY,
  HISTORY,
  type HistoryRow,
  numberFrom,
  openWriter,
  type Row,
  readContent,
  recordOf,
  SELECT_ROW,
  WRITE_CONTENT,
} from './sqlite-format.ts';
import { type Answer, type Columns, type CommitRequest, NUMBERS_PER_ROW, packRows, unpackRows } from './sqlite-messages.ts';
import { reasonOf, StoreError } from './store-error.ts';

const UPDATE = 'UPDATE kv SET value = ?, epoch = ?, seq = ?, need = ?, timestamp_ms = ? WHERE key = ?';
const INSERT = 'INSERT INTO kv (value, epoch, seq, need, timestamp_ms, key) VALUES (?, ?, ?, ?, ?, ?)';
const KEEP_ENTRY = `INSERT INTO idempotency (${ENTRY}) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET fingerprint = excluded.fingerprint,
  epoch = excluded.epoch, seq = excluded.seq, need = excluded.need, existed = excluded.existed WHERE (epoch, seq) < (excluded.epoch, excluded.seq)`;
const DROP_AFTER = 'DELETE FROM idempotency WHERE (epoch, seq) > (?, ?)';
const FORGET_ENTRIES = 'DELETE FROM idempotency WHERE seq <= ?';
const NEWEST = `SELECT max(coalesce((SELECT seq FROM kv ORDER BY epoch DESC, seq DESC LIMIT 1), 0), watermark_seq) FROM node`;
const OLDEST = 'SELECT min(seq) FROM idempotency';
const MOVE =
  'UPDATE node SET watermark_epoch = ?, watermark_seq = ?, cursor_epoch = ?, cursor_seq = ?, scan_epoch = ?, k_min = ? WHERE id = 1';
const REMOVE = 'DELETE FROM kv WHERE key = ?';
const FORGET = 'DELETE FROM history';
const REMEMBER = `INSERT INTO history (${HISTORY}) VALUES (?, ?, ?, ?, ?, ?)`;

export class Writer {
  readonly #database: DatabaseSync;
  readonly #begin: StatementSync;
  readonly #end: StatementSync;
  readonly #select: StatementSync;
  readonly #update: StatementSync;
  readonly #insert: StatementSync;
  readonly #move: StatementSync;
  readonly #keepEntry: StatementSync;
  readonly #dropAfter: StatementSync;
  readonly #forgetEntries: StatementSync;
  /** Seq of the oldest entry, or lower; Infinity: there is none. A commit of a store without entries looks at nothing more. */
  #oldestEntry: number;
  readonly #disk: FaultyDisk;
  readonly #writeContent: StatementSync;
  readonly #digest: ContentDigest;
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
    this.#move = database.prepare(MOVE);
    this.#keepEntry = database.prepare(KEEP_ENTRY);
    this.#dropAfter = database.prepare(DROP_AFTER);
    this.#forgetEntries = database.prepare(FORGET_ENTRIES);
    this.#oldestEntry = oldestEntry(database);
    this.#writeContent = database.prepare(WRITE_CONTENT);
    this.#digest = new ContentDigest(readContent(database));
  }

  commit(request: CommitRequest): Answer {
    if (this.#failure !== null) return { kind: 'failed', message: this.#failure };
    try {
      this.#begin.run();
      const previous = request.previousOf.length === 0 ? null : this.#read(request.previousOf);
      if (request.dropEntriesAfter !== null) this.#dropAfter.run(...request.dropEntriesAfter);
      const removed = this.#remove(request.removed);
      const inserted = this.#write(request.rows);
      if (request.entries !== null) this.#keepEntries(request.entries);
      if (request.position !== null) this.#move.run(...request.position);
      if (this.#oldestEntry !== Number.POSITIVE_INFINITY) this.#forgetOldest();
      if (request.history !== null) this.#remember(request.history);
      const { content } = this.#digest;
      const changed = request.rows.keys.length + request.removed.length;
      if (changed > 0) this.#writeContent.run(content.digest, content.live);
      this.#disk.write(changed);
      this.#end.run();
      this.#disk.sync(changed);
      return { kind: 'persisted', previous, grown: inserted - removed, content };
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

  #keepEntries({ keys, values, numbers }: Columns): void {
    for (let i = 0; i < keys.length; i += 1) {
      const [epoch = 0, seq = 0, need = 0, existed = 0] = numbers.subarray(i * NUMBERS_PER_ROW, (i + 1) * NUMBERS_PER_ROW);
      this.#keepEntry.run(keys[i] as string, values[i] as string, epoch, seq, need, existed);
      this.#oldestEntry = Math.min(this.#oldestEntry, seq);
    }
  }

  #forgetOldest(): void {
    const last = numberFrom(this.#database, NEWEST) - IDEMPOTENCY_KEEP;
    if (this.#oldestEntry > last) return;
    this.#forgetEntries.run(last);
    this.#oldestEntry = oldestEntry(this.#database);
  }

  /** Every change of a row goes through here, whatever made it: the digest is told what stood there before. */
  #put(held: KvRecord | null, record: KvRecord): void {
    const { key, value, version, need, timestampMs } = record;
    const statement = held === null ? this.#insert : this.#update;
    statement.run(value, version.epoch, version.seq, need, timestampMs, key);
    this.#digest.replace(held, record);
  }
}

function oldestEntry(database: DatabaseSync): number {
  return numberFrom(database, OLDEST) || Number.POSITIVE_INFINITY;
}

/** Why a data file could not be opened, as one message. */
export function refusal(file: string, error: unknown): string {
  if (error instanceof StoreError) return error.message;
  return `expected a readable kvctl data file, got "${reasonOf(error)}" at ${file}: restore it from a copy, or purge this node's data and let it catch up from the others`;
}
