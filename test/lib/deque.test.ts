import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Deque } from '../../src/lib/deque.ts';

/** Bursts, so that the ring grows, wraps and shrinks again. */
const bursts = fc.array(
  fc.record({ action: fc.constantFrom('push', 'push', 'shift', 'popBack'), times: fc.integer({ min: 1, max: 60 }) }),
  { maxLength: 30 },
);

test('a deque behaves like an array', () => {
  fc.assert(
    fc.property(bursts, (script) => {
      const deque = new Deque<number>();
      const array: number[] = [];
      let next = 0;
      for (const { action, times } of script) {
        for (let i = 0; i < times; i++) {
          if (action === 'push') {
            deque.push(next);
            array.push(next);
            next += 1;
          } else if (action === 'shift') expect(deque.shift()).toBe(array.shift());
          else expect(deque.popBack()).toBe(array.pop());
          expect([deque.size, deque.peek(), deque.peekBack()]).toEqual([array.length, array[0], array.at(-1)]);
        }
        for (let i = -1; i <= array.length; i++) expect(deque.at(i)).toBe(i < 0 ? undefined : array[i]);
      }
    }),
  );
});
