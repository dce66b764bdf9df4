/**
 * The store contract: the newest record per key, an index by version, and the node's position, kept together.
 *
 * Not here: who may write, what is newer in the protocol's sense, hard state (a file of its own, hard-state.ts).
 * Invariant: exactly one row per key, live or tombstone; a commit keeps the newest version per key, whatever the order
 * in which versions arrive, so late, repeated and reordered records are harmless. Beside the rows stands one entry per `Idempotency-Key` (entries.ts).
 */
import type { ViewPart } from '../core/message.ts';
import type { Content, IdempotencyEntry, KvRecord, Position, Replacement, Stage } from '../core/record.ts';
import type { Version } from '../core/version.ts';
import type { DiskFault } from './disk-fault.ts';

export interface Commit {
  /** In any order, possibly several of one key; of each key only the newest, here or already stored, remains. */
  readonly records: readonly KvRecord[];
  /**
   * Entries that come without their records, as a page brings them. The records bring their own, whether or not their row remains. Of each
   * `Idempotency-Key` the newest remains.
   */
  readonly entries?: readonly IdempotencyEntry[];
  /** Of the leader that tells of these records and entries; each entry keeps the newest such epoch. Omitted: 0, no leader's. */
  readonly epoch?: number;
  /** In the end, entries of newer versions go that no leader of `epoch` or a later one told. */
  readonly dropUntoldAfter?: Version;
  /**
   * In the end, entries of newer versions go whose write is not in the data: the row of its key is older, or not there, or came with a later epoch than
   * the last that told the entry, so that it does not speak for the write.
   */
  readonly dropOrphansAfter?: Version;
  /**
   * The position after this commit, durable in the same transaction; omitted or null, the stored one stays. Tombstones up to its purge floor go with the
   * commit that raises it.
   */
  readonly position?: Position | null;
  /**
   * Nothing else but the position comes with it. What is staged is seen by no read, and thrown away when the store is opened, and with what a later
   * epoch's leader tells.
   */
  readonly stage?: Stage;
  /** Keys of which the row that stood *before* this commit is wanted back. */
  readonly previousOf?: readonly string[];
  /** Applied before `records`, whatever their versions; what they roll back can be read by `rolledBack` before it leaves the data. No other commit may run meanwhile. */
  readonly replacements?: readonly Replacement[];
}

export interface RolledBack {
  readonly record: KvRecord;
  /** Of what the lineage has in its place; null: nothing. A newer one than the record's may be its successor, so that the record was part of the lineage. */
  readonly instead: Version | null;
}

export interface Persisted {
  /** One entry per key of `previousOf`: the row before the commit, a tombstone included, or null. */
  readonly previous: ReadonlyMap<string, KvRecord | null>;
  /** What was staged is not what it was to be, and was thrown away; nothing else changed. */
  readonly isSpoilt?: boolean;
}

/** Rows of (since, coversTo] in version order, as one consistent view saw them. */
export interface Page {
  readonly since: Version;
  /** Every row of the view with a version in (since, coversTo] is in `rows`. */
  readonly coversTo: Version;
  /** The newest version that the view knows: max(newest row, watermark). */
  readonly head: Version;
  readonly rows: readonly KvRecord[];
  /** Every entry of the view with a version in (since, coversTo], in version order. Absent: there is none. */
  readonly entries?: readonly IdempotencyEntry[];
}

export interface ScanRange {
  readonly since: Version;
  /** Upper bound of coversTo, inclusive; null = up to the view's head. */
  readonly until: Version | null;
  /** At most so many rows, so many entries and, but for at least one row, so many bytes of key and value. */
  readonly limit: number;
  readonly maxBytes: number;
}

export interface ListRange {
  readonly prefix: string;
  /** Exclusive lower bound; '' from the start. */
  readonly after: string;
  readonly limit: number;
}

/** One consistent view for `GET /dump`: not disturbed by commits made while it is read. Close it on every way out. */
export interface DumpView {
  readonly position: Position;
  /** The newest version of the view: max(newest row, watermark). */
  readonly head: Version;
  /** Rows that `rows()` will yield. */
  readonly count: number;
  /** As it was kept up to this view, not computed from the rows: whoever reads them can tell whether they fit. */
  readonly content: Content;
  /** By UTF-8 bytes of the key. */
  rows(): Iterable<KvRecord>;
  entries(): Iterable<IdempotencyEntry>;
  close(): void;
}

export interface Store {
  readonly kind: 'memory' | 'sqlite';
  /**
   * Makes the batch durable (sqlite: on disk, one transaction, one fsync) and answers once it is.
   * Commits are applied in call order. A rejection means that the outcome is unknown: the caller must treat the
   * records as possibly durable, and the store refuses every further commit.
   */
  commit(batch: Commit): Promise<Persisted>;
  /** The last committed position. */
  position(): Position;
  /** max(newest row, watermark) of the committed data. */
  head(): Version;
  /** The committed row of this key, a tombstone included. Synchronous: microseconds. */
  get(key: string): KvRecord | null;
  /** The committed entry of this `Idempotency-Key`, among those of the newest 100,000 versions. Synchronous: microseconds. */
  idempotency(key: string): IdempotencyEntry | null;
  /** One page of changes, from one read transaction. */
  scan(range: ScanRange): Page;
  /** Live rows with the prefix, by UTF-8 bytes of the key. */
  list(range: ListRange): readonly KvRecord[];
  /** `tombstones` false leaves tombstones out of count and rows; the digest never counts them. */
  dump(options: { tombstones: boolean }): DumpView;
  /**
   * The next part of the view of this number, which the first reading opens on the data as they are then: rows by key, tombstones among them, then
   * entries; at most `limit` of them and, but for at least one row, about `maxBytes`. After its last part a view is closed.
   */
  readView(view: number, limit: number, maxBytes: number): ViewPart;
  /** One that is not open is none. */
  closeView(view: number): void;
  /** Rows, tombstones included. */
  count(): number;
  /** What replacements removed, oldest first, each version once; read as it is asked for. */
  rolledBack(): AsyncIterable<RolledBack>;
  /** Of the committed data, the same that `position` and `head` speak of. O(1). */
  content(): Content;
  /** The node is to lead: from now on no commit stops the caller's event loop. Not there where none does. */
  lead?(): void;
  /** Has one of the commits to come fail; null: none. For tests; not there where there is no disk. */
  setFault?(fault: DiskFault | null): void;
  /** Waits for running commits; afterwards nothing may be called, but for close itself. */
  close(): Promise<void>;
}
