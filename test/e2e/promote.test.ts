/**
 * Changing the leader of a real cluster: planned, after a death, while the old leader lives on and hears nothing, by two at once.
 *
 * What must hold: no acknowledged write is lost by a promotion that was not forced, an old leader gets no success, and what the new lineage does not have
 * is rolled back on every node, and kept.
 */
import { describe, expect, onTestFinished, test } from 'vitest';
import { until } from '../cluster/sandbox.ts';
import { allOf } from '../support/all-of.ts';
import { failureOf } from '../support/failure-of.ts';
import { FaultyCluster } from './faults-cluster.ts';
import { Load } from './faults-load.ts';

async function start(wish: Parameters<typeof FaultyCluster.up>[0]): Promise<FaultyCluster> {
  const cluster = await FaultyCluster.up({ delay: '0', ...wish });
  onTestFinished(() => cluster.end());
  return cluster;
}

const write = (cluster: FaultyCluster, at: string, key: string, value: unknown, options: { quorum?: number; timeoutMs?: number } = {}) =>
  cluster.client.put(cluster.url(at), key, JSON.stringify(value), options);

/** Until everybody runs under this leader with the same content. */
async function settled(cluster: FaultyCluster, leader: string): Promise<void> {
  const isWhole = async () => {
    const { phase, replicas } = await cluster.status(leader);
    return phase === 'open' && replicas.every(({ link, is_up, lag_records }) => link === 'stream' && is_up && lag_records === 0);
  };
  await until(`every node follows ${leader}`, isWhole, 20_000);
  const dumps = await Promise.all(cluster.ids.map((id) => cluster.dump(id)));
  for (const { rows } of dumps) expect(rows).toEqual(dumps[0]?.rows);
}

test('a planned change of leader under load loses nothing acknowledged, and the old leader follows', async () => {
  const cluster = await start({ followers: 4, quorum: 2, delay: '0-20' });
  const load = new Load(cluster.leaderUrl, { writers: 8, keys: 6 });
  onTestFinished(() => load.stop());
  await load.more(200);
  const answer = await cluster.client.promote(cluster.url('n3'), {});
  expect(answer).toMatchObject({
    node: 'n3',
    dry_run: false,
    epoch: 2,
    lossless_for_quorum: 0,
    forced: false,
    write_quorum: 2,
    missing: [],
  });
  await load.stop();
  // Those that waited were told that nobody knows; those that came later, that n1 does not lead.
  expect(new Set(load.failed.map(({ error }) => error))).toEqual(new Set(['deposed', 'not_leader']));
  await settled(cluster, 'n3');
  for (const id of cluster.ids) load.witness.holds(await cluster.dump(id), true);
  expect(load.witness.violations).toEqual([]);
  expect(await write(cluster, 'n3', 'afterwards', 1)).toMatchObject({ node: 'n3', version: expect.stringMatching(/^2\./) });
  // Again is no error.
  expect(await cluster.client.promote(cluster.url('n3'), {})).toMatchObject({ node: 'n3', epoch: 2 });
});

describe('an old leader that hears nothing', () => {
  test('gets no success once it is fenced; what only it holds is rolled back and kept, and its token says so (failures 13, 14, 27)', async () => {
    const cluster = await start({ followers: 2, quorum: 1 });
    await write(cluster, 'n1', 'there', 'before');
    await write(cluster, 'n1', 'deleted', 'before');
    await settled(cluster, 'n1');
    await cluster.partition(['n1'], ['n2', 'n3']);
    // A client on its side: nobody acks, so nobody is told that it happened.
    const late = await failureOf(write(cluster, 'n1', 'there', 'on the old side', { timeoutMs: 300 }));
    expect(late).toMatchObject({ code: 'quorum_not_met', definite: false });
    const { version } = late.detail as { version: string };
    await failureOf(cluster.client.del(cluster.url('n1'), 'deleted', { timeoutMs: 300 }));
    // Need 0 is asynchronous replication: success, and the loss is reported later.
    const lost = await write(cluster, 'n1', 'new', 'on the old side', { quorum: 0 });
    expect(await cluster.client.promote(cluster.url('n2'), {})).toMatchObject({ epoch: 2, responders: ['n2', 'n3'], missing: ['n1'] });
    await write(cluster, 'n2', 'since', 'on the new side');
    expect(await failureOf(write(cluster, 'n1', 'there', 'again', { timeoutMs: 300 }))).toMatchObject({ definite: false });
    await cluster.heal();
    await settled(cluster, 'n2');
    const rolledBack = await allOf(cluster.client.rolledBack(cluster.url('n1')));
    expect(rolledBack.map(({ key, value, instead }) => ({ key, value, instead }))).toEqual([
      { key: 'deleted', value: undefined, instead: '1.2' },
      { key: 'new', value: 'on the old side', instead: null },
      { key: 'there', value: 'again', instead: '1.1' },
    ]);
    expect(await cluster.client.get(cluster.url('n1'), 'there')).toMatchObject({ value: 'before' });
    for (const id of ['n1', 'n2']) {
      const refusal = await failureOf(cluster.client.get(cluster.url(id), 'new', { read: 'local', minVersion: lost.version }));
      expect(refusal).toMatchObject({ code: 'rolled_back' });
    }
    const fateOf = async (path: string) =>
      ((await (await fetch(`${cluster.url('n2')}/writes/${path}`)).json()) as { status: string }).status;
    expect(await fateOf(version)).toBe('rolled_back');
    expect(await fateOf('1.1')).toBe('committed');
    expect(await fateOf('2.3')).toBe('committed');
    expect(await fateOf('2.9')).toBe('unknown');
  });

  test('because it was frozen, steps down when it goes on (failure 11)', async () => {
    const cluster = await start({ followers: 2, quorum: 2 });
    await write(cluster, 'n1', 'a', 1);
    await cluster.pause('n1');
    // The socket takes it, the process does not.
    const waiting = failureOf(write(cluster, 'n1', 'a', 2, { timeoutMs: 20_000 }));
    expect(await cluster.client.promote(cluster.url('n3'), {})).toMatchObject({ epoch: 2, missing: ['n1'] });
    await write(cluster, 'n3', 'a', 3, { quorum: 1 });
    await cluster.resume('n1');
    expect(await waiting).toMatchObject({ code: expect.stringMatching(/^(deposed|not_leader)$/) });
    await settled(cluster, 'n3');
    expect(await cluster.client.get(cluster.url('n1'), 'a', { read: 'local' })).toMatchObject({ value: 3 });
  });
});

test('k acks and N - k + 1 responders keep a write; one responder fewer is refused, or forced and remembered (failures 4, 5)', async () => {
  const cluster = await start({ followers: 4, quorum: 2 });
  await cluster.partition(['n1'], ['n4', 'n5']);
  // Held by n2 and n3 alone.
  const { version } = await write(cluster, 'n1', 'held', 'by two');
  await cluster.kill(['n1', 'n2']);
  await cluster.heal();
  const look = await cluster.client.promote(cluster.url('n5'), { dry_run: true });
  expect(look).toMatchObject({ dry_run: true, epoch: 2, responders: ['n3', 'n4', 'n5'], lossless_for_quorum: 2, k_min: 2 });
  expect(await cluster.status('n5')).toMatchObject({ role: 'follower', phase: 'following', epoch: 1 });
  // Three of five are a majority, and with k = 2 just enough: n5 gathers from n3 what it never had.
  expect(await cluster.client.promote(cluster.url('n5'), { quorum: 1 })).toMatchObject({ epoch: 2, recovered: 1, write_quorum: 1 });
  expect(await cluster.client.get(cluster.url('n5'), 'held', { minVersion: version })).toMatchObject({ value: 'by two' });
  // From now on k = 1: of five nodes, four others would have to answer.
  await write(cluster, 'n5', 'a', 1);
  await cluster.restart(['n1', 'n2']);
  await settled(cluster, 'n5');
  await write(cluster, 'n5', 'b', 1);
  await cluster.kill(['n5', 'n1']);
  const refusal = await failureOf(cluster.client.promote(cluster.url('n2'), {}));
  expect(refusal).toMatchObject({ code: 'not_lossless', detail: { responders: ['n2', 'n3', 'n4'], lossless_for_quorum: 2, k_min: 1 } });
  expect(refusal.message).toContain('start n1, n5');
  expect(await cluster.status('n2')).toMatchObject({ epoch: 2, role: 'follower' });
  expect(await cluster.client.promote(cluster.url('n2'), { force: true })).toMatchObject({ epoch: 3, forced: true });
  await cluster.restart(['n1', 'n5']);
  await settled(cluster, 'n2');
  for (const id of cluster.ids) expect(await cluster.status(id)).toMatchObject({ forced_epoch: 3 });
  // Never without a majority.
  await cluster.kill(['n1', 'n2', 'n3']);
  expect(await failureOf(cluster.client.promote(cluster.url('n4'), { force: true }))).toMatchObject({ code: 'not_open' });
});

test('of two that are promoted at once, each epoch has one leader, and one of them leads in the end (failure 22)', async () => {
  const cluster = await start({ followers: 4, quorum: 2 });
  await write(cluster, 'n1', 'a', 1);
  const answers = await Promise.allSettled(['n2', 'n4'].map((id) => cluster.client.promote(cluster.url(id), { timeout_ms: 5_000 })));
  const epochs = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value.epoch] : []));
  expect(new Set(epochs).size).toBe(epochs.length);
  const leaders = async () => {
    const all = await Promise.all(cluster.ids.map((id) => cluster.status(id)));
    return all.filter(({ phase }) => phase === 'open').sort((a, b) => b.epoch - a.epoch);
  };
  // Each may have stopped the other; then an operator decides.
  if ((await leaders()).length === 0) await cluster.client.promote(cluster.url('n2'), {});
  await until('one leads', async () => (await leaders()).length === 1, 10_000);
  const [leader] = await leaders();
  await settled(cluster, leader?.node ?? '');
  expect(await write(cluster, leader?.node ?? '', 'a', 2)).toMatchObject({ required: 2 });
});
