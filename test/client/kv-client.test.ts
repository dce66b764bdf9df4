import { createHash } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { KvClient } from '../../src/client/kv-client.ts';
import { KvctlError } from '../../src/wire/errors.ts';
import { until } from '../cluster/sandbox.ts';
import { allOf } from '../support/all-of.ts';
import { failureOf } from '../support/failure-of.ts';
import { answerJson, type Script, type ScriptedPeer, scriptedPeer } from './scripted-peer.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  delete process.env['http_proxy'];
  delete process.env['HTTP_PROXY'];
  for (const thing of open.splice(0)) await thing.close();
});

async function peer(script: Script): Promise<ScriptedPeer> {
  const started = await scriptedPeer(script);
  open.push(started);
  return started;
}

function client(options: ConstructorParameters<typeof KvClient>[0] = {}): KvClient {
  const made = new KvClient({ timeoutMs: 2_000, ...options });
  open.push(made);
  return made;
}

const written = { key: 'k', value: 1, version: '1.7', follower_acks: 3, required: 3, quorum_met: true, node: 'n1' };
const writes: Script = (_request, response) => answerJson(response, 200, written);

test.each([
  ['.', '/kv/%2E'],
  ['..', '/kv/%2E%2E'],
  ['a/../b', '/kv/a%2F..%2Fb'],
  ['100%', '/kv/100%25'],
  ['%2F', '/kv/%252F'],
  ['__proto__', '/kv/__proto__'],
  ['🔑', '/kv/%F0%9F%94%91'],
  ['\0', '/kv/%00'],
  ['?#', '/kv/%3F%23'],
])('the key %j is written to its own raw path, for every data call', async (key, target) => {
  const node = await peer(writes);
  const kv = client();
  await kv.put(node.url, key, '1');
  await kv.del(node.url, key);
  await kv.get(node.url, key).catch(() => undefined);
  expect(node.seen.map((request) => `${request.method} ${request.target}`)).toEqual([`PUT ${target}`, `DELETE ${target}`, `GET ${target}`]);
});

test('a key that has no UTF-8 form is refused before anything is sent', async () => {
  const error = await failureOf((async () => client().put('http://127.0.0.1:1', '\ud800', '1'))());
  expect(error.code).toBe('bad_request');
});

test('a value travels as the text that was given', async () => {
  const node = await peer(writes);
  await client().put(node.url, 'k', '{"__proto__":{"x":1e2}}', { quorum: 2, timeoutMs: 700 });
  expect(node.seen[0]).toMatchObject({ target: '/kv/k?quorum=2&timeout_ms=700', body: '{"value":{"__proto__":{"x":1e2}}}' });
  expect(node.seen[0]?.headers['content-type']).toBe('application/json');
});

test('the token goes to admin calls and to no others', async () => {
  const node = await peer((request, response) => {
    answerJson(
      response,
      200,
      request.target === '/kv/k' ? written : { write_quorum: 3, previous: 3, status: 'ok', role: 'leader', node_id: 'n1', epoch: 1 },
    );
  });
  const kv = client({ token: 'secret' });
  await kv.quorum(node.url);
  await kv.put(node.url, 'k', '1');
  await kv.health(node.url);
  expect(node.seen.map((request) => request.headers.authorization)).toEqual(['Bearer secret', undefined, undefined]);
});

test('an error of the registry arrives with its code, message, definiteness and detail', async () => {
  const detail = { follower_acks: 1, required: 3, version: '1.9' };
  const node = await peer((_request, response) =>
    answerJson(response, 503, { error: 'quorum_not_met', message: 'expected 3 acks, got 1', definite: false, detail }),
  );
  const error = await failureOf(client().put(node.url, 'k', '1'));
  expect({ code: error.code, message: error.message, definite: error.definite, detail: error.detail }).toEqual({
    code: 'quorum_not_met',
    message: 'expected 3 acks, got 1',
    definite: false,
    detail,
  });
});

test('a program that is no kvctl node is named as such, whatever it answers', async () => {
  const answers: Script[] = [
    (_request, response) => response.end('<html>hello</html>'),
    (_request, response) => answerJson(response, 404, { message: 'nothing here' }),
    (_request, response) => answerJson(response, 500, { error: 'made_up', message: 'x', definite: true, detail: {} }),
    (_request, response) => answerJson(response, 200, { key: 'k' }),
  ];
  for (const script of answers) {
    const error = await failureOf(client().put((await peer(script)).url, 'k', '1'));
    expect(error).toMatchObject({
      code: 'unreachable',
      definite: false,
      message: expect.stringContaining('Does another program listen there?'),
    });
  }
});

test('nobody listening is unreachable, and a write says that its fate is unknown while a read does not', async () => {
  const node = await scriptedPeer(writes);
  await node.close();
  const put = await failureOf(client().put(node.url, 'k', '1'));
  expect(put).toMatchObject({ code: 'unreachable', definite: false, exitCode: 1 });
  expect(put.message).toContain(`expected an answer from ${node.url}, got connection refused`);
  expect(put.message).toContain('may have happened');
  expect((await failureOf(client().status(node.url))).message).not.toContain('may have happened');
});

test('a call whose answer was lost is never sent a second time', async () => {
  const node = await peer((_request, response) => response.destroy());
  const kv = client();
  for (const call of [kv.put(node.url, 'k', '1'), kv.get(node.url, 'k'), kv.status(node.url), kv.setQuorum(node.url, 2)]) {
    expect((await failureOf(call)).code).toBe('unreachable');
  }
  expect(node.seen.map((request) => request.method).sort()).toEqual(['GET', 'GET', 'POST', 'PUT']);
});

test('a refusal that invites to try again is not tried again', async () => {
  const body = { error: 'not_open', message: 'waits for n2', definite: true, detail: {} };
  const node = await peer((_request, response) => response.writeHead(503, { 'retry-after': '0' }).end(JSON.stringify(body)));
  const kv = client();
  expect((await failureOf(kv.status(node.url))).code).toBe('not_open');
  expect((await failureOf(kv.put(node.url, 'k', '1'))).code).toBe('not_open');
  expect(node.seen).toHaveLength(2);
});

test('a node that never answers, and one that stops in the middle of its answer, end the call in time', async () => {
  const silent = await peer(() => undefined);
  const halting = await peer((_request, response) => void response.writeHead(200, { 'content-length': '100' }).write('{"key"'));
  const kv = client({ timeoutMs: 150 });
  for (const url of [silent.url, halting.url]) {
    expect((await failureOf(kv.put(url, 'k', '1'))).message).toContain('got no answer in time');
    expect((await failureOf(kv.status(url))).message).toContain('got no answer in time');
    expect((await failureOf(kv.dump(url))).message).toContain('got no answer in time');
  }
});

test('redirects are not followed and proxy variables are not read', async () => {
  const elsewhere = await peer(writes);
  const node = await peer((_request, response) => response.writeHead(302, { location: `${elsewhere.url}/kv/k` }).end());
  process.env['http_proxy'] = elsewhere.url;
  process.env['HTTP_PROXY'] = elsewhere.url;
  const kv = client();
  await failureOf(kv.status(node.url));
  await failureOf(kv.put(node.url, 'k', '1'));
  expect(node.seen).toHaveLength(2);
  expect(elsewhere.seen).toHaveLength(0);
});

test('the trace is read over all its pages', async () => {
  const item = (seq: number) => ({
    version: `1.${seq}`,
    need: 1,
    stored_ms: 0.2,
    followers: { n2: { delay_ms: 5, sent_ms: 5.1, acked_ms: null } },
  });
  const node = await peer((request, response) => {
    const since = new URL(request.target, 'http://x').searchParams.get('since');
    answerJson(response, 200, since === '1.0' ? { items: [item(1), item(2)], next: '1.2' } : { items: [item(3)], next: null });
  });
  expect((await client().trace(node.url, '1.0')).map((entry) => entry.version)).toEqual(['1.1', '1.2', '1.3']);
});

const header = { node: 'n1', lineage: 'l', epoch: 1, head: '1.3', watermark: '1.3', purge_floor: '0.0', count: 3, digest: 'd' };

test('a dump keeps each value as the text that the node sent, and tells a tombstone from null', async () => {
  const lines = [
    JSON.stringify(header),
    '{"key":"a","value":{"x":1.0,"__proto__":[]},"version":"1.1"}',
    '{"key":"b","value":null,"version":"1.2"}',
    '{"key":"é\\n","version":"1.3"}',
  ];
  const node = await peer((_request, response) => response.end(`${lines.join('\n')}\n`));
  const dump = await client().dump(node.url);
  expect(node.seen[0]?.target).toBe('/dump?tombstones=1');
  expect(dump.head).toBe('1.3');
  expect([...dump.rows]).toEqual([
    ['a', { value: '{"x":1.0,"__proto__":[]}', version: { epoch: 1, seq: 1 } }],
    ['b', { value: 'null', version: { epoch: 1, seq: 2 } }],
    ['é\n', { value: null, version: { epoch: 1, seq: 3 } }],
  ]);
});

test('a dump header is asked for without rows, and of a dump the digest must fit its rows', async () => {
  const digest = createHash('sha256').update('a\0{"x":1.0}\x001.1').digest('hex').slice(0, 32);
  const lines = (value: string, claimed: string) =>
    `${JSON.stringify({ ...header, count: 2, digest: claimed })}\n{"key":"a","value":${value},"version":"1.1"}\n{"key":"b","version":"1.2"}\n`;
  let text = '';
  const node = await peer((_request, response) => response.end(text));
  const isIntact = async (value: string, claimed: string) => {
    text = lines(value, claimed);
    return (await client().dump(node.url)).isIntact;
  };
  expect(await isIntact('{"x":1.0}', digest)).toBe(true);
  expect(await isIntact('{"x":1}', digest)).toBe(false);
  expect(await isIntact('{"x":1.0}', 'f'.repeat(64))).toBeNull();
  text = `${JSON.stringify({ ...header, digest })}\n`;
  expect(await client().dumpHeader(node.url)).toEqual({ ...header, digest });
  expect(node.seen.at(-1)?.target).toBe('/dump?rows=0');
  text = '<html>';
  expect((await failureOf(client().dumpHeader(node.url))).code).toBe('unreachable');
});

test('a dump that was cut short is an error and not a shorter dump', async () => {
  const node = await peer((_request, response) => response.end(`${JSON.stringify(header)}\n{"key":"a","value":1,"version":"1.1"}\n`));
  expect((await failureOf(client().dump(node.url))).message).toContain('1 of the 3 rows');
  const reset = await peer((_request, response) => {
    response.write(`${JSON.stringify(header)}\n`);
    setImmediate(() => response.destroy());
  });
  expect((await failureOf(client().dump(reset.url))).code).toBe('unreachable');
});

const gone = (seq: number) => ({ key: 'k', value: seq, version: `1.${seq}`, timestamp_ms: 5, instead: null });
const ndjson = (...lines: readonly object[]) => lines.map((line) => `${JSON.stringify(line)}\n`).join('');

test('what was rolled back comes line by line, with the token, and who has enough of it leaves', async () => {
  let isLeft = false;
  const node = await peer((_request, response) => {
    response.on('close', () => {
      isLeft = true;
    });
    // Two rows now, and the rest never: only who does not wait for it gets through.
    response.write(ndjson({ node: 'n1' }, gone(1), gone(2)));
  });
  const rows = client({ token: 'secret' }).rolledBack(node.url);
  expect((await rows.next()).value).toEqual(gone(1));
  expect((await rows.next()).value).toEqual(gone(2));
  await rows.return(undefined);
  await until('the node sees that nobody listens', () => isLeft);
  expect(node.seen.map(({ target, headers }) => [target, headers.authorization])).toEqual([['/admin/rolled-back', 'Bearer secret']]);
});

test.each<[string, Script, string]>([
  ['is cut off', (_request, response) => void response.write(ndjson({ node: 'n1' }, gone(1)), () => response.destroy()), 'unreachable'],
  ['is empty', (_request, response) => void response.end(), 'unreachable'],
  ['has a line of something else', (_request, response) => void response.end(ndjson({ node: 'n1' }, { key: 1 })), 'unreachable'],
  ['is a refusal', (_request, response) => answerJson(response, 503, new KvctlError('storage_failed', 'no').toBody()), 'storage_failed'],
])('an answer about what was rolled back that %s is an error', async (_, script, code) => {
  const node = await peer(script);
  expect((await failureOf(allOf(client().rolledBack(node.url)))).code).toBe(code);
});
