import { expect, test } from 'vitest';
import { assert, unreachable } from '../../src/lib/assert.ts';

test('a broken invariant throws with what should have been true', () => {
  expect(() => assert(1 > 2, 'one is more than two')).toThrow('one is more than two');
  expect(() => assert('held', 'never seen')).not.toThrow();
  expect(() => unreachable('surprise' as never)).toThrow('unreachable case "surprise"');
});
