/**
 * The only connection that writes: one request, one transaction, one sync. Runs in the writer thread, or in the caller's own.
 *
 * Invariant: after a failed transaction nothing is written any more, because what the disk holds is unknown (a failed sync may have
 * dropped pages that a second one would not report); every later request is answered `failed`.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { KvRecord } from '../core/record.ts';
import { HISTORY, type HistoryRow, openWriter, type Row, recordOf, SELECT_ROW } from './sqlite-format.ts';
import { type Answer, type Columns, type CommitRequest, NUMBERS_PER_ROW, packRows } from './sqlite-messages.ts';
import { reasonOf, StoreError } from './store-error.ts';

/** Two statements instead of one upsert: a rewrite costs the same, and `changes` tells which keys are new, so that counting stays O(1). */
const UPDATE = `UPDATE kv SET value = ?, epoch = ?, seq = ?, need = ?, timestamp_ms = ? WHERE key = ? AND (epoch, seq) < (?, ?)`;
const INSERT = `INSERT INTO kv (value, epoch, seq, need, timestamp_ms, key) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING`;
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
  #failure: string | null = null;

  constructor(file: string) {
    const database = openWriter(file);
    this.#database = database;
    this.#begin = database.prepare('BEGIN IMMEDIATE');
    this.#end = database.prepare('COMMIT');
    this.#select = database.prepare(SELECT_ROW);
    this.#update = database.prepare(UPDATE);
    this.#insert = database.prepare(INSERT);
    this.#move = database.prepare(MOVE);
  }

  commit(request: CommitRequest): Answer {
    if (this.#failure !== null) return { kind: 'failed', message: this.#failure };
    try {
      this.#begin.run();
      const previous = request.previousOf.length === 0 ? null : this.#read(request.previousOf);
      const removed = this.#remove(request.removed);
      const inserted = this.#write(request.rows);
      if (request.position !== null) this.#move.run(...request.position);
      if (request.history !== null) this.#remember(request.history);
      this.#end.run();
      return { kind: 'persisted', previous, grown: inserted - removed };
    } catch (error) {
      this.#failure = reasonOf(error);
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      return { kind: 'failed', message: this.#failure };
    }
  }

  close(): void {
    this.#database.close();
  }

  #read(keys: readonly string[]): Columns {
    const found: KvRecord[] = [];
    for (const key of keys) {
      const row = this.#select.get(key);
      if (row !== undefined) found.push(recordOf(row as unknown as Row));
    }
    return packRows(found);
  }

  /** Answers how many keys are gone. */
  #remove(keys: readonly string[]): number {
    if (keys.length === 0) return 0;
    const remove = this.#database.prepare(REMOVE);
    let removed = 0;
    for (const key of keys) removed += Number(remove.run(key).changes);
    return removed;
  }

  #remember(history: readonly HistoryRow[]): void {
    this.#database.exec(FORGET);
    const remember = this.#database.prepare(REMEMBER);
    for (const row of history) remember.run(...row);
  }

  /** Answers how many keys are new. */
  #write({ keys, values, numbers }: Columns): number {
    let inserted = 0;
    for (let i = 0; i < keys.length; i += 1) {
      const key = keys[i] as string;
      const value = values[i] as string | null;
      const at = i * NUMBERS_PER_ROW;
      const epoch = numbers[at] as number;
      const seq = numbers[at + 1] as number;
      const need = numbers[at + 2] as number;
      const timestampMs = numbers[at + 3] as number;
      if (this.#update.run(value, epoch, seq, need, timestampMs, key, epoch, seq).changes === 1) continue;
      inserted += Number(this.#insert.run(value, epoch, seq, need, timestampMs, key).changes);
    }
    return inserted;
  }
}

/** Why a data file could not be opened, as one message. */
export function refusal(file: string, error: unknown): string {
  if (error instanceof StoreError) return error.message;
  return `expected a readable kvctl data file, got "${reasonOf(error)}" at ${file}: restore it from a copy, or purge this node's data and let it catch up from the others`;
}
