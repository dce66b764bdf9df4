// Two commands at once: `restart` lets the lock go before it waits, so the leader may be another process by the time that a follower streams.
import { afterEach, expect, test } from 'vitest';
import { until } from '../cluster/sandbox.ts';
import { FaultyCluster } from './faults-cluster.ts';

let cluster: FaultyCluster | null = null;
afterEach(async () => {
  await cluster?.end();
  cluster = null;
});

test('a follower that is waited for outlives the restart of its leader by another command', async () => {
  cluster = await FaultyCluster.up({ followers: 2, quorum: 1, delay: '0' });
  await cluster.kill(['n3']);
  // So that it cannot stream yet; the leader forgets this with its process.
  await cluster.client.setNetwork(cluster.leaderUrl, { nodes: { n3: { is_partitioned: true } } });
  const follower = cluster.restart(['n3']);
  const leader = until('n3 runs', async () => (await cluster?.status('n3').catch(() => null))?.node === 'n3').then(() =>
    cluster?.restart(['n1']),
  );
  await expect(Promise.all([follower, leader])).resolves.toBeDefined();
  expect(await cluster.link('n3')).toMatchObject({ link: 'stream', is_up: true });
});

test('a follower whose leader stays dead is told so, naming the leader', async () => {
  cluster = await FaultyCluster.up({ followers: 2, quorum: 1, delay: '0' });
  await cluster.kill(['n1', 'n3']);
  await expect(cluster.restart(['n3'])).rejects.toThrow(
    /all running nodes are followers: expected a leader, which must be among n1 \(stopped\)/,
  );
});
