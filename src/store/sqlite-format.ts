/**
 * The file on disk: its schema, how it is recognised, and how a connection to it is set up.
 *
 * `kv` has no rowid, so a row is found by one search in one tree; keys are TEXT, compared as UTF-8 bytes (collation BINARY; SQLite keeps
 * NUL and everything else in them). `value` comes last: reading a version never touches the overflow pages of a large value.
 * The unique index holds the order of versions that catch-up reads. A tombstone is a NULL value; by their own index they are found when they
 * are collected. `node` has one row: the position, and what all rows together come to (digest.ts), both of the newest transaction. `history` has
 * the openings of epochs that belong to the position. `idempotency` holds what entries.ts says. Older files are brought up when they are opened.
 */
import { DatabaseSync } from 'node:sqlite';
import type { Content, History, IdempotencyEntry, KvRecord, Position } from '../core/record.ts';
import { ContentDigest, EMPTY_CONTENT } from './digest.ts';
import { StoreError } from './store-error.ts';

export const DATA_FILE = 'data.sqlite';

/** Raised whenever a file of the older form can no longer be read as it is. */
const FORMAT = 3;

/** Without a digest and a history, which an older kvctl would not keep up. */
const FORMAT_WITHOUT_DIGEST = 1;

/** Without a purge floor; and of entries without what tells which are still true after a change of leader. */
const FORMAT_WITHOUT_PURGE = 2;

/** "kvct": marks the file as ours among all SQLite files. */
const APPLICATION_ID = 0x6b766374;

/**
 * Only our own connections share the file. A lock is held for microseconds, or while a log that a crash left is recovered at start;
 * waiting is better than failing, and past five seconds something is wrong that waiting does not cure.
 */
const BUSY_TIMEOUT_MS = 5000;

const HISTORY_TABLE = `CREATE TABLE history (
    epoch INTEGER NOT NULL PRIMARY KEY,
    leader TEXT NOT NULL,
    seq INTEGER NOT NULL,
    floor_epoch INTEGER NOT NULL,
    floor_seq INTEGER NOT NULL,
    is_forced INTEGER NOT NULL
  ) STRICT;`;

const TOMBSTONE_INDEX = 'CREATE INDEX kv_tombstones ON kv (epoch, seq) WHERE value IS NULL;';

const ROW_COLUMNS = `
    key TEXT NOT NULL PRIMARY KEY,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    need INTEGER NOT NULL,
    timestamp_ms REAL NOT NULL,
    value TEXT`;

const ENTRY_COLUMNS = `
    key TEXT NOT NULL PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    need INTEGER NOT NULL,
    existed INTEGER NOT NULL,
    record_key TEXT NOT NULL DEFAULT '',
    told_epoch INTEGER NOT NULL DEFAULT 0`;

const SCHEMA = `
  CREATE TABLE kv (${ROW_COLUMNS}) STRICT, WITHOUT ROWID;
  CREATE UNIQUE INDEX kv_by_version ON kv (epoch, seq);
  CREATE TABLE node (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    watermark_epoch INTEGER NOT NULL,
    watermark_seq INTEGER NOT NULL,
    cursor_epoch INTEGER NOT NULL,
    cursor_seq INTEGER NOT NULL,
    scan_epoch INTEGER NOT NULL,
    k_min INTEGER,
    digest TEXT NOT NULL DEFAULT '${EMPTY_CONTENT.digest}',
    live INTEGER NOT NULL DEFAULT 0,
    purge_epoch INTEGER NOT NULL DEFAULT 0,
    purge_seq INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  INSERT INTO node VALUES (1, 0, 0, 0, 0, 0, NULL, '${EMPTY_CONTENT.digest}', 0, 0, 0);
  ${HISTORY_TABLE}
  ${TOMBSTONE_INDEX}
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${FORMAT};
`;

/** A snapshot that is being built: a generation beside the data. */
export const STAGE_SCHEMA = `
  CREATE TABLE kv_next (${ROW_COLUMNS}) STRICT, WITHOUT ROWID;
  CREATE TABLE idempotency_next (${ENTRY_COLUMNS}) STRICT, WITHOUT ROWID;
`;

export const DROP_STAGE = 'DROP TABLE IF EXISTS kv_next; DROP TABLE IF EXISTS idempotency_next;';

const BRING_UP_DIGEST = `
  ALTER TABLE node ADD COLUMN digest TEXT NOT NULL DEFAULT '${EMPTY_CONTENT.digest}';
  ALTER TABLE node ADD COLUMN live INTEGER NOT NULL DEFAULT 0;
  ${HISTORY_TABLE}
`;

const BRING_UP_PURGE = `
  ALTER TABLE node ADD COLUMN purge_epoch INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE node ADD COLUMN purge_seq INTEGER NOT NULL DEFAULT 0;
  ${TOMBSTONE_INDEX}
`;

/** The first files of the older form had no entries at all. Of those that had, the key of the row stays unknown, and empty, which no key is. */
const BRING_UP_ENTRIES = `
  ALTER TABLE idempotency ADD COLUMN record_key TEXT NOT NULL DEFAULT '';
  ALTER TABLE idempotency ADD COLUMN told_epoch INTEGER NOT NULL DEFAULT 0;
  UPDATE idempotency SET told_epoch = epoch;
`;

/** Two orders: of versions, which catch-up reads, and of seqs, by which the oldest go. */
const ENTRIES_SCHEMA = `
  CREATE TABLE IF NOT EXISTS idempotency (${ENTRY_COLUMNS}) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS idempotency_by_version ON idempotency (epoch, seq);
  CREATE INDEX IF NOT EXISTS idempotency_by_seq ON idempotency (seq);
`;

/** The columns of an entry, in the order in which `toEntry` and the writer's statements take them. */
export const ENTRY = 'key, fingerprint, epoch, seq, need, existed, record_key';

export type EntryRow = readonly [
  key: string,
  fingerprint: string,
  epoch: number,
  seq: number,
  need: number,
  existed: number,
  recordKey: string,
];

export function toEntry([key, fingerprint, epoch, seq, need, existed, recordKey]: EntryRow): IdempotencyEntry {
  return { key, fingerprint, existed: existed === 1, recordKey, version: { epoch, seq }, need };
}

export function entryRow({ key, fingerprint, existed, recordKey, version, need }: IdempotencyEntry): EntryRow {
  return [key, fingerprint, version.epoch, version.seq, need, existed ? 1 : 0, recordKey];
}

/** The columns of a row, in the order in which `recordOf` and the writer's statements take them. */
export const ROW = 'key, value, epoch, seq, need, timestamp_ms';

export const SELECT_ROW = `SELECT ${ROW} FROM kv WHERE key = ?`;

export const SELECT_POSITION =
  'SELECT watermark_epoch, watermark_seq, cursor_epoch, cursor_seq, scan_epoch, k_min, purge_epoch, purge_seq FROM node';

export const HISTORY = 'epoch, leader, seq, floor_epoch, floor_seq, is_forced';

export const SELECT_HISTORY = `SELECT ${HISTORY} FROM history ORDER BY epoch`;

export const WRITE_CONTENT = 'UPDATE node SET digest = ?, live = ? WHERE id = 1';

/** A row as an array; connections are set to return arrays, which cost two thirds of what objects do. */
export type Row = readonly [key: string, value: string | null, epoch: number, seq: number, need: number, timestampMs: number];

export function recordOf(row: Row): KvRecord {
  return { key: row[0], value: row[1], version: { epoch: row[2], seq: row[3] }, need: row[4], timestampMs: row[5] };
}

export function positionOf(row: readonly number[], history: History): Position {
  const [watermarkEpoch, watermarkSeq, cursorEpoch, cursorSeq, scanEpoch, kMin, purgeEpoch, purgeSeq] = row as [
    number,
    number,
    number,
    number,
    number,
    number | null,
    number,
    number,
  ];
  return {
    watermark: { epoch: watermarkEpoch, seq: watermarkSeq },
    cursor: { epoch: cursorEpoch, seq: cursorSeq },
    cursorEpoch: scanEpoch,
    kMin,
    history,
    purgeFloor: { epoch: purgeEpoch, seq: purgeSeq },
  };
}

/** One opening, in the order of the table's columns. */
export type HistoryRow = readonly [epoch: number, leader: string, seq: number, floorEpoch: number, floorSeq: number, isForced: number];

export function historyOf(rows: readonly HistoryRow[]): History {
  return rows.map(([epoch, leader, seq, floorEpoch, floorSeq, isForced]) => {
    return { epoch, leader, seq, floor: { epoch: floorEpoch, seq: floorSeq }, isForced: isForced === 1 };
  });
}

export function historyRows(history: History): readonly HistoryRow[] {
  return history.map(({ epoch, leader, seq, floor, isForced }) => [epoch, leader, seq, floor.epoch, floor.seq, isForced ? 1 : 0]);
}

/** The inverse of `positionOf`, in the order of the table's columns. */
export function columnsOf(position: Position): readonly (number | null)[] {
  const { watermark, cursor, cursorEpoch, kMin, purgeFloor } = position;
  return [watermark.epoch, watermark.seq, cursor.epoch, cursor.seq, cursorEpoch, kMin, purgeFloor.epoch, purgeFloor.seq];
}

/**
 * The connection that writes: makes the file if there is none, refuses one that is not ours or of another format.
 * synchronous=FULL: a commit returns after the log is on disk. Not quicker settings: NORMAL syncs at checkpoints only.
 */
export function openWriter(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS, returnArrays: true });
  try {
    if (isNew(database)) {
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
      database.exec(`BEGIN IMMEDIATE; ${SCHEMA} COMMIT`);
    } else {
      refuseOtherFormats(database, file);
    }
    database.exec(`BEGIN IMMEDIATE; ${ENTRIES_SCHEMA} ${DROP_STAGE} COMMIT`);
    // Every 1,000 pages of log are copied back, which delays one commit by 10 ms or so; 4,000 pages, or four times the cache, gained nothing.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -4096; PRAGMA wal_autocheckpoint = 1000');
    if (formatOf(database) !== FORMAT) bringUp(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** A connection that cannot write. Each has its own view of the data. */
export function openReader(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { readOnly: true, timeout: BUSY_TIMEOUT_MS, returnArrays: true });
  // Small: what is cached is thrown away with every commit of the writer.
  database.exec('PRAGMA cache_size = -1024');
  return database;
}

/** As the newest transaction that this connection sees left it. */
export function readContent(database: DatabaseSync): Content {
  const [digest, live] = database.prepare('SELECT digest, live FROM node').get() as unknown as readonly [string, number];
  return { digest, live };
}

/** One number from a statement that yields one row of one column. */
export function numberFrom(database: DatabaseSync, sql: string): number {
  const row = database.prepare(sql).get() as unknown as readonly number[] | undefined;
  return Number(row?.[0]);
}

function isNew(database: DatabaseSync): boolean {
  return numberFrom(database, 'SELECT count(*) FROM sqlite_schema') === 0 && formatOf(database) === 0;
}

function formatOf(database: DatabaseSync): number {
  return numberFrom(database, 'PRAGMA user_version');
}

/** Reads all rows, once in the life of a file. */
function bringUp(database: DatabaseSync): void {
  database.exec('BEGIN IMMEDIATE');
  if (formatOf(database) === FORMAT_WITHOUT_DIGEST) {
    database.exec(BRING_UP_DIGEST);
    const rows = database.prepare(`SELECT ${ROW} FROM kv`).iterate() as Iterable<unknown>;
    const { content } = ContentDigest.of(Iterator.from(rows).map((row) => recordOf(row as Row)));
    database.prepare(WRITE_CONTENT).run(content.digest, content.live);
  }
  database.exec(BRING_UP_PURGE);
  const has = numberFrom(database, "SELECT count(*) FROM pragma_table_info('idempotency') WHERE name = 'told_epoch'");
  if (has === 0) database.exec(BRING_UP_ENTRIES);
  database.exec(`PRAGMA user_version = ${FORMAT}; COMMIT`);
}

function refuseOtherFormats(database: DatabaseSync, file: string): void {
  if (numberFrom(database, 'PRAGMA application_id') !== APPLICATION_ID) {
    throw new StoreError(`expected a kvctl data file, got a database of another program at ${file}: set DATA_DIR to another directory`);
  }
  const format = formatOf(database);
  if ([FORMAT, FORMAT_WITHOUT_PURGE, FORMAT_WITHOUT_DIGEST].includes(format)) return;
  const advice = format > FORMAT ? 'run the newer kvctl that wrote it' : 'run the older kvctl that wrote it, or purge the data';
  throw new StoreError(`expected data of format ${FORMAT}, got format ${format} at ${file}: ${advice}`);
}
