/**
 * The crash matrix of a change of leader: the candidate, or a node that rolls back, dies exactly at one step, and what must be so afterwards is so.
 *
 * Real processes with their data on disk; a failpoint is a SIGKILL to oneself (src/node/failpoints.ts).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { KvClient } from '../../src/client/kv-client.ts';
import { until } from '../cluster/sandbox.ts';
import { allOf } from '../support/all-of.ts';
import { failureOf } from '../support/failure-of.ts';
import { RealCluster, type RealNode, TOKEN } from '../support/real-node.ts';

/** n1 leads n2, n3 and n4 with k = 2, and is dead; `held` is on n1, n2 and n3 only, so n4 must gather it. */
async function leaderless(client: KvClient): Promise<RealCluster> {
  const cluster = await RealCluster.start({ followers: 3, quorum: 2, store: 'sqlite' });
  await client.put(cluster.leader.url, 'all', '1');
  await until('n4 has it', async () => (await client.dump(cluster.follower(2).url)).rows.size === 1);
  await client.setNetwork(cluster.leader.url, { nodes: { n4: { is_partitioned: true } } });
  await client.put(cluster.leader.url, 'held', '2');
  await cluster.leader.kill();
  return cluster;
}

async function isOpen(node: RealNode): Promise<void> {
  await node.reaches('is open and streams to whoever is there', ({ phase }) => phase === 'open');
}

test.each(['after-promise', 'after-gather', 'before-opening', 'after-opening'] as const)(
  'a candidate that dies %s answered nobody; promoted again, it loses nothing (failure 23)',
  async (failpoint) => {
    const client = new KvClient({ token: TOKEN, timeoutMs: 20_000 });
    await using cluster = await leaderless(client);
    const node = cluster.follower(2);
    await node.kill('SIGTERM');
    node.start({ FAILPOINT: failpoint });
    await until('it answers', async () => (await node.status()) !== null);
    expect(await failureOf(client.promote(node.url, {}))).toMatchObject({ code: 'unreachable' });
    expect((await node.ended).signal).toBe('SIGKILL');
    // Nobody leads, whatever the others promised, and nobody takes a write.
    expect(await failureOf(client.put(cluster.follower(0).url, 'meanwhile', '0'))).toMatchObject({ code: 'not_leader' });
    node.start();
    await until('it answers', async () => (await node.status()) !== null);
    // It goes on by itself where its promise was durable; asked again, it does so in any case.
    await until('it leads', async () => (await client.promote(node.url, { timeout_ms: 5_000 }).catch(() => null)) !== null, 20_000);
    await isOpen(node);
    expect(await client.get(node.url, 'held')).toMatchObject({ value: 2 });
    expect(await client.put(node.url, 'after', '3')).toMatchObject({ required: 2 });
    cluster.leader.start();
    const equal = async () => {
      const dumps = await Promise.all(cluster.nodes.map(({ url }) => client.dump(url).catch(() => null)));
      return dumps.every((dump) => dump !== null && dump.digest === dumps[0]?.digest);
    };
    await until('all are equal', equal, 20_000);
    await client.close();
  },
);

test.each(['before-rollback', 'after-rollback'] as const)(
  'a node that dies %s finishes when it is back (failure 28)',
  async (failpoint) => {
    const client = new KvClient({ token: TOKEN, timeoutMs: 20_000 });
    await using cluster = await RealCluster.start({ followers: 2, quorum: 1, store: 'sqlite' });
    await client.put(cluster.leader.url, 'a', '1');
    await until('all have it', async () => (await client.dump(cluster.follower(1).url)).rows.size === 1);
    await client.setNetwork(cluster.leader.url, { nodes: { '*': { is_partitioned: true } } });
    for (const key of ['a', 'b']) await client.put(cluster.leader.url, key, '"lost"', { quorum: 0 });
    await cluster.leader.kill();
    await client.promote(cluster.follower(0).url, {});
    const rejoiner = cluster.leader;
    rejoiner.start({ FAILPOINT: failpoint });
    expect((await rejoiner.ended).signal).toBe('SIGKILL');
    rejoiner.start();
    const isEqual = async () => {
      const [own, leader] = await Promise.all([rejoiner, cluster.follower(0)].map(({ url }) => client.dump(url).catch(() => null)));
      return own != null && own.digest === leader?.digest;
    };
    await until('it has what the leader has', isEqual, 20_000);
    expect((await allOf(client.rolledBack(rejoiner.url))).map(({ key, instead }) => [key, instead])).toEqual([
      ['a', '1.1'],
      ['b', null],
    ]);
    // The file is there for people, too.
    expect(readFileSync(join(cluster.directory, 'n1', 'rolled-back.ndjson'), 'utf8')).toContain('"key":"b","value":"\\"lost\\""');
    await client.close();
  },
);
