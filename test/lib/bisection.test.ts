import fc from 'fast-check';
import { expect, test } from 'vitest';
import { smallestWhere } from '../../src/lib/bisection.ts';

test('the threshold of a step is found to the last bit', () => {
  fc.assert(
    fc.property(fc.double({ min: -1e300, max: 1e300, noNaN: true }), (threshold) => {
      expect(smallestWhere((x) => x >= threshold, -1e300, 1e300)).toBe(threshold + 0);
    }),
  );
});

test('what holds everywhere begins at the lower end, what holds nowhere ends at the upper', () => {
  expect([smallestWhere(() => true, 2, 5), smallestWhere(() => false, 2, 5)]).toEqual([2, 5]);
});
