/** Reads that ask for more than what is there: `?min_version=`, the token of a write, on any node; `?read=linearizable`. Real nodes, over HTTP. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ReadAnswer, WriteAnswer } from '../../src/wire/api.ts';
import { Home } from '../cli/kvctl.ts';
import { until } from '../cluster/sandbox.ts';
import { expectError, expectOk } from '../support/expect-error.ts';
import { call, JSON_BODY, put, RawConnection, requestText } from '../support/raw-http.ts';
import { RealCluster } from '../support/real-node.ts';

const SLOW_MS = 400;

let cluster: RealCluster;
beforeAll(async () => {
  cluster = await RealCluster.start({ followers: 2, quorum: 1, environment: { DELAY: `n2=0;n3=${SLOW_MS}`, QUORUM_TIMEOUT_MS: '1500' } });
});
afterAll(() => cluster[Symbol.asyncDispose]());

const [LEADER, SLOW] = [0, 2] as const;
const read = (node: number, path: string) => call(cluster.nodes[node]?.port ?? 0, { path });
const write = async (key: string, value: unknown, query = '') =>
  expectOk<WriteAnswer>(await put(cluster.leader.port, `/kv/${key}${query}`, JSON.stringify({ value }))).version;

test('a follower that does not have the write yet answers once it has', async () => {
  const token = await write('own', 'written');
  // Without the token it shows what it has: nothing.
  expectError(await read(SLOW, '/kv/own'), 'key_not_found');
  expect(expectOk<ReadAnswer>(await read(SLOW, `/kv/own?min_version=${token}`))).toMatchObject({
    value: 'written',
    version: token,
    node: 'n3',
  });
});

test('a write whose client is gone goes on: it is committed, and everywhere (failure 44)', async () => {
  const client = new RawConnection(cluster.leader.port);
  // The slow follower's ack is needed, so nobody was answered when the client leaves.
  client.send(requestText('PUT', '/kv/left?quorum=2', '{"value":"alone"}'));
  const isThere = (path: string) => async () => (await read(LEADER, path)).status === 200;
  await until('the leader has it', isThere('/kv/left?read=local'));
  expectError(await read(LEADER, '/kv/left'), 'key_not_found');
  client.close();
  await until('it is committed', isThere('/kv/left'));
  expect(expectOk<ReadAnswer>(await read(SLOW, '/kv/left'))).toMatchObject({ value: 'alone', node: 'n3' });
  expect(client.answers).toEqual([]);
});

test('a newer version of the key will do, and so will everything up to the token', async () => {
  const first = await write('twice', 1);
  const second = await write('twice', 2);
  expect(expectOk<ReadAnswer>(await read(SLOW, `/kv/twice?min_version=${second}`))).toMatchObject({ value: 2 });
  expect(expectOk<ReadAnswer>(await read(SLOW, `/kv/twice?min_version=${first}`))).toMatchObject({ version: second });
  expect(expectOk<ReadAnswer>(await read(SLOW, `/kv/own?min_version=${second}`))).toMatchObject({ value: 'written' });
});

test('the token of a delete waits for the key to be gone', async () => {
  await write('gone', 1, '?quorum=2');
  const removal = await call(cluster.leader.port, { method: 'DELETE', path: '/kv/gone' });
  const { version } = expectOk<WriteAnswer>(removal);
  expectOk(await read(SLOW, '/kv/gone'));
  expectError(await read(SLOW, `/kv/gone?min_version=${version}`), 'key_not_found');
});

test('what does not come in time is not_caught_up, and says what is there', async () => {
  const token = await write('late', 1);
  const error = expectError(await read(SLOW, `/kv/late?min_version=${token}&timeout_ms=50`), 'not_caught_up');
  expect(error.detail).toMatchObject({ min_version: token, holds: expect.stringMatching(/^1\.\d+$/) });
  expect(error.definite).toBe(true);
  expectError(await read(SLOW, '/kv/late?min_version=2.0&timeout_ms=1'), 'not_caught_up');
});

test('a committed read waits for the commit, though the leader holds the row, and is not held up by a later write', async () => {
  const committed = await write('pending', 'old');
  // Delays of replication last until the slow follower acks.
  const writing = put(cluster.leader.port, '/kv/pending?quorum=2', '{"value":"new"}');
  await until('the row is there', async () => expectOk<ReadAnswer>(await read(LEADER, '/kv/pending?read=local')).value === 'new');
  const newer = expectOk<ReadAnswer>(await read(LEADER, '/kv/pending?read=local')).version;
  expect(expectOk<ReadAnswer>(await read(LEADER, `/kv/pending?min_version=${committed}`))).toMatchObject({ value: 'old', committed: true });
  expectError(await read(LEADER, `/kv/pending?min_version=${newer}&timeout_ms=20`), 'not_caught_up');
  expect(expectOk<ReadAnswer>(await read(LEADER, `/kv/pending?min_version=${newer}`))).toMatchObject({ value: 'new', committed: true });
  expectOk(await writing);
});

test.each([
  ['min_version=', 'min_version'],
  ['min_version=5', 'like 1.42'],
  ['min_version=1.2.3', 'like 1.42'],
  ['min_version=-1.2', 'like 1.42'],
  ['min_version=1.99999999999999999', 'like 1.42'],
  ['min_version=1.1&min_version=1.2', 'once'],
  ['min_version=1.1&timeout_ms=0', 'timeout_ms'],
  ['timeout_ms=5', 'together with min_version'],
])('?%s is a mistake', async (query, words) => {
  expect(expectError(await read(LEADER, `/kv/a?${query}`), 'bad_request').message).toContain(words);
});

test('the command line waits, too', async () => {
  using home = new Home();
  const token = await write('cli', 'hello');
  const env = { KVCTL_LEADER: cluster.leader.url };
  const ran = await home.kvctl(['get', 'cli', '--node', 'n3', '--min-version', token], { env });
  expect(ran).toMatchObject({ exitCode: 0, stdout: 'hello\n' });
  const late = await home.kvctl(['get', 'cli', '--node', 'n3', '--min-version', '1.999999', '--timeout', '30ms'], { env });
  expect(late).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('expected n3 to hold version 1.999999 within 30 ms') });
  const wrong = await home.kvctl(['get', 'cli', '--min-version', 'new'], { env });
  expect(wrong).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('expected a version like 1.42') });
});

test('a linearizable read is answered while a majority confirms, and refused when none does', async () => {
  const version = await write('sure', 1);
  expect(expectOk<ReadAnswer>(await read(LEADER, '/kv/sure?read=linearizable'))).toMatchObject({ value: 1, version, committed: true });
  expectError(await read(LEADER, '/kv/nothing?read=linearizable'), 'key_not_found');
  expectError(await read(SLOW, '/kv/sure?read=linearizable'), 'not_leader');

  const cut = async (is_partitioned: boolean) => {
    const body = JSON.stringify({ nodes: { n2: { is_partitioned }, n3: { is_partitioned } } });
    const headers = { ...JSON_BODY, authorization: `Bearer ${cluster.token}` };
    expectOk(await call(cluster.leader.port, { method: 'POST', path: '/admin/network', body, headers }));
  };
  await cut(true);
  const error = expectError(await read(LEADER, '/kv/sure?read=linearizable'), 'not_caught_up');
  expect(error.detail).toEqual({ missing: 1 });
  // It is the price of the stronger promise: the weaker one is kept.
  expectOk(await read(LEADER, '/kv/sure'));
  await cut(false);
  await cluster.isReady();
  expectOk(await read(LEADER, '/kv/sure?read=linearizable'));
});

test('who waits when the node is told to stop is answered', async () => {
  const waiting = call(cluster.nodes[SLOW]?.port ?? 0, { path: '/kv/never?min_version=7.1', headers: JSON_BODY });
  // It waits for certain once a read that began later was answered.
  expectError(await read(SLOW, '/kv/never'), 'key_not_found');
  process.kill(cluster.nodes[SLOW]?.pid ?? 0, 'SIGTERM');
  expectError(await waiting, 'draining');
});
