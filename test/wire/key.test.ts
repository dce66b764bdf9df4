import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keyPath } from '../../src/client/key-path.ts';
import { KvctlError } from '../../src/wire/errors.ts';
import { checkedKey, decodeKey, KEY_PREFIX } from '../../src/wire/key.ts';

const refusalOf = (raw: string): string => {
  try {
    return `no refusal: ${JSON.stringify(decodeKey(raw))}`;
  } catch (error) {
    return error instanceof KvctlError ? error.code : String(error);
  }
};

describe('a key', () => {
  test.each([
    ['plain', 'plain'],
    ['a%2Fb', 'a/b'],
    ['a/b', 'a/b'],
    ['x/', 'x/'],
    ['/', '/'],
    ['%25', '%'],
    ['%2525', '%25'],
    ['%252F', '%2F'],
    ['.', '.'],
    ['..', '..'],
    ['%2E', '.'],
    ['%2e%2E', '..'],
    ['a/../b', 'a/../b'],
    ['__proto__', '__proto__'],
    ['constructor', 'constructor'],
    ['%F0%9F%A6%91', '🦑'],
    ['%00', '\0'],
    ['a%00b', 'a\0b'],
    ['a+b', 'a+b'],
    ['%20', ' '],
    ['a&b=c;d', 'a&b=c;d'],
    ['%3F', '?'],
    ['%23', '#'],
    ['%0D%0A', '\r\n'],
    ['%EF%BB%BF', '\uFEFF'],
    ['%EF%BF%BD', '\uFFFD'],
  ])('%s in the path is %j', (raw, key) => {
    expect(decodeKey(raw)).toBe(key);
  });

  test('in two Unicode forms is two keys', () => {
    expect(decodeKey('caf%C3%A9')).toBe('caf\u00E9');
    expect(decodeKey('cafe%CC%81')).toBe('cafe\u0301');
  });

  test.each([
    ['100%', 'a percent sign by itself'],
    ['%', 'nothing but a percent sign'],
    ['%2', 'half an escape'],
    ['%zz', 'an escape that is none'],
    ['%C3', 'half a character'],
    ['%C3%28', 'a broken character'],
    ['%C0%AF', 'an overlong slash'],
    ['%ED%A0%80', 'half a surrogate pair'],
    ['%F5%80%80%80', 'a character above Unicode'],
    ['%FF', 'a byte that is in no UTF-8'],
    ['caf\u00E9', 'raw bytes, as a parser hands them over'],
    ['a\u0080', 'a raw control character'],
    ['a\u007F', 'a raw DEL'],
    ['', 'nothing'],
  ])('as %j is refused: %s', (raw) => {
    expect(refusalOf(raw)).toBe('bad_request');
  });

  test('has up to 1,024 bytes of UTF-8, counted after decoding', () => {
    expect(decodeKey('k'.repeat(1024))).toHaveLength(1024);
    expect(refusalOf('k'.repeat(1025))).toBe('bad_request');
    // Characters of two, three and four bytes, right at the limit and one byte above it.
    expect(decodeKey('%C3%A9'.repeat(512))).toHaveLength(512);
    expect(refusalOf(`${'%C3%A9'.repeat(512)}a`)).toBe('bad_request');
    expect(decodeKey(`${'%E2%82%AC'.repeat(341)}a`)).toHaveLength(342);
    expect(refusalOf(`${'%E2%82%AC'.repeat(341)}aa`)).toBe('bad_request');
    expect(decodeKey('%F0%9F%A6%91'.repeat(256))).toHaveLength(512);
    expect(refusalOf('%F0%9F%A6%91'.repeat(257))).toBe('bad_request');
    expect(decodeKey('%61'.repeat(1024))).toHaveLength(1024);
  });

  test('says in its refusal what was expected and what was got', () => {
    expect(() => decodeKey('100%')).toThrow('(% itself is %25), got "100%"');
    expect(() => decodeKey('k'.repeat(1025))).toThrow('a key of 1 to 1024 bytes of UTF-8, got 1025');
  });

  test('comes back from the path that the client makes of it, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 256 }), (key) => {
        expect(decodeKey(keyPath(key).slice(KEY_PREFIX.length))).toBe(key);
      }),
      { numRuns: 500 },
    );
  });

  test('is percent-decoded once, never twice', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('%', '2', '5', 'F', 'f', 'a', '/', '.', '+'), maxLength: 12 }), (raw) => {
        let key: string;
        try {
          key = decodeKey(raw);
        } catch {
          return;
        }
        const decodedOnce = raw.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
        expect(key).toBe(decodedOnce);
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('a key that stood in no path', () => {
  test.each(['a', '%', '%25', 'é', '__proto__', '\0', 'x'.repeat(1024), 'é'.repeat(512)])('%j is taken as it is', (key) => {
    expect(checkedKey(key)).toBe(key);
  });

  test.each(['', 'x'.repeat(1025), 'é'.repeat(513), '\ud800', 'a\udc00b'])('%j is refused', (key) => {
    expect(() => checkedKey(key)).toThrow(KvctlError);
  });
});
