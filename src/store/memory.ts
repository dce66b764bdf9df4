/**
 * The store in memory: the same contract as on disk, and nothing left after the process.
 *
 * Not here: anything asynchronous; a commit is done when the call returns, only its answer comes with the next microtask.
 */
import type { ViewPart } from '../core/message.ts';
import { type Content, EMPTY_POSITION, type IdempotencyEntry, type KvRecord, type Position, type Stage } from '../core/record.ts';
import { maxVersion, type Version } from '../core/version.ts';
import { entriesOf, withEntries } from './entries.ts';
import { compareKeys } from './key-order.ts';
import { MemoryTable } from './memory-table.ts';
import { cutPage, isEmptyRange, lastOf } from './page.ts';
import { withoutRepeats } from './rollback-file.ts';
import type { Commit, DumpView, ListRange, Page, Persisted, RolledBack, ScanRange, Store } from './store.ts';
import { reasonOf, StoreError } from './store-error.ts';
import { Views } from './views.ts';

export function openMemoryStore(): MemoryStore {
  return new MemoryStore();
}

export class MemoryStore implements Store {
  readonly kind = 'memory';
  #table = new MemoryTable();
  /** A snapshot that is being built, of the leader of that epoch. */
  #next: { readonly table: MemoryTable; readonly epoch: number } | null = null;
  #position: Position = EMPTY_POSITION;
  #rolledBack: RolledBack[] = [];
  readonly #views = new Views(() => this.dump({ tombstones: true }));
  #failure: StoreError | null = null;

  async commit(batch: Commit): Promise<Persisted> {
    return this.apply(batch);
  }

  /** The same, without a promise of what is there already. */
  apply(batch: Commit): Persisted {
    if (this.#failure !== null) throw this.#failure;
    try {
      return batch.stage === undefined ? this.#apply(batch) : this.#stage(batch, batch.stage);
    } catch (error) {
      this.#failure = error instanceof StoreError ? error : new StoreError(reasonOf(error), error);
      throw this.#failure;
    }
  }

  position(): Position {
    return this.#position;
  }

  head(): Version {
    return maxVersion(this.#table.newest(), this.#position.watermark);
  }

  get(key: string): KvRecord | null {
    return this.#table.get(key);
  }

  scan(range: ScanRange): Page {
    const head = this.head();
    if (isEmptyRange(range, head)) return cutPage(range, head, []);
    const page = cutPage(range, head, this.#table.between(range.since, lastOf(range, head)));
    return withEntries(page, range.limit, this.#table.entriesBetween(page.since, page.coversTo));
  }

  idempotency(key: string): IdempotencyEntry | null {
    return this.#table.entry(key);
  }

  list(range: ListRange): readonly KvRecord[] {
    const { prefix, after, limit } = range;
    const found: KvRecord[] = [];
    if (limit <= 0) return found;
    for (const record of this.#table.fromKey(compareKeys(prefix, after) > 0 ? prefix : after)) {
      if (!record.key.startsWith(prefix)) break;
      if (record.value === null || record.key === after) continue;
      found.push(record);
      if (found.length === limit) break;
    }
    return found;
  }

  dump(options: { tombstones: boolean }): DumpView {
    const kept: KvRecord[] = [];
    for (const record of this.#table.fromKey('')) {
      if (options.tombstones || record.value !== null) kept.push(record);
    }
    const entries = this.#table.allEntries();
    const content = this.content();
    return {
      position: this.#position,
      head: this.head(),
      count: kept.length,
      content,
      rows: () => kept,
      entries: () => entries,
      close: () => {},
    };
  }

  readView(view: number, limit: number, maxBytes: number): ViewPart {
    return this.#views.read(view, limit, maxBytes);
  }

  closeView(view: number): void {
    this.#views.close(view);
  }

  /** Whoever opened them is gone. */
  closeViews(): void {
    this.#views.closeAll();
  }

  count(): number {
    return this.#table.count;
  }

  rolledBack(): AsyncIterable<RolledBack> {
    return withoutRepeats(this.#rolledBack);
  }

  content(): Content {
    return this.#table.content;
  }

  async close(): Promise<void> {}

  #apply(batch: Commit): Persisted {
    const table = this.#table;
    const { epoch = 0, position, dropUntoldAfter, dropOrphansAfter } = batch;
    if (this.#next !== null && epoch > this.#next.epoch) this.#next = null;
    const previous = new Map<string, KvRecord | null>();
    for (const key of batch.previousOf ?? []) previous.set(key, this.get(key));
    for (const { key, record, rolledBack, instead } of batch.replacements ?? []) {
      this.#rolledBack.push({ record: rolledBack, instead });
      table.remove(key);
      if (record !== null) table.apply(record);
    }
    for (const record of batch.records) table.apply(record);
    for (const entry of entriesOf(batch)) table.remember(entry, epoch);
    if (position) this.#moveTo(position);
    if (dropUntoldAfter) table.dropUntold(dropUntoldAfter, epoch);
    if (dropOrphansAfter) table.dropOrphans(dropOrphansAfter);
    table.forgetOldest(this.head().seq);
    return { previous };
  }

  #stage({ epoch = 0, position }: Commit, { isFirst, rows, entries, swap }: Stage): Persisted {
    const table = isFirst || this.#next === null ? new MemoryTable() : this.#next.table;
    this.#next = { table, epoch };
    for (const row of rows) table.apply(row);
    for (const entry of entries) table.remember(entry, epoch);
    if (swap !== null) {
      this.#next = null;
      if (table.content.digest !== swap.digest || table.content.live !== swap.live) return { previous: new Map(), isSpoilt: true };
      this.#table = table;
    }
    if (position) this.#position = position;
    return { previous: new Map() };
  }

  #moveTo(position: Position): void {
    this.#table.collect(this.#position.purgeFloor, position.purgeFloor);
    this.#position = position;
  }
}
