// How much of a node's log a run folder keeps.
import { expect, test } from 'vitest';
import { lastWhole } from '../../../src/cli/chaos/node-logs.ts';

test('the last lines are kept, whole, up to the bound in bytes', () => {
  const lines = ['first', 'zwölf', 'last'];
  // 5 and 7 bytes with their ends of line; ö has two.
  expect([100, 18, 17, 12, 11, 5, 4, 0].map((most) => lastWhole(lines, most))).toEqual([
    ...['first\nzwölf\nlast\n', 'first\nzwölf\nlast\n', 'zwölf\nlast\n', 'zwölf\nlast\n'],
    ...['last\n', 'last\n', '', ''],
  ]);
  expect(lastWhole([], 10)).toBe('');
});
