import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SortedList } from '../../src/store/sorted-list.ts';

const numbers = () => new SortedList<number, number>((item, at) => item - at);

test('a sorted list holds what a sorted set holds, whatever is added and removed in whatever order', () => {
  const operation = fc.record({ at: fc.nat(4000), isRemoval: fc.boolean() });
  fc.assert(
    fc.property(fc.array(operation, { minLength: 1500, maxLength: 4000, size: 'max' }), fc.nat(4000), (operations, from) => {
      const list = numbers();
      const model = new Set<number>();
      for (const { at, isRemoval } of operations) {
        if (isRemoval) expect(list.remove(at)).toBe(model.delete(at));
        else expect(list.add(at, at)).toBe(!model.has(at));
        if (!isRemoval) model.add(at);
      }
      const sorted = [...model].sort((a, b) => a - b);
      expect([...list.from(0)]).toEqual(sorted);
      expect([...list.from(from)]).toEqual(sorted.filter((at) => at >= from));
      expect(list.last()).toBe(sorted.at(-1));
    }),
    { numRuns: 20 },
  );
});

test('a window that moves over 100,000 places leaves only what is in it', () => {
  const list = numbers();
  for (let at = 0; at < 100_000; at += 1) {
    list.add(at, at);
    if (at >= 1000) list.remove(at - 1000);
  }
  expect([...list.from(0)]).toEqual(Array.from({ length: 1000 }, (_, i) => 99_000 + i));
});

test('filling backwards and emptying from both ends keeps the order', () => {
  const list = numbers();
  for (let at = 5000; at > 0; at -= 1) list.add(at, at);
  for (let at = 1; at < 2500; at += 1) {
    list.remove(at);
    list.remove(5001 - at);
  }
  expect([...list.from(0)]).toEqual([2500, 2501]);
  expect(list.last()).toBe(2501);
  list.remove(2500);
  list.remove(2501);
  expect(list.last()).toBeUndefined();
  expect([...list.from(0)]).toEqual([]);
});
