// One way of a link is stopped at a follower: what it sends to its leader is lost, or what its leader sends to it.
import { expect, test } from 'vitest';
import { KvClient } from '../../src/client/kv-client.ts';
import type { NetworkRequest } from '../../src/wire/api.ts';
import { until } from '../cluster/sandbox.ts';
import { expectError } from '../support/expect-error.ts';
import { call, JSON_BODY, put } from '../support/raw-http.ts';
import { RealCluster } from '../support/real-node.ts';

test('requests that arrive and whose answers are lost are carried out once, and count as soon as an ack arrives (failure 15)', async () => {
  await using cluster = await RealCluster.start({ followers: 2, quorum: 2, store: 'sqlite' });
  const client = new KvClient({ token: cluster.token });
  const { leader } = cluster;
  const [deaf] = cluster.followers as [(typeof cluster.followers)[0]];
  const set = (link: NonNullable<NetworkRequest['nodes']>[string]) => client.setNetwork(deaf.url, { nodes: { n1: link } });
  const blocked = async () => (await client.network(deaf.url)).nodes['n1']?.blocked ?? 0;
  const write = (key: string) => put(leader.port, `/kv/${key}`, JSON.stringify({ value: key }));
  const shown = async (key: string) => (await client.get(deaf.url, key, { read: 'local' }).catch(() => null))?.version ?? null;
  const digests = () => Promise.all(cluster.nodes.map(async ({ url }) => (await client.dump(url)).digest));

  // Acks are lost. A heartbeat whose answer is lost comes between now and then, and then the record is not sent: so it is tried again.
  let key = '';
  await until('a record arrives whose ack is lost', async () => {
    await set({ is_partitioned: false });
    await cluster.isReady();
    expect((await set({ one_way: 'out' })).nodes['n1']).toMatchObject({ is_partitioned: false, one_way: 'out' });
    key = `${key}again-`;
    const { detail } = expectError(await write(key), 'quorum_not_met');
    expect(detail).toMatchObject({ follower_acks: 1, required: 2 });
    return (await shown(key)) === detail['version'];
  });
  // It is there all the same, and sent again and again.
  const before = await blocked();
  expect(before).toBeGreaterThan(0);
  await until('more answers are lost', async () => (await blocked()) > before);
  expect((await set({ is_partitioned: false })).nodes['n1']).toMatchObject({ is_partitioned: false, one_way: null });
  await until('it is committed late', async () => (await client.get(leader.url, key).catch(() => null)) !== null);
  expect(new Set(await digests()).size).toBe(1);

  // Requests are lost.
  await set({ one_way: 'in' });
  expectError(await write('never-arrives'), 'quorum_not_met');
  expect(await shown('never-arrives')).toBe(null);
  await set({ one_way: null });
  await until('it arrives', async () => (await shown('never-arrives')) !== null);
  expect((await write('after')).status).toBe(200);

  // Both at once are a partition, which has a name of its own.
  const headers = { ...JSON_BODY, authorization: `Bearer ${cluster.token}` };
  for (const link of ['{"one_way": "both"}', '{"one_way": "in", "is_partitioned": true}']) {
    const body = `{"nodes": {"n1": ${link}}}`;
    expectError(await call(deaf.port, { method: 'POST', path: '/admin/network', headers, body }), 'bad_request');
  }
  await client.close();
});
