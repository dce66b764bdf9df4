import { expect, test } from 'vitest';
import type { KvRecord } from '../../src/core/record.ts';
import { Disk, type Frame } from '../../src/sim/disk.ts';

const record = (key: string, seq: number): KvRecord => ({ key, value: `${seq}`, version: { epoch: 1, seq }, need: 0, timestampMs: 0 });
const commit = (token: number, ...records: KvRecord[]): Frame => ({
  commit: { t: 'persist', token, epoch: 1, records, position: null, previousOf: records.map(({ key }) => key) },
  isLeaders: true,
});

test('what was asked for is there when it is synced, not before, and says what it replaced', () => {
  const disk = new Disk('d');
  const [first, second] = [commit(1, record('a', 1)), commit(2, record('a', 2))];
  disk.write(first);
  disk.write(second);
  expect(disk.store.get('a')).toBeNull();
  expect(disk.sync().previous).toEqual(new Map([['a', null]]));
  expect(disk.has(first)).toBe(false);
  expect(disk.store.get('a')).toEqual(record('a', 1));
  expect(disk.sync().previous).toEqual(new Map([['a', record('a', 1)]]));
  expect(disk.frames).toEqual([]);
});

test('what is dropped never happened, and a wiped disk has another name and nothing on it', () => {
  const disk = new Disk('d');
  disk.write(commit(1, record('a', 1)));
  disk.drop();
  disk.write(commit(2, record('b', 2)));
  disk.sync();
  expect([disk.store.get('a'), disk.store.get('b')]).toEqual([null, record('b', 2)]);
  disk.wipe('e');
  expect([disk.incarnation, disk.store.count(), disk.hard]).toEqual(['e', 0, null]);
});
