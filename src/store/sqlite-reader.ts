/**
 * Everything that reads: synchronous statements on a read-only connection, microseconds each.
 *
 * A single statement is a view of its own; a page and a dump hold a read transaction for theirs. Readers never wait for the writer, and
 * see a commit only once it is on disk (SQLite publishes a commit after syncing it).
 * The price: a dump that stays open keeps the log from being reused, so the log grows until it is closed.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Content, IdempotencyEntry, KvRecord, Position } from '../core/record.ts';
import { maxVersion, type Version, ZERO } from '../core/version.ts';
import { withEntries } from './entries.ts';
import { compareKeys, successorOfPrefix } from './key-order.ts';
import { cutPage, isEmptyRange, lastOf } from './page.ts';
import {
  ENTRY,
  type EntryRow,
  type HistoryRow,
  historyOf,
  numberFrom,
  openReader,
  positionOf,
  ROW,
  type Row,
  readContent,
  recordOf,
  SELECT_HISTORY,
  SELECT_POSITION,
  SELECT_ROW,
  toEntry,
} from './sqlite-format.ts';
import type { DumpView, ListRange, Page, ScanRange } from './store.ts';
import { reasonOf, StoreError } from './store-error.ts';

const SELECT_NEWEST = 'SELECT epoch, seq FROM kv ORDER BY epoch DESC, seq DESC LIMIT 1';
const SELECT_CHANGES = `SELECT ${ROW} FROM kv INDEXED BY kv_by_version
  WHERE (epoch, seq) > (?, ?) AND (epoch, seq) <= (?, ?) ORDER BY epoch, seq LIMIT ?`;
const SELECT_ENTRY = `SELECT ${ENTRY} FROM idempotency WHERE key = ?`;
const SELECT_ENTRIES = `SELECT ${ENTRY} FROM idempotency INDEXED BY idempotency_by_version
  WHERE (epoch, seq) > (?, ?) AND (epoch, seq) <= (?, ?) ORDER BY epoch, seq LIMIT ?`;
const SELECT_ALL_ENTRIES = `SELECT ${ENTRY} FROM idempotency ORDER BY epoch, seq`;
const SELECT_LIVE = `SELECT ${ROW} FROM kv WHERE key >= ? AND key <> ? AND value IS NOT NULL ORDER BY key LIMIT ?`;
const SELECT_LIVE_BELOW = `SELECT ${ROW} FROM kv WHERE key >= ? AND key < ? AND key <> ? AND value IS NOT NULL ORDER BY key LIMIT ?`;

export class SqliteReader {
  readonly #file: string;
  readonly #database: DatabaseSync;
  readonly #begin: StatementSync;
  readonly #end: StatementSync;
  readonly #row: StatementSync;
  readonly #position: StatementSync;
  readonly #newest: StatementSync;
  readonly #changes: StatementSync;
  readonly #entry: StatementSync;
  readonly #entries: StatementSync;
  readonly #live: StatementSync;
  readonly #liveBelow: StatementSync;

  constructor(file: string) {
    const database = openReader(file);
    this.#file = file;
    this.#database = database;
    this.#begin = database.prepare('BEGIN');
    this.#end = database.prepare('COMMIT');
    this.#row = database.prepare(SELECT_ROW);
    this.#position = database.prepare(SELECT_POSITION);
    this.#newest = database.prepare(SELECT_NEWEST);
    this.#changes = database.prepare(SELECT_CHANGES);
    this.#entry = database.prepare(SELECT_ENTRY);
    this.#entries = database.prepare(SELECT_ENTRIES);
    this.#live = database.prepare(SELECT_LIVE);
    this.#liveBelow = database.prepare(SELECT_LIVE_BELOW);
  }

  position(): Position {
    return this.#reading(() => {
      const history = this.#database.prepare(SELECT_HISTORY).all() as unknown as readonly HistoryRow[];
      return positionOf(this.#position.get() as unknown as number[], historyOf(history));
    });
  }

  /** The newest version among the rows, ZERO if there are none. */
  newest(): Version {
    return this.#reading(() => {
      const row = this.#newest.get() as unknown as readonly [number, number] | undefined;
      return row === undefined ? ZERO : { epoch: row[0], seq: row[1] };
    });
  }

  /** Rows, tombstones included. O(n). */
  count(): number {
    return this.#reading(() => numberFrom(this.#database, 'SELECT count(*) FROM kv'));
  }

  content(): Content {
    return this.#reading(() => readContent(this.#database));
  }

  get(key: string): KvRecord | null {
    return this.#reading(() => {
      const row = this.#row.get(key);
      return row === undefined ? null : recordOf(row as unknown as Row);
    });
  }

  idempotency(key: string): IdempotencyEntry | null {
    return this.#reading(() => {
      const row = this.#entry.get(key);
      return row === undefined ? null : toEntry(row as unknown as EntryRow);
    });
  }

  scan(range: ScanRange): Page {
    return this.#inOneView(() => {
      const head = this.#head();
      if (isEmptyRange(range, head)) return cutPage(range, head, []);
      const { since, limit } = range;
      const last = lastOf(range, head);
      const page = cutPage(range, head, records(this.#changes.iterate(since.epoch, since.seq, last.epoch, last.seq, limit + 1)));
      const { epoch, seq } = page.coversTo;
      return withEntries(page, limit, entries(this.#entries.iterate(since.epoch, since.seq, epoch, seq, limit + 1)));
    });
  }

  list({ prefix, after, limit }: ListRange): readonly KvRecord[] {
    const first = compareKeys(prefix, after) > 0 ? prefix : after;
    const end = successorOfPrefix(prefix);
    return this.#reading(() => {
      const rows = end === null ? this.#live.all(first, after, limit) : this.#liveBelow.all(first, end, after, limit);
      return (rows as unknown as Row[]).map(recordOf);
    });
  }

  /** Counts the rows of the view before it answers, O(n). */
  dump(options: { tombstones: boolean }): DumpView {
    return this.#reading(() => openDump(this.#file, options.tombstones));
  }

  close(): void {
    this.#database.close();
  }

  #head(): Version {
    return maxVersion(this.newest(), positionOf(this.#position.get() as unknown as number[], []).watermark);
  }

  #inOneView<T>(read: () => T): T {
    return this.#reading(() => {
      this.#begin.run();
      try {
        return read();
      } finally {
        this.#end.run();
      }
    });
  }

  #reading<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw unreadable(this.#file, error);
    }
  }
}

/** On a connection of its own, because the view outlives the call. */
function openDump(file: string, tombstones: boolean): DumpView {
  const database = openReader(file);
  try {
    database.exec('BEGIN');
    const history = historyOf(database.prepare(SELECT_HISTORY).all() as unknown as readonly HistoryRow[]);
    const position = positionOf(database.prepare(SELECT_POSITION).get() as unknown as number[], history);
    const newest = database.prepare(SELECT_NEWEST).get() as unknown as readonly [number, number] | undefined;
    const head = maxVersion(newest === undefined ? ZERO : { epoch: newest[0], seq: newest[1] }, position.watermark);
    const shown = tombstones ? 'FROM kv' : 'FROM kv WHERE value IS NOT NULL';
    const count = numberFrom(database, `SELECT count(*) ${shown}`);
    const content = readContent(database);
    const all = database.prepare(`SELECT ${ROW} ${shown} ORDER BY key`);
    const rows = () => records(all.iterate());
    const told = () => entries(database.prepare(SELECT_ALL_ENTRIES).iterate());
    return { position, head, count, content, rows, entries: told, close: () => database.isOpen && database.close() };
  } catch (error) {
    database.close();
    throw error;
  }
}

function* records(rows: Iterable<unknown>): Generator<KvRecord, void, undefined> {
  for (const row of rows) yield recordOf(row as Row);
}

function* entries(rows: Iterable<unknown>): Generator<IdempotencyEntry, void, undefined> {
  for (const row of rows) yield toEntry(row as EntryRow);
}

function unreadable(file: string, error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  return new StoreError(
    `expected to read from ${file}, got "${reasonOf(error)}": restart the node; if it stays so, restore the file, or purge this node's data and let it catch up`,
    error,
  );
}
