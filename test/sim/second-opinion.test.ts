import { expect, test } from 'vitest';
import type { RegisterOp } from '../../src/sim/check-reads.ts';
import { askJudge } from '../../src/sim/second-opinion.ts';

let ids = 0;
const op = (f: 'read' | 'write', order: number, startedAt: number, endedAt: number, key = 'a'): RegisterOp => {
  ids += 1;
  return { id: ids, f, key, order, startedAt, endedAt };
};
const NEVER = Number.POSITIVE_INFINITY;

test('a register that does one thing at a time is believed, be the versions as they may', () => {
  expect(
    askJudge([op('read', 0, 0, 1), op('write', 3, 2, 4), op('read', 3, 3, 5), op('write', 2, 6, NEVER), op('read', 2, 9, 10)]),
  ).toBeNull();
});

test('what nobody read says nothing', () => {
  expect(askJudge([op('write', 1, 0, 1), op('write', 2, 2, 3)])).toBeNull();
  expect(askJudge([])).toBeNull();
});

test.each([
  ['a stale read', [op('write', 1, 0, 1), op('write', 2, 2, 3), op('read', 1, 4, 5)]],
  ['a lost write', [op('write', 1, 0, 1), op('read', 0, 2, 3)]],
  ['a read of the future', [op('read', 1, 0, 1), op('write', 1, 2, 3)]],
  ['a write seen and then unseen', [op('write', 1, 0, 1), op('write', 2, 2, NEVER), op('read', 2, 3, 4), op('read', 1, 5, 6)]],
])('%s is found, on the key where it is', (_what, ops) => {
  const others = [op('write', 1, 0, 1, 'b'), op('read', 1, 2, 3, 'b')];
  expect(askJudge([...others, ...ops])).toMatchObject({ key: 'a', message: expect.stringMatching(/.{10,}/) });
});
