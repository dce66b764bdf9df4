// A disk that fails on purpose, under the store on disk, in both places where it writes.

import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ZERO } from '../../src/core/version.ts';
import { type DiskFault, parseDiskFault } from '../../src/store/disk-fault.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { makeTempDirectory, record, version } from './model.ts';

describe.each([
  { where: 'in a thread of its own', hasWriterThread: true },
  { where: 'in the thread of its user', hasWriterThread: false },
])('a store that writes $where', ({ hasWriterThread }) => {
  async function open(dataDir: string, fault: DiskFault | null = null): Promise<Store> {
    const store = await openSqliteStore({ dataDir, hasWriterThread, fault });
    onTestFinished(() => store.close());
    return store;
  }

  const put = (store: Store, key: string, seq: number) => store.commit({ records: [record(key, version(seq))] });
  const POSITION = { watermark: version(1), cursor: version(1), cursorEpoch: 1, kMin: null, history: [], purgeFloor: ZERO };

  test.each([
    ['fail-write', 'database or disk is full', false],
    ['fail-fsync', 'disk I/O error', true],
  ] as const)(
    '%s: the commit is refused, and never one after it; what it left shows when it is opened again',
    async (name, why, isThere) => {
      const dataDir = join(await makeTempDirectory(), 'data');
      const store = await open(dataDir, { name, pass: 2 });
      await put(store, 'first', 1);
      // Carries no records, so it does not count.
      await store.commit({ records: [], position: POSITION });
      const head = store.head();
      await expect(put(store, 'torn', 2)).rejects.toThrow(why);
      expect(store.head()).toEqual(head);
      // A sync that failed once may have dropped what a second one would not report.
      store.setFault?.(null);
      await expect(put(store, 'after', 3)).rejects.toThrow(why);
      await store.close();
      const again = await open(dataDir);
      expect(['first', 'torn', 'after'].map((key) => again.get(key) !== null)).toEqual([true, isThere, false]);
      await put(again, 'after', 4);
    },
  );

  test('a fault can be set and taken back while it runs', async () => {
    const store = await open(join(await makeTempDirectory(), 'data'));
    await put(store, 'a', 1);
    store.setFault?.({ name: 'fail-write', pass: 1 });
    store.setFault?.(null);
    await put(store, 'b', 2);
    store.setFault?.({ name: 'fail-write', pass: 1 });
    await expect(put(store, 'c', 3)).rejects.toThrow('database or disk is full');
    expect([store.get('b'), store.get('c')]).toEqual([record('b', version(2)), null]);
  });
});

test('a fault is a name and, if need be, which commit', () => {
  expect(['fail-write', 'fail-fsync:3'].map(parseDiskFault)).toEqual([
    { name: 'fail-write', pass: 1 },
    { name: 'fail-fsync', pass: 3 },
  ]);
  expect(['', 'fail', 'fail-write:0', 'fail-write:', 'toString', 'after-commit'].map(parseDiskFault)).toEqual(Array(6).fill(null));
});
