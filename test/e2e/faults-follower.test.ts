/** A follower that dies, stops, is cut off or comes late: what the others and the clients notice of it, and how it comes back. */
import { existsSync, readdirSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ReplicateRequest } from '../../src/core/peer.ts';
import type { KvRecord } from '../../src/core/record.ts';
import { encodeRequest, FROM_HEADER } from '../../src/wire/internal.ts';
import { until } from '../cluster/sandbox.ts';
import { failureOf } from '../support/failure-of.ts';
import { FaultyCluster } from './faults-cluster.ts';
import { Load } from './faults-load.ts';
import { isOlder, parse } from './faults-witness.ts';

const QUORUM = 3;
const DELAY = '0-20';
const VALUE_BYTES = 32_768;
let cluster: FaultyCluster;
let load: Load | null = null;

beforeAll(async () => {
  cluster = await FaultyCluster.up({ followers: 5, quorum: QUORUM, delay: DELAY });
});
afterEach(async () => {
  await load?.stop();
  load = null;
});
afterAll(() => (cluster as FaultyCluster | undefined)?.end());

function start(wish: ConstructorParameters<typeof Load>[1]): Load {
  load = new Load(cluster.leaderUrl, wish);
  return load;
}

function setDelay(delay: string) {
  return cluster.client.setNetwork(cluster.leaderUrl, { nodes: { '*': { delay } } });
}

/** Until the follower holds everything up to the head of now; the load goes on, so nothing may need a quiet moment. */
async function level(id: string): Promise<void> {
  const head = parse((await cluster.status()).head);
  await until(
    `${id} holds everything up to ${head.epoch}.${head.seq}`,
    async () => !isOlder(parse((await cluster.link(id)).watermark), head),
  );
}

/** Of the next 200 writes, in ms. */
async function median(running: Load): Promise<number> {
  const from = running.writes.length;
  await running.more(200);
  const sorted = running.writes
    .slice(from)
    .map(({ startMs, endMs }) => endMs - startMs)
    .sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] as number;
}

/** Ends the load and holds every node to what the clients were told. */
async function expectSound(running: Load, isEveryWriteAcknowledged: boolean): Promise<void> {
  await running.stop();
  if (isEveryWriteAcknowledged) expect(running.failed).toEqual([]);
  await cluster.expectParity();
  for (const id of cluster.ids) running.witness.holds(await cluster.dump(id), true);
  expect(running.witness.violations).toEqual([]);
}

describe('a follower', () => {
  test('killed in the middle of a load costs no write, and equals the leader after its restart, under load too', async () => {
    const running = start({ writers: 10, readers: 1, prefix: 'killed-' });
    await running.more(200);
    await cluster.kill(['n3']);
    await running.more(300);
    await cluster.restart(['n3']);
    // The load goes on: what was in flight when the link broke must not wait for a quiet moment.
    const { head } = await cluster.status();
    await until(
      'n3 holds everything up to the head after its restart',
      async () => !isOlder(parse((await cluster.link('n3')).watermark), parse(head)),
    );
    await expectSound(running, true);
  });

  test('killed again and again under load always comes back level', async () => {
    const running = start({ writers: 6, prefix: 'flapping-' });
    for (const id of ['n2', 'n5', 'n2']) {
      await cluster.kill([id]);
      await running.more(50);
      await cluster.restart([id]);
      await level(id);
    }
    await expectSound(running, true);
  });

  test('stopped by a signal does not slow the others, and catches up while the same keys are rewritten all the time (failures 10, 41, 53)', async () => {
    await setDelay('0');
    const running = start({ writers: 8, keys: 5, valueBytes: VALUE_BYTES, prefix: 'paused-' });
    const before = await median(running);
    const rssBefore = (await cluster.status()).loop.rss_bytes;
    await cluster.pause('n4');
    const during = await median(running);
    // More than a link may keep for a follower (16 MiB), in less time than it takes to give a request up.
    let queuedMax = 0;
    const goal = running.acknowledged + 1_000;
    const more = async () => {
      queuedMax = Math.max(queuedMax, (await cluster.link('n4')).queued);
      return running.acknowledged >= goal;
    };
    await until('32 MiB more are written', more, 60_000);
    const rssDuring = (await cluster.status()).loop.rss_bytes;
    await cluster.resume('n4');
    await level('n4');
    const after = await median(running);
    const mib = (bytes: number) => (bytes / 1024 / 1024).toFixed(1);
    console.info(
      `SIGSTOP of one follower: median write ${before.toFixed(1)} ms before, ${during.toFixed(1)} ms during, ${after.toFixed(1)} ms after;`,
      `leader ${mib(rssBefore)} MiB before, ${mib(rssDuring)} MiB during; at most ${queuedMax} records, ${mib(queuedMax * VALUE_BYTES)} MiB queued`,
    );
    expect(during).toBeLessThan(before * 2 + 20);
    expect(queuedMax * VALUE_BYTES).toBeLessThan(17 * 1024 * 1024);
    expect(rssDuring - rssBefore).toBeLessThan(384 * 1024 * 1024);
    await expectSound(running, true);
    await setDelay(DELAY);
  });

  test('whose connection breaks for a moment gets what was lost with it, also while younger writes always wait for their delays', async () => {
    const { client, leaderUrl } = cluster;
    const setN3 = (setting: { delay?: string; is_partitioned?: boolean }) => client.setNetwork(leaderUrl, { nodes: { n3: setting } });
    await setN3({ delay: '1500' });
    await client.put(leaderUrl, 'on its way for long', '1');
    await setN3({ delay: '0', is_partitioned: true });
    await client.put(leaderUrl, 'lost with the connection', '2');
    await until('the leader noticed', async () => !(await cluster.link('n3')).is_up);
    await setN3({ delay: '300', is_partitioned: false });
    const running = start({ writers: 8, prefix: 'blinking-' });
    await running.more(20);
    // Something is always queued for n3 now: what was lost must not wait for a quiet moment.
    await level('n3');
    expect(await client.get(cluster.url('n3'), 'lost with the connection')).toMatchObject({ value: 2 });
    await setDelay(DELAY);
    await expectSound(running, true);
  });

  test('that restarts faster than its delays pass is level again under load', async () => {
    await setDelay('0-2000');
    const running = start({ writers: 60, prefix: 'fast-' });
    await running.more(30);
    await cluster.kill(['n5']);
    await cluster.restart(['n5']);
    await setDelay('300');
    await level('n5');
    await setDelay(DELAY);
    await expectSound(running, true);
  });

  test('that is cut off and healed again and again under load is level in the end, and leaves no connection open (failure 18)', async () => {
    const pid = cluster.state.nodes[0]?.pid;
    const openFiles = () => (existsSync(`/proc/${pid}/fd`) ? readdirSync(`/proc/${pid}/fd`).length : 0);
    const running = start({ writers: 6, prefix: 'flickering-' });
    await running.more(50);
    const before = openFiles();
    for (let turn = 0; turn < 60; turn++) {
      const setting = { is_partitioned: turn % 2 === 0 };
      await cluster.client.setNetwork(cluster.leaderUrl, { nodes: { n6: setting } });
      await running.more(5);
    }
    await level('n6');
    expect(await cluster.link('n6')).toMatchObject({ link: 'stream', is_up: true });
    // A connection for each of the 30 cuts would be more.
    await until('what was cut is closed', () => openFiles() <= before + 10);
    await expectSound(running, true);
  });

  test('cut off on both sides and healed under load is level again', async () => {
    const running = start({ writers: 6, readers: 1, prefix: 'cut-' });
    await running.more(100);
    await cluster.partition(['n1'], ['n2']);
    await running.more(200);
    expect(await cluster.link('n2')).toMatchObject({ is_up: false });
    await cluster.heal();
    await level('n2');
    await expectSound(running, true);
  });

  test.each([
    ['both sides', async () => cluster.partition(['n1'], ['n5'])],
    [
      'its own side only',
      async () => void (await cluster.client.setNetwork(cluster.url('n5'), { nodes: { n1: { is_partitioned: true } } })),
    ],
    [
      'the leader’s side only',
      async () => void (await cluster.client.setNetwork(cluster.leaderUrl, { nodes: { n5: { is_partitioned: true } } })),
    ],
  ])('cut off on %s fails a write that needs it early and indefinitely; healed, that write commits (failure 15)', async (side, cut) => {
    const key = `needs n5, ${side}`;
    await cluster.client.put(cluster.leaderUrl, key, '"old"', { quorum: 5 });
    await cut();
    await until('the link is down', async () => !(await cluster.link('n5')).is_up);
    const error = await failureOf(cluster.client.put(cluster.leaderUrl, key, '"new"', { quorum: 5 }));
    expect(error).toMatchObject({ code: 'quorum_not_met', status: 503, definite: false, detail: { follower_acks: 4, required: 5 } });
    // Not because its time was up.
    expect(error.message).toContain('too few followers answer');
    expect(await cluster.client.get(cluster.leaderUrl, key)).toMatchObject({ value: 'old', committed: true });
    await cluster.heal();
    await until('the write is committed after all', async () => (await cluster.client.get(cluster.leaderUrl, key)).value === 'new');
    expect(await cluster.client.get(cluster.leaderUrl, key)).toMatchObject({ version: error.detail.version, committed: true });
    await cluster.expectParity();
  });

  test('that was away gets deletions too: the key does not come back', async () => {
    const { client, leaderUrl } = cluster;
    for (const key of ['doomed', 'doomed and rewritten']) await client.put(leaderUrl, key, '1', { quorum: 5 });
    await cluster.kill(['n6']);
    for (const key of ['doomed', 'doomed and rewritten']) expect(await client.del(leaderUrl, key)).toMatchObject({ existed: true });
    await client.put(leaderUrl, 'doomed and rewritten', '2');
    await cluster.restart(['n6']);
    await cluster.expectParity();
    expect(await failureOf(client.get(cluster.url('n6'), 'doomed'))).toMatchObject({ code: 'key_not_found' });
    expect(await client.get(cluster.url('n6'), 'doomed and rewritten')).toMatchObject({ value: 2 });
    expect((await cluster.dump('n6')).rows.get('doomed')).toMatchObject({ value: null });
  });

  test('asked to end by SIGTERM under load costs no write', async () => {
    const running = start({ writers: 8, prefix: 'asked-' });
    await running.more(100);
    await cluster.kill(['n2'], 'SIGTERM');
    await running.more(100);
    await cluster.restart(['n2']);
    await expectSound(running, true);
  });
});

describe('late, repeated and reordered replication', () => {
  /** A request as the leader sent it once, and the network delivers now; what is given takes the place of what would be right. */
  async function replicate(id: string, changes: Partial<ReplicateRequest>, token: string | null = cluster.token) {
    const [{ incarnation, lineage, members, head, epoch }, leader] = [await cluster.status(id), await cluster.status()];
    const body = encodeRequest({
      t: 'replicate',
      from: 'n1',
      lineage: lineage ?? '',
      epoch,
      incarnation,
      start: null,
      members,
      order: 0,
      head: parse(head),
      committedThrough: parse(head),
      quorum: QUORUM,
      kMin: leader.k_min ?? 0,
      purgeFloor: { epoch: 0, seq: 0 },
      page: null,
      snapshot: null,
      history: null,
      records: [],
      ...changes,
    });
    const headers = {
      'content-type': 'application/json',
      [FROM_HEADER]: 'n1',
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    };
    const answer = await fetch(`${cluster.url(id)}/replicate`, { method: 'POST', headers, body });
    return { status: answer.status, ...((await answer.json()) as Record<string, unknown>) };
  }

  const record = (key: string, version: string): KvRecord => ({ key, value: '"old"', version: parse(version), need: 5, timestampMs: 0 });
  const intruder = record('intruder', '1.1000000');

  test('does not take a follower back (failure 19)', async () => {
    const { client, leaderUrl } = cluster;
    const old = await client.put(leaderUrl, 'replayed', '"old"', { quorum: 5 });
    const gone = await client.put(leaderUrl, 'replayed and deleted', '"old"', { quorum: 5 });
    await client.put(leaderUrl, 'replayed', '"new"', { quorum: 5 });
    await client.del(leaderUrl, 'replayed and deleted', { quorum: 5 });
    await cluster.expectParity();
    const before = await cluster.dump('n2');
    const late = [record('replayed', old.version), record('replayed and deleted', gone.version)];
    for (const records of [late, late, late.toReversed(), [...late, ...late]]) {
      // It holds something newer, so it acks.
      expect(await replicate('n2', { records })).toMatchObject({ status: 200, t: 'replicated', isCounted: true });
    }
    // A page of long ago, and one that begins where this follower never was.
    const page = { since: { epoch: 0, seq: 0 }, coversTo: parse(gone.version), head: parse(gone.version) };
    expect(await replicate('n2', { records: late, page })).toMatchObject({ status: 200 });
    const { epoch, seq } = parse(gone.version);
    const end = { epoch, seq: seq + 1_000_001 };
    const ahead = { since: { epoch, seq: seq + 1_000_000 }, coversTo: end, head: end };
    expect(await replicate('n2', { page: ahead })).toMatchObject({ status: 200, watermark: before.watermark });
    const after = await cluster.dump('n2');
    expect(after.rows).toEqual(before.rows);
    expect(isOlder(parse(after.watermark), parse(before.watermark))).toBe(false);
    await cluster.expectParity();
  });

  test.each([
    ['of an older epoch', { epoch: 0 }, { status: 409, error: 'stale_epoch' }],
    ['of another cluster', { lineage: 'strangers' }, { status: 409, error: 'wrong_lineage' }],
    ['to another incarnation', { incarnation: 'somebody else' }, { status: 409, error: 'wrong_incarnation' }],
    ['of a node that does not lead', { from: 'n3' }, { status: 409, error: 'stale_epoch' }],
  ])('%s is refused and changes nothing (failure 26)', async (_what, changes, expected) => {
    const before = await cluster.dump('n2');
    expect(await replicate('n2', { records: [intruder], ...changes })).toMatchObject(expected);
    expect((await cluster.dump('n2')).rows).toEqual(before.rows);
  });

  test('without the token is refused', async () => {
    expect(await replicate('n2', { records: [intruder] }, null)).toMatchObject({
      status: 401,
      error: 'unauthorized',
    });
    expect((await cluster.dump('n2')).rows.has('intruder')).toBe(false);
  });
});
