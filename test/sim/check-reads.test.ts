import { describe, expect, test } from 'vitest';
import { Prng } from '../../src/lib/prng.ts';
import { checkReads, type RegisterOp } from '../../src/sim/check-reads.ts';

let ids = 0;
const op = (f: 'write' | 'read', order: number, startedAt: number, endedAt: number, key = 'k'): RegisterOp => ({
  id: ++ids,
  f,
  key,
  order,
  startedAt,
  endedAt,
});

describe('a history is linearizable', () => {
  test.each([
    ['that is empty', []],
    ['of one after the other', [op('write', 1, 0, 1), op('read', 1, 2, 3), op('write', 2, 4, 5), op('read', 2, 6, 7)]],
    ['in which a read during a write sees the value before it', [op('write', 1, 0, 1), op('write', 2, 2, 9), op('read', 1, 3, 4)]],
    ['in which it sees the new one', [op('write', 1, 0, 1), op('write', 2, 2, 9), op('read', 2, 3, 4), op('read', 2, 5, 6)]],
    [
      'in which nobody knows what became of a write',
      [op('write', 1, 0, Number.POSITIVE_INFINITY), op('read', 0, 5, 6), op('read', 1, 7, 8)],
    ],
    ['of two keys', [op('write', 5, 0, 1, 'a'), op('write', 2, 2, 3, 'b'), op('read', 2, 4, 5, 'b')]],
  ])('%s', (_name, ops) => expect(checkReads(ops)).toBeNull());
});

describe('a history is not linearizable', () => {
  test.each([
    ['in which a read misses a write that had ended', [op('write', 1, 0, 1), op('read', 0, 2, 3)], /began after write/],
    [
      'in which a read goes back',
      [op('write', 1, 0, 1), op('write', 2, 2, 9), op('read', 2, 3, 4), op('read', 1, 5, 6)],
      /began after read/,
    ],
    ['in which a later write is older', [op('write', 2, 0, 1), op('write', 1, 2, 3)], /began after write/],
    ['in which a read sees the future', [op('read', 1, 0, 1), op('write', 1, 2, 3)], /had ended before write/],
    ['in which a read sees what nobody wrote', [op('read', 3, 0, 1)], /nobody wrote/],
    ['in which two writes are one version', [op('write', 1, 0, 5), op('write', 1, 1, 6)], /the same version/],
  ])('%s', (_name, ops, message) => expect(checkReads(ops)?.message).toMatch(message));
});

test('it says what trying every order says, on all small random histories', () => {
  const prng = new Prng(11);
  let bad = 0;
  for (let trial = 0; trial < 3000; trial++) {
    const writes = 1 + prng.int(3);
    const draw = (f: 'write' | 'read', order: number) => {
      const startedAt = prng.int(12);
      return op(f, order, startedAt, prng.int(8) === 0 && f === 'write' ? Number.POSITIVE_INFINITY : startedAt + 1 + prng.int(6));
    };
    const ops = [
      ...Array.from({ length: writes }, (_, i) => draw('write', i + 1)),
      ...Array.from({ length: 1 + prng.int(3) }, () => draw('read', prng.int(writes + 1))),
    ];
    const isFine = checkReads(ops) === null;
    if (!isFine) bad += 1;
    expect(isFine, JSON.stringify(ops)).toBe(existsOrder(ops, 0));
  }
  expect(bad).toBeGreaterThan(300);
  expect(bad).toBeLessThan(2900);
});

/** Brute force: an order that keeps real time, in which writes come by version and every read sees the last write before it. */
function existsOrder(rest: readonly RegisterOp[], value: number): boolean {
  if (rest.length === 0) return true;
  return rest.some((next) => {
    const mayGo = rest.every((other) => other === next || other.endedAt >= next.startedAt);
    if (!mayGo || (next.f === 'read' ? next.order !== value : next.order < value)) return false;
    const others = rest.filter((each) => each !== next);
    return existsOrder(others, next.f === 'write' ? next.order : value);
  });
}
