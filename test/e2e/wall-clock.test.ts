// A leader's and a follower's wall clocks jump by an hour, to and fro, while writes wait: nothing that a node decides is different.
import { expect, test } from 'vitest';
import { KvClient } from '../../src/client/kv-client.ts';
import { until } from '../cluster/sandbox.ts';
import { expectError } from '../support/expect-error.ts';
import { call, JSON_BODY } from '../support/raw-http.ts';
import { RealCluster, type RealNode } from '../support/real-node.ts';

const HOUR_MS = 3_600_000;
/** So long as a write may wait here: the test is over long before, and the jumps are longer. */
const PATIENCE_MS = 60_000;

test('order, deadlines and tokens are the same whatever the wall clocks show (failure 39)', async () => {
  const environment = { FAULT_INJECTION: 'on', QUORUM_TIMEOUT_MS: `${PATIENCE_MS}` };
  await using cluster = await RealCluster.start({ followers: 2, quorum: 2, store: 'sqlite', environment });
  const client = new KvClient({ token: cluster.token });
  const { leader } = cluster;
  const follower = cluster.follower();
  const jump = async (node: RealNode, hours: number) => {
    const { wall_clock_ms: shown } = await client.setFaults(node.url, { clock_offset_ms: hours * HOUR_MS });
    expect(Math.round((shown - Date.now()) / HOUR_MS)).toBe(hours);
  };
  const cut = (isPartitioned: boolean) => client.setNetwork(leader.url, { nodes: { n3: { is_partitioned: isPartitioned } } });

  // Order: what is written while the clock is an hour back is newer, on every node.
  await jump(leader, 1);
  const early = await client.put(leader.url, 'key', '"early"');
  await jump(leader, -1);
  const late = await client.put(leader.url, 'key', '"late"');
  const seq = (version: string) => Number(version.split('.')[1]);
  expect(seq(late.version)).toBe(seq(early.version) + 1);
  for (const { url } of cluster.nodes) expect((await client.get(url, 'key', { read: 'local' })).value).toBe('late');

  // Deadlines: a write and a token wait on, through every jump, and are answered as soon as they can be.
  await cut(true);
  let isAnswered = false;
  const waiting = client.put(leader.url, 'waits', '1', { timeoutMs: PATIENCE_MS }).finally(() => {
    isAnswered = true;
  });
  await until('it waits', async () => (await leader.status())?.waiting_writes === 1);
  const next = `1.${seq(late.version) + 2}`;
  const token = client.get(follower.url, 'token', { minVersion: next, timeoutMs: PATIENCE_MS });
  for (const node of [leader, follower]) for (const hours of [1, -1, 1, -1]) await jump(node, hours);
  expect([isAnswered, (await leader.status())?.waiting_writes]).toEqual([false, 1]);
  const quick = await client.put(leader.url, 'token', '"held"', { quorum: 1 });
  expect(quick.version).toBe(next);
  expect((await token).value).toBe('held');

  // Draining has a deadline, too.
  leader.kill('SIGTERM').catch(() => undefined);
  await until('it drains', async () => (await leader.status())?.is_draining === true);
  await jump(leader, 1);
  await cut(false);
  expect((await waiting).follower_acks).toBe(2);
  expect((await leader.ended).exitCode).toBe(0);
  await client.close();
});

test('who was not started for it has no such call, and nobody has it without a token', async () => {
  await using cluster = await RealCluster.start({ followers: 0 });
  const headers = { ...JSON_BODY, authorization: `Bearer ${cluster.token}` };
  const jump = (more: Readonly<Record<string, string>>) =>
    call(cluster.leader.port, { method: 'POST', path: '/admin/faults', headers: more, body: '{"clock_offset_ms": 1}' });
  expectError(await jump(headers), 'not_found');
  await cluster.leader.kill('SIGTERM');
  cluster.leader.start({ FAULT_INJECTION: 'on' });
  await cluster.isReady();
  expectError(await jump(JSON_BODY), 'unauthorized');
  expect((await jump(headers)).status).toBe(200);
  for (const body of ['{"clock_offset_ms": "soon"}', '{"disk": "broken"}', '{"disk": "fail-write"}', '{"memory": 1}']) {
    expectError(await call(cluster.leader.port, { method: 'POST', path: '/admin/faults', headers, body }), 'bad_request');
  }
});
