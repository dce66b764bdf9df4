/** A leader that dies, alone or with everybody, and comes back: nothing acknowledged is lost, and nothing read goes back. */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { resolveEntry } from '#entry';
import { clusterPaths } from '../../src/cluster/home.ts';
import { planCluster } from '../../src/cluster/plan.ts';
import { Prng } from '../../src/lib/prng.ts';
import { finished } from '../cli/kvctl.ts';
import { until } from '../cluster/sandbox.ts';
import { failureOf } from '../support/failure-of.ts';
import { FaultyCluster } from './faults-cluster.ts';
import { Load, type LoadWish } from './faults-load.ts';
import { isOlder, parse } from './faults-witness.ts';

/** KVCTL_TEST_SEED repeats the kill moments of a run that failed. */
const SEED = Number(process.env.KVCTL_TEST_SEED ?? Math.floor(Math.random() * 2 ** 32));
const ROUNDS = 3;

async function start(wish: Parameters<typeof FaultyCluster.up>[0], loadWish: LoadWish) {
  const cluster = await FaultyCluster.up(wish);
  onTestFinished(() => cluster.end());
  const load = new Load(cluster.leaderUrl, loadWish);
  onTestFinished(() => load.stop());
  await load.more(50);
  return { cluster, load };
}

/** The next acknowledged write is of a newer epoch, and its seq goes on where the old epoch's acknowledged ones ended. */
async function expectNewEpoch(cluster: FaultyCluster, load: Load, before: { epoch: number; seq: number }): Promise<void> {
  const { epoch } = await cluster.status();
  expect(epoch).toBeGreaterThan(before.epoch);
  const isNew = (version: string | null) => version !== null && parse(version).epoch === epoch;
  await until('a write of the new epoch is acknowledged', () => load.writes.some(({ version }) => isNew(version)));
  const seqs = load.writes.flatMap(({ version }) => (version !== null && isNew(version) ? [parse(version).seq] : []));
  expect(Math.min(...seqs)).toBeGreaterThan(before.seq);
}

async function expectSound(cluster: FaultyCluster, load: Load): Promise<void> {
  await load.stop();
  await cluster.expectParity();
  for (const id of cluster.ids) load.witness.holds(await cluster.dump(id), true);
  expect(load.witness.violations).toEqual([]);
  const { version } = await cluster.client.put(cluster.leaderUrl, 'afterwards', '1');
  expect(isOlder(load.witness.newest, parse(version))).toBe(true);
}

describe('kill -9 under load', () => {
  test.each([
    { what: 'of the leader', quorum: 2, followers: 3, isEverybody: false },
    { what: 'of every node at once (failure 7)', quorum: 2, followers: 3, isEverybody: true },
    { what: 'of a leader that waits for no follower', quorum: 0, followers: 2, isEverybody: false },
  ])(
    `$what loses nothing acknowledged and takes no committed read back, in ${ROUNDS} rounds`,
    async ({ what, quorum, followers, isEverybody }) => {
      console.info(`${what}: KVCTL_TEST_SEED=${SEED}`);
      const prng = new Prng(SEED).fork(what);
      const { cluster, load } = await start({ followers, quorum, delay: '0-20' }, { writers: 10, readers: 3, keys: 6 });
      for (let round = 0; round < ROUNDS; round++) {
        await load.more(1 + prng.int(200));
        const before = { ...load.witness.newest };
        await cluster.kill(isEverybody ? cluster.ids : ['n1']);
        await cluster.restart(isEverybody ? null : ['n1']);
        await expectNewEpoch(cluster, load, before);
        await load.moreReads(20);
      }
      await expectSound(cluster, load);
    },
  );

  test('of all followers, then the leader: what they acknowledged, each of them has on its disk', async () => {
    // Large values, so that at any moment some commit is likely to be on its way to the disk.
    const { cluster, load } = await start({ followers: 2, quorum: 2, delay: '0' }, { writers: 24, keys: 24, valueBytes: 131_072 });
    for (let round = 0; round < 2; round++) {
      await load.more(100);
      await cluster.kill(cluster.followers);
      await cluster.kill(['n1']);
      // Nobody can tell them anything: the leader is dead.
      expect(await failureOf(cluster.restart(cluster.followers, 5_000))).toMatchObject({ code: 'not_ready' });
      for (const id of cluster.followers) load.witness.holds(await cluster.dump(id), true);
      expect(load.witness.violations).toEqual([]);
      await cluster.restart(['n1']);
    }
    await expectSound(cluster, load);
  });
});

describe('a leader that starts again', () => {
  test('needs a majority: alone it answers not_open and names who is missing, and opens as soon as they are back', async () => {
    const { cluster, load } = await start({ followers: 5, quorum: 3, delay: '0' }, { writers: 2 });
    await load.stop();
    await cluster.kill(['n1', 'n4', 'n5', 'n6']);
    const error = await failureOf(cluster.restart(['n1'], 2_000));
    expect(error).toMatchObject({ code: 'not_ready', exitCode: 4 });
    // The latter on a machine that takes longer to start a node.
    expect(error.message).toMatch(/n4, n5, n6|n1 is not: it does not answer/);
    const waitingFor = async () => (await cluster.status().catch(() => null))?.waiting_for;
    await until('it says for whom it waits', async () => (await waitingFor())?.includes('n4, n5, n6') === true);
    expect((await cluster.status()).phase).not.toBe('open');
    const { client, leaderUrl } = cluster;
    for (const call of [
      client.put(leaderUrl, 'key0', '1'),
      client.put(leaderUrl, 'key0', '1', { quorum: 0 }),
      client.del(leaderUrl, 'key0'),
      client.get(leaderUrl, 'key0'),
    ]) {
      const refusal = await failureOf(call);
      expect(refusal).toMatchObject({ code: 'not_open', status: 503, definite: true });
      expect(refusal.message).toContain('n4, n5, n6');
    }
    expect(await client.get(leaderUrl, 'key0', { read: 'local' })).toMatchObject({ key: 'key0' });
    // Three of five followers and the leader are a majority of six; which three is no matter.
    await cluster.restart(['n6']);
    await until('it is open', async () => (await cluster.status()).phase === 'open');
    expect(await client.put(leaderUrl, 'opened', '1', { quorum: 2 })).toMatchObject({ required: 2 });
    await cluster.restart(['n4', 'n5']);
    await expectSound(cluster, load);
  });
});

describe('SIGTERM', () => {
  test('to the leader under load answers what it took and refuses the rest for certain, exit code 0 (failure 43)', async () => {
    const { cluster, load } = await start({ followers: 2, quorum: 1, delay: 'n2=0-100;n3=2000' }, { writers: 12, readers: 1, keys: 8 });
    // A child of ours in the leader's place, for its exit code.
    await cluster.kill(['n1']);
    const { state } = cluster;
    const paths = clusterPaths(state.name, cluster.home);
    const node = planCluster(state.spec, state.nodes[0]?.port ?? 0, paths, state.token).nodes[0];
    if (node === undefined) throw new Error('a plan has a leader');
    const log = openSync(node.log, 'a');
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', resolveEntry('node/main')], {
      env: { PATH: process.env.PATH, ...node.environment },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    onTestFinished(() => void child.kill('SIGKILL'));
    const end = finished(child);
    await until('it is open', async () => (await cluster.status().catch(() => null))?.phase === 'open');
    await load.more(100);
    // This one needs the slow follower, too: until it is answered, there is somebody who refuses the others.
    const slow = cluster.client.put(cluster.leaderUrl, 'slow', '1', { quorum: 2 });
    await until('it is taken', () =>
      cluster.client.get(cluster.leaderUrl, 'slow', { read: 'local' }).then(
        () => true,
        () => false,
      ),
    );
    const answered = load.writes.length;
    child.kill('SIGTERM');
    expect(await slow).toMatchObject({ required: 2, follower_acks: 2 });
    expect(await end).toMatchObject({ exitCode: 0, signal: null });
    const after = load.writes.slice(answered);
    const codes = new Set(after.map(({ error }) => error));
    expect([...codes].filter((code) => ![null, 'draining', 'unreachable'].includes(code))).toEqual([]);
    expect(codes).toContain('draining');
    await cluster.restart(['n1']);
    await load.more(50);
    await expectSound(cluster, load);
  });
});

describe('down', () => {
  test('of a cluster under load, with a dead, a paused and a cut-off node in it, leaves no process and no busy port, and no acknowledged write behind', async () => {
    const { cluster, load } = await start({ followers: 5, quorum: 2, delay: '0-10' }, { writers: 8 });
    await cluster.kill(['n3']);
    await cluster.pause('n4');
    await cluster.partition(['n1'], ['n5']);
    await load.more(50);
    await cluster.down();
    await load.stop();
    await cluster.upAgain();
    await expectSound(cluster, load);
  });
});
