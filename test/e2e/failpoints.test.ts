/**
 * The crash matrix: a node dies exactly at one step of a write's path, or of an epoch's opening, and what must be so afterwards is so.
 *
 * Real processes with their data on disk; a failpoint is a SIGKILL to oneself (src/node/failpoints.ts).
 */
import { expect, test } from 'vitest';
import type { ReadAnswer } from '../../src/wire/api.ts';
import { until } from '../cluster/sandbox.ts';
import { expectOk } from '../support/expect-error.ts';
import { call, put } from '../support/raw-http.ts';
import { RealCluster, type RealNode } from '../support/real-node.ts';
import { allShow, valueAt } from './shown.ts';

/** What a client was told of its write: that it happened, or nothing at all. */
type Told = 'success' | 'nothing' | number;

async function write(cluster: RealCluster, key: string, query = ''): Promise<Told> {
  const answer = await put(cluster.leader.port, `/kv/${key}${query}`, JSON.stringify({ value: key })).catch(() => null);
  return answer === null ? 'nothing' : answer.status === 200 ? 'success' : answer.status;
}

/** A cluster of three, on disk, with a write that all hold, whose `node` dies at the failpoint the next time that it comes by. */
async function armed(index: number, failpoint: string, delay = '0'): Promise<RealCluster> {
  const environment = { QUORUM_TIMEOUT_MS: '1500', DELAY: delay };
  const cluster = await RealCluster.start({ followers: 2, quorum: 2, store: 'sqlite', environment });
  expect(await write(cluster, 'before')).toBe('success');
  const node = cluster.nodes[index] as RealNode;
  await node.kill('SIGTERM');
  node.start({ FAILPOINT: failpoint });
  await cluster.isReady();
  return cluster;
}

async function back(cluster: RealCluster, index: number): Promise<void> {
  const node = cluster.nodes[index] as RealNode;
  expect((await node.ended).signal).toBe('SIGKILL');
  node.start();
  await cluster.isReady();
}

test.each([
  ['before-commit', 'a write that its leader did not store does not exist (failure 1)', null],
  ['after-commit', 'a write that only its leader holds is replicated when it is back (failure 2)', 'torn'],
  ['after-ack', 'a write with fewer acks than it needs is replicated when its leader is back (failure 3)', 'torn'],
  ['before-reply', 'a write with its quorum, whose client was not told, is there', 'torn'],
] as const)('killed %s, %s', async (failpoint, _title, value) => {
  await using cluster = await armed(0, failpoint);
  expect(await write(cluster, 'torn')).toBe('nothing');
  await back(cluster, 0);
  await allShow(cluster, 'torn', value);
  await allShow(cluster, 'before', 'before');
  // Versions go on above everything that anybody may have seen.
  expect(await write(cluster, 'after')).toBe('success');
  const { version } = expectOk<ReadAnswer>(await call(cluster.leader.port, { path: '/kv/after' }));
  expect(version).toMatch(/^3\./);
});

test('killed after-reply, the client was told, and what had not left for a follower by then never did', async () => {
  await using cluster = await armed(0, 'after-reply', 'n2=0;n3=300');
  expect(await write(cluster, 'torn', '?quorum=1')).toBe('success');
  expect((await cluster.leader.ended).signal).toBe('SIGKILL');
  expect(await Promise.all(cluster.followers.map((node) => valueAt(node, 'torn')))).toEqual(['torn', null]);
  await back(cluster, 0);
  await allShow(cluster, 'torn', 'torn');
});

test.each([
  ['before-commit', null],
  ['after-commit', 'torn'],
] as const)('a follower killed %s has acked nothing, and gets what it lacks (failure 6)', async (failpoint, held) => {
  await using cluster = await armed(1, failpoint);
  // Both followers are needed, and one died over it: no success, and no lie.
  expect(await write(cluster, 'torn')).toBe(503);
  expect((await (cluster.nodes[1] as RealNode).ended).signal).toBe('SIGKILL');
  const node = cluster.nodes[1] as RealNode;
  // Alone, so that nobody has sent it anything again: what it has is what its disk had.
  await cluster.leader.kill();
  node.start();
  await until('it answers', async () => (await node.status()) !== null);
  expect(await valueAt(node, 'torn')).toBe(held);
  cluster.leader.start();
  await cluster.isReady();
  await allShow(cluster, 'torn', 'torn');
  expect(await write(cluster, 'after')).toBe('success');
});

test.each([
  ['leader, before its promise', 0, 'before-promise'],
  ['leader, after its promise', 0, 'after-promise'],
  ['leader, before its claim of the epoch', 0, 'before-promise:2'],
  ['leader, after its claim of the epoch', 0, 'after-promise:2'],
  ['follower, before its promise', 1, 'before-promise'],
  ['follower, after its promise', 1, 'after-promise'],
] as const)('an epoch is opened although a node was killed on the way: the %s', async (_who, index, failpoint) => {
  await using cluster = await RealCluster.start({ followers: 2, quorum: 2, store: 'sqlite' });
  expect(await write(cluster, 'before')).toBe('success');
  const node = cluster.nodes[index] as RealNode;
  await cluster.leader.kill();
  if (index !== 0) await node.kill('SIGTERM');
  node.start({ FAILPOINT: failpoint });
  if (index !== 0) cluster.leader.start();
  await back(cluster, index);
  const epochs = await Promise.all(cluster.nodes.map(async (each) => (await each.status())?.epoch));
  expect(new Set(epochs).size).toBe(1);
  expect(epochs[0]).toBeGreaterThan(1);
  expect(await write(cluster, 'after')).toBe('success');
  await allShow(cluster, 'before', 'before');
  await allShow(cluster, 'after', 'after');
});
