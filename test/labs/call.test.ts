import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DIALECTS } from '../../src/labs/all.ts';
import { callText, matchAnswer, matchPath, matchRequest, renderRequest } from '../../src/labs/call.ts';
import type { Call, Dialect } from '../../src/labs/dialect.ts';
import { parseMapping } from '../../src/labs/mapping.ts';
import { placeholdersOf, renderTemplate } from '../../src/labs/template.ts';
import { KvctlError } from '../../src/wire/errors.ts';

const lab = (name: string): Dialect => DIALECTS.get(name) as Dialect;

test('there are five dialects, named by their labs, each a mapping file that a user could have written', () => {
  expect([...DIALECTS.keys()]).toEqual(['lab-1', 'lab-2', 'lab-3', 'lab-4', 'lab-5']);
  for (const dialect of DIALECTS.values()) expect(parseMapping(JSON.stringify(dialect))).toEqual({ ok: true, value: dialect });
});

describe('requests', () => {
  test.each([
    ['lab-1', 'write', 'POST /write', '{"key":"a/b","value":"v"}'],
    ['lab-1', 'read', 'GET /read?key=a%2Fb', null],
    ['lab-1', 'dump', 'GET /dump', null],
    ['lab-2', 'write', 'PUT /kv/a%2Fb', '{"value":"v"}'],
    ['lab-2', 'read', 'GET /kv/a%2Fb', null],
    ['lab-2', 'setQuorum', 'POST /admin/quorum', '{"write_quorum":4}'],
    ['lab-3', 'write', 'POST /set', '{"key":"a/b","value":"v"}'],
    ['lab-3', 'read', 'GET /get/a%2Fb', null],
    ['lab-3', 'dump', 'GET /get_all', null],
    ['lab-4', 'write', 'PUT /kv/a%2Fb', '{"value":"v"}'],
    ['lab-4', 'remove', 'DELETE /kv/a%2Fb', null],
    ['lab-5', 'read', 'GET /read?key=a%2Fb', null],
  ] as const)('%s: %s', (name, which, line, body) => {
    const rendered = renderRequest(lab(name)[which] as Call, { key: 'a/b', value: 'v', quorum: 4 });
    expect({ line: `${rendered.method} ${rendered.target}`, body: rendered.body }).toEqual({ line, body });
  });

  const get = (path: string): Call => ({ method: 'GET', path, ok: { status: 200, body: null } });

  test.each([
    ['.', '/kv/%2E'],
    ['..', '/kv/%2E%2E'],
    ['...', '/kv/...'],
    ['?&#%+ ', '/kv/%3F%26%23%25%2B%20'],
    ['ключ', '/kv/%D0%BA%D0%BB%D1%8E%D1%87'],
    ['__proto__', '/kv/__proto__'],
    ['', '/kv/'],
  ])('the key %j is %s', (key, target) => {
    expect(renderRequest(get('/kv/{key}'), { key }).target).toBe(target);
  });

  test('words of a path and query stand as they are', () => {
    const call: Call = { ...get('/v1:x/@{key}'), path: '/v1:x/{key}/raw', query: { op: 'get', k: 'id-{key}' } };
    expect(renderRequest(call, { key: 'a b' }).target).toBe('/v1:x/a%20b/raw?op=get&k=id-a%20b');
  });

  test('a key that no path can carry is refused', () => {
    expect(() => renderRequest(get('/kv/{key}'), { key: '\ud800' })).toThrow(KvctlError);
  });
});

describe('paths', () => {
  test.each<[string, string, Record<string, string> | null]>([
    ['/kv/{key}', '/kv/a', { key: 'a' }],
    ['/kv/{key}', '/kv/a/b', { key: 'a/b' }],
    ['/kv/{key}', '/kv/', { key: '' }],
    ['/kv/{key}', '/kv//', { key: '/' }],
    ['/kv/{key}', '/kv/a%2Fb', { key: 'a%2Fb' }],
    ['/kv/{key}', '/kv', null],
    ['/kv/{key}', '/KV/a', null],
    ['/kv/{key}', '//kv/a', null],
    ['/set/{key}/{value}', '/set/a/b/c', { key: 'a', value: 'b/c' }],
    ['/kv/{key}/raw', '/kv/a/raw', { key: 'a' }],
    ['/kv/{key}/raw', '/kv/a/b/raw', null],
    ['/write', '/write', {}],
    ['/write', '/write/', null],
    ['/write', '/write/x', null],
    ['/', '/', {}],
  ])('%s and %s', (template, path, found) => {
    const matched = matchPath(template, path);
    expect(matched === null ? null : Object.fromEntries(matched)).toEqual(found);
  });
});

describe('requests that are not what a call expects', () => {
  const { write, read } = lab('lab-1');

  test.each<[Call, string, string, string]>([
    [write, '', '', 'expected a JSON body like {"key":"{key}","value":"{value}"}, got no body'],
    [write, '', '{"key": "a"', 'expected a JSON body like {"key":"{key}","value":"{value}"}, got "{\\"key\\": \\"a\\"" ('],
    [write, '', '[]', 'expected a JSON object, got []; a body of POST /write is like {"key":"{key}","value":"{value}"}'],
    [write, '', '{"value": 1}', 'expected the member key, got {"value":1}; a body of POST /write is like'],
    [write, '', '{"__proto__": {"key": 1, "value": 2}}', 'expected the member key'],
    [write, 'key=a', '{"key": "a", "value": "b"}', 'expected nothing in the query, got "key"'],
    [read, '', '', 'expected GET /read?key={key}, got no key in the query'],
    [read, 'k=a', '', 'expected only key in the query, got "k"'],
    [read, 'key=a&key=b', '', 'expected key once in the query'],
    [read, 'key=%', '', 'expected a percent-encoded query'],
    [read, 'key=\u00e9', '', 'got raw bytes in'],
  ])('%#: %j', (call, query, body, message) => {
    const error = caught(() => matchRequest(call, { path: call.path, query, body }));
    expect(error.code).toBe('bad_request');
    expect(error.message).toContain(message);
  });

  test.each(['/kv/%', '/kv/%ff', '/kv/', '/kv/\u00e9', `/kv/${'a'.repeat(1025)}`])('the path %s', (path) => {
    expect(caught(() => matchRequest(lab('lab-2').read, { path, query: '', body: '' })).code).toBe('bad_request');
  });
});

describe('answers', () => {
  const { write } = lab('lab-2');

  test('are told apart by their status and what stands in them', () => {
    const body = { key: 'k', value: 'v', follower_acks: 3, quorum_met: true, version: '1.1' };
    expect(matchAnswer(write.ok, 200, body)).toEqual({ ok: true, value: { key: 'k', value: 'v', acks: 3 } });
    expect(matchAnswer(write.ok, 201, body)).toEqual({ ok: false, message: 'expected status 200, got 201' });
    expect(matchAnswer(write.ok, 200, { ...body, quorum_met: false })).toEqual({
      ok: false,
      message: 'expected quorum_met to be true, got false',
    });
    expect(matchAnswer({ status: 200, body: null }, 200, undefined)).toEqual({ ok: true, value: {} });
    expect(matchAnswer(write.ok, 200, undefined)).toEqual({ ok: false, message: 'expected a JSON object, got nothing' });
  });
});

test('calls are named as people write them', () => {
  expect([...DIALECTS.values()].map(({ read }) => callText(read))).toEqual([
    'GET /read?key={key}',
    'GET /kv/{key}',
    'GET /get/{key}',
    'GET /kv/{key}',
    'GET /read?key={key}',
  ]);
});

const calls = [...DIALECTS.values()].flatMap((dialect) =>
  (['write', 'read', 'remove', 'dump', 'health', 'setQuorum'] as const).flatMap((name) => {
    const call = dialect[name];
    return call === undefined ? [] : [{ name: `${dialect.name} ${name}`, call }];
  }),
);
const key = fc.string({ unit: 'binary', minLength: 1, maxLength: 200 }).filter((text) => text.isWellFormed());
const value = fc.string({ unit: 'binary', maxLength: 200 });

test.each(calls)('a request of $name, rendered, is read as the same again', ({ call }) => {
  fc.assert(
    fc.property(key, value, fc.nat(), (someKey, someValue, quorum) => {
      const values = { key: someKey, value: someValue, quorum };
      const { target, body } = renderRequest(call, values);
      const [path = '', query = ''] = target.split('?');
      expect(/^[\x21-\x7e]+$/.test(target)).toBe(true);
      expect(matchPath(call.path, path)).not.toBeNull();
      const found = matchRequest(call, { path, query, body: body ?? '' });
      const named = [...placeholdersOf(call.path), ...placeholdersOf(call.query ?? {}), ...placeholdersOf(call.body ?? null)];
      expect(found).toEqual(Object.fromEntries(named.map((each) => [each, values[each as keyof typeof values]])));
    }),
  );
});

test.each(calls)('an answer to $name, rendered, is read as the same again', ({ call }) => {
  const answers = [call.ok, call.notLeader, call.quorumNotMet, call.keyNotFound].filter((each) => each !== undefined);
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(...answers), (any, answer) => {
      const json = JSON.parse(JSON.stringify(any)) as unknown;
      const values = {
        key: 'k',
        value: json,
        acks: 2,
        required: 3,
        node: 'n2',
        role: 'follower',
        message: 'no',
        quorum: 2,
        data: { k: json },
      };
      const body = answer.body === null ? undefined : (JSON.parse(renderTemplate(answer.body, values)) as unknown);
      const named = answer.body === null ? [] : [...placeholdersOf(answer.body)];
      const wanted = Object.fromEntries(named.map((each) => [each, values[each as keyof typeof values]]));
      expect(matchAnswer(answer, answer.status, body)).toEqual({ ok: true, value: wanted });
    }),
  );
});

function caught(act: () => unknown): KvctlError {
  try {
    act();
  } catch (error) {
    if (error instanceof KvctlError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
