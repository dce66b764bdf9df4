/** What a quorum promises while followers are dead, and while it changes. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../cluster/sandbox.ts';
import { failureOf } from '../support/failure-of.ts';
import { FaultyCluster } from './faults-cluster.ts';

const QUORUM = 3;
let cluster: FaultyCluster;

beforeAll(async () => {
  // Lowering the quorum without a majority is given up after 2 s.
  cluster = await FaultyCluster.up({ followers: 5, quorum: QUORUM, delay: '0-5', settings: { QUORUM_TIMEOUT_MS: '2000' } });
});
afterAll(() => (cluster as FaultyCluster | undefined)?.end());

const put = (key: string, value: string, options?: { quorum?: number; timeoutMs?: number }) =>
  cluster.client.put(cluster.leaderUrl, key, value, options);
const get = (key: string, read: 'committed' | 'local' = 'committed') => cluster.client.get(cluster.leaderUrl, key, { read });
const setQuorum = (quorum: number, force = false) => cluster.client.setQuorum(cluster.leaderUrl, quorum, force ? { force } : {});

async function timed<T>(call: () => Promise<T>): Promise<{ result: T; ms: number }> {
  const startMs = performance.now();
  const result = await call();
  return { result, ms: performance.now() - startMs };
}

describe('with all followers', () => {
  test('every success has the acks of a quorum that was in force, while the quorum flips between 1 and 5 under load (failure 30)', async () => {
    const answers: { required: number; follower_acks: number; startMs: number; endMs: number }[] = [];
    // When each quorum may have been in force: from the call that set it to the answer of the call that replaced it.
    const spans = [{ quorum: QUORUM, fromMs: 0, toMs: Number.POSITIVE_INFINITY }];
    let isFlipping = true;
    const write = async (worker: number) => {
      for (let i = 0; isFlipping; i++) {
        const startMs = performance.now();
        const { required, follower_acks } = await put(`flip-${(worker + i) % 10}`, `"${worker}-${i}"`);
        answers.push({ required, follower_acks, startMs, endMs: performance.now() });
      }
    };
    const writers = Array.from({ length: 8 }, (_, worker) => write(worker));
    try {
      for (let flip = 0; flip < 30; flip++) {
        const quorum = flip % 2 === 0 ? 1 : 5;
        const fromMs = performance.now();
        expect(await setQuorum(quorum)).toMatchObject({ write_quorum: quorum });
        (spans.at(-1) as { toMs: number }).toMs = performance.now();
        spans.push({ quorum, fromMs, toMs: Number.POSITIVE_INFINITY });
        const enough = answers.length + 10;
        await until('some more writes are answered', () => answers.length >= enough);
      }
    } finally {
      isFlipping = false;
      await Promise.all(writers);
      await setQuorum(QUORUM);
    }
    const wrong = answers.filter(({ required, follower_acks, startMs, endMs }) => {
      const wasInForce = spans.some(({ quorum, fromMs, toMs }) => quorum === required && fromMs <= endMs && startMs <= toMs);
      return follower_acks < required || !wasInForce;
    });
    expect(wrong).toEqual([]);
    expect(answers.map(({ required }) => required)).toEqual(expect.arrayContaining([1, 5]));
    await cluster.expectParity();
  });

  test('a quorum beyond the followers, or none at all, is refused and changes nothing', async () => {
    for (const quorum of [6, -1, 1.5])
      expect(await failureOf(setQuorum(quorum))).toMatchObject({ code: 'invalid_quorum', status: 422, definite: true });
    expect(await failureOf(put('never', '1', { quorum: 6 }))).toMatchObject({ code: 'invalid_quorum', definite: true });
    expect(await failureOf(get('never'))).toMatchObject({ code: 'key_not_found' });
    expect(await cluster.client.quorum(cluster.leaderUrl)).toMatchObject({ write_quorum: QUORUM });
  });
});

describe('while a write is pending', () => {
  beforeAll(() => cluster.kill(['n6']));
  afterAll(() => cluster.restart(['n6']));

  test('a committed read returns the old value, a local one the new without calling it committed', async () => {
    const old = await put('pending', '"old"');
    await put('pending too', '"kept"');
    const writing = put('pending', '"new"', { quorum: 5, timeoutMs: 60_000 });
    const deleting = cluster.client.del(cluster.leaderUrl, 'pending too', { quorum: 5, timeoutMs: 60_000 });
    const creating = put('pending and new', '1', { quorum: 5, timeoutMs: 60_000 });
    await until('all three wait', async () => (await cluster.status()).waiting_writes === 3);
    await until('they are stored', async () => (await get('pending', 'local')).value === 'new');
    expect(await get('pending', 'local')).toMatchObject({ committed: null });
    expect(await get('pending')).toMatchObject({ value: 'old', version: old.version, committed: true });
    expect(await get('pending too')).toMatchObject({ value: 'kept', committed: true });
    expect(await failureOf(get('pending and new'))).toMatchObject({ code: 'key_not_found' });
    const { items } = await cluster.client.list(cluster.leaderUrl, { prefix: 'pending' });
    expect(items.map(({ key, value }) => [key, value])).toEqual([
      ['pending', 'old'],
      ['pending too', 'kept'],
    ]);
    await cluster.restart(['n6']);
    const [written] = await Promise.all([writing, deleting, creating]);
    expect(written).toMatchObject({ follower_acks: 5, required: 5 });
    expect(await get('pending')).toMatchObject({ value: 'new', version: written.version, committed: true });
    expect(await failureOf(get('pending too'))).toMatchObject({ code: 'key_not_found' });
    expect(await get('pending and new')).toMatchObject({ value: 1, committed: true });
  });
});

describe('with three of five followers dead', () => {
  beforeAll(() => cluster.kill(['n4', 'n5', 'n6']));
  afterAll(async () => {
    await cluster.mend(QUORUM);
    await cluster.expectParity();
  });

  test('a write that needs three is told early, indefinitely and never 200; one that needs two succeeds (failure 32)', async () => {
    for (let i = 0; i < 3; i++) {
      const error = await failureOf(put(`starved-${i}`, '1'));
      expect(error).toMatchObject({ code: 'quorum_not_met', status: 503, definite: false, detail: { follower_acks: 2, required: 3 } });
      // Not because its time was up.
      expect(error.message).toContain('too few followers answer');
      expect(await put(`fed-${i}`, '1', { quorum: 2 })).toMatchObject({ follower_acks: 2, required: 2, quorum_met: true });
    }
  });

  test('a write with a time of its own waits that long (failure 32)', async () => {
    const { result, ms } = await timed(() => failureOf(put('patient', '1', { timeoutMs: 700 })));
    expect(result).toMatchObject({ code: 'quorum_not_met', definite: false });
    expect(ms).toBeGreaterThanOrEqual(699);
  });

  test('the quorum is not lowered, because no majority can record it; by force it is, at once; raising is at once too', async () => {
    const refused = await timed(() => failureOf(setQuorum(2)));
    expect(refused.result).toMatchObject({ code: 'quorum_not_met', detail: { recorded: 3, majority: 4, write_quorum: QUORUM } });
    expect(await cluster.client.quorum(cluster.leaderUrl)).toMatchObject({ write_quorum: QUORUM });
    expect(await failureOf(put('still three', '1'))).toMatchObject({ detail: { required: 3 } });

    const forced = await timed(() => setQuorum(2, true));
    expect(forced.result).toEqual({ write_quorum: 2, previous: QUORUM });
    // Which was spent waiting for a majority.
    expect(forced.ms).toBeLessThan(refused.ms / 2);
    expect(await put('two are enough', '1')).toMatchObject({ required: 2, follower_acks: 2 });

    const raised = await timed(() => setQuorum(4));
    expect(raised.result).toEqual({ write_quorum: 4, previous: 2 });
    expect(raised.ms).toBeLessThan(refused.ms / 2);
    expect(await failureOf(put('four', '1'))).toMatchObject({ code: 'quorum_not_met', detail: { required: 4 } });
    await setQuorum(QUORUM, true);
  });

  test('a lower quorum takes effect as soon as a majority is back', async () => {
    await setQuorum(QUORUM, true);
    await cluster.restart(['n4']);
    expect(await setQuorum(1)).toEqual({ write_quorum: 1, previous: QUORUM });
    await setQuorum(QUORUM);
    await cluster.kill(['n4']);
  });

  test('what was not met commits once they are back, without another version (failure 34)', async () => {
    const { version } = (await failureOf(put('late', '"at last"'))).detail as { version: string };
    expect(await failureOf(get('late'))).toMatchObject({ code: 'key_not_found' });
    await cluster.restart(['n4']);
    await until('it is committed', async () => (await get('late').catch(() => null))?.value === 'at last');
    expect(await get('late')).toMatchObject({ version, committed: true });
  });
});
