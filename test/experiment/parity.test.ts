/** Who is asked for what when replicas are compared; what is a fault and what is lag is test/measure/parity's. */
import { createHash } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { KvClient } from '../../src/client/kv-client.ts';
import { compareDigests, compareReplicas, waitForParity } from '../../src/experiment/parity.ts';
import { answerJson, type ScriptedPeer, scriptedPeer } from '../client/scripted-peer.ts';

interface Content {
  readonly id: string;
  /** JSON text of the value of the key `a`, the only one. */
  readonly value?: string;
  readonly version?: string;
  readonly lineage?: string;
  /** As older nodes do, it keeps no digest and knows no header without rows. */
  readonly isOld?: boolean;
}

interface Node extends ScriptedPeer {
  readonly id: string;
}

async function node({ id, value = '1', version = '1.1', lineage = 'l', isOld = false }: Content): Promise<Node> {
  const digest = isOld ? 'e'.repeat(64) : createHash('sha256').update(`a\0${value}\0${version}`).digest('hex').slice(0, 32);
  const header = { node: id, lineage, epoch: 1, head: version, watermark: version, purge_floor: '0.0', count: 1, digest };
  const peer = await scriptedPeer(({ target }, response) => {
    if (target === '/health') return answerJson(response, 200, { status: 'ok', role: 'follower', node_id: id, epoch: 1 });
    const isHeader = target === '/dump?rows=0';
    if (isHeader && isOld) return answerJson(response, 400, { error: 'bad_request', message: 'no rows', definite: true, detail: {} });
    return response.end(`${JSON.stringify(header)}\n${isHeader ? '' : `{"key":"a","value":${value},"version":"${version}"}\n`}`);
  });
  onTestFinished(() => peer.close());
  return { id, ...peer };
}

/** The rows in short, and how many times all rows of each node were read. */
async function compared(compare: typeof compareDigests, leader: Node, ...followers: Node[]) {
  const client = new KvClient({ timeoutMs: 5_000 });
  const rows = await compare(client, { leader, followers });
  await client.close();
  return {
    rows: rows.map(({ node, status, compared_by }) => `${node} ${status} ${compared_by}`),
    reads: [leader, ...followers].map(({ seen }) => seen.filter(({ target }) => target === '/dump?tombstones=1').length),
  };
}

test('where all digests agree no row is read', async () => {
  const nodes = [await node({ id: 'n1' }), await node({ id: 'n2' }), await node({ id: 'n3' })] as const;
  expect(await compared(compareDigests, ...nodes)).toEqual({ rows: ['n2 match digest', 'n3 match digest'], reads: [0, 0, 0] });
  expect(await compared(compareReplicas, ...nodes)).toEqual({ rows: ['n2 match rows', 'n3 match rows'], reads: [1, 1, 1] });
});

test('rows are read of those only whose digest proves nothing, and each gets its own verdict', async () => {
  const leader = await node({ id: 'n1', version: '1.2' });
  const followers = [
    await node({ id: 'n2', version: '1.2' }),
    await node({ id: 'n3', version: '1.1' }),
    await node({ id: 'n4', version: '1.2', value: '2' }),
    await node({ id: 'n5', version: '1.2', isOld: true }),
  ];
  expect(await compared(compareDigests, leader, ...followers)).toEqual({
    rows: ['n2 match digest', 'n3 lag rows', 'n4 mismatch rows', 'n5 match rows'],
    reads: [1, 0, 1, 1, 1],
  });
});

test('a leader that keeps no digest is compared by rows', async () => {
  const nodes = [await node({ id: 'n1', isOld: true }), await node({ id: 'n2' })] as const;
  expect(await compared(compareDigests, ...nodes)).toEqual({ rows: ['n2 match rows'], reads: [1, 1] });
});

test('a node that is away, or of another cluster, or another node than was meant, proves nothing by its digest', async () => {
  const leader = await node({ id: 'n1' });
  const gone = await node({ id: 'n3' });
  await gone.close();
  const { rows } = await compared(compareDigests, leader, await node({ id: 'n2', lineage: 'other' }), gone, {
    ...(await node({ id: 'n9' })),
    id: 'n4',
  });
  expect(rows).toEqual(['n2 unreachable null', 'n3 unreachable null', 'n4 unreachable null']);
});

test('without a leader nothing is compared', async () => {
  const leader = await node({ id: 'n1' });
  await leader.close();
  await expect(compared(compareDigests, leader, await node({ id: 'n2' }))).rejects.toThrow(/unreachable|connection refused/);
});

/** A leader that says the same of its followers however often it is asked. */
async function leaderThatSays(replicas: Readonly<Record<string, { readonly lag: number; readonly isUp: boolean }>>): Promise<Node> {
  const rest = {
    url: 'http://127.0.0.1:1',
    link: 'stream',
    silent_ms: 0,
    is_blank: false,
    watermark: '1.1',
    lag_ms: 0,
    in_flight: 0,
    queued: 0,
  };
  const rows = Object.entries(replicas).map(([id, { lag, isUp }]) => ({ ...rest, node: id, is_up: isUp, lag_records: lag }));
  const peer = await scriptedPeer(({ target }, response) =>
    target === '/admin/replica-status'
      ? answerJson(response, 200, { node: 'n1', epoch: 1, head: '1.1', replicas: rows })
      : answerJson(response, 503, { error: 'not_ready', message: 'no rows here', definite: true, detail: {} }),
  );
  onTestFinished(() => peer.close());
  return { id: 'n1', ...peer };
}

const PATIENCE_MS = 300;

test.each([
  ['a node that is gone and behind', { n2: { lag: 0, isUp: true }, n3: { lag: 2, isUp: false } }, ['n3'], false],
  ['one that is gone, of which the leader has not heard yet', { n2: { lag: 0, isUp: true }, n3: { lag: 2, isUp: true } }, ['n3'], false],
  ['one that is behind a broken link', { n2: { lag: 0, isUp: true }, n3: { lag: 2, isUp: false } }, [], true],
  ['one that is behind beside one that is gone', { n2: { lag: 1, isUp: true }, n3: { lag: 2, isUp: false } }, ['n3'], true],
  ['one behind a broken link beside one that is gone', { n2: { lag: 1, isUp: false }, n3: { lag: 2, isUp: false } }, ['n3'], true],
])('whether settling waits: %s', async (_whom, replicas, gone, isWaitedFor) => {
  const leader = await leaderThatSays(replicas);
  const client = new KvClient({ timeoutMs: 5_000 });
  const followers = Object.keys(replicas).map((id) => ({ id, url: 'http://127.0.0.1:1' }));
  const settling = await waitForParity(client, { leader, followers }, PATIENCE_MS, new AbortController().signal, new Set(gone));
  await client.close();
  expect(settling.settleMs).toBeNull();
  const looks = leader.seen.filter(({ target }) => target === '/admin/replica-status').length;
  expect(looks > 1).toBe(isWaitedFor);
});

test('who is gone but missed nothing is not waited for either', async () => {
  const level = { isUp: false, lag: 0 };
  const shown = await leaderThatSays({ n2: level });
  const client = new KvClient({ timeoutMs: 5_000 });
  const replicas = { leader: shown, followers: [{ id: 'n2', url: 'http://127.0.0.1:1' }] };
  const { settleMs } = await waitForParity(client, replicas, 60_000, new AbortController().signal, new Set(['n2']));
  await client.close();
  expect(settleMs).toBeNull();
  expect(shown.seen.filter(({ target }) => target === '/admin/replica-status')).toHaveLength(1);
});
