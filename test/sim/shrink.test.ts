import { expect, test } from 'vitest';
import { shrink } from '../../src/sim/shrink.ts';

const ALL = Array.from({ length: 50 }, (_, i) => i + 1);

test('of fifty faults the two that matter together are left', () => {
  expect(shrink(ALL, (faults) => faults.includes(7) && faults.includes(31), 500)).toEqual([7, 31]);
});

test('nothing is left if it fails without any', () => {
  expect(shrink(ALL, () => true, 500)).toEqual([]);
});

test('what cannot be shrunk stays, and so does what there was no time for', () => {
  expect(shrink([1, 2, 3], (faults) => faults.length === 3, 500)).toEqual([1, 2, 3]);
  expect(shrink(ALL, (faults) => faults.includes(50), 0)).toEqual(ALL);
});
