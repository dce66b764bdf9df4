/**
 * What clients get wrong, over real HTTP: keys, values, bodies, paths and the protocol itself. Nothing on the way folds or repairs
 * what is sent. What needs a fault is in bad-input-faults.test.ts, what is random in bad-input-fuzz.test.ts.
 */
import { existsSync, readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keyPath } from '../../src/client/key-path.ts';
import type { ReadAnswer, WriteAnswer } from '../../src/wire/api.ts';
import { until } from '../cluster/sandbox.ts';
import { expectError, expectOk } from '../support/expect-error.ts';
import { type Answer, call, JSON_BODY, put, RawConnection, requestText } from '../support/raw-http.ts';
import { RealCluster } from '../support/real-node.ts';

const MIB = 1024 * 1024;

let cluster: RealCluster;
let port: number;
beforeAll(async () => {
  cluster = await RealCluster.start({ followers: 2, quorum: 2 });
  port = cluster.leader.port;
});
afterAll(async () => {
  // Whatever the tests sent, no node took it for a fault of its own.
  const complaints = cluster.nodes.flatMap((node) => node.complaints);
  await cluster[Symbol.asyncDispose]();
  expect(complaints).toEqual([]);
});

const bearer = () => ({ authorization: `Bearer ${cluster.token}` });
const get = (path: string, at = port) => call(at, { path });
const admin = (path: string, body: unknown, headers = {}) =>
  call(port, {
    method: 'POST',
    path,
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { ...JSON_BODY, ...bearer(), ...headers },
  });

/** One connection for the length of the test. */
async function connected<T>(use: (connection: RawConnection) => Promise<T>): Promise<T> {
  const connection = new RawConnection(port);
  try {
    return await use(connection);
  } finally {
    connection.close();
  }
}

/** Until every follower has everything: its watermark is the leader's head. */
const settled = () =>
  cluster.leader.reaches('has every follower level', ({ head, replicas }) => replicas.every(({ watermark }) => watermark === head));

/** The lines of a node's dump. */
async function dumped(at: number): Promise<string[]> {
  const answer = await get('/dump', at);
  expect(answer.headers['content-type']).toBe('application/x-ndjson');
  return answer.text.split('\n').slice(1, -1);
}

describe('a key', () => {
  const keys: readonly (readonly [raw: string, key: string])[] = [
    ['__proto__', '__proto__'],
    ['constructor', 'constructor'],
    ['hasOwnProperty', 'hasOwnProperty'],
    ['a%2Fb', 'a/b'],
    ['a%252Fb', 'a%2Fb'],
    ['%25', '%'],
    ['%2525', '%25'],
    ['.', '.'],
    ['..', '..'],
    ['../..', '../..'],
    ['a/../b', 'a/../b'],
    ['x', 'x'],
    ['x/', 'x/'],
    ['x//', 'x//'],
    ['/', '/'],
    ['//x', '//x'],
    ['%F0%9F%A6%91', '🦑'],
    ['%00', '\0'],
    ['%00%00', '\0\0'],
    ['%20', ' '],
    ['a+b', 'a+b'],
    ['a%3Fb', 'a?b'],
    ['a%23b', 'a#b'],
    ['caf%C3%A9', 'caf\u00E9'],
    ['cafe%CC%81', 'cafe\u0301'],
    ['K', 'K'],
    ['k', 'k'],
    ['%E2%84%AA', '\u212A'],
    ['%EF%BF%BF', '\uFFFF'],
    ['k'.repeat(1024), 'k'.repeat(1024)],
    ['%F0%9F%A6%91'.repeat(256), '🦑'.repeat(256)],
  ];

  test('of any kind is a key of its own: written by its raw path, read by it, listed, the same on every follower (failures 49, 50, 51)', async () => {
    for (const [index, [raw, key]] of keys.entries()) {
      expect(expectOk<WriteAnswer>(await put(port, `/kv/${raw}`, JSON.stringify({ value: `of ${index}` })))).toMatchObject({
        key,
        value: `of ${index}`,
      });
    }
    for (const [index, [raw, key]] of keys.entries()) {
      expect(expectOk<ReadAnswer>(await get(`/kv/${raw}`))).toMatchObject({ key, value: `of ${index}`, committed: true });
      expect(expectOk<ReadAnswer>(await get(keyPath(key)))).toMatchObject({ key, value: `of ${index}` });
    }
    await settled();
    const lines = await dumped(port);
    const found = new Map(lines.map((line) => JSON.parse(line)).map(({ key, value }) => [key as string, value as string]));
    for (const [index, [, key]] of keys.entries()) expect(found.get(key)).toBe(`of ${index}`);
    for (const follower of cluster.followers) expect(await dumped(follower.port)).toEqual(lines);
    const listed = expectOk<{ items: { key: string }[] }>(await get('/kv?limit=1000')).items.map(({ key }) => key);
    expect(listed).toEqual([...listed].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
    expect(new Set(listed)).toEqual(new Set(found.keys()));
  });

  test('is deleted by its raw path, and nothing else is', async () => {
    for (const raw of ['d/..', 'd', 'd%2F..%2F', 'd%00']) expectOk(await put(port, `/kv/${raw}`, '{"value":1}'));
    expect(expectOk(await call(port, { method: 'DELETE', path: '/kv/d/..' }))).toMatchObject({ key: 'd/..', existed: true });
    expect(expectOk(await call(port, { method: 'DELETE', path: '/kv/d/..' }))).toMatchObject({ existed: false });
    expectError(await get('/kv/d/..'), 'key_not_found');
    for (const raw of ['d', 'd/../', 'd%00']) expectOk(await get(`/kv/${raw}`));
  });

  test.each(['100%', '%', '%2', '%zz', '%C3', '%C0%AF', '%ED%A0%80', '%FF', '', 'k'.repeat(1025), '%F0%9F%A6%91'.repeat(257)])(
    'as %j is refused by every call, and is no alias of another',
    async (raw) => {
      for (const answer of [
        await put(port, `/kv/${raw}`, '{"value":1}'),
        await get(`/kv/${raw}`),
        await call(port, { method: 'DELETE', path: `/kv/${raw}` }),
      ]) {
        expectError(answer, 'bad_request');
      }
      expectError(await get(`/kv/${raw}`, cluster.follower().port), 'bad_request');
    },
  );

  test('with raw bytes, blanks or a fragment in its path is refused', async () => {
    for (const raw of ['caf\u00E9', 'a b', 'a\tb', 'a\u0000b', 'a#b', '#', 'a\\b#c']) {
      const answer = await connected((connection) =>
        connection.send(Buffer.from(requestText('PUT', `/kv/${raw}`, '{"value":1}'), 'utf8')).one(),
      );
      expectError(answer, 'bad_request');
    }
  });
});

describe('a value', () => {
  test.each([
    'null',
    'false',
    '0',
    '-1.5e-7',
    '1.7976931348623157e+308',
    '9007199254740991',
    '""',
    '"\\u0000\\u001f\\"\\\\"',
    '"\\ud800"',
    '"🦑\u2028\u2029"',
    '[]',
    '{}',
    '{"__proto__":{"a":1},"constructor":{"prototype":null}}',
    '{"":1,"\\u0000":2}',
    '[[[[[[[[[[{"a":[1,2,{"b":null}]}]]]]]]]]]]',
  ])('%s comes back as it is from every node (failure 52)', async (text) => {
    const written = await put(port, '/kv/value', `{"value":${text}}`);
    expect(written.status, written.text).toBe(200);
    expect(written.text).toContain(`"value":${text},"version"`);
    await settled();
    for (const node of cluster.nodes)
      expect((await get('/kv/value?read=local', node.port)).text).toContain(`"key":"value","value":${text},"version"`);
    for (const node of cluster.nodes)
      expect((await dumped(node.port)).find((line) => line.startsWith('{"key":"value",'))).toContain(`,"value":${text},`);
  });

  test('of 1 MiB is taken and comes back; a byte more is too large (failure 53)', async () => {
    const largest = 'x'.repeat(MIB - 2);
    expectOk(await put(port, '/kv/large', JSON.stringify({ value: largest })));
    await settled();
    for (const node of cluster.nodes) expect(expectOk<ReadAnswer>(await get('/kv/large?read=local', node.port)).value).toBe(largest);
    const { detail } = expectError(await put(port, '/kv/large', JSON.stringify({ value: `${largest}x` })), 'too_large');
    expect(detail).toEqual({ bytes: MIB + 1, max_bytes: MIB });
    expectOk(await call(port, { method: 'DELETE', path: '/kv/large' }));
  });

  test('that no double holds is refused, also deep inside (failure 52)', async () => {
    for (const text of ['1e400', '[-1e999]', '{"a":{"b":[1e400]}}'])
      expectError(await put(port, '/kv/infinite', `{"value":${text}}`), 'bad_request');
    expectError(await get('/kv/infinite'), 'key_not_found');
  });

  test('nested 100,000 deep is refused, and the node lives (failure 46)', async () => {
    expectError(await put(port, '/kv/deep', `{"value":${'['.repeat(100_000)}${']'.repeat(100_000)}}`), 'bad_request');
    expectOk(await get('/health'));
  });
});

test('a dump that nobody reads, or nobody reads to its end, leaves no file open', async (context) => {
  await using disk = await RealCluster.start({ followers: 0, store: 'sqlite' });
  const { pid, port: at } = disk.leader;
  if (!existsSync(`/proc/${pid}/fd`)) return context.skip('the open files of another process are seen on Linux only');
  const openFiles = () => readdirSync(`/proc/${pid}/fd`).length;
  for (let i = 0; i < 20; i += 1) expectOk(await put(at, `/kv/k${i}`, JSON.stringify({ value: 'x'.repeat(500_000) })));
  const before = openFiles();
  for (let i = 0; i < 10; i += 1) expect((await call(at, { method: 'HEAD', path: '/dump' })).status).toBe(200);
  for (let i = 0; i < 10; i += 1) {
    const connection = new RawConnection(at);
    await new Promise((resolve) => connection.socket.write(requestText('GET', '/dump'), resolve));
    connection.close();
  }
  for (let i = 0; i < 10; i += 1) {
    const connection = new RawConnection(at).send(requestText('GET', '/dump'));
    await new Promise((resolve) => connection.socket.once('data', resolve));
    connection.close();
  }
  // A connection of the client's own agent or two; each kind of dump would leave ten.
  await until('the files are closed', () => openFiles() <= before + 4);
});

describe('a body', () => {
  test.each([
    ['empty', ''],
    ['blank', '  \n'],
    ['cut off', '{"value":'],
    ['no JSON', 'value=1'],
    ['no object', '[1]'],
    ['null', 'null'],
    ['without a value', '{"valve":1}'],
    ['with a byte order mark', '\uFEFF{"value":1}'],
    ['with a value behind __proto__', '{"__proto__":{"value":1}}'],
    ['with more behind it', '{"value":1}{"value":2}'],
    ['no UTF-8', Buffer.from([0x7b, 0x22, 0x76, 0x61, 0x6c, 0x75, 0x65, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d])],
    ['half a character', Buffer.concat([Buffer.from('{"value":"'), Buffer.from([0xe2, 0x82])])],
    ['UTF-16', Buffer.from('{"value":1}', 'utf16le')],
    ['of NULs', Buffer.alloc(100)],
  ])('that is %s is a bad request (failures 46, 52)', async (_what, body) => {
    expectError(await put(port, '/kv/body', body), 'bad_request');
    expectError(await get('/kv/body'), 'key_not_found');
  });

  test.each([
    [undefined],
    ['text/plain'],
    ['application/x-www-form-urlencoded'],
    ['multipart/form-data; boundary=x'],
    ['application/jsonp'],
    ['application/json2'],
    ['text/json'],
    [''],
  ])('of the type %j is refused, so that no web page can write (failures 46, 54)', async (type) => {
    const headers = type === undefined ? {} : { 'content-type': type };
    expectError(await call(port, { method: 'PUT', path: '/kv/typed', body: '{"value":1}', headers }), 'unsupported_media_type');
    expectError(
      await call(port, { method: 'POST', path: '/admin/quorum', body: '{"write_quorum":1}', headers: { ...bearer(), ...headers } }),
      'unsupported_media_type',
    );
  });

  test.each(['application/json', 'application/json; charset=utf-8', 'application/json;charset=UTF-8', 'APPLICATION/JSON ; x=y'])(
    'of the type %j is taken',
    async (type) => {
      expectOk(await put(port, '/kv/typed', '{"value":1}', { 'content-type': type }));
    },
  );

  test('that is compressed is refused, as bytes that are none and as bytes that are', async () => {
    for (const path of ['/kv/coded', '/admin/quorum', '/admin/network']) {
      const method = path.startsWith('/kv/') ? 'PUT' : 'POST';
      expectError(
        await call(port, { method, path, body: '{"value":1}', headers: { ...JSON_BODY, ...bearer(), 'content-encoding': 'gzip' } }),
        'unsupported_media_type',
      );
    }
  });

  test.each([2, 20])('of %i MiB is refused, whether its length was told or not, and the answer is seen (failure 47)', async (size) => {
    const body = Buffer.alloc(size * MIB, 'x');
    body.write('{"value":"');
    body.write('"}', body.length - 2);
    expectError(await put(port, '/kv/large', body), 'too_large');
    const chunked = await connected(async (connection) => {
      connection.send(requestText('PUT', '/kv/large', undefined, { 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' }));
      const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(65_536, 'x'), Buffer.from('\r\n')]);
      connection.send('a\r\n{"value":"\r\n');
      for (let sent = 0; sent < size * MIB && !connection.isEnded; sent += 65_536) connection.send(chunk);
      connection.send('2\r\n"}\r\n0\r\n\r\n');
      return connection.one();
    });
    expectError(chunked, 'too_large');
  });

  test.each([
    ['a write', 'PUT', '/kv/large', 6 * MIB, {}, 'too_large'],
    ['an admin call', 'POST', '/admin/quorum', 6 * MIB, 'token', 'too_large'],
    ['an admin call without the token', 'POST', '/admin/quorum', 6 * MIB, {}, 'unauthorized'],
    ['an internal call without the token', 'POST', '/replicate', 6 * MIB, {}, 'unauthorized'],
  ] as const)(
    'of %s that is refused is read on, so that a client that sends it all before it listens sees the answer',
    async (_what, method, path, size, headers, code) => {
      const answer = await connected(async (connection) => {
        connection.socket.pause();
        const length = { 'Content-Type': 'application/json', 'Content-Length': `${size}`, ...(headers === 'token' ? bearer() : {}) };
        connection.send(requestText(method, path, undefined, length));
        await new Promise((resolve) => connection.socket.write(Buffer.alloc(size, ' '), resolve));
        connection.socket.resume();
        return connection.one();
      });
      expectError(answer, code);
      expect(answer.headers.connection).toBe('close');
    },
  );

  test('without end is cut off after what is worth reading (failure 47)', async () => {
    await connected(async (connection) => {
      connection.send(requestText('PUT', '/kv/endless', undefined, { 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' }));
      const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(65_536, 'x'), Buffer.from('\r\n')]);
      await until('the node closes the connection', () => {
        if (!connection.isEnded && connection.socket.writableLength < MIB) for (let i = 0; i < 16; i += 1) connection.send(chunk);
        return connection.isEnded;
      });
      expect(connection.socket.bytesWritten).toBeLessThan(64 * MIB);
    });
    expectOk(await get('/health'));
  });

  test('that ends early writes nothing (failures 46, 47)', async () => {
    const half = requestText('PUT', '/kv/half', '{"value":1}').slice(0, -3);
    const answer = await connected(async (connection) => {
      connection.send(half).socket.end();
      return connection.one();
    });
    expectError(answer, 'bad_request');
    await connected(async (connection) => {
      await new Promise((resolve) => connection.socket.write(half, resolve));
    });
    expectError(await get('/kv/half'), 'key_not_found');
  });

  test('that is longer than it says is another request, and a broken one', async () => {
    const [first, second] = await connected((connection) =>
      connection
        .send(requestText('PUT', '/kv/longer', '{"value":1}', { 'Content-Length': '11' }))
        .send('!!!\r\n\r\n')
        .toEnd(),
    );
    expectOk(first as Answer);
    expectError(second as Answer, 'bad_request');
  });

  test.each([
    ['a length that is none', { 'Content-Length': '1e1' }],
    ['a negative length', { 'Content-Length': '-1' }],
    ['a length and chunks', { 'Transfer-Encoding': 'chunked' }],
  ])('with %s is a bad request', async (_what, headers) => {
    expectError(
      await connected((connection) => connection.send(requestText('PUT', '/kv/framed', '{"value":1}', headers)).one()),
      'bad_request',
    );
  });

  test('with a broken chunk is a bad request', async () => {
    const head = requestText('PUT', '/kv/framed', undefined, { 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' });
    for (const chunk of ['zz\r\n', '-1\r\n', 'b\r\n{"value":1}XX']) {
      const answers = await connected((connection) => connection.send(head + chunk).toEnd());
      expect(answers).toHaveLength(1);
      expectError(answers[0] as Answer, 'bad_request');
    }
    expectError(await get('/kv/framed'), 'key_not_found');
  });

  test('of a read or a delete is not asked for and not looked at', async () => {
    expectOk(await put(port, '/kv/bodiless', '{"value":1}'));
    expectOk(await call(port, { path: '/kv/bodiless', body: '{broken', headers: JSON_BODY }));
    expectOk(
      await call(port, { method: 'DELETE', path: '/kv/bodiless', body: '{broken', headers: { ...JSON_BODY, 'content-encoding': 'gzip' } }),
    );
  });

  test.each(['', '{', '[]', 'null', '"x"', '{"write_quorum":1} x'])('of an admin call that is %j changes nothing', async (body) => {
    const answer = await admin('/admin/quorum', body);
    expect([400, 422]).toContain(answer.status);
    expectError(answer, answer.status === 400 ? 'bad_request' : 'invalid_quorum');
    // Nothing at all is no change.
    if (body !== '') expectError(await admin('/admin/network', body), 'bad_request');
  });

  test('of an admin call is at most 64 KiB', async () => {
    expectError(await admin('/admin/quorum', `{"write_quorum":2${' '.repeat(65_536)}}`), 'too_large');
  });
});

describe('a quorum', () => {
  const invalid = ['-1', '3', '1.5', '1e9', 'NaN', 'Infinity', '', ' 1', '+1', '0x1', 'all', '9'.repeat(30), '1,2', '%31%00'];

  test.each(invalid)('?quorum=%s is refused before a version is taken (failure 33)', async (quorum) => {
    const before = (await cluster.leader.status())?.head;
    expectError(await put(port, `/kv/quorum?quorum=${encodeURI(quorum)}`, '{"value":1}'), 'invalid_quorum');
    expectError(await call(port, { method: 'DELETE', path: `/kv/quorum?quorum=${encodeURI(quorum)}` }), 'invalid_quorum');
    expect((await cluster.leader.status())?.head).toBe(before);
  });

  test.each([-1, 3, 1.5, '1e9', '1', null, true, [[1]], {}, 2 ** 53, -0.1])(
    '{"write_quorum": %j} is refused, and the old one stays',
    async (quorum) => {
      expectError(await admin('/admin/quorum', JSON.stringify({ write_quorum: quorum })), 'invalid_quorum');
      expect(expectOk(await call(port, { path: '/admin/quorum', headers: bearer() }))).toEqual({ write_quorum: 2, previous: 2 });
    },
  );

  test('of a body that says more, or less, than it should is refused', async () => {
    expectError(await admin('/admin/quorum', '{"write_quorum":1e400}'), 'invalid_quorum');
    expectError(await admin('/admin/quorum', '{"write_quorum":1,"forse":true}'), 'bad_request');
    expectError(await admin('/admin/quorum', '{"write_quorum":1,"force":"yes"}'), 'bad_request');
    expectError(await admin('/admin/quorum', '{}'), 'invalid_quorum');
  });

  test('that is valid is taken, for one write and for all', async () => {
    for (const quorum of [0, 1, 2])
      expect(expectOk(await put(port, `/kv/quorum?quorum=${quorum}`, '{"value":1}'))).toMatchObject({ required: quorum });
    expect(expectOk(await admin('/admin/quorum', { write_quorum: 1 }))).toEqual({ write_quorum: 1, previous: 2 });
    expect(expectOk(await put(port, '/kv/quorum', '{"value":1}'))).toMatchObject({ required: 1 });
    expect(expectOk(await admin('/admin/quorum', { write_quorum: 2 }))).toEqual({ write_quorum: 2, previous: 1 });
  });
});

describe('a query', () => {
  test.each([
    '/kv/q?qourum=1',
    '/kv/q?quorum=1&quorum=1',
    '/kv/q?timeout_ms=0',
    '/kv/q?timeout_ms=1.5',
    '/kv/q?timeout_ms=600001',
    '/kv/q?timeout_ms=',
    '/kv/q?quorum=%',
    '/kv/q?&',
  ])('of a write, %s, is refused', async (path) => {
    expectError(await put(port, path, '{"value":1}'), 'bad_request');
    expectError(await call(port, { method: 'DELETE', path }), 'bad_request');
  });

  test.each([
    '/kv/q?read=dirty',
    '/kv/q?quorum=1',
    '/kv?limit=0',
    '/kv?limit=1001',
    '/kv?limit=ten',
    '/kv?prefix=%FF',
    '/kv?after=%',
    `/kv?prefix=${'p'.repeat(1025)}`,
    '/kv?key=a',
    '/dump?tombstones=yes',
    '/dump?rows=2',
    '/dump?all=1',
  ])('of a read, %s, is refused', async (path) => {
    expectError(await get(path), 'bad_request');
  });

  test.each(['/admin/trace?since=1', '/admin/trace?since=1.2.3', '/admin/trace?limit=0', '/admin/trace?until=1.1'])(
    'of an admin call, %s, is refused',
    async (path) => {
      expectError(await call(port, { path, headers: bearer() }), 'bad_request');
    },
  );

  test.each([
    { nodes: { n9: { delay: '5' } } },
    { nodes: { n1: { delay: '5' } } },
    { nodes: { n2: { delay: 'fast' } } },
    { nodes: { n2: { delay: 5 } } },
    { nodes: { n2: { loss: 1.1 } } },
    { nodes: { n2: { loss: -0.1 } } },
    { nodes: { n2: { is_partitioned: 'yes' } } },
    { nodes: { n2: { dealy: '5' } } },
    { nodes: ['n2'] },
    { seed: -1 },
    { seed: 1.5 },
    { seed: '1' },
    { nodse: {} },
  ])('of the network, %j, changes nothing', async (change) => {
    const before = expectOk(await call(port, { path: '/admin/network', headers: bearer() }));
    expectError(await admin('/admin/network', change), 'bad_request');
    expect(expectOk(await call(port, { path: '/admin/network', headers: bearer() }))).toMatchObject({
      nodes: (before as { nodes: object }).nodes,
    });
  });
});

describe('a path', () => {
  test.each([
    '/',
    '/KV/x',
    '/Kv',
    '/kv2',
    '/health/',
    '/Health',
    '/health/x',
    '/status/',
    '/dump/',
    '/metrics/',
    '/health%2F',
    '/%68ealth',
    '//health',
    '/kv%2Fx',
    '/./health',
    '/../health',
    '/x/../health',
    '*',
  ])('%s does not exist', async (path) => {
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const { detail } = expectError(await call(port, { method, path }), 'not_found');
      expect(detail).toEqual({ path });
    }
  });

  test.each([
    '/admin',
    '/admin/',
    '/admin/Quorum',
    '/admin/quorum/',
    '/admin/promote/x',
    '/internal',
    '/internal/Look',
    '/internal/changes/',
    '/replicate/',
  ])('%s does not exist, which only the token is told', async (path) => {
    expectError(await get(path), 'unauthorized');
    expectError(await call(port, { path, headers: bearer() }), 'not_found');
  });

  test.each([
    ['/health', 'POST', ['GET', 'HEAD']],
    ['/status', 'DELETE', ['GET', 'HEAD']],
    ['/metrics', 'PUT', ['GET', 'HEAD']],
    ['/dump', 'POST', ['GET', 'HEAD']],
    ['/kv', 'POST', ['GET', 'HEAD']],
    ['/kv', 'PUT', ['GET', 'HEAD']],
    ['/kv/x', 'POST', ['DELETE', 'GET', 'HEAD', 'PUT']],
    ['/kv/x', 'PATCH', ['DELETE', 'GET', 'HEAD', 'PUT']],
    ['/kv/x', 'OPTIONS', ['DELETE', 'GET', 'HEAD', 'PUT']],
    ['/kv/x', 'TRACE', ['DELETE', 'GET', 'HEAD', 'PUT']],
    ['/kv/x', 'PROPFIND', ['DELETE', 'GET', 'HEAD', 'PUT']],
    ['/replicate', 'GET', ['POST']],
    ['/replicate', 'PUT', ['POST']],
    ['/internal/look', 'GET', ['POST']],
    ['/admin/quorum', 'DELETE', ['GET', 'HEAD', 'POST']],
    ['/admin/trace', 'POST', ['GET', 'HEAD']],
  ])('%s has no %s, and names the methods that it has', async (path, method, allowed) => {
    const answer = await call(port, { method, path, headers: bearer() });
    expectError(answer, 'method_not_allowed');
    expect(`${answer.headers.allow}`.split(', ').sort()).toEqual(allowed);
  });

  test('HEAD answers as GET does, without the body', async () => {
    expectOk(await put(port, '/kv/head', '{"value":1}'));
    for (const [path, status] of [
      ['/kv/head', 200],
      ['/kv/none', 404],
      ['/health', 200],
      ['/nowhere', 404],
      ['/kv/100%', 400],
      ['/metrics', 200],
    ] as const) {
      const [head, whole] = [await call(port, { method: 'HEAD', path }), await get(path)];
      expect([head.status, head.text, head.headers['content-type']]).toEqual([status, '', whole.headers['content-type']]);
      if (path !== '/metrics') expect(head.headers['content-length']).toBe(`${Buffer.byteLength(whole.text)}`);
    }
    expect((await call(port, { method: 'HEAD', path: '/dump' })).status).toBe(200);
  });

  test('may be in the absolute form, whosever name stands in it', async () => {
    const requests = [
      requestText('PUT', 'http://elsewhere:1/kv/absolute', '{"value":"absolute"}'),
      requestText('GET', `http://127.0.0.1:${port}/kv/absolute`),
      requestText('GET', 'HTTPS://[::1/kv/absolute'),
      requestText('DELETE', 'http://x/kv/absolute?quorum=0'),
      requestText('GET', 'http://x/kv/absolute'),
      requestText('GET', 'http://x'),
      requestText('GET', 'http://x?y'),
      requestText('POST', 'http://x/replicate', '{}'),
    ];
    const answers: Answer[] = [];
    for (const text of requests) answers.push(await connected((connection) => connection.send(text).one()));
    for (const answer of answers.slice(0, 4)) expect(expectOk(answer)).toMatchObject({ key: 'absolute' });
    expectError(answers[4] as Answer, 'key_not_found');
    expectError(answers[5] as Answer, 'not_found');
    expectError(answers[6] as Answer, 'not_found');
    expectError(answers[7] as Answer, 'unauthorized');
  });
});

describe('the token', () => {
  test.each([
    ['GET', '/admin/quorum'],
    ['POST', '/admin/quorum'],
    ['GET', '/admin/network'],
    ['POST', '/admin/network'],
    ['GET', '/admin/replica-status'],
    ['GET', '/admin/trace'],
    ['POST', '/replicate'],
    ['POST', '/internal/look'],
    ['POST', '/internal/fence'],
  ])('guards %s %s, without it and with another (failure 54)', async (method, path) => {
    for (const headers of [
      {},
      { authorization: 'Bearer wrong' },
      { authorization: cluster.token },
      { authorization: `Basic ${cluster.token}` },
    ]) {
      const answer = await call(port, {
        method,
        path,
        headers: { ...JSON_BODY, ...headers },
        ...(method === 'POST' ? { body: '{}' } : {}),
      });
      expectError(answer, 'unauthorized');
      expect(answer.headers['www-authenticate']).toBe('Bearer');
      expect(answer.text).not.toContain(cluster.token);
    }
  });

  test.each(['/admin/quorum', '/replicate', '/internal/fence'])('is asked for by %s before the body comes', async (path) => {
    const answer = await connected((connection) =>
      connection.send(requestText('POST', path, undefined, { 'Content-Type': 'application/json', 'Content-Length': '100' })).one(),
    );
    expectError(answer, 'unauthorized');
  });

  test('is not needed to read and write keys', async () => {
    expectOk(await put(port, '/kv/free', '{"value":1}'));
    for (const path of ['/kv/free', '/kv', '/health', '/ready', '/status']) expectOk(await get(path));
  });
});

describe('a follower', () => {
  test('names the leader instead of writing, and of reading what is committed', async () => {
    const at = cluster.follower().port;
    for (const answer of [
      await put(at, '/kv/x', '{"value":1}'),
      await call(at, { method: 'DELETE', path: '/kv/x' }),
      await get('/kv/x?read=committed', at),
    ]) {
      const { detail, message } = expectError(answer, 'not_leader');
      expect(detail).toEqual({ leader: 'n1', leader_url: cluster.leader.url });
      expect(message).toContain(cluster.leader.url);
    }
    for (const path of ['/admin/quorum', '/admin/replica-status', '/admin/trace'])
      expectError(await call(at, { path, headers: bearer() }), 'not_leader');
  });

  test('reads what it has, and says of a key that it has not that it does not know it', async () => {
    const at = cluster.follower().port;
    const body = expectError(await get('/kv/never-written', at), 'key_not_found');
    expect(body.detail).toEqual({ key: 'never-written' });
  });
});

describe('the protocol', () => {
  test('100-continue is answered, and what else is expected is ignored', async () => {
    const whole = requestText('PUT', '/kv/expect', '{"value":1}', { Expect: '100-continue' });
    const answers = await connected(async (connection) => {
      connection.send(whole.slice(0, -11));
      expect((await connection.one()).status).toBe(100);
      return connection.send('{"value":1}').first(2);
    });
    expect(expectOk(answers[1] as Answer)).toMatchObject({ key: 'expect' });
    const other = await connected((connection) =>
      connection.send(requestText('PUT', '/kv/expect', '{"value":2}', { Expect: 'the-unexpected' })).one(),
    );
    expect(expectOk(other)).toMatchObject({ key: 'expect', value: 2 });
  });

  test('100 requests sent at once are answered in their order, one answer each (failure 48)', async () => {
    const answers = await connected((connection) => {
      for (let i = 0; i < 50; i += 1)
        connection.send(
          requestText('PUT', `/kv/line${i}`, `{"value":${i}}`) + requestText('GET', i % 2 === 0 ? `/kv/none${i}` : '/health/'),
        );
      return connection.first(100);
    });
    answers.forEach((answer, index) => {
      const i = index >> 1;
      if (index % 2 === 0) expect(expectOk(answer)).toMatchObject({ key: `line${i}`, value: i });
      else expectError(answer, i % 2 === 0 ? 'key_not_found' : 'not_found');
    });
  });

  test('a request that was refused leaves the connection fit for the next', async () => {
    const answers = await connected((connection) =>
      connection
        .send(requestText('PUT', '/kv/100%', '{"value":1}') + requestText('PUT', '/kv/x', 'nonsense') + requestText('GET', '/health'))
        .first(3),
    );
    expectError(answers[0] as Answer, 'bad_request');
    expectError(answers[1] as Answer, 'bad_request');
    expectOk(answers[2] as Answer);
  });

  test.each([
    ['nonsense', 'nonsense\r\n\r\n'],
    ['a method that is none', 'put /kv/x HTTP/1.1\r\n\r\n'],
    ['another version', 'GET /kv/x HTTP/3.0\r\n\r\n'],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['TLS', Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03])],
    ['a header without a name', 'GET /health HTTP/1.1\r\n: x\r\n\r\n'],
    ['a header with a NUL', 'GET /health HTTP/1.1\r\nX: \0\r\n\r\n'],
    ['a header on two lines', 'GET /health HTTP/1.1\r\nX: a\r\n b\r\n\r\n'],
    ['CONNECT', 'CONNECT elsewhere:80 HTTP/1.1\r\nHost: elsewhere\r\n\r\n'],
    ['a path from nowhere', 'GET kv/x HTTP/1.1\r\n\r\n'],
  ])('%s is a bad request, in the form of every other error, and the connection ends', async (_what, bytes) => {
    const answers = await connected(async (connection) => {
      connection.send(bytes);
      const received = await connection.toEnd();
      expect(connection.rest).toBe('');
      return received;
    });
    expect(answers).toHaveLength(1);
    expectError(answers[0] as Answer, 'bad_request');
  });

  test('headers above 16 KiB are too large, one or many', async () => {
    for (const headers of [
      { X: 'x'.repeat(17_000) },
      Object.fromEntries(Array.from({ length: 1_500 }, (_, i) => [`X-${i}`, 'xxxxxxxx'])),
    ]) {
      expectError(
        await connected((connection) => connection.send(requestText('GET', '/health', undefined, headers)).one()),
        'headers_too_large',
      );
    }
    expectError(
      await connected((connection) => connection.send(requestText('GET', `/kv/${'k'.repeat(17_000)}`)).one()),
      'headers_too_large',
    );
  });

  test('HTTP/1.0, an upgrade that nobody offers, and no Host at all are no faults', async () => {
    for (const text of [
      'GET /health HTTP/1.0\r\n\r\n',
      'GET /health HTTP/1.1\r\n\r\n',
      'GET /health HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    ]) {
      expectOk(await connected((connection) => connection.send(text).one()));
    }
  });

  test('300 connections that say nothing keep nobody waiting (failure 48)', async () => {
    const idle = Array.from({ length: 300 }, () => new RawConnection(port));
    try {
      await Promise.all(
        idle.map((connection) =>
          connection.socket.connecting ? new Promise((resolve) => connection.socket.once('connect', resolve)) : null,
        ),
      );
      const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => put(port, `/kv/busy${i}`, `{"value":${i}}`)));
      for (const answer of answers) expectOk(answer);
      // They are as good as any other.
      expectOk(await (idle[299] as RawConnection).send(requestText('GET', '/health')).one());
    } finally {
      for (const connection of idle) connection.close();
    }
  });
});
