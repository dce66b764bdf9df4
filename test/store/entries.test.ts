/** `Idempotency-Key`s in every kind of store: beside the rows, in the same commit, for as long as the contract says. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { IdempotencyEntry, KvRecord } from '../../src/core/record.ts';
import { isNewer, type Version, ZERO } from '../../src/core/version.ts';
import { IDEMPOTENCY_KEEP } from '../../src/store/entries.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { makeTempDirectory, openEmpty, record, STORES, scanAll, version } from './model.ts';

/** A write of the key `row` that its client named. */
function keyed(row: string, at: Version, key = `key-${at.epoch}.${at.seq}`): KvRecord {
  return { ...record(row, at), idempotency: { key, fingerprint: `print-${key}`, existed: at.seq % 2 === 0 } };
}

function entry(at: Version, key = `key-${at.epoch}.${at.seq}`, recordKey = 'a'): IdempotencyEntry {
  return { key, fingerprint: `print-${key}`, existed: at.seq % 2 === 0, recordKey, version: at, need: at.seq % 4 };
}

function kept(store: Store, limit = 256): readonly IdempotencyEntry[] {
  return scanAll(store, ZERO, limit).flatMap((page) => page.entries ?? []);
}

describe.each(STORES)('entries in a %s store', (kind) => {
  test('are there with their record, also of a record that another one overwrote in the same commit', async () => {
    const store = await openEmpty(kind);
    await store.commit({ records: [keyed('a', version(1)), keyed('a', version(3)), keyed('a', version(2)), record('b', version(4))] });
    await store.commit({ records: [keyed('b', version(6)), keyed('a', version(5), 'late')] });
    await store.commit({ records: [keyed('b', version(2, 0))] });
    for (const at of [version(1), version(2), version(3), version(6), version(2, 0)])
      expect(store.idempotency(`key-${at.epoch}.${at.seq}`)).toMatchObject({ ...entry(at), recordKey: expect.any(String) });
    expect(store.idempotency('late')).toEqual(entry(version(5), 'late'));
    expect(store.idempotency('never')).toBeNull();
    expect(store.get('a')).toStrictEqual(record('a', version(5)));
    expect(store.count()).toBe(2);
  });

  test('of one key the newest version remains, in whatever order they come', async () => {
    const store = await openEmpty(kind);
    await store.commit({ records: [keyed('a', version(2), 'k')] });
    await store.commit({ records: [], entries: [entry(version(9), 'k'), entry(version(7), 'k')] });
    await store.commit({ records: [keyed('a', version(8), 'k')] });
    expect(store.idempotency('k')).toEqual(entry(version(9), 'k'));
    await store.commit({ records: [record('z', version(10))] });
    expect(kept(store)).toEqual([entry(version(9), 'k')]);
  });

  test('come with the page of their range, all and once, however the pages are cut', { timeout: 30_000 }, async () => {
    const write = fc.record({ row: fc.nat(3), isKeyed: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(write, { minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 5 }), async (writes, limit) => {
        const store = await openEmpty(kind);
        const records = writes.map(({ row, isKeyed }, i) => (isKeyed ? keyed : record)(`row${row}`, version(i + 1)));
        await store.commit({ records: records.toReversed() });
        const pages = scanAll(store, ZERO, limit);
        for (const { since, coversTo, rows, entries = [] } of pages) {
          for (const { version: at } of [...rows, ...entries]) expect(isNewer(at, since) && !isNewer(at, coversTo)).toBe(true);
          expect(Math.max(rows.length, entries.length)).toBeLessThanOrEqual(limit);
        }
        expect(pages.flatMap((page) => page.rows).length).toBe(store.count());
        const expected = writes.flatMap(({ row, isKeyed }, i) => (isKeyed ? [entry(version(i + 1), undefined, `row${row}`)] : []));
        expect(pages.flatMap((page) => page.entries ?? [])).toEqual(expected);
        await store.close();
      }),
      { numRuns: kind === 'memory' ? 200 : 15 },
    );
  });

  test('of an epoch that is reached go unless its leader told them', async () => {
    const store = await openEmpty(kind);
    const [below, told, untold, retold] = [version(1), version(2), version(3), version(4)];
    await store.commit({ epoch: 1, records: [below, told, untold, retold].map((at) => keyed('a', at)) });
    // Told on the way to epoch 3, in pages before the last one; what an epoch told that came to nothing is not confirmed by it.
    await store.commit({ epoch: 3, records: [], entries: [entry(told)] });
    await store.commit({ epoch: 2, records: [], entries: [entry(untold)] });
    expect(kept(store)).toEqual([below, told, untold, retold].map((at) => entry(at)));
    await store.commit({ epoch: 3, records: [], entries: [entry(retold), entry(version(9, 3))], dropUntoldAfter: below });
    expect(kept(store)).toEqual([below, told, retold].map((at) => entry(at)));
    expect(store.idempotency('key-3.9')).toEqual(entry(version(9, 3)));
    expect(store.idempotency('key-1.3')).toBeNull();
    await store.commit({ epoch: 3, records: [keyed('a', version(10, 3), 'key-1.3')] });
    expect(store.idempotency('key-1.3')).toEqual(entry(version(10, 3), 'key-1.3'));
  });

  test('of writes that nobody holds go when an epoch is opened', async () => {
    const store = await openEmpty(kind);
    await store.commit({ epoch: 1, records: [keyed('a', version(5)), keyed('b', version(3)), record('c', version(2))] });
    const entries = [
      // Overwritten by the row; beyond the row; of a key without a row; at or below the floor.
      entry(version(4), 'overwritten', 'a'),
      entry(version(6), 'orphan', 'a'),
      entry(version(7), 'rowless', 'gone'),
      entry(version(1), 'old', 'gone'),
    ];
    await store.commit({ epoch: 1, records: [], entries });
    // A row of a later epoch says nothing of a write that this epoch's leader did not tell.
    await store.commit({ epoch: 2, records: [record('c', version(8, 2))], entries: [entry(version(9), 'told', 'c')] });
    await store.commit({ epoch: 1, records: [], entries: [entry(version(10), 'untold', 'c')] });
    await store.commit({ epoch: 3, records: [], dropOrphansAfter: version(2) });
    const names = kept(store).map(({ key }) => key);
    expect(names).toEqual(['old', 'key-1.3', 'overwritten', 'key-1.5', 'told']);
  });

  test('go when so many newer versions are there, and not one before (failure 45)', async () => {
    const store = await openEmpty(kind);
    await store.commit({ records: [keyed('a', version(1)), keyed('a', version(2)), keyed('a', version(3, 2))] });
    await store.commit({ records: [record('b', version(IDEMPOTENCY_KEEP, 2))] });
    expect(store.idempotency('key-1.1')).not.toBeNull();
    await store.commit({ records: [record('c', version(IDEMPOTENCY_KEEP + 1, 2))] });
    expect(store.idempotency('key-1.1')).toBeNull();
    expect(kept(store)).toEqual([entry(version(2)), entry(version(3, 2))]);
    // Without a row: the versions may all be of rows that moved on.
    const watermark = version(IDEMPOTENCY_KEEP + 2, 2);
    await store.commit({ records: [], position: { watermark, cursor: watermark, cursorEpoch: 2, kMin: 1, history: [], purgeFloor: ZERO } });
    expect(kept(store)).toEqual([entry(version(3, 2))]);
    await store.commit({ records: [], entries: [entry(version(2))] });
    expect(kept(store)).toEqual([entry(version(3, 2))]);
  });
});

test.each([true, false])('entries are on the disk, and go on ageing, after a restart (writer thread: %s)', async (hasWriterThread) => {
  const dataDir = await makeTempDirectory();
  const before = await openSqliteStore({ dataDir, hasWriterThread });
  await before.commit({ records: [keyed('a', version(1)), keyed('a', version(2))] });
  await before.close();
  const after = await openSqliteStore({ dataDir, hasWriterThread });
  expect(kept(after)).toEqual([entry(version(1)), entry(version(2))]);
  await after.commit({ records: [record('b', version(IDEMPOTENCY_KEEP + 1))] });
  expect(kept(after)).toEqual([entry(version(2))]);
  await after.close();
});

test('a data file of the time before there were entries is opened, with what is in it', async () => {
  const dataDir = await makeTempDirectory();
  const before = await openSqliteStore({ dataDir, hasWriterThread: false });
  await before.commit({ records: [record('a', version(1))] });
  await before.close();
  const file = new DatabaseSync(join(dataDir, 'data.sqlite'));
  file.exec('DROP TABLE idempotency');
  file.close();
  const after = await openSqliteStore({ dataDir, hasWriterThread: false });
  expect(after.get('a')).toEqual(record('a', version(1)));
  await after.commit({ records: [keyed('a', version(2))] });
  expect(after.idempotency('key-1.2')).toEqual(entry(version(2)));
  await after.close();
});
