/**
 * One generation of what a memory store holds: its rows, in two orders, the entries beside them, and the digest of all.
 *
 * Invariant: `#byKey`, `#byVersion` and `#keys` hold the same rows, one per key, and `#entries` and `#entriesByVersion` the same entries. Records
 * are never changed, so a dump view is a list of references.
 */
import type { Content, IdempotencyEntry, KvRecord } from '../core/record.ts';
import { compareVersions, formatVersion, isNewer, type Version, ZERO } from '../core/version.ts';
import { ContentDigest } from './digest.ts';
import { IDEMPOTENCY_KEEP, rowOf } from './entries.ts';
import { compareKeys } from './key-order.ts';
import { SortedList } from './sorted-list.ts';
import { StoreError } from './store-error.ts';

interface Told {
  readonly entry: IdempotencyEntry;
  /** The newest epoch whose leader told of it. */
  readonly epoch: number;
}

export class MemoryTable {
  readonly #byKey = new Map<string, KvRecord>();
  readonly #byVersion = new SortedList<KvRecord, Version>((record, at) => compareVersions(record.version, at));
  readonly #keys = new SortedList<string, string>(compareKeys);
  readonly #entries = new Map<string, Told>();
  readonly #entriesByVersion = new SortedList<IdempotencyEntry, Version>((entry, at) => compareVersions(entry.version, at));
  readonly #digest = new ContentDigest();

  get count(): number {
    return this.#byKey.size;
  }

  get content(): Content {
    return this.#digest.content;
  }

  /** Of the rows; ZERO if there are none. */
  newest(): Version {
    return this.#byVersion.last()?.version ?? ZERO;
  }

  get(key: string): KvRecord | null {
    return this.#byKey.get(key) ?? null;
  }

  entry(key: string): IdempotencyEntry | null {
    return this.#entries.get(key)?.entry ?? null;
  }

  /** Those of (since, last] in version order. */
  between(since: Version, last: Version): Iterable<KvRecord> {
    return between(this.#byVersion, since, last);
  }

  entriesBetween(since: Version, last: Version): Iterable<IdempotencyEntry> {
    return between(this.#entriesByVersion, since, last);
  }

  allEntries(): readonly IdempotencyEntry[] {
    return [...this.#entriesByVersion.from(ZERO)];
  }

  *fromKey(first: string): Generator<KvRecord, void, undefined> {
    for (const key of this.#keys.from(first)) yield this.#byKey.get(key) as KvRecord;
  }

  remove(key: string): void {
    const held = this.get(key);
    if (held === null) return;
    this.#byKey.delete(key);
    this.#byVersion.remove(held.version);
    this.#keys.remove(key);
    this.#digest.replace(held, null);
  }

  /** If it is newer than what stands there. */
  apply(record: KvRecord): void {
    const held = this.get(record.key);
    if (held === null || isNewer(record.version, held.version)) this.#put(held, rowOf(record));
  }

  /** Tombstones of (from, to] go. */
  collect(from: Version, to: Version): void {
    if (!isNewer(to, from)) return;
    for (const row of [...this.between(from, to)]) if (row.value === null) this.remove(row.key);
  }

  remember(entry: IdempotencyEntry, epoch: number): void {
    const held = this.#entries.get(entry.key);
    if (held !== undefined && isNewer(held.entry.version, entry.version)) return;
    if (held !== undefined) this.#entriesByVersion.remove(held.entry.version);
    const isSame = held !== undefined && compareVersions(held.entry.version, entry.version) === 0;
    this.#entries.set(entry.key, { entry, epoch: isSame ? Math.max(held.epoch, epoch) : epoch });
    this.#entriesByVersion.add(entry, entry.version);
  }

  dropUntold(after: Version, epoch: number): void {
    this.#drop(after, (told) => told.epoch < epoch);
  }

  dropOrphans(after: Version): void {
    this.#drop(after, ({ entry, epoch }) => {
      const row = this.get(entry.recordKey);
      return row === null || isNewer(entry.version, row.version) || row.version.epoch > epoch;
    });
  }

  forgetOldest(newestSeq: number): void {
    const lastSeq = newestSeq - IDEMPOTENCY_KEEP;
    // Versions of one lineage grow with their seq.
    for (let oldest = this.#oldestEntry(); oldest !== null && oldest.version.seq <= lastSeq; oldest = this.#oldestEntry())
      this.#forget(oldest);
  }

  #oldestEntry(): IdempotencyEntry | null {
    return this.#entriesByVersion.from(ZERO).next().value ?? null;
  }

  #drop(after: Version, isVoid: (told: Told) => boolean): void {
    for (const entry of [...this.#entriesByVersion.from(after)])
      if (isNewer(entry.version, after) && isVoid(this.#entries.get(entry.key) as Told)) this.#forget(entry);
  }

  #forget(entry: IdempotencyEntry): void {
    this.#entries.delete(entry.key);
    this.#entriesByVersion.remove(entry.version);
  }

  /** Every change of a row goes through here, whatever made it. */
  #put(held: KvRecord | null, record: KvRecord): void {
    if (held === null) this.#keys.add(record.key, record.key);
    else this.#byVersion.remove(held.version);
    this.#byKey.set(record.key, record);
    this.#digest.replace(held, record);
    if (this.#byVersion.add(record, record.version)) return;
    throw new StoreError(`expected one key per version, but ${formatVersion(record.version)} came with two: restart the node`);
  }
}

function* between<T extends { readonly version: Version }>(list: SortedList<T, Version>, since: Version, last: Version): Generator<T> {
  for (const item of list.from(since)) {
    if (isNewer(item.version, last)) return;
    if (isNewer(item.version, since)) yield item;
  }
}
