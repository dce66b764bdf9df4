import { describe, expect, test } from 'vitest';
import { KvctlError } from '../../src/wire/errors.ts';
import { integerParameter, parseQuery } from '../../src/wire/query.ts';

const codeOf = (run: () => unknown): string => {
  try {
    return `no refusal: ${JSON.stringify(run())}`;
  } catch (error) {
    return error instanceof KvctlError ? error.code : String(error);
  }
};

describe('a query', () => {
  test.each([
    ['', {}],
    ['quorum=1', { quorum: '1' }],
    ['quorum=1&timeout_ms=20', { quorum: '1', timeout_ms: '20' }],
    ['quorum=', { quorum: '' }],
    ['quorum', { quorum: '' }],
    ['quorum=a=b', { quorum: 'a=b' }],
    ['quorum=a+b%2B', { quorum: 'a b+' }],
    ['%71uorum=1', { quorum: '1' }],
    ['quorum=%F0%9F%A6%91', { quorum: '🦑' }],
    ['quorum=%00', { quorum: '\0' }],
  ])('%j is read', (text, found) => {
    expect({ ...parseQuery(text, ['quorum', 'timeout_ms']) }).toEqual(found);
  });

  test.each([
    'quorum=1&quorum=1',
    'quorum&quorum',
    'Quorum=1',
    'qourum=1',
    '=1',
    '&',
    'quorum=1&',
    '__proto__=1',
    'constructor=1',
    'quorum=%',
    'quorum=%FF',
    '%=1',
    'quorum=\u00e9',
    'quorum=\0',
  ])('%j is refused, because guessing would be a wrong answer', (text) => {
    expect(codeOf(() => parseQuery(text, ['quorum', 'timeout_ms']))).toBe('bad_request');
  });

  test('says which parameters there are', () => {
    expect(() => parseQuery('qourum=1', ['quorum', 'timeout_ms'])).toThrow('expected only quorum, timeout_ms in the query, got "qourum"');
    expect(() => parseQuery('x', [])).toThrow('expected nothing in the query, got "x"');
  });
});

describe('an integer parameter', () => {
  test.each([
    ['1', 1],
    ['600', 600],
    ['0007', 7],
  ])('%j is read', (text, value) => {
    expect(integerParameter('limit', text, 1, 600)).toBe(value);
  });

  test.each(['0', '601', '-1', '+1', '1.5', '1e2', '0x10', '', ' 1', 'NaN', 'Infinity', '١', '9'.repeat(40)])('%j is refused', (text) => {
    expect(codeOf(() => integerParameter('limit', text, 1, 600))).toBe('bad_request');
  });
});
