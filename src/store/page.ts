/**
 * Cuts a page of changes out of the rows that follow `since`: the one place that decides where a page ends, for both kinds of store.
 *
 * Invariant: a page never claims more than it carries. Up to `coversTo` nothing is left out.
 */
import type { KvRecord } from '../core/record.ts';
import { isNewer, maxVersion, minVersion, type Version } from '../core/version.ts';
import type { Page, ScanRange } from './store.ts';

/**
 * `rows` are those of (since, until] in version order; no more than `limit` + 1 of them are read.
 * `head` is of the same view. A page that holds all of them covers up to min(until, head), and never less than `since`.
 */
export function cutPage(range: ScanRange, head: Version, rows: Iterable<KvRecord>): Page {
  const { since, limit, maxBytes } = range;
  const taken: KvRecord[] = [];
  let bytes = 0;
  for (const row of rows) {
    bytes += bytesOf(row);
    const isFull = taken.length >= limit || (bytes > maxBytes && taken.length > 0);
    if (isFull) return { since, coversTo: taken.at(-1)?.version ?? since, head, rows: taken };
    taken.push(row);
  }
  return { since, coversTo: maxVersion(since, lastOf(range, head)), head, rows: taken };
}

/** The newest version that a page of this range may cover. */
export function lastOf(range: ScanRange, head: Version): Version {
  return range.until === null ? head : minVersion(range.until, head);
}

/** True if no row can be in the range. */
export function isEmptyRange(range: ScanRange, head: Version): boolean {
  return !isNewer(lastOf(range, head), range.since);
}

/** Bytes of key and value in UTF-8. */
function bytesOf(row: KvRecord): number {
  return Buffer.byteLength(row.key) + (row.value === null ? 0 : Buffer.byteLength(row.value));
}
