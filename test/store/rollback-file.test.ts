import { appendFile, mkdir, readFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { KvRecord, Replacement } from '../../src/core/record.ts';
import { ROLLBACK_FILE, RollbackFile } from '../../src/store/rollback-file.ts';
import { StoreError } from '../../src/store/store-error.ts';
import { allOf } from '../support/all-of.ts';
import { makeTempDirectory, ODD_KEYS, openEmpty, record, STORES, version } from './model.ts';

const replaced = (rolledBack: KvRecord, by: KvRecord | null = null): Replacement => ({
  key: rolledBack.key,
  record: by,
  rolledBack,
  instead: by?.version ?? null,
});
const empty = async () => {
  const directory = await makeTempDirectory();
  return { path: join(directory, ROLLBACK_FILE), file: new RollbackFile(directory) };
};

test.each(STORES)('of a %s store comes back as it was appended, oldest first, each version once', async (kind) => {
  const store = await openEmpty(kind);
  const rows = ODD_KEYS.map((key, i) => record(key, version(i + 1), i % 3 === 0 ? null : JSON.stringify(`\u2028\r\n${key}`)));
  await store.commit({ records: rows });
  const newer = record('a', version(1, 2));
  const replacements = rows.map((row) => replaced(row, row.key === 'a' ? newer : null));
  await store.commit({ records: [], replacements: replacements.slice(0, 9) });
  // Again, as after a crash, and on from there.
  await store.commit({ records: [], replacements: replacements.slice(5, 9) });
  await store.commit({ records: [], replacements: replacements.slice(9) });
  expect(await allOf(store.rolledBack())).toEqual(rows.map((row) => ({ record: row, instead: row.key === 'a' ? newer.version : null })));
});

test('without a file is empty', async () => {
  expect(await allOf((await empty()).file.read())).toEqual([]);
});

test('a line that a crash cut off is left out, and takes nothing with it of what comes after', async () => {
  const { path, file } = await empty();
  const [one, two, three] = [1, 2, 3].map((seq) => record(`key${seq}`, version(seq))) as [KvRecord, KvRecord, KvRecord];
  await file.append([replaced(one)]);
  const whole = await readFile(path, 'utf8');
  await file.append([replaced(two)]);
  await truncate(path, whole.length + 20);
  expect((await allOf(file.read())).map((row) => row.record)).toEqual([one]);
  await file.append([replaced(two), replaced(three)]);
  expect((await allOf(file.read())).map((row) => row.record)).toEqual([one, two, three]);
});

test('lines of something else are passed over', async () => {
  const { path, file } = await empty();
  await appendFile(path, 'hello\n\n{"version":"soon"}\n{"version":"1.1"}\nnull\n');
  await file.append([replaced(record('k', version(7)))]);
  expect(await allOf(file.read())).toHaveLength(1);
});

test('is read as it is asked for, never as a whole', async () => {
  const { path, file } = await empty();
  const value = JSON.stringify('x'.repeat(10_000));
  const rows = Array.from({ length: 500 }, (_, i) => record(`key${i}`, version(i + 1), value));
  await file.append(rows.map((row) => replaced(row)));
  const reading = file.read();
  expect((await reading.next()).value).toMatchObject({ record: rows[0] });
  // What nobody has asked for is not in memory: it goes with the file.
  await truncate(path, 0);
  expect((await allOf(reading)).length).toBeLessThan(100);
});

test('what cannot be read is told, with the path and the reason', async () => {
  const { path, file } = await empty();
  await mkdir(path);
  const thrown = await allOf(file.read()).catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(StoreError);
  expect((thrown as Error).message).toMatch(/^expected to read what was rolled back at .*rolled-back\.ndjson, got ".*EISDIR/);
});
