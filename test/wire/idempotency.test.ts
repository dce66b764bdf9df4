import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatIdempotencyKey, isIdempotencyKey, parseIdempotencyKey } from '../../src/wire/idempotency.ts';

const visible = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  minLength: 1,
  maxLength: 255,
});

test('a key comes out of its header as it went in', () => {
  fc.assert(
    fc.property(visible, (key) => {
      expect(isIdempotencyKey(key)).toBe(true);
      expect(parseIdempotencyKey(formatIdempotencyKey(key))).toBe(key);
    }),
  );
});

test('a bare key is the quoted one', () => {
  expect(parseIdempotencyKey('8e03978e-40d5-43dd-bc93-6894a57f9324')).toBe('8e03978e-40d5-43dd-bc93-6894a57f9324');
  expect(parseIdempotencyKey('"8e03978e-40d5-43dd-bc93-6894a57f9324"')).toBe('8e03978e-40d5-43dd-bc93-6894a57f9324');
  expect(parseIdempotencyKey('x'.repeat(255)).length).toBe(255);
});

test.each([
  '',
  '""',
  '"',
  '"a',
  'a"',
  'a"b',
  'a\\b',
  '"a"b"',
  '"\\x"',
  '"a\\"',
  'a b',
  '"a b"',
  'a, b',
  '\u00e9',
  'a\u007f',
  'x'.repeat(256),
  `"${'x'.repeat(256)}"`,
])('%j is no key', (text) => {
  expect(() => parseIdempotencyKey(text)).toThrow(/expected one Idempotency-Key of 1 to 255 visible characters/);
});
