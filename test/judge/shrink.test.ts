import { describe, expect, test } from 'vitest';
import type { Operation } from '../../src/judge/history.ts';
import { judgeLinearizability } from '../../src/judge/linearizability.ts';
import { closed, shrink } from '../../src/judge/shrink.ts';
import { Prng } from '../../src/lib/prng.ts';
import { bruteForce, cas, operation, randomHistory, read, textOf, write } from './histories.ts';

const isViolation = (part: readonly Operation[]): boolean => judgeLinearizability(part).verdict === 'violation';

describe('the smallest part of a violation', () => {
  test('of a long history is a handful of operations, is one itself, and loses that with any operation less', () => {
    const random = new Prng(5);
    let shrunk = 0;
    for (let i = 0; i < 150; i++) {
      const shape = { operations: 120, clients: 4, reads: 0.5, cas: i % 3 === 0 ? 0.2 : 0, deletes: 0.05, unknown: 0.1, wrong: 0.03 };
      const operations = randomHistory(i % 2 === 0 ? shape : { ...shape, values: 12 }, random);
      if (!isViolation(operations)) continue;
      shrunk += 1;
      const { operations: part, isSmallest } = shrink(operations, isViolation);
      expect(isSmallest).toBe(true);
      if (part.length <= 9) expect(bruteForce(part), textOf(part)).toBe(false);
      for (const each of part) {
        const less = closed(
          part.filter((other) => other !== each),
          part,
        );
        if (less.length < part.length) expect(isViolation(less), textOf(part)).toBe(false);
      }
    }
    expect(shrunk).toBeGreaterThan(50);
  });

  test('is never a violation of a history that is none: whatever closed part is taken', () => {
    const random = new Prng(6);
    for (let i = 0; i < 2000; i++) {
      const operations = randomHistory(
        { operations: 12, clients: 3, reads: 0.4, cas: 0.25, deletes: 0.1, unknown: 0.3, values: 4 },
        random,
      );
      const half = (of: readonly Operation[]) =>
        closed(
          of.filter(() => random.next() < 0.5),
          of,
        );
      const part = i % 2 === 0 ? half(operations) : half(half(operations));
      expect(judgeLinearizability(part).verdict, `${textOf(part)} of ${textOf(operations)}`).toBe('ok');
    }
  });

  test('keeps the write of what it reads, however late it came', () => {
    const operations = [operation(write(1), 0, 1), operation(read(2), 2, 3), operation(write(2), 4, 5), operation(read(2), 6, 7)];
    expect(shrink(operations, isViolation)).toEqual({ operations: [operations[1], operations[2]], isSmallest: true });
  });

  test('keeps a write that may have come after the one that seems to overwrite it', () => {
    const [seen, beside, unknown] = [operation(write(1), 0, 3), operation(write(2), 2, 4), operation(write(1, 'info'), 1, null)];
    const part = [beside, operation(read(1), 5, 6)];
    expect(closed(part, [seen, unknown, ...part])).toContain(seen);
  });

  test('leaves out a write of the same value that another one overwrote before', () => {
    const early = [operation(write(1), 0, 1), operation(write(2), 2, 3), operation(read(2), 4, 5)];
    const part = [operation(write(3), 6, 7), operation(read(2), 8, 9)];
    expect(shrink([...early, ...part], isViolation).operations).toEqual([early[1], ...part]);
    const again = [operation(write(2), 10, 11), operation(write(3), 12, 13), operation(read(2), 14, 15)];
    expect(shrink([...early, ...again], isViolation).operations).toEqual(again);
  });

  test('leaves out what failed, and all that has nothing to do with it', () => {
    const part = [operation(write(1), 2, 3), operation(cas(1, 2), 4, 7), operation(cas(1, 3), 5, 6)];
    const others = [operation(write(9, 'fail'), 0, 1), operation(read(2), 8, 9), operation(write(4), 10, 11), operation(read(4), 12, 13)];
    expect(shrink([...others, ...part], isViolation).operations).toEqual(part);
  });

  test('is as small as it is when time runs out, and says so', () => {
    const operations = randomHistory({ operations: 400, clients: 4, reads: 0.5, wrong: 0.2 }, new Prng(7));
    expect(shrink(operations, isViolation, () => true)).toMatchObject({ isSmallest: false });
  });
});
