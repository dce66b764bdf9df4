/**
 * Tombstones that are gone from disks, as the oracle sees them: whoever collected one is held to know of the delete as before, so that everything else may be
 * judged as if it were there; and what a disk holds after a snapshot is known from what its leader made durable.
 */
import type { KvRecord } from '../core/record.ts';
import { formatVersion, isNewer, type Version } from '../core/version.ts';
import type { EpochHistory } from './epoch-history.ts';
import { type Ordinal, ordinalOf } from './ordinal.ts';
import type { SimNode } from './sim-node.ts';
import { must } from './violation.ts';

/** By key. */
export type Held = ReadonlyMap<string, KvRecord>;

export function isCollected({ value, version }: KvRecord, purgeFloor: Version): boolean {
  return value === null && !isNewer(version, purgeFloor);
}

export function collectedOf(rows: Held, purgeFloor: Version): Map<string, Ordinal> {
  const collected = [...rows.values()].filter((record) => isCollected(record, purgeFloor));
  return new Map(collected.map(({ key, version }) => [key, ordinalOf(version)]));
}

/** What the disk knew only by its purge floor, which fell, it knows no more. */
export function forget(node: SimNode, held: Map<string, KvRecord>, purgeFloor: Version): void {
  for (const record of [...held.values()])
    if (isCollected(record, purgeFloor) && node.disk.store.get(record.key) === null) held.delete(record.key);
}

/** The node holds neither more nor less than the epoch's leader did at that version, and nothing of its own went back by it. */
export function snapshotOf(node: SimNode, before: Held, history: EpochHistory, head: Version, purgeFloor: Version): Map<string, KvRecord> {
  const { store } = node.disk;
  const rows = history.rowsAt(head.seq);
  const shown = [...rows.values()].filter((record) => !isCollected(record, purgeFloor));
  for (const { key, version } of shown) {
    const row = store.get(key);
    must(
      row !== null && ordinalOf(row.version) === ordinalOf(version),
      'I9',
      () => `${node.id} took over a snapshot at ${formatVersion(head)} without ${key}@${formatVersion(version)}`,
    );
  }
  must(
    store.count() === shown.length,
    'I9',
    () => `${node.id} took over a snapshot at ${formatVersion(head)} and holds ${store.count()} rows, not ${shown.length}`,
  );
  for (const { key, version } of before.values()) {
    const now = rows.get(key);
    must(
      now !== undefined && ordinalOf(now.version) >= ordinalOf(version),
      'I4',
      () => `${node.id} held ${key}@${formatVersion(version)}, and took over a snapshot at ${formatVersion(head)} that is older`,
    );
  }
  return rows;
}
