import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KvctlError } from '../../src/wire/errors.ts';
import { valueText } from '../../src/wire/value.ts';

const LIMIT = 1024 * 1024;
const textOf = (body: string, limit = LIMIT) => valueText(body, limit);
const codeOf = (body: string, limit = LIMIT): string => {
  try {
    return `no refusal: ${textOf(body, limit).slice(0, 80)}`;
  } catch (error) {
    return error instanceof KvctlError ? error.code : String(error);
  }
};

describe('a value', () => {
  test.each([
    ['1', '1'],
    ['null', 'null'],
    ['true', 'true'],
    ['""', '""'],
    ['[]', '[]'],
    [' { "a" : [ 1 , 2 ] } ', '{"a":[1,2]}'],
    ['-0', '0'],
    ['1.0', '1'],
    ['1e2', '100'],
    ['1e-400', '0'],
    ['1.7976931348623157e308', '1.7976931348623157e+308'],
    ['9007199254740993', '9007199254740992'],
    ['0.1', '0.1'],
    ['"\\u0000"', '"\\u0000"'],
    ['"\\ud800"', '"\\ud800"'],
    ['"\\udc00\\ud800"', '"\\udc00\\ud800"'],
    ['"\\ud83e\\udd91"', '"🦑"'],
    ['"\u2028"', '"\u2028"'],
    ['{"a":1,"a":2}', '{"a":2}'],
    ['{"__proto__":{"x":1}}', '{"__proto__":{"x":1}}'],
    ['{"constructor":{"prototype":1},"toJSON":"x"}', '{"constructor":{"prototype":1},"toJSON":"x"}'],
    ['[{"__proto__":null}]', '[{"__proto__":null}]'],
    ['{"2":1,"1":2,"":3}', '{"1":2,"2":1,"":3}'],
  ])('%s is stored as %s', (value, text) => {
    expect(textOf(`{"value":${value}}`)).toBe(text);
  });

  test('called __proto__ changes nobody', () => {
    textOf('{"value":{"__proto__":{"polluted":true}}}');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test.each(['1e400', '-1e400', '[1e400]', '{"a":{"b":[1,1e999]}}'])('%s becomes infinite and is refused', (value) => {
    expect(codeOf(`{"value":${value}}`)).toBe('bad_request');
  });

  test('that stringify would turn into null is refused everywhere it can stand, and is fine outside of the value', () => {
    expect(codeOf('{"value":[[[{"a":[0,-1e400]}]]]}')).toBe('bad_request');
    expect(textOf('{"value":1,"other":1e400}')).toBe('1');
  });

  test.each([
    '',
    ' ',
    'null',
    '1',
    '"value"',
    '[]',
    '[{"value":1}]',
    '{}',
    '{"Value":1}',
    '{"__proto__":{"value":1}}',
    '{"value":1',
    '{"value":}',
    '{"value":1}x',
    '{"value":undefined}',
    '{"value":NaN}',
    "{'value':1}",
    '{"value":01}',
    '\uFEFF{"value":1}',
    '{"value":"\u0000"}',
    '{"value":1,}',
    '// {"value":1}',
  ])('the body %j has none', (body) => {
    expect(codeOf(body)).toBe('bad_request');
  });

  test('nested 100,000 deep does not end the process', () => {
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      const deep = `{"value":${open.repeat(100_000)}1${close.repeat(100_000)}}`;
      expect(codeOf(deep)).toBe('bad_request');
    }
    const fine = `${'['.repeat(500)}${']'.repeat(500)}`;
    expect(textOf(`{"value":${fine}}`)).toBe(fine);
  });

  test('has at most so many bytes of UTF-8 as text', () => {
    expect(textOf('{"value":"abc"}', 5)).toBe('"abc"');
    expect(codeOf('{"value":"abcd"}', 5)).toBe('too_large');
    expect(textOf('{"value":"é"}', 4)).toBe('"é"');
    expect(codeOf('{"value":"éé"}', 5)).toBe('too_large');
    // The limit is on the text that is stored, not on the body: blanks and escapes do not count.
    expect(textOf('{"value":   [ 1 , 2 ]   }', 5)).toBe('[1,2]');
    expect(textOf('{"value":"\\u0061\\u0061\\u0061"}', 5)).toBe('"aaa"');
    expect(codeOf('{"value":"\u0001"}'.replace('\u0001', '\\u0001'), 5)).toBe('too_large');
  });

  test('is refused with what was expected and what was got', () => {
    expect(() => textOf('{"value":"abcd"}', 5)).toThrow('at most 5 bytes of JSON, got 6');
    expect(() => textOf('nope')).toThrow('expected a JSON body like {"value": 1}, got "nope"');
  });

  test('is the text that JSON.stringify makes, and stays it when it is parsed again', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const text = textOf(`{"value":${JSON.stringify(value)}}`);
        expect(text).toBe(JSON.stringify(value));
        expect(textOf(`{"value":${text}}`)).toBe(text);
      }),
      { numRuns: 300 },
    );
  });
});
