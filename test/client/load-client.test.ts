import { afterEach, expect, test } from 'vitest';
import { durationIn, LoadConnection } from '../../src/client/load-client.ts';
import { answerJson, type Script, scriptedPeer } from './scripted-peer.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close();
});

async function connect(script: Script, timeoutMs = 2_000) {
  const peer = await scriptedPeer(script);
  const connection = new LoadConnection(peer.url, timeoutMs);
  open.push(connection, peer);
  return { peer, connection };
}

const written = { key: 'k', value: 'é', version: '1.7', follower_acks: 3, required: 3, quorum_met: true, node: 'n1' };

test('an answered write carries version, acks and the times of Server-Timing', async () => {
  const { connection } = await connect((_request, response) => {
    response.writeHead(200, { 'server-timing': 'store;dur=0.412, quorum;dur=301.200, floor;dur=300.9' }).end(JSON.stringify(written));
  });
  const answer = await connection.send('PUT', '/kv/k', '{"value":1}');
  expect(answer).toMatchObject({
    ok: true,
    status: 200,
    error: null,
    version: '1.7',
    acks: 3,
    storeMs: 0.412,
    quorumMs: 301.2,
    floorMs: 300.9,
  });
  expect(answer.endMs).toBeGreaterThan(answer.startMs);
});

test('an answer without Server-Timing has no times, and one in pieces is read whole', async () => {
  const bytes = Buffer.from(JSON.stringify(written));
  const { connection } = await connect((_request, response) => {
    response.writeHead(200, { 'content-length': bytes.length });
    for (const byte of bytes) response.write(Buffer.of(byte));
    response.end();
  });
  expect(await connection.send('PUT', '/kv/k', '{"value":1}')).toMatchObject({ ok: true, version: '1.7', storeMs: null, floorMs: null });
});

test.each([
  [503, { error: 'quorum_not_met', message: 'm', definite: false, detail: {} }, { ok: false, error: 'quorum_not_met' }],
  [404, { error: 'key_not_found', message: 'm', definite: true, detail: {} }, { ok: true, error: null }],
  [404, { error: 'not_found', message: 'm', definite: true, detail: {} }, { ok: false, error: 'not_found' }],
  [502, 'bad gateway', { ok: false, error: 'http_502' }],
  [200, 'no object', { ok: false, error: 'http_200' }],
])('status %i with %j counts as %j', async (status, body, expected) => {
  const { connection } = await connect((_request, response) => answerJson(response, status, body));
  expect(await connection.send('GET', '/kv/k', null)).toMatchObject({ status, ...expected });
});

test('a connection that breaks gives unanswered requests, is opened again for the next, and sends nothing twice', async () => {
  let asked = 0;
  const { peer, connection } = await connect((_request, response) => {
    asked += 1;
    if (asked === 2) response.destroy();
    else answerJson(response, 200, written);
  });
  const answers = [];
  for (let i = 0; i < 3; i++) answers.push(await connection.send('PUT', `/kv/${i}`, '{"value":1}'));
  expect(answers.map((answer) => [answer.ok, answer.status, answer.error])).toEqual([
    [true, 200, null],
    [false, 0, 'unreachable'],
    [true, 200, null],
  ]);
  expect(peer.seen.map((request) => request.target)).toEqual(['/kv/0', '/kv/1', '/kv/2']);
});

test('nobody listening, and nobody answering, are unanswered requests', async () => {
  const { peer, connection: late } = await connect(() => undefined, 100);
  expect(await late.send('PUT', '/kv/k', '{"value":1}')).toMatchObject({ ok: false, status: 0, error: 'unreachable' });
  await peer.close();
  expect(await late.send('PUT', '/kv/k', '{"value":1}')).toMatchObject({ ok: false, status: 0, error: 'unreachable' });
});

test('closing ends the request in flight', async () => {
  const { connection } = await connect(() => undefined);
  const pending = connection.send('PUT', '/kv/k', '{"value":1}');
  await connection.close();
  expect(await pending).toMatchObject({ ok: false, status: 0 });
});

test('all requests of a connection share one socket', async () => {
  const ports = new Set<number | undefined>();
  const { connection } = await connect((_request, response) => {
    ports.add(response.socket?.remotePort);
    answerJson(response, 200, written);
  });
  await connection.open();
  for (let i = 0; i < 5; i++) await connection.send('PUT', '/kv/k', '{"value":1}');
  expect(ports.size).toBe(1);
});

test.each([
  ['store;dur=1.5', 'store', 1.5],
  ['datastore;dur=9, store;dur=2', 'store', null],
  ['store;dur=1,floor;dur=0', 'floor', 0],
  ['store;dur=', 'store', null],
  ['', 'store', null],
])('in %j the metric %s lasts %j', (header, metric, expected) => {
  expect(durationIn(header, metric)).toBe(expected);
});
