/** Tombstones that are collected, and snapshots: built beside the data, swapped in whole or not at all, in every kind of store. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { type Content, EMPTY_POSITION, type IdempotencyEntry, type KvRecord, type Position, type Stage } from '../../src/core/record.ts';
import { type Version, ZERO } from '../../src/core/version.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { contentOf, makeTempDirectory, ODD_KEYS, openEmpty, record, STORES, scanAll, version } from './model.ts';

const entry = (at: Version, recordKey: string): IdempotencyEntry => {
  return { key: `key-${at.seq}`, fingerprint: 'print', existed: false, recordKey, version: at, need: 1 };
};

function positionAt(watermark: Version, purgeFloor: Version): Position {
  return { ...EMPTY_POSITION, watermark, cursor: watermark, cursorEpoch: watermark.epoch, purgeFloor };
}

function part(rows: readonly KvRecord[], more: Partial<Stage> = {}): Stage {
  return { isFirst: false, rows, entries: [], swap: null, ...more };
}

const rowsOf = (store: Store) => scanAll(store, ZERO, 100).flatMap((page) => page.rows);

describe.each(STORES)('tombstones in a %s store', (kind) => {
  test('up to the purge floor go with the commit that raises it, and nothing else does', async () => {
    const store = await openEmpty(kind);
    await store.commit({
      records: [record('a', version(1), null), record('b', version(2)), record('c', version(3), null), record('d', version(4), null)],
    });
    const { digest } = store.content();
    await store.commit({ records: [record('e', version(5), null)], position: positionAt(version(5), version(3)) });
    expect(rowsOf(store)).toEqual([record('b', version(2)), record('d', version(4), null), record('e', version(5), null)]);
    expect([store.count(), store.content()]).toEqual([3, { live: 1, digest }]);
    await store.commit({ records: [record('f', version(6), null)], position: positionAt(version(6), version(6)) });
    expect(rowsOf(store)).toEqual([record('b', version(2))]);
    // The newest version of all is not forgotten with its row.
    expect([store.count(), store.head(), store.position().purgeFloor]).toEqual([1, version(6), version(6)]);
    expect(store.scan({ since: ZERO, until: null, limit: 10, maxBytes: 1000 }).head).toEqual(version(6));
  });

  test('stay when the floor stays, or falls', async () => {
    const store = await openEmpty(kind);
    await store.commit({ records: [], position: positionAt(version(9), version(9)) });
    await store.commit({ records: [record('a', version(3), null)], position: positionAt(version(9), version(9)) });
    await store.commit({ records: [record('b', version(4), null)], position: positionAt(version(2), ZERO) });
    expect(store.count()).toBe(2);
    await store.commit({ records: [], position: positionAt(version(9), version(3)) });
    expect(rowsOf(store)).toEqual([record('b', version(4), null)]);
  });
});

describe.each(STORES)('a snapshot in a %s store', (kind) => {
  const old = [record('a', version(1)), record('gone', version(2)), record('b', version(3))];
  const rows = [record('a', version(7), '"new"'), record('b', version(8), null), record('c', version(6), '"c"')];

  async function filled(): Promise<Store> {
    const store = await openEmpty(kind);
    await store.commit({ epoch: 1, records: old, entries: [entry(version(2), 'gone')], position: positionAt(version(3), ZERO) });
    return store;
  }

  test('is seen by nobody until it is whole, and then all of it at once', async () => {
    const store = await filled();
    await store.commit({ epoch: 2, records: [], stage: part(rows.slice(0, 1), { isFirst: true }), position: positionAt(version(3), ZERO) });
    await store.commit({ epoch: 2, records: [], stage: part(rows.slice(1), { entries: [entry(version(6), 'c')] }) });
    expect([rowsOf(store), store.content(), store.count()]).toEqual([old, contentOf(old), 3]);
    expect([store.idempotency('key-2'), store.idempotency('key-6')]).toEqual([entry(version(2), 'gone'), null]);
    const position = positionAt(version(9), version(5));
    expect((await store.commit({ epoch: 2, records: [], stage: part([], { swap: contentOf(rows) }), position })).isSpoilt ?? false).toBe(
      false,
    );
    expect(rowsOf(store)).toEqual([rows[2], rows[0], rows[1]]);
    expect([store.content(), store.count(), store.head(), store.position()]).toEqual([contentOf(rows), 3, version(9), position]);
    expect([store.get('gone'), store.idempotency('key-2'), store.idempotency('key-6')]).toEqual([null, null, entry(version(6), 'c')]);
    // It is data like any other from then on, its entries told by its leader's epoch.
    await store.commit({ epoch: 2, records: [record('a', version(10), null)], dropUntoldAfter: ZERO });
    expect(store.content()).toEqual(contentOf(rowsOf(store)));
    expect(store.idempotency('key-6')).toEqual(entry(version(6), 'c'));
  });

  test.each<[string, (content: Content) => Content]>([
    ['a digest', ({ live }) => ({ live, digest: 'f'.repeat(32) })],
    ['a number of rows', ({ live, digest }) => ({ live: live + 1, digest })],
  ])('that comes to another %s is thrown away, and nothing else changed', async (_, spoil) => {
    const store = await filled();
    const [before, history] = [store.position(), [{ epoch: 2, leader: 'n2', seq: 9, floor: version(3), isForced: false }]];
    const swap = spoil(contentOf(rows));
    const position = { ...positionAt(version(9, 2), version(5)), history };
    const answer = await store.commit({ epoch: 2, records: [], stage: part(rows, { isFirst: true, swap }), position });
    expect(answer.isSpoilt).toBe(true);
    expect([rowsOf(store), store.content(), store.position()]).toEqual([old, contentOf(old), before]);
    // The next one is as good as any, its position and history too.
    await store.commit({ epoch: 2, records: [], stage: part(rows, { isFirst: true, swap: contentOf(rows) }), position });
    expect([store.content(), store.position()]).toEqual([contentOf(rows), position]);
  });

  test('is begun anew by its first part', async () => {
    const store = await filled();
    await store.commit({ records: [], stage: part([record('x', version(99))], { isFirst: true }) });
    await store.commit({
      records: [],
      stage: part(rows, { isFirst: true, swap: contentOf(rows) }),
      position: positionAt(version(9), ZERO),
    });
    expect([store.get('x'), store.content()]).toEqual([null, contentOf(rows)]);
  });

  test('that nobody goes on with is thrown away when another leader speaks', async () => {
    const store = await filled();
    await store.commit({ epoch: 2, records: [], stage: part([record('x', version(99))], { isFirst: true }) });
    await store.commit({ epoch: 2, records: [record('y', version(10))] });
    await store.commit({ epoch: 3, records: [record('y', version(11))] });
    const swap = contentOf([record('x', version(99)), ...rows]);
    const answer = await store.commit({ epoch: 2, records: [], stage: part(rows, { swap }), position: positionAt(version(9), ZERO) });
    expect(answer.isSpoilt).toBe(true);
  });

  test('is read out of one view, in parts of so many rows and bytes, and whole whatever is written meanwhile', async () => {
    const store = await filled();
    await store.commit({ records: [], entries: [entry(version(1), 'a')], position: positionAt(version(5), version(1)) });
    const end = { head: version(5), purgeFloor: version(1), content: contentOf(old) };
    const first = store.readView(7, 2, 1_000_000);
    await store.commit({ records: [record('a', version(6), null), record('z', version(7))] });
    const others = [store.readView(7, 2, 1_000_000), store.readView(7, 2, 1_000_000)];
    const byKey = [old[0], old[2], old[1]];
    expect([first, ...others].map(({ rows: read, entries, end: last }) => [read, entries.length, last])).toEqual([
      [byKey.slice(0, 2), 0, null],
      [byKey.slice(2), 1, null],
      [[], 1, end],
    ]);
    // Another view is of now; a row that is too large comes alone.
    expect(store.readView(8, 100, 1).rows).toEqual([record('a', version(6), null)]);
    store.closeView(8);
    // A number that is free again means a new view.
    await store.commit({ records: [record('a', version(8))] });
    expect(store.readView(8, 1, 1000).rows).toEqual([record('a', version(8))]);
    store.closeView(99);
  });
});

test.each([
  ['memory', 'sqlite'],
  ['sqlite', 'memory'],
] as const)('what a %s store tells of keys and values of any kind, a %s store takes for its data', async (from, to) => {
  const [leader, follower] = [await openEmpty(from), await openEmpty(to)];
  const records = ODD_KEYS.map((key, i) => record(key, version(i + 1), i % 5 === 0 ? null : JSON.stringify(key)));
  await leader.commit({ records, position: positionAt(version(records.length), ZERO) });
  for (let isFirst = true; ; isFirst = false) {
    const { rows, entries, end } = leader.readView(1, 3, 1_000_000);
    const position = end && positionAt(end.head, end.purgeFloor);
    await follower.commit({ epoch: 1, records: [], stage: { isFirst, rows, entries, swap: end?.content ?? null }, position });
    if (end !== null) break;
  }
  expect(rowsOf(follower)).toEqual(records);
  expect([follower.content(), follower.position()]).toEqual([leader.content(), leader.position()]);
});

test.each([true, false])(
  'what is left of a snapshot is gone when the file is opened again (writer thread: %s)',
  async (hasWriterThread) => {
    const dataDir = await makeTempDirectory();
    const store = await openSqliteStore({ dataDir, hasWriterThread });
    await store.commit({ records: [record('a', version(1))], stage: part([record('b', version(2))], { isFirst: true }) });
    await store.close();
    const again = await openSqliteStore({ dataDir, hasWriterThread });
    await again.close();
    const database = new DatabaseSync(join(dataDir, 'data.sqlite'));
    expect(database.prepare("SELECT name FROM sqlite_schema WHERE name LIKE '%next%'").all()).toEqual([]);
    database.close();
  },
);
