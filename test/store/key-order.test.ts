import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareKeys, successorOfPrefix } from '../../src/store/key-order.ts';
import { ODD_KEYS } from './model.ts';

const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 6 }), fc.constantFrom(...ODD_KEYS));

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

test('keys compare as their UTF-8 bytes do', () => {
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(Math.sign(compareKeys(a, b))).toBe(compareBytes(a, b));
    }),
    { numRuns: 2000 },
  );
  expect('\u{1F600}' < '\uFF01').toBe(true);
  expect(compareKeys('\u{1F600}', '\uFF01')).toBeGreaterThan(0);
});

test('the successor of a prefix is above all that begin with it and not above anything else', () => {
  fc.assert(
    fc.property(text, text, text, (prefix, rest, other) => {
      const end = successorOfPrefix(prefix);
      if (end === null) {
        expect([...prefix].every((char) => char === '\u{10FFFF}')).toBe(true);
        return;
      }
      expect(compareBytes(prefix + rest, end)).toBeLessThan(0);
      const isBetween = compareBytes(prefix, other) <= 0 && compareBytes(other, end) < 0;
      expect(isBetween).toBe(other.startsWith(prefix));
    }),
    { numRuns: 2000 },
  );
  expect(successorOfPrefix('\uD7FF')).toBe('\uE000');
  expect(successorOfPrefix('a\u{10FFFF}')).toBe('b');
  expect(successorOfPrefix('')).toBeNull();
});
