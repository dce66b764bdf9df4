import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Heap } from '../../src/lib/heap.ts';

const operations = fc.array(fc.oneof(fc.integer({ min: -20, max: 20 }), fc.constant('pop' as const)), { maxLength: 200 });

test('a heap behaves like an array that is sorted before every look', () => {
  fc.assert(
    fc.property(operations, (script) => {
      const heap = new Heap<number>((a, b) => a < b);
      const sorted: number[] = [];
      for (const step of script) {
        if (step === 'pop') expect(heap.pop()).toBe(sorted.shift());
        else {
          heap.push(step);
          sorted.push(step);
          sorted.sort((a, b) => a - b);
        }
        expect(heap.peek()).toBe(sorted[0]);
        expect(heap.size).toBe(sorted.length);
        expect([...heap.values()].sort((a, b) => a - b)).toEqual(sorted);
      }
    }),
  );
});

test('a cleared heap is empty and usable', () => {
  const heap = new Heap<number>((a, b) => a > b);
  for (const entry of [1, 3, 2]) heap.push(entry);
  heap.clear();
  expect([heap.size, heap.pop(), heap.peek()]).toEqual([0, undefined, undefined]);
  heap.push(5);
  heap.push(6);
  expect(heap.pop()).toBe(6);
});
