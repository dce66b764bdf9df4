import { describe, expect, test } from 'vitest';
import { parseMapping } from '../../src/labs/mapping.ts';

const MINE = `# My own store.
name: mine
title: a store with verbs in the query
write:
  method: POST
  path: /store
  query: { op: set, k: "{key}" }
  body: ["{value}"]
  ok: { status: 201, body: null }
  quorumNotMet: { status: 504, body: { why: "{acks} of {required} answered" } }
read:
  method: GET
  path: /store/{key}
  ok: { status: 200, body: ["{value}"] }
  keyNotFound: { status: 410, body: null }
errorBody: { why: "{message}" }
`;

const told = (text: string): string => {
  const parsed = parseMapping(text);
  return parsed.ok ? 'no mistake' : parsed.message;
};

test('a mapping file is a dialect of its own', () => {
  expect(parseMapping(MINE)).toEqual({
    ok: true,
    value: {
      name: 'mine',
      title: 'a store with verbs in the query',
      write: {
        method: 'POST',
        path: '/store',
        query: { op: 'set', k: '{key}' },
        body: ['{value}'],
        ok: { status: 201, body: null },
        quorumNotMet: { status: 504, body: { why: '{acks} of {required} answered' } },
      },
      read: {
        method: 'GET',
        path: '/store/{key}',
        ok: { status: 200, body: ['{value}'] },
        keyNotFound: { status: 410, body: null },
      },
      errorBody: { why: '{message}' },
    },
  });
});

describe('a mistake is told with its line, its place and what was expected', () => {
  test.each([
    ['name: mine', 'name: My Store', 'line 2: name: expected a short name of lower-case letters, digits and dashes'],
    ['name: mine\n', '', 'line 1: name: expected string, got nothing'],
    ['  method: POST', '  methode: POST', 'line 5: write.methode: there is no such field'],
    ['  method: POST', '  method: post', 'line 5: write.method: expected one of "GET"|"PUT"|"POST"|"DELETE"'],
    ['path: /store\n', 'path: store\n', 'line 6: write.path: expected a path that begins with / and has no query, like /kv/{key}'],
    ['path: /store\n', 'path: /store?a=b\n', 'line 6: write.path: expected a path that begins with / and has no query, like /kv/{key}'],
    ['path: /store/{key}', 'path: /store/k-{key}', 'line 13: read.path: expected a placeholder as one whole segment, like /kv/{key}'],
    ['path: /store/{key}', 'path: /store', 'line 11: read: expected {key} in its path, query or body'],
    ['body: ["{value}"]\n  ok', 'body: []\n  ok', 'line 4: write: expected {value} in its path, query or body'],
    ['k: "{key}"', 'k: "{node}"', 'line 4: write: a request can hold {key}, {value}, {quorum}, not {node}'],
    ['status: 201', 'status: 99', 'line 9: write.ok.status: Too small'],
    ['status: 201', 'status: "201"', 'line 9: write.ok.status: expected number, got string'],
    ['{acks} of', '{akcs} of', 'line 10: write.quorumNotMet.body.why: expected {key}, '],
    ['{acks} of {required}', '{acks}{required}', 'line 10: write.quorumNotMet.body.why: expected words between two placeholders'],
    ['200, body: ["{value}"]', '200, body: [1]', 'line 14: read.ok.body: expected {value} in it'],
    ['errorBody: { why: "{message}" }\n', '', 'line 1: errorBody: expected JSON'],
    ['errorBody:', 'dumpOn: followers\nerrorBody:', 'line 16: dumpOn: expected `dump` beside it'],
    [
      'errorBody:',
      'dump: { method: GET, path: /all, ok: { status: 200, body: {} } }\nerrorBody:',
      'line 16: dump.ok.body: expected {data} in it',
    ],
    ['errorBody:', '__proto__: 1\nerrorBody:', 'line 16: __proto__: there is no such field'],
  ])('%j made %j', (good, bad, message) => {
    expect(MINE).toContain(good);
    expect(told(MINE.replace(good, bad))).toContain(message);
  });

  test('every mistake is told, not the first alone', () => {
    expect(told(MINE.replace('POST', 'post').replace('status: 200', 'status: 100')).split('\n')).toHaveLength(2);
  });
});

test.each([
  ['', 'line 1: the file: expected object, got null'],
  ['- 1', 'line 1: the file: expected object, got array'],
  ['name: [', 'expected a mapping file of YAML or JSON: Flow sequence'],
  ['name: a\nname: b', 'expected a mapping file of YAML or JSON: Map keys must be unique at line 2'],
  ['name: a\n---\nname: b', 'multiple documents'],
  ['write: !!binary aGVsbG8=', 'expected a mapping file of YAML or JSON: Unresolved tag'],
  ['errorBody: &a { x: *a }', 'without an alias inside of what it stands for'],
])('%j is no mapping file', (text, message) => {
  expect(told(text)).toContain(message);
});

test('a member that would be dropped without a word is refused', () => {
  expect(told(MINE.replace('{ why: "{message}" }', '{ "__proto__": "{nobody}", why: "{message}" }'))).toContain(
    'a member called __proto__',
  );
});

test('a file that is too long for a parser to look for keys that are there twice is refused', () => {
  expect(told(`errorBody: { ${'k: 1, '.repeat(30_000)} }`)).toContain('at most 131072 characters, got 18');
});

test('a file that grows without bound when it is read is refused', () => {
  const lists = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
  const bomb = lists.map(
    (name, index) =>
      `${name}: &${name} [${Array(10)
        .fill(index === 0 ? 'x' : `*${lists[index - 1]}`)
        .join(',')}]`,
  );
  expect(told(bomb.join('\n'))).toContain('Excessive alias count');
});
