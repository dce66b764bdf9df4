import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EMPTY_POSITION, type KvRecord, type Position } from '../../src/core/record.ts';
import { compareVersions, isNewer, type Version, ZERO } from '../../src/core/version.ts';
import { ContentDigest } from '../../src/store/digest.ts';
import type { DumpView, Store } from '../../src/store/store.ts';
import { contentOf, ModelStore, ODD_KEYS, openEmpty, record, STORES, scanAll, version } from './model.ts';

/** Writes get unique versions in order, then arrive shuffled, repeated and cut into commits anyhow. */
const arrival = fc
  .array(
    fc.record({ key: fc.nat(ODD_KEYS.length - 1), isTombstone: fc.boolean(), epochStep: fc.constantFrom(0, 0, 0, 1), bytes: fc.nat(40) }),
    {
      minLength: 1,
      maxLength: 60,
    },
  )
  .map((writes) => {
    let epoch = 1;
    return writes.map(({ key, isTombstone, epochStep, bytes }, i) => {
      epoch += epochStep;
      const value = isTombstone ? null : JSON.stringify('é'.repeat(bytes));
      return record(ODD_KEYS[key] as string, version(i + 1, epoch), value);
    });
  })
  .chain((records) => fc.array(fc.array(fc.constantFrom(...records), { maxLength: 12 }), { maxLength: 12 }));

describe.each(STORES)('a %s store', (kind) => {
  test('is empty at first', async () => {
    const store = await openEmpty(kind);
    expect(store.kind).toBe(kind === 'memory' ? 'memory' : 'sqlite');
    expect(store.position()).toEqual(EMPTY_POSITION);
    expect(store.head()).toEqual(ZERO);
    expect(store.count()).toBe(0);
    expect(store.content()).toEqual({ live: 0, digest: '0'.repeat(32) });
    expect(store.get('a')).toBeNull();
    expect(store.list({ prefix: '', after: '', limit: 10 })).toEqual([]);
    expect(store.scan({ since: ZERO, until: null, limit: 10, maxBytes: 1000 })).toEqual({
      since: ZERO,
      coversTo: ZERO,
      head: ZERO,
      rows: [],
    });
  });

  test('answers like a sorted map, whatever the order in which versions arrive', { timeout: 60_000 }, async () => {
    const range = fc.record({
      since: fc.record({ epoch: fc.nat(3), seq: fc.nat(60) }),
      until: fc.option(fc.record({ epoch: fc.nat(4), seq: fc.nat(60) })),
      limit: fc.integer({ min: 1, max: 30 }),
      maxBytes: fc.integer({ min: 1, max: 400 }),
    });
    const prefixes = fc.constantFrom('', 'key1', 'a', '\0', '\u{10FFFF}', '\uD7FF', '__', 'zz');
    await fc.assert(
      fc.asyncProperty(
        arrival,
        range,
        prefixes,
        fc.constantFrom('', ...ODD_KEYS),
        fc.nat(8),
        async (commits, scan, prefix, after, limit) => {
          const store = await openEmpty(kind);
          const model = new ModelStore();
          for (const records of commits) {
            const before = new Map(ODD_KEYS.map((key) => [key, model.rows.get(key) ?? null]));
            const { previous } = await store.commit({ records, previousOf: ODD_KEYS });
            expect(previous).toEqual(before);
            model.apply(records);
            expect(store.content()).toEqual(model.content());
          }
          expect(store.count()).toBe(model.rows.size);
          expect(store.head()).toEqual(model.head());
          for (const key of ODD_KEYS) expect(store.get(key)).toEqual(model.rows.get(key) ?? null);
          expect(store.list({ prefix, after, limit })).toEqual(model.list(prefix, after, limit));
          expect(scanAll(store).flatMap((page) => page.rows)).toEqual(model.byVersion());
          expectPage(store, model, scan);
          await store.close();
        },
      ),
      { numRuns: kind === 'memory' ? 300 : 25 },
    );
  });

  test('a scan misses no key though rows move while it runs', async () => {
    const store = await openEmpty(kind);
    const seen = new Map<string, KvRecord>();
    let seq = 0;
    const rewrite = (count: number) => {
      seq += count;
      return store.commit({ records: Array.from({ length: count }, (_, i) => record(`key${((seq - i) * 7) % 50}`, version(seq - i))) });
    };
    await rewrite(200);
    let since: Version = ZERO;
    for (let pages = 0; ; pages += 1) {
      const page = store.scan({ since, until: null, limit: 7, maxBytes: 1_000_000 });
      for (const row of page.rows) seen.set(row.key, row);
      since = page.coversTo;
      if (compareVersions(since, page.head) === 0) break;
      if (pages < 20) await rewrite(5);
    }
    expect(seen.size).toBe(50);
    for (const [key, row] of seen) expect(row).toEqual(store.get(key));
  });

  test('a page ends at its limits but carries one row at least, however large', async () => {
    const store = await openEmpty(kind);
    const large = JSON.stringify('x'.repeat(1_048_576));
    await store.commit({
      records: [record('a', version(1)), record('b', version(2), large), record('c', version(3)), record('d', version(4))],
    });
    const page = (since: Version, limit: number, maxBytes: number, until: Version | null = null) => {
      const { coversTo, rows } = store.scan({ since, until, limit, maxBytes });
      return [coversTo.seq, ...rows.map((row) => row.key)];
    };
    expect(page(ZERO, 10, 100)).toEqual([1, 'a']);
    expect(page(version(1), 10, 100)).toEqual([2, 'b']);
    expect(page(version(2), 1, 100)).toEqual([3, 'c']);
    expect(page(version(2), 2, 100)).toEqual([4, 'c', 'd']);
    expect(page(version(2), 10, 100, version(3))).toEqual([3, 'c']);
    expect(page(version(4), 10, 100)).toEqual([4]);
    expect(page(version(9), 10, 100)).toEqual([9]);
    expect(page(version(3), 10, 100, version(1))).toEqual([3]);
    expect(store.get('b')?.value).toBe(large);
  });

  test('a page covers up to the watermark when no row is that new', async () => {
    const store = await openEmpty(kind);
    const position: Position = { watermark: version(0, 5), cursor: version(0, 5), cursorEpoch: 5, kMin: 2, history: [], purgeFloor: ZERO };
    await store.commit({ records: [record('a', version(7, 4))], position });
    expect(store.head()).toEqual(version(0, 5));
    expect(store.scan({ since: version(7, 4), until: null, limit: 10, maxBytes: 100 })).toEqual({
      since: version(7, 4),
      coversTo: version(0, 5),
      head: version(0, 5),
      rows: [],
    });
  });

  test('the position changes with its commit and stays without one', async () => {
    const store = await openEmpty(kind);
    const position: Position = { watermark: version(3), cursor: version(9), cursorEpoch: 1, kMin: 0, history: [], purgeFloor: ZERO };
    await store.commit({ records: [], position });
    await store.commit({ records: [record('a', version(10))] });
    expect(store.position()).toEqual(position);
    await store.commit({ records: [], position: { ...position, kMin: null } });
    expect(store.position()).toEqual({ ...position, kMin: null });
  });

  test('commits that are not waited for are applied in call order', async () => {
    const store = await openEmpty(kind);
    const answers = Array.from({ length: 50 }, (_, i) => store.commit({ records: [record('a', version(i + 1))], previousOf: ['a', 'b'] }));
    const previous = (await Promise.all(answers)).map((answer) => answer.previous.get('a')?.version.seq ?? 0);
    expect(previous).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect((await answers[0])?.previous.get('b')).toBeNull();
  });

  test('of one commit only the newest version of a key remains', async () => {
    const store = await openEmpty(kind);
    const records = [record('a', version(2)), record('a', version(4), null), record('a', version(3)), record('a', version(4), null)];
    await store.commit({ records });
    expect(store.get('a')).toEqual(record('a', version(4), null));
    expect(store.count()).toBe(1);
    expect(scanAll(store).flatMap((page) => page.rows)).toEqual([record('a', version(4), null)]);
  });

  test('two keys of one version break the store, which then takes no commit', async () => {
    const store = await openEmpty(kind);
    await expect(store.commit({ records: [record('a', version(1)), record('b', version(1))] })).rejects.toThrow(/expected/);
    await expect(store.commit({ records: [record('c', version(2))] })).rejects.toThrow(/expected/);
    expect(store.get('c')).toBeNull();
  });

  test('lists live keys by their bytes, page by page', async () => {
    const store = await openEmpty(kind);
    const model = new ModelStore();
    const records = ODD_KEYS.map((key, i) => record(key, version(i + 1), key === 'key1' ? null : '1'));
    model.apply(records);
    await store.commit({ records });
    const keys: string[] = [];
    for (let after = ''; ; after = keys.at(-1) as string) {
      const items = store.list({ prefix: '', after, limit: 3 });
      if (items.length === 0) break;
      keys.push(...items.map((item) => item.key));
    }
    expect(keys).toEqual(model.list('', '', 100).map((row) => row.key));
    expect(keys).not.toContain('key1');
    expect(keys.indexOf('\u{1F600}')).toBeGreaterThan(keys.indexOf('\uFF01'));
  });

  test('a dump shows the moment at which it was opened', async () => {
    const store = await openEmpty(kind);
    const position: Position = { watermark: version(2), cursor: version(2), cursorEpoch: 1, kMin: 1, history: [], purgeFloor: ZERO };
    await store.commit({ records: [record('a', version(1)), record('b', version(2), null)], position });
    const live = store.dump({ tombstones: false });
    const all = store.dump({ tombstones: true });
    await store.commit({ records: [record('a', version(3)), record('c', version(4))], position: { ...position, watermark: version(4) } });
    const after = store.dump({ tombstones: true });
    expect([...live.rows()]).toEqual([record('a', version(1))]);
    expect([...all.rows()]).toEqual([record('a', version(1)), record('b', version(2), null)]);
    expect([live.count, all.count, after.count]).toEqual([1, 2, 3]);
    expect([all.position, all.head]).toEqual([position, version(2)]);
    expect([after.position.watermark, after.head]).toEqual([version(4), version(4)]);
    // Of the live rows, whatever is shown; and of that moment, whatever the store holds by now.
    expect([live.content.digest, all.content.digest]).toEqual([contentOf(live.rows()).digest, live.content.digest]);
    expect(after.content.digest).toBe(store.content().digest);
    expect(after.content.digest).not.toBe(live.content.digest);
    for (const view of [live, all, after]) view.close();
  });

  test('100,000 keys are scanned whole while a thousand of them are rewritten', { timeout: 60_000 }, async () => {
    const store = await openEmpty(kind);
    for (let seq = 0; seq < 100_000; seq += 1000) {
      await store.commit({
        records: Array.from({ length: 1000 }, (_, i) => record(`key${((seq + i) * 7919) % 100_000}`, version(seq + i + 1))),
      });
    }
    await store.commit({
      records: Array.from({ length: 1000 }, (_, i) => record(`key${i * 100}`, version(100_001 + i), i % 2 === 0 ? null : '1')),
    });
    const rows = scanAll(store, ZERO, 1000).flatMap((page) => page.rows);
    expect(rows.length).toBe(100_000);
    expect(store.count()).toBe(100_000);
    expect(new Set(rows.map((row) => row.key)).size).toBe(100_000);
    expect(rows.every((row, i) => i === 0 || isNewer(row.version, (rows[i - 1] as KvRecord).version))).toBe(true);
    expect(rows.slice(-1000).map((row) => row.key)).toEqual(Array.from({ length: 1000 }, (_, i) => `key${i * 100}`));
  });
});

test('equal content has an equal digest in both kinds, however it got there', async () => {
  const records = ODD_KEYS.map((key, i) => record(key, version(i + 100), i % 5 === 0 ? null : JSON.stringify(key)));
  const [memory, sqlite] = [await openEmpty('memory'), await openEmpty('sqlite')];
  await memory.commit({ records });
  // Older values and tombstones before some of them, and late ones after.
  const older = (every: number) => ODD_KEYS.map((key, i) => record(key, version(i + 1), i % every === 0 ? null : '"old"'));
  await sqlite.commit({ records: older(3).slice(0, 9) });
  for (const one of records.toReversed()) await sqlite.commit({ records: [one] });
  await sqlite.commit({ records: older(3) });
  expect(sqlite.content()).toEqual(memory.content());
  for (const tombstones of [false, true]) {
    const [a, b] = [memory.dump({ tombstones }), sqlite.dump({ tombstones })];
    expect(summaryOf(b)).toEqual(summaryOf(a));
    expect(a.content.digest).toBe(contentOf(records).digest);
    a.close();
    b.close();
  }
});

test.each([
  ['a value', record('a', version(2), '"y"')],
  ['a version', record('a', version(3), '"x"')],
  ['an epoch', record('a', version(2, 12), '"x"')],
  ['a key', record('b', version(2), '"x"')],
  ['where the key ends', record('a\0', version(2), '"x"')],
  ['a deletion', record('a', version(2), null)],
])('contents that differ by %s have other digests', (_, other) => {
  const digestOf = (row: KvRecord) => ContentDigest.of([row]).content.digest;
  expect(digestOf(other)).not.toBe(digestOf(record('a', version(2), '"x"')));
});

test('what need and time a write had is no content', () => {
  const row = record('a', version(1));
  expect(ContentDigest.of([{ ...row, need: 7, timestampMs: 0 }]).content).toEqual(ContentDigest.of([row]).content);
});

function summaryOf(view: DumpView): unknown {
  return [view.content.digest, view.count, [...view.rows()]];
}

/** A page is a beginning of the rows in its range, ends only at a limit or the range's end, and says so honestly. */
function expectPage(store: Store, model: ModelStore, range: Parameters<Store['scan']>[0]): void {
  const { since, until, limit, maxBytes } = range;
  const page = store.scan(range);
  const inRange = model.byVersion().filter((row) => isNewer(row.version, since) && (until === null || !isNewer(row.version, until)));
  expect(page.head).toEqual(model.head());
  expect(page.rows).toEqual(inRange.slice(0, page.rows.length));
  expect(page.rows.length).toBeLessThanOrEqual(limit);
  const bytes = (rows: readonly KvRecord[]) => rows.reduce((sum, row) => sum + Buffer.byteLength(row.key + (row.value ?? '')), 0);
  if (page.rows.length > 1) expect(bytes(page.rows)).toBeLessThanOrEqual(maxBytes);
  if (page.rows.length < inRange.length) {
    expect(page.rows.length === limit || bytes(inRange.slice(0, page.rows.length + 1)) > maxBytes).toBe(true);
    expect(page.coversTo).toEqual(page.rows.at(-1)?.version);
  } else {
    const end = until !== null && isNewer(model.head(), until) ? until : model.head();
    expect(page.coversTo).toEqual(isNewer(end, since) ? end : since);
  }
}
