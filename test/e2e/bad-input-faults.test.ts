/**
 * The rows of SPEC 7's error table that need a fault, each over real HTTP on real processes that are really killed, stopped or out of disk.
 *
 * Not here: `not_lossless` and `rolled_back` (they arise from `promote` and rollback, which are not built yet) and `internal`
 * (a bug by definition; bad-input-fuzz.test.ts sees to it that there is none to be found).
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FenceRequest, ReplicateRequest } from '../../src/core/peer.ts';
import type { NodeStatus, ReadAnswer, WriteAnswer } from '../../src/wire/api.ts';
import { encodeRequest, INTERNAL_PATHS } from '../../src/wire/internal.ts';
import { until } from '../cluster/sandbox.ts';
import { expectError, expectOk, expectRefusal } from '../support/expect-error.ts';
import { type Answer, call, JSON_BODY, put, RawConnection, requestText } from '../support/raw-http.ts';
import { RealCluster, RealNode } from '../support/real-node.ts';
import { replicateRequest } from '../wire/replicate-request.ts';

/** Changes are asked for by GET. */
const POSTED = Object.values(INTERNAL_PATHS).filter((path) => path !== INTERNAL_PATHS.changes);

const get = (port: number, path: string) => call(port, { path });
const del = (port: number, path: string) => call(port, { method: 'DELETE', path });
const internal = (cluster: RealCluster, node: RealNode, message: ReplicateRequest | FenceRequest) =>
  call(node.port, {
    method: 'POST',
    path: INTERNAL_PATHS[message.t],
    body: encodeRequest(message),
    headers: { ...JSON_BODY, authorization: `Bearer ${cluster.token}` },
  });

async function statusOf(node: RealNode): Promise<NodeStatus> {
  const status = await node.status();
  if (status === null) throw new Error(`${node.id} does not answer`);
  return status;
}

/** A limit on the size of files: what a full disk is to one process. Node ignores the signal, so that writing fails. */
const fullDisk = (blocks: number) => ['sh', '-c', `ulimit -f ${blocks}; exec "$0" "$@"`];

describe('a write that too few followers hold', () => {
  let cluster: RealCluster;
  beforeAll(async () => {
    cluster = await RealCluster.start({ followers: 1 });
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  test('is quorum_not_met, early or at its own time, in doubt; its record stays and commits when the follower returns', async () => {
    const { port } = cluster.leader;
    const follower = cluster.follower();
    expectOk(await put(port, '/kv/k', '{"value":"before"}'));
    await follower.kill();

    const begun = performance.now();
    const early = expectError(await put(port, '/kv/k', '{"value":"early"}'), 'quorum_not_met');
    const earlyMs = performance.now() - begun;
    expect(early.detail).toEqual({ message: early.message, follower_acks: 0, required: 1, version: '1.2' });
    expect(early.message).toContain('too few followers answer');
    // FAIL_EARLY_MS is 250, QUORUM_TIMEOUT_MS 5000.
    expect(earlyMs).toBeGreaterThanOrEqual(250);

    const timed = expectError(await put(port, '/kv/k?timeout_ms=700', '{"value":"timed"}'), 'quorum_not_met');
    expect(performance.now() - begun - earlyMs).toBeGreaterThanOrEqual(700);
    expect(timed.detail).toEqual({ message: timed.message, follower_acks: 0, required: 1, version: '1.3' });
    expect(timed.message).toContain('the deadline of 700 ms passed');
    expectError(await del(port, '/kv/gone?timeout_ms=1'), 'quorum_not_met');

    // Nobody sees it as committed; whoever asks for what is local does, and is told that it is not known to be.
    expect(expectOk<ReadAnswer>(await get(port, '/kv/k'))).toMatchObject({ value: 'before', version: '1.1', committed: true });
    expect(expectOk<ReadAnswer>(await get(port, '/kv/k?read=local'))).toMatchObject({ value: 'timed', version: '1.3', committed: null });

    follower.start();
    await until('the record commits', async () => (JSON.parse((await get(port, '/kv/k')).text) as ReadAnswer).version === '1.3');
    expect(expectOk<ReadAnswer>(await get(port, '/kv/k'))).toMatchObject({ value: 'timed', committed: true });
    await cluster.isReady();
  });

  test('is one of at most 10,000: the next is overloaded, takes no version, and all that wait succeed when the follower returns', async () => {
    const { port } = cluster.leader;
    const before = Number((await statusOf(cluster.leader)).head.split('.')[1]);
    await cluster.follower().kill();
    const connections = Array.from({ length: 10 }, () => new RawConnection(port));
    try {
      for (const [index, connection] of connections.entries()) {
        const requests = Array.from({ length: 1_000 }, (_, i) =>
          requestText('PUT', `/kv/wait${index}.${i}?timeout_ms=100000`, `{"value":${i}}`),
        );
        connection.send(requests.join(''));
      }
      await cluster.leader.reaches('has 10,000 writes waiting', ({ waiting_writes }) => waiting_writes === 10_000);
      for (const answer of [
        await put(port, '/kv/more', '{"value":1}'),
        await del(port, '/kv/more'),
        await put(port, '/kv/more?quorum=0', '{"value":1}'),
      ]) {
        expect(expectError(answer, 'overloaded').detail).toMatchObject({ waiting_writes: 10_000 });
      }
      expect(connections.flatMap(({ answers }) => answers)).toEqual([]);
      expect((await statusOf(cluster.leader)).head).toBe(`1.${before + 10_000}`);
      // Whoever only reads is served.
      expectOk(await get(port, '/kv/k'));
      expectOk(await get(port, '/kv?limit=1'));

      cluster.follower().start();
      const answers = (await Promise.all(connections.map((connection) => connection.first(1_000, 30_000)))).flat();
      expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
      expect(new Set(answers.map(({ text }) => (JSON.parse(text) as WriteAnswer).version)).size).toBe(10_000);
      expectOk(await put(port, '/kv/more', '{"value":1}'));
    } finally {
      for (const connection of connections) connection.close();
    }
  });
});

describe('a request that takes too long', () => {
  let cluster: RealCluster;
  let port: number;
  beforeAll(async () => {
    cluster = await RealCluster.start({ followers: 1, environment: { REQUEST_TIMEOUT: '0.5' } });
    port = cluster.leader.port;
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  /** Everything that the node says until it ends the connection. */
  async function answersTo(bytes: string): Promise<Answer[]> {
    const connection = new RawConnection(port);
    const answers = await connection.send(bytes).toEnd();
    connection.close();
    expect(connection.rest).toBe('');
    return answers;
  }
  const half = requestText('PUT', '/kv/slow', '{"value":1}').slice(0, -3);

  test.concurrent.each([
    ['half a request line', 'PUT /kv/sl'],
    ['half of the headers', 'PUT /kv/slow HTTP/1.1\r\nHost: node\r\nContent-'],
    ['half of a body', half],
    [
      'half of a chunk',
      `${requestText('PUT', '/kv/slow', undefined, { 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' })}b\r\n{"val`,
    ],
  ])('with %s is request_timeout, and writes nothing (failure 48)', async (_what, bytes) => {
    const answers = await answersTo(bytes);
    expect(answers).toHaveLength(1);
    expectError(answers[0] as Answer, 'request_timeout');
    expectError(await get(port, '/kv/slow'), 'key_not_found');
  });

  test('with half of an admin call, too', async () => {
    const headers = { 'Content-Type': 'application/json', 'Content-Length': '50', Authorization: `Bearer ${cluster.token}` };
    const answers = await answersTo(`${requestText('POST', '/admin/quorum', undefined, headers)}{"write`);
    expect(answers).toHaveLength(1);
    expectError(answers[0] as Answer, 'request_timeout');
  });

  test('but was answered already gets no second answer', async () => {
    const refused = requestText('PUT', '/kv/100%', undefined, { 'Content-Type': 'application/json', 'Content-Length': '50' });
    const cases = [
      [`${refused}{`, 'bad_request'],
      [refused.replace('100%', 'slow').replace('application/json', 'text/plain'), 'unsupported_media_type'],
      [refused.replace('PUT /kv/100%', 'POST /replicate'), 'unauthorized'],
      [requestText('GET', '/nowhere', undefined, { 'Content-Length': '50' }), 'not_found'],
      [refused.replace('100%', 'large').replace(': 50', ': 500000000'), 'too_large'],
    ] as const;
    const answers = await Promise.all(cases.map(([bytes]) => answersTo(bytes)));
    for (const [index, [, code]] of cases.entries()) {
      expect(answers[index]).toHaveLength(1);
      expectError(answers[index]?.[0] as Answer, code);
    }
  });

  test('or is broken waits for the answers to those before it: an error is never taken for the answer to a write', async () => {
    await cluster.follower().kill();
    const write = requestText('PUT', '/kv/first?timeout_ms=1500', '{"value":1}');
    const cases = [
      ['nonsense\r\n\r\n', 'bad_request'],
      ['GET /health HT', 'request_timeout'],
      [half, 'request_timeout'],
      ['CONNECT a:1 HTTP/1.1\r\n\r\n', 'bad_request'],
      [`GET /health HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 'headers_too_large'],
    ] as const;
    const answers = await Promise.all(cases.map(([rest]) => answersTo(write + rest)));
    for (const [index, [, code]] of cases.entries()) {
      const [first, second, ...more] = answers[index] ?? [];
      expect(expectError(first as Answer, 'quorum_not_met').detail).toMatchObject({ required: 1 });
      expectError(second as Answer, code);
      expect(more).toEqual([]);
    }
  });
});

describe('a node that is not open', () => {
  test('says not_open and who is missing; a follower that nobody leads says not_caught_up, and of its leader that it knows none', async () => {
    await using cluster = await RealCluster.plan({ followers: 2 });
    const { leader } = cluster;
    const follower = cluster.follower();
    leader.start();
    follower.start();
    await leader.reaches('waits for n3 only', ({ waiting_for }) => waiting_for?.includes('missing: n3') === true);
    await follower.reaches('runs', ({ phase }) => phase === 'following');
    const headers = { authorization: `Bearer ${cluster.token}` };
    for (const answer of [
      await put(leader.port, '/kv/x', '{"value":1}'),
      await del(leader.port, '/kv/x'),
      await get(leader.port, '/kv/x'),
      await get(leader.port, '/kv'),
      await get(leader.port, '/ready'),
      await call(leader.port, { path: '/admin/quorum', headers }),
      await call(leader.port, { method: 'POST', path: '/admin/quorum', body: '{"write_quorum":1}', headers: { ...JSON_BODY, ...headers } }),
    ]) {
      const { message, detail } = expectError(answer, 'not_open');
      expect(message).toMatch(/missing: n3$/);
      expect(detail).toEqual({ waiting_for: expect.stringContaining('n3') });
    }
    expectError(await get(leader.port, '/kv/x?read=local'), 'key_not_found');
    expect(expectOk(await get(leader.port, '/health'))).toEqual({ status: 'ok', role: 'leader', node_id: 'n1', epoch: 0 });

    expectError(await get(follower.port, '/ready'), 'not_caught_up');
    expect(expectError(await put(follower.port, '/kv/x', '{"value":1}'), 'not_leader').detail).toEqual({ leader: null, leader_url: null });

    cluster.follower(1).start();
    await cluster.isReady();
    expectOk(await put(leader.port, '/kv/x', '{"value":1}'));
    expectOk(await get(follower.port, '/ready'));
  });
});

describe('a node that is told to stop', () => {
  test('refuses new writes as draining, answers those that wait and what comes late, and ends with 0', async () => {
    await using cluster = await RealCluster.start({ followers: 1 });
    const { leader } = cluster;
    const { port } = leader;
    await cluster.follower().kill();
    const late = new RawConnection(port).send(requestText('PUT', '/kv/late', '{"value":1}').slice(0, -3));
    const open = new RawConnection(port);
    const waiting = put(port, '/kv/waiting?timeout_ms=1500', '{"value":1}');
    await leader.reaches('has a write waiting', ({ waiting_writes }) => waiting_writes === 1);
    const ended = leader.kill('SIGTERM');
    await leader.reaches('drains', ({ is_draining }) => is_draining);

    expectError(await put(port, '/kv/x', '{"value":1}'), 'draining');
    expectError(await del(port, '/kv/x'), 'draining');
    expectError(await get(port, '/ready'), 'draining');
    expectOk(await get(port, '/health'));
    expectError(await open.send(requestText('PUT', '/kv/x', '{"value":1}')).one(), 'draining');
    expect(expectError(await waiting, 'quorum_not_met').detail).toMatchObject({ required: 1 });

    // The last waiting write was answered, so the port is closed; what is in flight still gets its answer.
    await until('the port is closed', async () => (await leader.status()) === null);
    expectError(await late.send('":1}'.slice(1)).one(), 'draining');
    expect(await ended).toEqual({ exitCode: 0, signal: null });
    expect(await late.toEnd()).toHaveLength(1);
  });
});

describe('a node whose disk is full', () => {
  test('leaves the write in doubt, takes none after it, and starts again with everything that it acknowledged', async () => {
    await using cluster = await RealCluster.start({ followers: 0, store: 'sqlite', prefix: { n1: fullDisk(2_048) } });
    const { leader } = cluster;
    const { port } = leader;
    const value = 'x'.repeat(100_000);
    let written = 0;
    let answer = await put(port, `/kv/k${written}`, JSON.stringify({ value }));
    for (; answer.status === 200 && written < 100; answer = await put(port, `/kv/k${written}`, JSON.stringify({ value }))) written += 1;
    expect(written).toBeGreaterThan(0);
    expect(expectError(answer, 'deposed').detail).toMatchObject({ version: `1.${written + 1}` });

    for (const refused of [
      await put(port, '/kv/x', '{"value":1}'),
      await del(port, '/kv/x'),
      await get(port, '/kv/k0?read=committed'),
      await get(port, '/ready'),
    ]) {
      expect(expectError(refused, 'storage_failed').message).toMatch(/the local store failed: .* restart this node once the disk is well/);
    }
    expectOk(await get(port, '/kv/k0?read=local'));
    expect((await statusOf(leader)).waiting_for).toContain('the local store failed');
    await leader.kill('SIGTERM');

    const again = new RealNode(leader.environment);
    again.start();
    try {
      await again.reaches('is open', ({ phase }) => phase === 'open');
      for (let i = 0; i < written; i += 1) expect(expectOk<ReadAnswer>(await get(port, `/kv/k${i}`)).value).toBe(value);
      expectOk(await put(port, '/kv/x', '{"value":1}'));
    } finally {
      await again.kill();
    }
  });

  test('acks nothing as a follower, and tells its leader why', async () => {
    await using cluster = await RealCluster.start({ followers: 1, store: 'sqlite', prefix: { n2: fullDisk(2_048) } });
    const { port } = cluster.leader;
    const value = 'x'.repeat(200_000);
    let answer = await put(port, '/kv/k', JSON.stringify({ value }));
    for (let i = 0; answer.status === 200 && i < 50; i += 1)
      answer = await put(port, `/kv/k${i}?timeout_ms=1000`, JSON.stringify({ value }));
    expectError(answer, 'quorum_not_met');
    const message = await replicateMessage(cluster, {});
    expectError(await internal(cluster, cluster.follower(), message), 'storage_failed');
    expectError(await get(cluster.follower().port, '/ready'), 'storage_failed');
    expectOk(await get(port, '/kv/k'));
  });
});

/** A heartbeat of the real leader to n2, but for what is named. */
async function replicateMessage(cluster: RealCluster, more: Partial<ReplicateRequest>): Promise<ReplicateRequest> {
  const { lineage, epoch, members } = await statusOf(cluster.leader);
  return replicateRequest({ lineage: lineage ?? '', epoch, members, incarnation: null, start: null, order: 0, ...more });
}

describe('between nodes', () => {
  let cluster: RealCluster;
  beforeAll(async () => {
    cluster = await RealCluster.start({ followers: 1 });
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  test('a follower refuses another lineage, incarnation or leader, an older epoch, and what is no message, and goes on (failure 26)', async () => {
    const follower = cluster.follower();
    const send = async (more: Partial<ReplicateRequest>) => internal(cluster, follower, await replicateMessage(cluster, more));
    const poison = [{ key: 'poison', value: '1', version: { epoch: 9, seq: 9 }, need: 0, timestampMs: 1 }];
    expectRefusal(await send({ lineage: 'another', records: poison }), 'wrong_lineage');
    expectRefusal(await send({ incarnation: 'another', records: poison }), 'wrong_incarnation');
    for (const stale of [await send({ epoch: 0, records: poison }), await send({ from: 'n3', records: poison })]) {
      expect(expectRefusal(stale, 'stale_epoch').detail).toEqual({ epoch: 1 });
    }
    const headers = { ...JSON_BODY, authorization: `Bearer ${cluster.token}` };
    for (const path of POSTED) {
      for (const body of ['', 'nonsense', '[]', 'null', '{}', '{"from":1}', Buffer.from([0x7b, 0xff, 0x7d])]) {
        expectError(await call(follower.port, { method: 'POST', path, body, headers }), 'bad_request');
      }
      expectError(
        await call(follower.port, { method: 'POST', path, body: '{}', headers: { ...headers, 'content-type': 'text/plain' } }),
        'unsupported_media_type',
      );
    }
    // A query changes nothing: it is the same call.
    for (const path of POSTED)
      expectError(await call(follower.port, { method: 'POST', path: `${path}?x=1`, body: '{}', headers }), 'bad_request');
    expectError(await get(follower.port, '/kv/poison'), 'key_not_found');
    expect(expectOk(await put(cluster.leader.port, '/kv/still', '{"value":"well"}'))).toMatchObject({ follower_acks: 1 });
    expect(follower.complaints).toEqual([]);
  });

  test('a promise of an older epoch, or to another lineage, is refused', async () => {
    const { lineage, members } = await statusOf(cluster.leader);
    const fence: FenceRequest = { t: 'fence', from: 'n2', lineage: lineage ?? '', epoch: 1, incarnation: null, members, isBirth: false };
    for (const node of cluster.nodes) {
      expectRefusal(await internal(cluster, node, { ...fence, epoch: 0 }), 'stale_epoch');
      expectRefusal(await internal(cluster, node, fence), 'stale_epoch');
      expectRefusal(await internal(cluster, node, { ...fence, epoch: 99, lineage: 'another' }), 'wrong_lineage');
    }
    expectOk(await put(cluster.leader.port, '/kv/still', '{"value":"well"}'));
  });

  test('a higher epoch deposes the leader: who waits is told that nobody knows, who comes after that another leads', async () => {
    const { leader } = cluster;
    cluster
      .follower()
      .kill('SIGSTOP')
      .catch(() => {});
    const waiting = put(leader.port, '/kv/waiting?timeout_ms=60000', '{"value":1}');
    await leader.reaches('has a write waiting', ({ waiting_writes }) => waiting_writes === 1);
    const { lineage, members } = await statusOf(leader);
    const promised = await internal(cluster, leader, {
      t: 'fence',
      from: 'n2',
      lineage: lineage ?? '',
      epoch: 99,
      incarnation: null,
      members,
      isBirth: false,
    });
    expect(expectOk(promised)).toMatchObject({ t: 'standing', promisedEpoch: 99, promisedTo: 'n2' });

    const { detail, message } = expectError(await waiting, 'deposed');
    expect(detail).toMatchObject({ follower_acks: 0, required: 1 });
    expect(message).toContain('epoch 99');
    for (const answer of [await put(leader.port, '/kv/x', '{"value":1}'), await get(leader.port, '/kv/x?read=committed')]) {
      expect(expectError(answer, 'not_leader').detail).toEqual({ leader: 'n2', leader_url: cluster.follower().url });
    }
    expect(await statusOf(leader)).toMatchObject({ phase: 'following', epoch: 99, role: 'follower' });
    // It may hold writes that the new lineage lacks, so it follows, and does not count before that is known.
    const follow = await replicateMessage(cluster, { from: 'n2', epoch: 99 });
    expect(expectOk(await internal(cluster, leader, follow))).toMatchObject({ t: 'replicated', isCounted: false });
  });
});
