import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { HardState } from '../../src/core/record.ts';
import { HardStateFile } from '../../src/store/hard-state.ts';
import { makeTempDirectory } from './model.ts';

const STATE: HardState = {
  lineage: 'l-1',
  nodeId: 'n1',
  incarnation: 'i-1',
  members: [
    { id: 'n1', url: 'http://127.0.0.1:8000' },
    { id: 'n2', url: 'http://127.0.0.1:8001' },
  ],
  promisedEpoch: 3,
  promisedTo: 'n2',
  ledEpoch: 1,
  blank: false,
};

test('a directory without hard state says so with null', async () => {
  expect(await new HardStateFile(await makeTempDirectory()).load()).toBeNull();
});

test('what was saved last is loaded, by another opening too', async () => {
  const directory = await makeTempDirectory();
  const file = new HardStateFile(directory);
  await file.save({ ...STATE, blank: true });
  await file.save(STATE);
  expect(await file.load()).toEqual(STATE);
  expect(await new HardStateFile(directory).load()).toEqual(STATE);
  expect(await readdir(directory)).toEqual(['hard-state.json']);
});

test('saves that are not waited for are done in call order', async () => {
  const file = new HardStateFile(await makeTempDirectory());
  await Promise.all(Array.from({ length: 20 }, (_, i) => file.save({ ...STATE, promisedEpoch: i })));
  expect((await file.load())?.promisedEpoch).toBe(19);
});

test('what a crash left of an unfinished save is never read and does not hinder the next', async () => {
  const directory = await makeTempDirectory();
  const file = new HardStateFile(directory);
  await file.save(STATE);
  await writeFile(join(directory, 'hard-state.json.new'), '{"format":1,"line');
  expect(await file.load()).toEqual(STATE);
  await file.save({ ...STATE, promisedEpoch: 4 });
  expect((await file.load())?.promisedEpoch).toBe(4);
  expect(await readdir(directory)).toEqual(['hard-state.json']);
});

test.each([
  ['nothing', () => ''],
  ['half a file', (text: string) => text.slice(0, text.length / 2)],
  ['zeros', (text: string) => '\0'.repeat(text.length)],
  ['another format', (text: string) => text.replace('"format": 1', '"format": 2')],
  ['a missing field', (text: string) => text.replace(/"promisedTo": "n2",/, '')],
  ['a negative epoch', (text: string) => text.replace('"promisedEpoch": 3', '"promisedEpoch": -3')],
  ['a field that nobody knows', (text: string) => text.replace('"format": 1', '"format": 1, "x": 1')],
])('a file with %s is refused, never taken for a blank node (failure 9)', async (_, damage) => {
  const directory = await makeTempDirectory();
  const path = join(directory, 'hard-state.json');
  const file = new HardStateFile(directory);
  await file.save(STATE);
  const damaged = damage(await readFile(path, 'utf8'));
  await writeFile(path, damaged);
  await expect(file.load()).rejects.toThrow(/^expected a node's hard state of format 1, got ".+" at .*hard-state\.json: restore/);
  expect(await readFile(path, 'utf8')).toBe(damaged);
});

test('a save that the disk refuses is rejected in words and does not hinder the next', async () => {
  const directory = await makeTempDirectory();
  const file = new HardStateFile(directory);
  await file.save(STATE);
  await mkdir(join(directory, 'hard-state.json.new'));
  await expect(file.save(STATE)).rejects.toThrow(/^expected the disk to take the hard state at .*EISDIR/);
  expect(await file.load()).toEqual(STATE);
});
