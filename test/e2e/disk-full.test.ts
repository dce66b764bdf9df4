/**
 * A disk that is full, or whose sync fails, under one node of a real cluster (FAILPOINT=fail-write, fail-fsync: src/store/disk-fault.ts).
 * The two leave the two extremes of what may be there afterwards: nothing, and everything.
 */
import { expect, test } from 'vitest';
import type { TraceItem } from '../../src/wire/api.ts';
import { until } from '../cluster/sandbox.ts';
import { expectError, expectOk } from '../support/expect-error.ts';
import { type Answer, call, put } from '../support/raw-http.ts';
import { RealCluster, type RealNode } from '../support/real-node.ts';
import { allShow, valueAt } from './shown.ts';

const FAULTS = [
  ['fail-write', 'database or disk is full', false],
  ['fail-fsync', 'disk I/O error', true],
] as const;

const write = (node: RealNode, key: string, query = ''): Promise<Answer> =>
  put(node.port, `/kv/${key}${query}`, JSON.stringify({ value: key }));

/** Three nodes on disk, one of which fails the first time that it stores what a client wrote. */
async function armed(index: number, failpoint: string): Promise<RealCluster> {
  const cluster = await RealCluster.plan({ followers: 2, quorum: 2, store: 'sqlite' });
  for (const [at, node] of cluster.nodes.entries()) node.start(at === index ? { FAILPOINT: failpoint } : {});
  await cluster.isReady();
  return cluster;
}

/** Health and readiness say so, and so does the reason in its status. */
async function expectUnhealthy(node: RealNode, why: string): Promise<void> {
  for (const path of ['/health', '/ready']) expect(expectError(await call(node.port, { path }), 'storage_failed').message).toContain(why);
  expect((await node.status())?.waiting_for).toContain(why);
}

async function again(cluster: RealCluster, node: RealNode): Promise<void> {
  expect((await node.kill('SIGTERM')).exitCode).toBe(0);
  node.start();
  await cluster.isReady();
  for (const path of ['/health', '/ready']) expectOk(await call(node.port, { path }));
}

test.each(FAULTS)(
  '%s on a follower: no ack, a node that says it is unhealthy, a leader that goes on trying (failure 37)',
  async (name, why) => {
    await using cluster = await armed(1, name);
    const node = cluster.nodes[1] as RealNode;
    expectError(await write(cluster.leader, 'torn'), 'quorum_not_met');
    await expectUnhealthy(node, why);
    // Nothing that comes later is taken either, and never acked.
    expect(expectOk<{ follower_acks: number }>(await write(cluster.leader, 'later', '?quorum=1')).follower_acks).toBe(1);
    const headers = { authorization: `Bearer ${cluster.token}` };
    const refusals = () => cluster.leader.output.split('"code":"storage_failed"').length;
    const before = refusals();
    await until('the leader has tried again', () => refusals() > before);
    const trace = expectOk<{ items: TraceItem[] }>(await call(cluster.leader.port, { path: '/admin/trace', headers }));
    expect(trace.items.map(({ followers }) => [followers['n2']?.acked_ms, typeof followers['n3']?.acked_ms])).toEqual([
      [null, 'number'],
      [null, 'number'],
    ]);
    expect(await valueAt(node, 'later')).toBe(null);
    await again(cluster, node);
    for (const key of ['torn', 'later']) await allShow(cluster, key, key);
    expectOk(await write(cluster.leader, 'after'));
  },
);

test.each(FAULTS)(
  '%s on the leader: its write is in doubt, and it leads no more until it is opened again (failure 38)',
  async (name, why, isThere) => {
    await using cluster = await armed(0, name);
    const { leader } = cluster;
    const told = expectError(await write(leader, 'torn'), 'deposed');
    expect(told.message).toContain(why);
    await expectUnhealthy(leader, why);
    expect((await leader.status())?.role).toBe('follower');
    // Certainly not, now and for ever: a sync that failed is not tried again as if nothing were.
    expectError(await write(leader, 'denied'), 'storage_failed');
    expectError(await call(leader.port, { path: '/kv/torn?read=committed' }), 'storage_failed');
    for (const node of cluster.followers) expect(await valueAt(node, 'torn')).toBe(null);
    await again(cluster, leader);
    await allShow(cluster, 'torn', isThere ? 'torn' : null);
    await allShow(cluster, 'denied', null);
    expectOk(await write(leader, 'after'));
  },
);
