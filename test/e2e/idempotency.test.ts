/**
 * `Idempotency-Key` on real processes, disks and sockets: a write that is sent again is the same write, also after a leader died over it.
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import type { WriteAnswer } from '../../src/wire/api.ts';
import { until } from '../cluster/sandbox.ts';
import { expectError, expectOk } from '../support/expect-error.ts';
import { type Answer, call, put } from '../support/raw-http.ts';
import { RealCluster, type RealNode } from '../support/real-node.ts';

function write(node: RealNode, idempotencyKey: string, value: unknown = 1, path = '/kv/a'): Promise<Answer> {
  return put(node.port, path, JSON.stringify({ value }), { 'idempotency-key': idempotencyKey });
}

/** Of a success: its version, and whether it says that it was given before. */
function told(answer: Answer): [version: string, isReplayed: boolean] {
  const { version } = expectOk<WriteAnswer>(answer);
  return [version, answer.headers['idempotency-replayed'] === 'true'];
}

async function headOf(node: RealNode): Promise<string | undefined> {
  return (await node.status())?.head;
}

test('a retry is answered with the version of the first write, other writes under its key are refused (failure 45)', async () => {
  await using cluster = await RealCluster.start({ followers: 2, store: 'sqlite' });
  const { leader } = cluster;
  const first = await write(leader, '"one"');
  expect(told(first)).toEqual(['1.1', false]);
  expect(first.headers['server-timing']).toMatch(/^store;dur=/);
  expect(told(await write(leader, 'other', 2))).toEqual(['1.2', false]);
  // Quoted or bare, spelled otherwise, with more patience: the same write.
  const again = await put(leader.port, '/kv/%61?timeout_ms=900', '{ "value" : 1.0 }', { 'idempotency-key': 'one' });
  expect(told(again)).toEqual(['1.1', true]);
  expect(again.headers['server-timing']).toBeUndefined();
  expect(JSON.parse(again.text)).toEqual(JSON.parse(first.text));

  expectError(await write(leader, 'one', 2), 'idempotency_mismatch');
  expectError(await write(leader, 'one', 1, '/kv/b'), 'idempotency_mismatch');
  expectError(await write(leader, 'one', 1, '/kv/a?quorum=1'), 'idempotency_mismatch');
  const remove = () => call(leader.port, { method: 'DELETE', path: '/kv/a', headers: { 'idempotency-key': 'gone' } });
  expectError(await call(leader.port, { method: 'DELETE', path: '/kv/a', headers: { 'idempotency-key': 'one' } }), 'idempotency_mismatch');
  const removals = [await remove(), await remove()];
  expect(removals.map(told)).toEqual([
    ['1.3', false],
    ['1.3', true],
  ]);
  expect(removals.map((answer) => expectOk<WriteAnswer>(answer).existed)).toEqual([true, true]);
  for (const wrong of ['', '""', '"', 'a b', 'a, b', '"a', 'é', 'x'.repeat(256), '"\\x"'])
    expectError(await put(leader.port, '/kv/a', '{"value":1}', { 'idempotency-key': wrong }), 'bad_request');
  expect(await headOf(leader)).toBe('1.3');

  const { text } = await call(leader.port, { path: '/metrics' });
  expect(text).toContain('kvctl_writes_total{result="replayed"} 2');
});

test('of a hundred requests with one key at once one takes a version (failure 45)', async () => {
  await using cluster = await RealCluster.start({ followers: 1, store: 'sqlite', environment: { DELAY: '20' } });
  const { leader } = cluster;
  const answers = await Promise.all(Array.from({ length: 100 }, () => write(leader, 'same')));
  const successes = answers.filter(({ status }) => status === 200);
  expect(new Set(successes.map((answer) => told(answer)[0]))).toEqual(new Set(['1.1']));
  expect(successes.filter((answer) => !told(answer)[1]).length).toBe(1);
  for (const answer of answers) if (answer.status !== 200) expectError(answer, 'idempotency_in_flight');
  expect(told(await write(leader, 'same'))).toEqual(['1.1', true]);
  expect(await headOf(leader)).toBe('1.1');
});

test('a retry after the leader died before its reply is answered with the version that it took (failures 4, 45)', async () => {
  await using cluster = await RealCluster.start({ followers: 2, quorum: 1, store: 'sqlite' });
  const { leader } = cluster;
  const away = cluster.follower(1);
  expect(told(await write(leader, 'before'))).toEqual(['1.1', false]);
  await leader.kill('SIGTERM');
  leader.start({ FAILPOINT: 'before-reply' });
  await cluster.isReady();
  // What follows it gets by pages only, when the row has moved on.
  await away.kill();
  expect(await write(leader, 'torn', 2).catch(() => 'no answer')).toBe('no answer');
  expect((await leader.ended).signal).toBe('SIGKILL');
  leader.start();
  await leader.reaches('is open', ({ phase }) => phase === 'open');
  expect(told(await write(leader, 'newer', 3))).toEqual(['3.3', false]);
  expect(told(await write(leader, 'before'))).toEqual(['1.1', true]);
  expect(told(await write(leader, 'torn', 2))).toEqual(['2.2', true]);
  expect(await headOf(leader)).toBe('3.3');

  away.start();
  await cluster.isReady();
  await until('the follower holds all', async () => (await away.status())?.watermark === '3.3');
  await Promise.all(cluster.nodes.map((node) => node.kill('SIGTERM')));
  for (const { id } of cluster.nodes) expect(entriesOf(cluster, id)).toEqual(['before 1.1', 'torn 2.2', 'newer 3.3']);
});

test('a lab’s own calls know no such header', async () => {
  await using cluster = await RealCluster.start({ followers: 0, environment: { DIALECT: 'lab-2' } });
  for (const head of ['1.1', '1.2']) {
    expect((await write(cluster.leader, 'one', 'v')).status).toBe(200);
    expect(await headOf(cluster.leader)).toBe(head);
  }
});

/** What the disk of a node that is down remembers. */
function entriesOf(cluster: RealCluster, id: string): string[] {
  const database = new DatabaseSync(join(cluster.directory, id, 'data.sqlite'), { readOnly: true });
  try {
    const rows = database.prepare('SELECT key, epoch, seq FROM idempotency ORDER BY epoch, seq').all();
    return rows.map(({ key, epoch, seq }) => `${key} ${epoch}.${seq}`);
  } finally {
    database.close();
  }
}
