/** Who else there is, and who leads, by the word of nodes that answer as the test says. */
import { expect, onTestFinished, test } from 'vitest';
import { discover, type RemoteCluster, type RemoteWish, reach, remoteLeader } from '../../src/cluster/remote.ts';
import { setRemotePartition } from '../../src/cluster/remote-partition.ts';
import { clusterStatus } from '../../src/cluster/status.ts';
import type { NodeStatus } from '../../src/wire/api.ts';
import { answerJson, type ScriptedPeer, scriptedPeer } from '../client/scripted-peer.ts';
import { FOLLOWS as BASE, STREAMS } from './answers.ts';

const NOWHERE = 'http://127.0.0.1:1';

type Says = Partial<NodeStatus>;

const LEADS: Says = { role: 'leader', phase: 'open' };

/** Peers n1, n2, … that all name each other by the addresses that lead to them, or by `members`. */
async function peers(says: readonly Says[], members: Readonly<Record<string, string>> = {}): Promise<ScriptedPeer[]> {
  const list: { id: string; url: string }[] = [];
  const started = await Promise.all(
    says.map((own, index) =>
      scriptedPeer((request, response) => {
        if (request.target === '/status') answerJson(response, 200, { ...BASE, node: `n${index + 1}`, members: list, ...own });
        else answerJson(response, 200, { seed: 1, writes_since_seed: 0, nodes: {} });
      }),
    ),
  );
  list.push(...started.map(({ url }, index) => ({ id: `n${index + 1}`, url: members[`n${index + 1}`] ?? url })));
  onTestFinished(async () => void (await Promise.all(started.map((peer) => peer.close()))));
  return started;
}

function find(peer: ScriptedPeer | undefined, more: Partial<RemoteWish> = {}): Promise<RemoteCluster> {
  return discover({ url: peer?.url ?? NOWHERE, token: null, nodeUrls: new Map(), ...more });
}

test('the node at the address keeps it, the others have those of the members, or those that were given', async () => {
  const [first] = await peers([LEADS, {}, {}], { n1: 'http://inside:8000', n2: 'http://inside:8001', n3: 'http://inside:8002' });
  const cluster = await find(first, { nodeUrls: new Map([['n3', 'http://outside:1']]) });
  expect(cluster.nodes.map(({ id, url }) => [id, url])).toEqual([
    ['n1', first?.url],
    ['n2', 'http://inside:8001'],
    ['n3', 'http://outside:1'],
  ]);
});

test('a leader is taken at its word, and nobody else is asked', async () => {
  const [first, second] = await peers([LEADS, {}]);
  expect(await remoteLeader(await find(first))).toMatchObject({ id: 'n1', url: first?.url });
  expect(second?.seen).toEqual([]);
});

test('a follower names the leader, which is asked', async () => {
  const [first, second] = await peers([LEADS, { leader: 'n1' }]);
  expect(await remoteLeader(await find(second))).toMatchObject({ id: 'n1', url: first?.url });
});

test('who was named may name another by now', async () => {
  const [, second, third] = await peers([{ leader: 'n3' }, { leader: 'n1' }, LEADS]);
  expect(await remoteLeader(await find(second))).toMatchObject({ id: 'n3', url: third?.url });
});

test.each<[string, Says[], string]>([
  ['knows of no leader', [{ leader: null }, {}], 'n1'],
  ['was deposed and still names itself', [{ role: 'leader', phase: 'deposed', leader: 'n1' }, {}], 'n1'],
  ['names one that names it back', [{ leader: 'n2' }, { leader: 'n1' }], 'n1, n2'],
  ['names a node that there is not', [{ leader: 'n7' }, {}], 'n1'],
])('without a leader the error says who was asked: the node %s', async (_name, says, asked) => {
  const [first] = await peers(says);
  const cluster = await find(first);
  await expect(remoteLeader(cluster)).rejects.toMatchObject({
    code: 'node_failed',
    message: `expected a leader, but none of the nodes that were asked (${asked}) leads or knows who does: \`kvctl status --leader ${first?.url}\` shows what each says`,
  });
});

test('a leader out of reach is named, with what to do', async () => {
  const [, second] = await peers([LEADS, { leader: 'n1' }], { n1: NOWHERE });
  await expect(remoteLeader(await find(second))).rejects.toMatchObject({
    code: 'unreachable',
    message: `expected to reach n1 at ${NOWHERE}, got connection refused: say where it is reached from here by --node-url n1=URL`,
  });
});

test('a node is itself only by its name and its lineage: addresses of another network may lead to anybody here', async () => {
  const [first] = await peers([LEADS, { lineage: 'theirs' }, {}]);
  const cluster = await find(first, { nodeUrls: new Map([['n3', first?.url ?? '']]) });
  await expect(reach(cluster, 'n2')).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringContaining('got n2 of another cluster (lineage theirs, not ours)'),
  });
  await expect(reach(cluster, 'n3')).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringContaining(`expected n3 at ${first?.url}, got n1:`),
  });
  const { nodes } = await clusterStatus(cluster);
  expect(nodes.map(({ node, state }) => [node, state])).toEqual([
    ['n1', 'running'],
    ['n2', 'unreachable'],
    ['n3', 'unreachable'],
  ]);
});

test('status gives a row for every node, without what only its own machine knows', async () => {
  const replica = { ...STREAMS, node: 'n2', lag_records: 4, lag_ms: 5 };
  const [first] = await peers([{ ...LEADS, data_dir: '/data', replicas: [replica] }, {}], { n2: NOWHERE });
  expect(await clusterStatus(await find(first))).toMatchObject({
    name: first?.url,
    target: 'remote',
    leader: 'n1',
    nodes: [
      { node: 'n1', state: 'running', pid: null, data_dir: '/data', log: null },
      { node: 'n2', state: 'unreachable', url: NOWHERE, pid: null, data_dir: null, log: null, role: null, link: 'stream', lag_records: 4 },
    ],
  });
});

test('an address for a node that there is not is a mistake', async () => {
  const [first] = await peers([LEADS, {}]);
  await expect(find(first, { nodeUrls: new Map([['n9', NOWHERE]]) })).rejects.toMatchObject({
    code: 'usage',
    message: '--node-url: expected nodes among n1, n2, got "n9"',
  });
});

test('nobody at the address, and somebody who is no node, are told apart', async () => {
  await expect(find(undefined)).rejects.toMatchObject({
    code: 'unreachable',
    message: `--leader: expected a node at ${NOWHERE}, got connection refused: is the address right, and the way to it open?`,
  });
  const stranger = await scriptedPeer((_request, response) => void response.writeHead(200).end('<h1>It works!</h1>'));
  onTestFinished(() => stranger.close());
  await expect(find(stranger)).rejects.toMatchObject({
    code: 'unreachable',
    message: expect.stringMatching(/expected the answer of a kvctl node at .*, got HTTP 200 "<h1>It works!<\/h1>"/),
  });
});

test('a pair whose one node is out of reach is cut at the other; a pair of two such changes nothing', async () => {
  const [first, second] = await peers([LEADS, {}, {}, {}], { n3: NOWHERE, n4: NOWHERE });
  const cluster = await find(first);
  const changes = () =>
    [first, second].map((peer) => peer?.seen.filter(({ method }) => method === 'POST').map(({ body }) => JSON.parse(body)));
  await expect(setRemotePartition(cluster, [['n3']], 'cut')).rejects.toMatchObject({
    code: 'unreachable',
    message: expect.stringContaining('expected to reach n3 or n4, whose link is to be cut, but neither answers'),
  });
  expect(changes()).toEqual([[], []]);
  expect(await setRemotePartition(cluster, [['n1', 'n2'], ['n3']], 'cut')).toEqual({
    pairs: [
      ['n1', 'n3'],
      ['n2', 'n3'],
    ],
    unreached: ['n3'],
    reconnected: [],
  });
  const cut = { nodes: { n3: { is_partitioned: true } } };
  expect(changes()).toEqual([[cut], [cut]]);
});
