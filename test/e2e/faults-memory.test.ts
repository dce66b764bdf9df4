/** Without disks: whoever restarts has forgotten everything, and counts for nothing until it was told everything again. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { until } from '../cluster/sandbox.ts';
import { failureOf } from '../support/failure-of.ts';
import { FaultyCluster } from './faults-cluster.ts';
import { Load } from './faults-load.ts';

/** Several pages (of 1,000 rows or 4 MiB), so that there is a time between the first and the last. */
const KEYS = 3_500;
const VALUE_BYTES = 4_096;

async function start(): Promise<FaultyCluster> {
  const cluster = await FaultyCluster.up({ followers: 3, quorum: 2, delay: '0', store: 'memory' });
  onTestFinished(() => cluster.end());
  return cluster;
}

/** Writes every key once, at least. */
async function fill(cluster: FaultyCluster, keys = KEYS): Promise<Load> {
  const load = new Load(cluster.leaderUrl, { writers: 16, keys, valueBytes: VALUE_BYTES });
  onTestFinished(() => load.stop());
  await load.more(keys);
  await load.stop();
  expect(load.failed).toEqual([]);
  return load;
}

describe('a follower of the memory store', () => {
  test('is blank after its restart, counts for nothing until it has everything, and then does', async () => {
    const cluster = await start();
    const { client, leaderUrl } = cluster;
    const before = await cluster.status('n2');
    await cluster.kill(['n2']);
    const hopeless = await failureOf(client.put(leaderUrl, 'needs all', '1', { quorum: 3 }));
    expect(hopeless).toMatchObject({ code: 'quorum_not_met', detail: { follower_acks: 2, required: 3 } });
    let isAnswered = false;
    const waiting = client.put(leaderUrl, 'needs all', '2', { quorum: 3, timeoutMs: 60_000 }).finally(() => {
      isAnswered = true;
    });
    // What n2 lacks besides is newer, so the row that it is to ack comes in the first page.
    await fill(cluster);
    // The others do not tell n2 what it may have promised, so it stays blank, although the leader sends it everything.
    const setPartitioned = (id: string, is_partitioned: boolean) =>
      client.setNetwork(cluster.url(id), { nodes: { n2: { is_partitioned } } });
    for (const id of ['n3', 'n4']) await setPartitioned(id, true);
    expect(await failureOf(cluster.restart(['n2'], 1_500))).toMatchObject({ code: 'not_ready', exitCode: 4 });
    expect(await cluster.status('n2')).toMatchObject({ is_blank: true, keys: 0 });
    expect((await cluster.status('n2')).incarnation).not.toBe(before.incarnation);
    expect(await cluster.link('n2')).toMatchObject({ is_blank: true });
    expect(isAnswered).toBe(false);
    expect(await failureOf(client.get(leaderUrl, 'needs all'))).toMatchObject({ code: 'key_not_found' });

    await setPartitioned('n3', false);
    expect(await waiting).toMatchObject({ follower_acks: 3, required: 3 });
    // It was the third ack, so by then it has everything.
    expect(await cluster.status('n2')).toMatchObject({ keys: KEYS + 1, is_blank: false });
    expect((await cluster.dump('n2')).rows.size).toBe(KEYS + 1);
    await setPartitioned('n4', false);
    await cluster.expectParity();
  });

  test('killed under load costs no write, and is level again', async () => {
    const cluster = await start();
    await fill(cluster, 500);
    const load = new Load(cluster.leaderUrl, { writers: 8, readers: 2, prefix: 'loaded-' });
    onTestFinished(() => load.stop());
    await load.more(50);
    await cluster.kill(['n3']);
    await load.more(50);
    await cluster.restart(['n3']);
    await load.more(50);
    await load.stop();
    expect(load.failed).toEqual([]);
    await cluster.expectParity();
    for (const id of cluster.ids) load.witness.holds(await cluster.dump(id), true);
    expect(load.witness.violations).toEqual([]);
  });
});

describe('a leader of the memory store', () => {
  test('acknowledges nothing over data that its followers hold and it lost, says why, and leaves them their data (failure 25)', async () => {
    const cluster = await start();
    const load = await fill(cluster);
    const { client, leaderUrl } = cluster;
    await cluster.kill(['n1']);
    expect(await failureOf(cluster.restart(['n1'], 1_500))).toMatchObject({ code: 'not_ready', exitCode: 4 });
    // In the order in which they answered.
    const why = /this node holds no data, but n\d, n\d, n\d do: an empty leader must not lead them/;
    await until('it heard all three', async () => why.test((await cluster.status().catch(() => null))?.waiting_for ?? ''));
    const attempts = [
      client.put(leaderUrl, 'key0', '1'),
      client.put(leaderUrl, 'key0', '1', { quorum: 0 }),
      client.del(leaderUrl, 'key0'),
      client.get(leaderUrl, 'key0'),
      client.list(leaderUrl),
      client.setQuorum(leaderUrl, 0, { force: true }),
    ];
    for (const refusal of await Promise.all(attempts.map(failureOf))) {
      expect(refusal).toMatchObject({ code: 'not_open', status: 503, definite: true });
      expect(refusal.message).toMatch(/this node holds no data, but n\d.* do/);
    }
    // Not even when one of them has lost its data as well.
    await cluster.kill(['n4']);
    await failureOf(cluster.restart(['n4'], 1_000));
    expect(await failureOf(client.put(leaderUrl, 'key0', '1', { quorum: 0 }))).toMatchObject({ code: 'not_open', definite: true });
    for (const id of ['n2', 'n3']) load.witness.holds(await cluster.dump(id), false);
    for (const id of ['n2', 'n3']) expect((await cluster.dump(id)).rows.size).toBe(KEYS);
    expect(load.witness.violations).toEqual([]);
  });
});
