/**
 * A snapshot that is being built: a generation of rows and entries beside the data, in the same file, so that the swap is one transaction of it.
 *
 * The swap copies, O(n), where renaming the tables would not; but an index keeps its name, and what reads names it. Everything here runs inside the
 * caller's transactions. What a crash leaves is dropped when the file is opened (sqlite-format.ts).
 */
import type { DatabaseSync } from 'node:sqlite';
import type { Content, KvRecord } from '../core/record.ts';
import { ContentDigest } from './digest.ts';
import { DROP_STAGE, ENTRY, type EntryRow, numberFrom, ROW, STAGE_SCHEMA } from './sqlite-format.ts';

const ADD_ROW = `INSERT OR REPLACE INTO kv_next (${ROW}) VALUES (?, ?, ?, ?, ?, ?)`;
const ADD_ENTRY = `INSERT OR REPLACE INTO idempotency_next (${ENTRY}, told_epoch) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`;
const SWAP = `DELETE FROM kv; INSERT INTO kv (${ROW}) SELECT ${ROW} FROM kv_next;
  DELETE FROM idempotency; INSERT INTO idempotency (${ENTRY}, told_epoch) SELECT ${ENTRY}, told_epoch FROM idempotency_next; ${DROP_STAGE}`;
const COUNT = 'SELECT count(*) FROM kv';

export class SqliteStage {
  readonly #database: DatabaseSync;
  readonly #digest = new ContentDigest();
  /** Of the leader that it is a snapshot of. */
  readonly epoch: number;

  constructor(database: DatabaseSync, epoch: number) {
    this.#database = database;
    this.epoch = epoch;
    database.exec(`${DROP_STAGE} ${STAGE_SCHEMA}`);
  }

  add(rows: Iterable<KvRecord>, entries: readonly EntryRow[]): void {
    const addRow = this.#database.prepare(ADD_ROW);
    for (const row of rows) {
      addRow.run(row.key, row.value, row.version.epoch, row.version.seq, row.need, row.timestampMs);
      this.#digest.replace(null, row);
    }
    const addEntry = this.#database.prepare(ADD_ENTRY);
    for (const entry of entries) addEntry.run(...entry, this.epoch);
  }

  is({ live, digest }: Content): boolean {
    const { content } = this.#digest;
    return content.live === live && content.digest === digest;
  }

  /** Answers by how many keys the data grew. */
  swap(): number {
    const before = numberFrom(this.#database, COUNT);
    this.#database.exec(SWAP);
    return numberFrom(this.#database, COUNT) - before;
  }

  drop(): void {
    this.#database.exec(DROP_STAGE);
  }
}
