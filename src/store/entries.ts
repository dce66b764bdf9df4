/**
 * Entries of `Idempotency-Key`s as both kinds of store keep them: beside the rows, because a row is overwritten and a retry may come later.
 *
 * Invariant: an entry is durable with its record, in one transaction, and goes when IDEMPOTENCY_KEEP newer versions are there, in the same
 * transaction as the last of them. So nodes that hold the same versions remember the same keys. Entries are no part of a dump or its digest.
 */
import { entryOf, type IdempotencyEntry, type KvRecord } from '../core/record.ts';
import { isNewer } from '../core/version.ts';
import type { Commit, Page } from './store.ts';

/** Versions, counted from the newest, whose entries are kept: some 10 MB on disk if every write has a key. */
export const IDEMPOTENCY_KEEP = 100_000;

/** Of a commit: those that came by themselves, and those of its records. */
export function entriesOf({ records, entries = [] }: Commit): readonly IdempotencyEntry[] {
  let all: IdempotencyEntry[] | null = null;
  for (const record of records) {
    const entry = entryOf(record);
    if (entry === null) continue;
    all ??= [...entries];
    all.push(entry);
  }
  return all ?? entries;
}

/** The row of a record: without what is kept beside it. */
export function rowOf(record: KvRecord): KvRecord {
  if (record.idempotency === undefined) return record;
  const { idempotency, ...row } = record;
  return row;
}

/**
 * Adds the entries of the page's range, which are given in version order; of more than `limit` the page ends at the last that it may hold.
 * No more than `limit` + 1 of them are read.
 */
export function withEntries(page: Page, limit: number, entries: Iterable<IdempotencyEntry>): Page {
  const taken: IdempotencyEntry[] = [];
  for (const entry of entries) {
    if (taken.length < limit) {
      taken.push(entry);
      continue;
    }
    const coversTo = (taken.at(-1) as IdempotencyEntry).version;
    return { ...page, coversTo, rows: page.rows.filter((row) => !isNewer(row.version, coversTo)), entries: taken };
  }
  return taken.length === 0 ? page : { ...page, entries: taken };
}
