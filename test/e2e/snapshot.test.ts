/**
 * A follower that was away for longer than tombstones are kept: what was deleted meanwhile stays deleted, and whoever dies in the middle of a snapshot leaves
 * the old data or the new, never a mix.
 *
 * Real processes with their data on disk; a failpoint is a SIGKILL to oneself (src/node/failpoints.ts).
 */
import { expect, test } from 'vitest';
import { KvClient } from '../../src/client/kv-client.ts';
import { compareVersions, parseVersion, type Version, ZERO } from '../../src/core/version.ts';
import { until } from '../cluster/sandbox.ts';
import { failureOf } from '../support/failure-of.ts';
import { RealCluster, type RealNode, TOKEN } from '../support/real-node.ts';

/** Five of them are more than one part of a snapshot holds. */
const LARGE = JSON.stringify('x'.repeat(1_000_000));
const LARGE_KEYS = ['l1', 'l2', 'l3', 'l4', 'l5'];

const client = new KvClient({ token: TOKEN, timeoutMs: 20_000 });

async function floorOf(node: RealNode): Promise<Version> {
  return parseVersion((await client.dumpHeader(node.url)).purge_floor) ?? ZERO;
}

/** n3 was stopped with `gone` and `kept` on its disk; since then `gone` was deleted and `kept` written anew, and the tombstone is collected. */
async function collectedWithout(): Promise<RealCluster> {
  const cluster = await RealCluster.start({ followers: 2, quorum: 1, store: 'sqlite', environment: { TOMBSTONE_KEEP: '0.2' } });
  const { url } = cluster.leader;
  for (const key of ['gone', 'kept']) await client.put(url, key, '"old"', { quorum: 2 });
  const away = cluster.follower(1);
  await until('n3 has both', async () => (await client.dump(away.url)).rows.size === 2);
  await away.kill('SIGTERM');
  const { version } = await client.del(url, 'gone');
  await client.put(url, 'kept', '"new"');
  for (const key of LARGE_KEYS) await client.put(url, key, LARGE);
  const deleted = parseVersion(version) as Version;
  await until('the tombstone is collected', async () => compareVersions(await floorOf(cluster.leader), deleted) >= 0, 20_000);
  return cluster;
}

async function areEqual(cluster: RealCluster): Promise<void> {
  const equal = async () => {
    const dumps = await Promise.all(cluster.nodes.map(({ url }) => client.dump(url, { tombstones: true }).catch(() => null)));
    return dumps.every((dump) => dump !== null && dump.digest === dumps[0]?.digest && !dump.rows.has('gone') && dump.rows.size === 6);
  };
  await until('all are equal, and nobody knows of gone', equal, 20_000);
}

const local = (node: RealNode, key: string) => client.get(node.url, key, { read: 'local' });

test('a follower that was away across a collection is filled by a snapshot, and what was deleted stays so (failure 40)', async () => {
  await using cluster = await collectedWithout();
  const node = cluster.follower(1);
  node.start();
  await cluster.isReady();
  await areEqual(cluster);
  expect(await failureOf(local(node, 'gone'))).toMatchObject({ code: 'key_not_found' });
  expect(node.output).toContain('"msg":"snapshot"');
  // It is a follower like any other: its acks count, and the next delete is collected everywhere.
  await client.put(cluster.leader.url, 'kept', '"newer"', { quorum: 2 });
  const { version } = await client.del(cluster.leader.url, 'kept', { quorum: 2 });
  const isCollected = async () => compareVersions(await floorOf(node), parseVersion(version) as Version) >= 0;
  await until('n3 collects, too', isCollected, 20_000);
});

test.each(['after-part', 'before-swap', 'after-swap'] as const)(
  'a follower that dies %s holds the old data or the new when it is back, and is filled again (failure 42)',
  async (failpoint) => {
    await using cluster = await collectedWithout();
    const node = cluster.follower(1);
    node.start({ FAILPOINT: failpoint });
    expect((await node.ended).signal).toBe('SIGKILL');
    await cluster.leader.kill('SIGTERM');
    node.start();
    await until('it answers', async () => (await node.status()) !== null);
    if (failpoint === 'after-swap') {
      expect(await failureOf(local(node, 'gone'))).toMatchObject({ code: 'key_not_found' });
      expect(await local(node, 'kept')).toMatchObject({ value: 'new' });
    } else {
      expect(await local(node, 'gone')).toMatchObject({ value: 'old' });
      expect(await local(node, 'kept')).toMatchObject({ value: 'old' });
      expect(await failureOf(local(node, 'l1'))).toMatchObject({ code: 'key_not_found' });
    }
    cluster.leader.start();
    await cluster.isReady();
    await areEqual(cluster);
  },
);

test('a leader that dies in the middle of a snapshot begins another when it is back (failure 42)', async () => {
  await using cluster = await collectedWithout();
  await cluster.leader.kill('SIGTERM');
  cluster.leader.start({ FAILPOINT: 'after-view:2' });
  await until('it answers', async () => (await cluster.leader.status()) !== null);
  cluster.follower(1).start();
  expect((await cluster.leader.ended).signal).toBe('SIGKILL');
  cluster.leader.start();
  await cluster.isReady();
  await areEqual(cluster);
});
