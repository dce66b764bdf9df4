/**
 * What no client of a lab should send, to a node of each dialect: refused in the dialect's own form, in words, and never a 500; and odd keys and
 * values, which are data.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePorts } from '../cluster/sandbox.ts';
import { LAB_NAMES, type LabName } from '../support/lab-compose.ts';
import { type Answer, call, JSON_BODY, RawConnection, requestText } from '../support/raw-http.ts';
import { RealNode } from '../support/real-node.ts';

const MAX_VALUE_BYTES = 2_000;

/** A lab's write and read, as its clients spell them, and the one member of its errors. */
const SPELT: Record<LabName, { write: (key: unknown, value: unknown) => Spelt; read: (key: string) => string; error: 'detail' | 'error' }> =
  {
    'lab-1': {
      write: (key, value) => posted('/write', { key, value }),
      read: (key) => `/read?key=${encodeURIComponent(key)}`,
      error: 'detail',
    },
    'lab-2': { write: (key, value) => stored(key, { value }), read: (key) => `/kv/${encodeURIComponent(key)}`, error: 'detail' },
    'lab-3': { write: (key, value) => posted('/set', { key, value }), read: (key) => `/get/${encodeURIComponent(key)}`, error: 'error' },
    'lab-4': { write: (key, value) => stored(key, { value }), read: (key) => `/kv/${encodeURIComponent(key)}`, error: 'error' },
    'lab-5': {
      write: (key, value) => posted('/write', { key, value }),
      read: (key) => `/read?key=${encodeURIComponent(key)}`,
      error: 'detail',
    },
  };

interface Spelt {
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

function posted(path: string, body: unknown): Spelt {
  return { method: 'POST', path, body: JSON.stringify(body) };
}

function stored(key: unknown, body: unknown): Spelt {
  return { method: 'PUT', path: `/kv/${encodeURIComponent(String(key))}`, body: JSON.stringify(body) };
}

/** Leaders without followers: kvctl's own variables, the lab's calls. */
const nodes = new Map<LabName, RealNode>();
beforeAll(async () => {
  const base = await freePorts(LAB_NAMES.length);
  for (const [index, lab] of LAB_NAMES.entries()) {
    const PORT = `${base + index}`;
    const shared = { ROLE: 'leader', STORE: 'memory', REQUEST_TIMEOUT: '2', MAX_VALUE_BYTES: `${MAX_VALUE_BYTES}` };
    const node = new RealNode({ DIALECT: lab, PORT, NODES: `n1=http://127.0.0.1:${PORT}`, ...shared }, [], lab);
    nodes.set(lab, node);
    node.start();
  }
  for (const node of nodes.values()) await node.reaches('is open', ({ phase }) => phase === 'open');
});
afterAll(() => Promise.all([...nodes.values()].map((node) => node.kill())));

const portOf = (lab: LabName): number => nodes.get(lab)?.port ?? 0;
const send = (lab: LabName, { method, path, body }: Spelt, headers: Readonly<Record<string, string>> = JSON_BODY): Promise<Answer> =>
  call(portOf(lab), { method, path, body, headers });

/** The sentence of a refusal that has the dialect's form, and nothing else in it. */
function refused(lab: LabName, status: number, answer: Answer): string {
  const { error } = SPELT[lab];
  expect({ status: answer.status, body: JSON.parse(answer.text) as unknown }).toEqual({
    status,
    body: { [error]: expect.stringMatching(/^.{15,600}$/s) },
  });
  expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
  return (JSON.parse(answer.text) as Record<string, string>)[error] ?? '';
}

describe.each(LAB_NAMES)('a node that speaks %s', (lab) => {
  const { write, read } = SPELT[lab];

  test.each([1, 1.5, null, true, {}, [], ['a'], { value: 'a' }])('refuses the value %j, which is no string', async (value) => {
    expect(refused(lab, 400, await send(lab, write('k', value)))).toContain(`as ${lab}'s values are, got ${JSON.stringify(value)}`);
    expect(refused(lab, 404, await call(portOf(lab), { path: read('k') }))).toContain('"k" has no value');
  });

  test.each([
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    ' ',
    'a/b',
    '/',
    '..',
    '.',
    'ключ',
    'é',
    'e\u0301',
    '🦑',
    '\u0000',
    '\n',
    '"',
    '%',
    '%25',
    '+',
    'a=b&c',
    '?',
    '#',
    'x'.repeat(1024),
  ])('keeps %j as key and value', async (odd) => {
    // Keys that a URL object would fold are written as kvctl writes them.
    const path = read(odd).replace(/\/(\.{1,2})$/, (_, dots: string) => `/${dots.replaceAll('.', '%2E')}`);
    const spelt = write(odd, odd);
    const sent = await send(lab, { ...spelt, path: spelt.method === 'PUT' ? path : spelt.path });
    expect([sent.status, sent.text]).toEqual([200, sent.text]);
    const answer = await call(portOf(lab), { path });
    expect([answer.status, JSON.parse(answer.text).value]).toEqual([200, odd]);
  });

  test('tells two values of odd keys apart', async () => {
    for (const [key, value] of [
      ['__proto__', 'a'],
      ['constructor', 'b'],
      ['%2F', 'c'],
      ['/', 'd'],
    ] as const)
      expect((await send(lab, write(key, value))).status).toBe(200);
    const values = await Promise.all(
      ['__proto__', 'constructor', '%2F', '/'].map(async (key) => JSON.parse((await call(portOf(lab), { path: read(key) })).text).value),
    );
    expect(values).toEqual(['a', 'b', 'c', 'd']);
  });

  test.each(['', '{', '"a"', 'null', '[]', '3', '{"value"}', '{}', '{"valeu": "a"}', "{'value': 'a'}", '\ufeff{}'])(
    'refuses the body %j',
    async (body) => {
      expect(refused(lab, 400, await send(lab, { ...write('k', 'v'), body }))).toMatch(/^expected .*got /s);
    },
  );

  test('takes members that it does not know, as the labs do', async () => {
    const spelt = write('more', 'v');
    const body = JSON.stringify({ ...JSON.parse(spelt.body), timestamp: 1, __proto_: {} });
    expect((await send(lab, { ...spelt, body })).status).toBe(200);
  });

  test('refuses what is nested without end, and what is no UTF-8', async () => {
    const deep = '['.repeat(30_000) + ']'.repeat(30_000);
    const spelt = write('k', '@');
    expect(refused(lab, 400, await send(lab, { ...spelt, body: spelt.body.replace('"@"', deep) }))).toContain('string');
    for (const [path, body] of [
      ['/replicate', `{"from":${deep}}`],
      ['/admin/quorum', `{"write_quorum":${deep}}`],
    ] as const) {
      const answer = await call(portOf(lab), { method: 'POST', path, body, headers: JSON_BODY });
      expect([path, answer.status, answer.text]).toEqual([path, path === '/replicate' ? 400 : 422, expect.stringContaining('too deeply')]);
    }
    const bytes = Buffer.from([...Buffer.from('{"key":"k","value":"'), 0xff, ...Buffer.from('"}')]);
    const broken = await call(portOf(lab), { method: spelt.method, path: spelt.path, body: bytes, headers: JSON_BODY });
    expect(refused(lab, 400, broken)).toContain('UTF-8');
  });

  test.each([
    [{}, 'got none'],
    [{ 'content-type': 'text/plain' }, 'got "text/plain"'],
    [{ 'content-type': 'application/x-www-form-urlencoded' }, 'got "application/x-www-form-urlencoded"'],
    [{ ...JSON_BODY, 'content-encoding': 'gzip' }, 'without content-encoding'],
  ])('refuses a body with the headers %j', async (headers, words) => {
    expect(refused(lab, 415, await send(lab, write('k', 'v'), headers as Record<string, string>))).toContain(words);
  });

  test('refuses what is too large, by the value and by the body, and goes on', async () => {
    expect(refused(lab, 413, await send(lab, write('k', 'x'.repeat(MAX_VALUE_BYTES - 1))))).toContain(`at most ${MAX_VALUE_BYTES} bytes`);
    expect((await send(lab, write('large', 'x'.repeat(MAX_VALUE_BYTES - 2)))).status).toBe(200);
    expect(refused(lab, 413, await send(lab, write('k', 'x'.repeat(3_000_000))))).toContain('body of at most');
    expect((await call(portOf(lab), { path: read('large') })).status).toBe(200);
  });

  test('refuses keys that are too long, empty, or no text', async () => {
    for (const key of ['', 'x'.repeat(1025), 'é'.repeat(513)]) {
      expect(refused(lab, 400, await send(lab, write(key, 'v')))).toContain('expected a key of 1 to 1024 bytes');
      expect(refused(lab, 400, await call(portOf(lab), { path: read(key) }))).toContain('expected a key of 1 to 1024 bytes');
    }
    if (write('k', 'v').method === 'PUT') return;
    for (const key of [1, null, {}, ['k'], true])
      expect(refused(lab, 400, await send(lab, write(key, 'v')))).toContain('expected the key to be a string');
    const half = { ...write('k', 'v'), body: '{"key":"\\ud800","value":"v"}' };
    expect(refused(lab, 400, await send(lab, half))).toContain('half a surrogate pair');
  });

  test('refuses reads that name no key, two, or another parameter', async () => {
    const bad = read('k').startsWith('/read')
      ? ['/read', '/read?', '/read?key', '/read?key=a&key=b', '/read?key=a&k=b', '/read?Key=a', '/read?key=%FF']
      : [`${read('k')}?x=1`, `${read('k').slice(0, -1)}%FF`];
    for (const path of bad) expect(refused(lab, 400, await call(portOf(lab), { path })), path).toMatch(/^expected /);
  });

  test('says which calls there are', async () => {
    expect(refused(lab, 404, await call(portOf(lab), { path: '/nowhere' }))).toContain(`this node speaks ${lab}: `);
    for (const path of ['/', '/WRITE', '//write', '/set/']) refused(lab, 404, await call(portOf(lab), { path }));
    const { path } = write('k', 'v');
    const wrong = await call(portOf(lab), { method: 'PATCH', path });
    expect(refused(lab, 405, wrong)).toMatch(/^expected .*got PATCH/);
    expect(wrong.headers.allow).toContain(write('k', 'v').method);
  });

  test('answers what is no request at all in its own form', async () => {
    for (const bytes of ['nonsense\r\n\r\n', requestText('GET', '/read', undefined, { 'Content-Length': 'x' })]) {
      const connection = new RawConnection(portOf(lab));
      refused(lab, 400, await connection.send(bytes).one());
      connection.close();
    }
    const fragment = new RawConnection(portOf(lab));
    refused(lab, 400, await fragment.send(requestText('GET', '/read#x')).one());
    fragment.close();
  });

  test('explains to a lab’s own leader that it cannot be mixed in', async () => {
    for (const message of [
      { key: 'k', value: 'v' },
      { key: 'k', value: 'v', timestamp: 1.5 },
    ]) {
      const answer = await send(lab, posted('/replicate', message));
      expect([answer.status, JSON.parse(answer.text).message]).toEqual([
        400,
        expect.stringMatching(/kvctl's own internal protocol.*got \["key","value".*cannot be mixed/),
      ]);
    }
    expect((await call(portOf(lab), { path: read('k') })).status).toBe(404);
  });

  test('answers HEAD without a body, and a dump of odd keys as one object', async () => {
    await send(lab, write('__proto__', 'p'));
    const head = await call(portOf(lab), { method: 'HEAD', path: read('__proto__') });
    expect([head.status, head.text]).toEqual([200, '']);
    const dump = await call(portOf(lab), { path: '/dump' });
    if (lab !== 'lab-1' && lab !== 'lab-2') return;
    expect([dump.status, dump.headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
    expect(Object.entries(JSON.parse(dump.text) as object).find(([key]) => key === '__proto__')).toEqual(['__proto__', 'p']);
    expect((await call(portOf(lab), { method: 'HEAD', path: '/dump' })).text).toBe('');
  });
});

const seed = Number(process.env.KVCTL_FUZZ_SEED ?? Date.now() % 2 ** 31);

test('answers whatever comes in a form that it knows, and never as a bug of its own', async () => {
  console.log(`KVCTL_FUZZ_SEED=${seed}`);
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.constantFrom('key', 'value', 'write_quorum', '__proto__', '{key}', ''),
  );
  const part = fc.constantFrom(
    '/kv',
    '/kv/',
    '/write',
    '/read',
    '/set',
    '/get/',
    '/get_all',
    '/dump',
    '/health',
    '/admin/quorum',
    '/',
    '%',
    '%41',
    'k',
  );
  const target = fc.tuple(
    fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => `/${parts.join('')}`.replace(/^\/\//, '/')),
    fc.constantFrom('', '?', '?key=a', '?key', '?key=%00', '?key=a&key=b', '?x=1'),
  );
  const member = fc.oneof(text, fc.jsonValue({ maxDepth: 2 }));
  const json = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.record({ key: member, value: member }),
    fc.record({ value: member }),
    fc.record({ write_quorum: member }),
  );
  const request = fc.record({
    lab: fc.constantFrom(...LAB_NAMES),
    method: fc.constantFrom('GET', 'PUT', 'POST', 'DELETE', 'HEAD', 'PATCH', 'OPTIONS'),
    path: target.map((parts) => parts.join('')),
    body: fc.oneof(
      json.map((value) => JSON.stringify(value)),
      text,
    ),
  });
  for (const { lab, method, path, body } of fc.sample(request, { numRuns: 1_500, seed })) {
    const withBody = method === 'PUT' || method === 'POST';
    const answer = await call(portOf(lab), { method, path, ...(withBody ? { body, headers: JSON_BODY } : {}) });
    const where = `${lab} ${method} ${path} ${body}: ${answer.status} ${answer.text}`;
    expect(answer.status < 500, where).toBe(true);
    if (answer.status < 400 || method === 'HEAD') continue;
    const told = JSON.parse(answer.text) as Record<string, unknown>;
    // kvctl's own calls answer in its own form beside the dialect.
    const isOwn = told['definite'] !== undefined;
    expect(isOwn ? [told['error'], told['message']] : Object.values(told), where).toEqual(
      isOwn ? [expect.any(String), expect.any(String)] : [expect.any(String)],
    );
    if (!isOwn) expect(Object.keys(told), where).toEqual([SPELT[lab].error]);
  }
});

test('no node complained, and none ended', () => {
  for (const node of nodes.values()) {
    expect(
      node.complaints.filter((line) => !/"level":40/.test(line)),
      node.id,
    ).toEqual([]);
    expect(node.pid).toBeGreaterThan(0);
  }
});
