/**
 * The store in memory: the same contract as on disk, and nothing left after the process.
 *
 * Not here: anything asynchronous; a commit is done when the call returns, only its answer comes with the next microtask.
 * Invariant: `#byKey`, `#byVersion` and `#keys` hold the same rows, one per key, and `#entries` and `#entriesByVersion` the same entries. Records
 * are never changed, so a dump view is a list of references.
 */
import { EMPTY_POSITION, type IdempotencyEntry, type KvRecord, type Position } from '../core/record.ts';
import { compareVersions, formatVersion, isNewer, maxVersion, type Version, ZERO } from '../core/version.ts';
import { ContentDigest } from './digest.ts';
import { entriesOf, IDEMPOTENCY_KEEP, rowOf, withEntries } from './entries.ts';
import { compareKeys } from './key-order.ts';
import { cutPage, isEmptyRange, lastOf } from './page.ts';
import { withoutRepeats } from './rollback-file.ts';
import { SortedList } from './sorted-list.ts';
import type { Commit, Content, DumpView, ListRange, Page, Persisted, RolledBack, ScanRange, Store } from './store.ts';
import { StoreError } from './store-error.ts';

export function openMemoryStore(): Store {
  return new MemoryStore();
}

class MemoryStore implements Store {
  readonly kind = 'memory';
  readonly #byKey = new Map<string, KvRecord>();
  readonly #byVersion = new SortedList<KvRecord, Version>((record, at) => compareVersions(record.version, at));
  readonly #keys = new SortedList<string, string>(compareKeys);
  readonly #entries = new Map<string, IdempotencyEntry>();
  readonly #entriesByVersion = new SortedList<IdempotencyEntry, Version>((entry, at) => compareVersions(entry.version, at));
  readonly #digest = new ContentDigest();
  #position: Position = EMPTY_POSITION;
  #rolledBack: RolledBack[] = [];
  #failure: StoreError | null = null;

  async commit(batch: Commit): Promise<Persisted> {
    if (this.#failure !== null) throw this.#failure;
    const previous = new Map<string, KvRecord | null>();
    for (const key of batch.previousOf ?? []) previous.set(key, this.get(key));
    if (batch.dropEntriesAfter !== undefined) this.#dropEntriesAfter(batch.dropEntriesAfter);
    for (const { key, record, rolledBack } of batch.replacements ?? []) {
      this.#rolledBack.push({ record: rolledBack, instead: record?.version ?? null });
      this.#remove(key);
      if (record !== null) this.#apply(rowOf(record));
    }
    for (const record of batch.records) this.#apply(rowOf(record));
    for (const entry of entriesOf(batch)) this.#remember(entry);
    if (batch.position !== undefined) this.#position = batch.position;
    this.#forgetOldest();
    return { previous };
  }

  position(): Position {
    return this.#position;
  }

  head(): Version {
    return maxVersion(this.#byVersion.last()?.version ?? ZERO, this.#position.watermark);
  }

  get(key: string): KvRecord | null {
    return this.#byKey.get(key) ?? null;
  }

  scan(range: ScanRange): Page {
    const head = this.head();
    if (isEmptyRange(range, head)) return cutPage(range, head, []);
    const page = cutPage(range, head, between(this.#byVersion, range.since, lastOf(range, head)));
    return withEntries(page, range.limit, between(this.#entriesByVersion, page.since, page.coversTo));
  }

  idempotency(key: string): IdempotencyEntry | null {
    return this.#entries.get(key) ?? null;
  }

  list(range: ListRange): readonly KvRecord[] {
    const { prefix, after, limit } = range;
    const found: KvRecord[] = [];
    if (limit <= 0) return found;
    for (const record of this.#fromKey(compareKeys(prefix, after) > 0 ? prefix : after)) {
      if (!record.key.startsWith(prefix)) break;
      if (record.value === null || record.key === after) continue;
      found.push(record);
      if (found.length === limit) break;
    }
    return found;
  }

  dump(options: { tombstones: boolean }): DumpView {
    const kept: KvRecord[] = [];
    for (const record of this.#fromKey('')) {
      if (options.tombstones || record.value !== null) kept.push(record);
    }
    const { digest } = this.content();
    return { position: this.#position, head: this.head(), count: kept.length, digest, rows: () => kept, close: () => {} };
  }

  count(): number {
    return this.#byKey.size;
  }

  rolledBack(): AsyncIterable<RolledBack> {
    return withoutRepeats(this.#rolledBack);
  }

  content(): Content {
    return this.#digest.content;
  }

  async close(): Promise<void> {}

  #remove(key: string): void {
    const held = this.get(key);
    if (held === null) return;
    this.#byKey.delete(key);
    this.#byVersion.remove(held.version);
    this.#keys.remove(key);
    this.#digest.replace(held, null);
  }

  #apply(record: KvRecord): void {
    const held = this.get(record.key);
    if (held === null || isNewer(record.version, held.version)) this.#put(held, record);
  }

  /** Every change of a row goes through here, whatever made it. */
  #put(held: KvRecord | null, record: KvRecord): void {
    if (held === null) this.#keys.add(record.key, record.key);
    else this.#byVersion.remove(held.version);
    this.#byKey.set(record.key, record);
    this.#digest.replace(held, record);
    if (this.#byVersion.add(record, record.version)) return;
    this.#failure = new StoreError(`expected one key per version, but ${formatVersion(record.version)} came with two: restart the node`);
    throw this.#failure;
  }

  #remember(entry: IdempotencyEntry): void {
    const held = this.#entries.get(entry.key);
    if (held !== undefined && !isNewer(entry.version, held.version)) return;
    if (held !== undefined) this.#entriesByVersion.remove(held.version);
    this.#entries.set(entry.key, entry);
    this.#entriesByVersion.add(entry, entry.version);
  }

  #dropEntriesAfter(last: Version): void {
    for (const entry of [...this.#entriesByVersion.from(last)]) if (isNewer(entry.version, last)) this.#forget(entry);
  }

  #forgetOldest(): void {
    const lastSeq = this.head().seq - IDEMPOTENCY_KEEP;
    // Versions of one lineage grow with their seq.
    for (let oldest = this.#oldestEntry(); oldest !== null && oldest.version.seq <= lastSeq; oldest = this.#oldestEntry())
      this.#forget(oldest);
  }

  #oldestEntry(): IdempotencyEntry | null {
    return this.#entriesByVersion.from(ZERO).next().value ?? null;
  }

  #forget(entry: IdempotencyEntry): void {
    this.#entries.delete(entry.key);
    this.#entriesByVersion.remove(entry.version);
  }

  *#fromKey(first: string): Generator<KvRecord, void, undefined> {
    for (const key of this.#keys.from(first)) yield this.#byKey.get(key) as KvRecord;
  }
}

/** Those of (since, last] in version order. */
function* between<T extends { readonly version: Version }>(list: SortedList<T, Version>, since: Version, last: Version): Generator<T> {
  for (const item of list.from(since)) {
    if (isNewer(item.version, last)) return;
    if (isNewer(item.version, since)) yield item;
  }
}
