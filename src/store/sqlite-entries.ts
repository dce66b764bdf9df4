/** The table of entries (entries.ts) as the writing connection changes it, inside the caller's transaction. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Version } from '../core/version.ts';
import { IDEMPOTENCY_KEEP } from './entries.ts';
import { ENTRY, type EntryRow, numberFrom } from './sqlite-format.ts';

const KEEP = `INSERT INTO idempotency (${ENTRY}, told_epoch) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET
  told_epoch = CASE WHEN (epoch, seq) < (excluded.epoch, excluded.seq) THEN excluded.told_epoch ELSE max(told_epoch, excluded.told_epoch) END,
  fingerprint = excluded.fingerprint, epoch = excluded.epoch, seq = excluded.seq, need = excluded.need, existed = excluded.existed,
  record_key = excluded.record_key WHERE (epoch, seq) <= (excluded.epoch, excluded.seq)`;
const DROP_UNTOLD = 'DELETE FROM idempotency WHERE (epoch, seq) > (?, ?) AND told_epoch < ?';
const DROP_ORPHANS = `DELETE FROM idempotency WHERE (epoch, seq) > (?, ?) AND record_key <> '' AND NOT EXISTS (SELECT 1 FROM kv WHERE kv.key = idempotency.record_key
  AND (kv.epoch, kv.seq) >= (idempotency.epoch, idempotency.seq) AND kv.epoch <= idempotency.told_epoch)`;
const FORGET = 'DELETE FROM idempotency WHERE seq <= ?';
const NEWEST = `SELECT max(coalesce((SELECT seq FROM kv ORDER BY epoch DESC, seq DESC LIMIT 1), 0), watermark_seq) FROM node`;
const OLDEST = 'SELECT min(seq) FROM idempotency';

export class EntryTable {
  readonly #database: DatabaseSync;
  readonly #keep: StatementSync;
  readonly #forget: StatementSync;
  /** Seq of the oldest entry, or lower; Infinity: there is none. A commit of a store without entries looks at nothing more. */
  #oldest: number;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#keep = database.prepare(KEEP);
    this.#forget = database.prepare(FORGET);
    this.#oldest = oldestEntry(database);
  }

  keep(entries: readonly EntryRow[], epoch: number): void {
    for (const entry of entries) {
      this.#keep.run(...entry, epoch);
      this.#oldest = Math.min(this.#oldest, entry[3]);
    }
  }

  dropUntold({ epoch, seq }: Version, toldBefore: number): void {
    if (this.#oldest !== Number.POSITIVE_INFINITY) this.#database.prepare(DROP_UNTOLD).run(epoch, seq, toldBefore);
  }

  dropOrphans({ epoch, seq }: Version): void {
    if (this.#oldest !== Number.POSITIVE_INFINITY) this.#database.prepare(DROP_ORPHANS).run(epoch, seq);
  }

  forgetOldest(): void {
    if (this.#oldest === Number.POSITIVE_INFINITY) return;
    const last = numberFrom(this.#database, NEWEST) - IDEMPOTENCY_KEEP;
    if (this.#oldest > last) return;
    this.#forget.run(last);
    this.lookAgain();
  }

  /** The table was filled in another way. */
  lookAgain(): void {
    this.#oldest = oldestEntry(this.#database);
  }
}

function oldestEntry(database: DatabaseSync): number {
  return numberFrom(database, OLDEST) || Number.POSITIVE_INFINITY;
}
