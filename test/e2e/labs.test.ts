/**
 * Each lab's compose file, its six services as processes of this machine: what the lab's own clients send, byte by byte, and what they must be
 * answered. The requests and answers stand here as the labs' documentation has them, not as src/labs spells them.
 */
import { describe, expect, test } from 'vitest';
import { KvClient } from '../../src/client/kv-client.ts';
import { until } from '../cluster/sandbox.ts';
import { LabCluster } from '../support/lab-compose.ts';
import { type Answer, call, JSON_BODY } from '../support/raw-http.ts';
import { RealNode } from '../support/real-node.ts';

interface Told {
  readonly status: number;
  readonly body: unknown;
}

const told = ({ status, text }: Answer): Told => ({ status, body: text === '' ? null : JSON.parse(text) });
const get = async (node: RealNode, path: string): Promise<Told> => told(await call(node.port, { path }));
const send = async (node: RealNode, method: string, path: string, body: unknown): Promise<Told> =>
  told(await call(node.port, { method, path, body: JSON.stringify(body), headers: JSON_BODY }));
const A_STRING = expect.stringMatching(/^.{10,}$/s);

/** Every node of a lab reads the value sooner or later; a follower whose delay was long is later. */
async function readEverywhere(lab: LabCluster, path: string, body: unknown): Promise<void> {
  for (const node of lab.nodes) {
    let last: Told | null = null;
    const isThere = async () => {
      last = await get(node, path);
      return last.status === 200;
    };
    await until(`${node.id} has ${path}`, isThere);
    expect(last, node.id).toEqual({ status: 200, body });
  }
}

/** Every verb of kvctl's works on a node of any dialect, also where the paths are the lab's. Leaves no key behind. */
async function workNatively(lab: LabCluster, follower: string): Promise<void> {
  const client = new KvClient();
  const [leader, other] = [lab.leader.url, (lab.followers[0] as RealNode).url];
  const { version } = await client.put(leader, 'list', '[1,{"a":null}]', { quorum: 5 });
  expect((await client.get(leader, 'list')).value).toEqual([1, { a: null }]);
  expect(await client.get(other, 'list')).toMatchObject({ version, node: follower });
  for (const url of [leader, other]) expect((await client.dump(url)).rows.get('list')?.value).toBe('[1,{"a":null}]');
  expect(await client.setQuorum(leader, 1, { force: true })).toMatchObject({ write_quorum: 1 });
  expect(await client.setQuorum(leader, 3)).toEqual({ write_quorum: 3, previous: 1 });
  expect(await client.status(other)).toMatchObject({ role: 'follower', node: follower });
  expect(await client.health(leader)).toMatchObject({ epoch: 1, role: 'leader' });
  expect(await client.del(leader, 'list', { quorum: 5 })).toMatchObject({ existed: true });
  await expect(client.get(leader, 'list')).rejects.toMatchObject({ code: 'key_not_found' });
  await expect(client.put(other, 'a', '1')).rejects.toMatchObject({ code: 'not_leader', detail: { leader_url: leader } });
  await client.close();
}

const kill = (...nodes: (RealNode | undefined)[]) => Promise.all(nodes.map((node) => node?.kill()));

test('lab-1: POST /write, GET /read, and the role in /health', async () => {
  await using lab = await LabCluster.start('lab-1');
  await workNatively(lab, 'n2');
  const [first, second, third] = lab.followers as [RealNode, RealNode, RealNode];
  expect(await send(lab.leader, 'POST', '/write', { key: 'city', value: 'Chișinău' })).toMatchObject({ status: 200 });
  expect(await send(lab.leader, 'POST', '/write', { key: 'a/b?c&d=%', value: '' })).toMatchObject({ status: 200 });
  expect(await send(first, 'POST', '/write', { key: 'city', value: 'Bălți' })).toEqual({ status: 403, body: { detail: A_STRING } });
  await readEverywhere(lab, '/read?key=city', { value: 'Chișinău' });
  await readEverywhere(lab, '/read?key=a%2Fb%3Fc%26d%3D%25', { value: '' });
  expect(await get(lab.leader, '/read?key=nobody')).toEqual({ status: 404, body: { detail: A_STRING } });
  for (const node of lab.nodes) {
    expect(await get(node, '/dump'), node.id).toEqual({ status: 200, body: { city: 'Chișinău', 'a/b?c&d=%': '' } });
    expect(await get(node, '/health')).toMatchObject({ status: 200, body: { role: node === lab.leader ? 'leader' : 'follower' } });
  }
  await kill(first, second, third);
  expect(await send(lab.leader, 'POST', '/write', { key: 'city', value: 'late' })).toEqual({ status: 503, body: { detail: A_STRING } });
  expect(await get(lab.leader, '/read?key=city')).toEqual({ status: 200, body: { value: 'Chișinău' } });
});

test('lab-2: PUT and GET /kv, and the quorum switched while it runs', async () => {
  await using lab = await LabCluster.start('lab-2');
  await workNatively(lab, 'follower1');
  const [first, second, third] = lab.followers as [RealNode, RealNode, RealNode];
  const put = (node: RealNode, key: string, value: unknown) => send(node, 'PUT', `/kv/${key}`, { value });
  expect(await put(lab.leader, 'city', 'Chișinău')).toEqual({
    status: 200,
    body: { key: 'city', value: 'Chișinău', follower_acks: expect.any(Number), quorum_met: true },
  });
  expect(await put(first, 'city', 'Bălți')).toEqual({ status: 403, body: { detail: 'Writes allowed only on leader' } });
  await readEverywhere(lab, '/kv/city', { key: 'city', value: 'Chișinău' });
  expect(await get(lab.leader, '/kv/nobody')).toEqual({ status: 404, body: { detail: A_STRING } });
  for (const node of lab.nodes) {
    expect(await get(node, '/dump'), node.id).toEqual({ status: 200, body: { city: 'Chișinău' } });
    const role = node === lab.leader ? 'leader' : 'follower';
    expect(await get(node, '/health')).toEqual({ status: 200, body: { status: 'ok', role, node_id: node.environment.NODE_ID } });
  }

  const setQuorum = (node: RealNode, quorum: unknown) => send(node, 'POST', '/admin/quorum', { write_quorum: quorum });
  expect(await setQuorum(lab.leader, 5)).toEqual({ status: 200, body: { write_quorum: 5 } });
  expect(await put(lab.leader, 'city', 'Soroca')).toMatchObject({ status: 200, body: { follower_acks: 5, quorum_met: true } });
  for (const quorum of [6, -1, 1.5, '3', null])
    expect(await setQuorum(lab.leader, quorum)).toEqual({ status: 422, body: { detail: A_STRING } });
  expect(await setQuorum(first, 1)).toEqual({ status: 403, body: { detail: A_STRING } });
  await first.kill();
  const refused = await put(lab.leader, 'city', 'Orhei');
  expect(refused).toEqual({ status: 503, body: { detail: { message: A_STRING, follower_acks: expect.any(Number), required: 5 } } });
  expect(await setQuorum(lab.leader, 2)).toEqual({ status: 200, body: { write_quorum: 2 } });
  expect(await put(lab.leader, 'city', 'Cahul')).toMatchObject({ status: 200, body: { value: 'Cahul', quorum_met: true } });
  expect(await get(lab.leader, '/admin/replica-status')).toMatchObject({ status: 200, body: { replicas: expect.any(Array) } });
  await kill(second, third, lab.followers[3]);
  expect(await put(lab.leader, 'city', 'Tiraspol')).toMatchObject({ status: 503, body: { detail: { required: 2 } } });
});

test('lab-3: POST /set, GET /get and /get_all, every follower needed', async () => {
  await using lab = await LabCluster.start('lab-3');
  const lines = lab.leader.output.split('\n').map((line) => (line === '' ? {} : (JSON.parse(line) as Record<string, unknown>)));
  expect(lines.find(({ msg }) => msg === 'listening')).toMatchObject({ dialect: 'lab-3', recognised_by: 'NODE_TYPE' });
  expect((await lab.leader.status())?.notices.slice(0, 2)).toEqual([
    expect.stringContaining('speaks lab-3, recognised by NODE_TYPE'),
    expect.stringContaining('listens on every interface'),
  ]);
  const [first] = lab.followers as [RealNode];
  const set = (node: RealNode, key: unknown, value: unknown) => send(node, 'POST', '/set', { key, value });
  expect(await set(lab.leader, 'city', 'Chișinău')).toEqual({ status: 200, body: { success: true, replicas: 5 } });
  expect(await set(first, 'city', 'Bălți')).toEqual({ status: 403, body: { error: A_STRING } });
  await readEverywhere(lab, '/get/city', { value: 'Chișinău' });
  expect(await get(first, '/get/nobody')).toEqual({ status: 404, body: { error: A_STRING } });
  for (const node of lab.followers) expect(await get(node, '/get_all')).toEqual({ status: 200, body: { city: 'Chișinău' } });
  expect(await get(lab.leader, '/get_all')).toEqual({ status: 404, body: { error: expect.stringContaining('follower') } });
  for (const node of lab.nodes) expect(await get(node, '/health')).toMatchObject({ status: 200 });
  expect(await get(lab.leader, '/status')).toMatchObject({ status: 200, body: { role: 'leader', keys: 1, dialect: 'lab-3' } });
  await first.kill();
  expect(await set(lab.leader, 'city', 'late')).toEqual({ status: 500, body: { error: 'Quorum not reached' } });
});

test('lab-4: PUT, GET and DELETE by key, delays below a millisecond', async () => {
  await using lab = await LabCluster.start('lab-4');
  await workNatively(lab, 'n2');
  const [first, second, third] = lab.followers as [RealNode, RealNode, RealNode];
  const put = (node: RealNode, key: string, value: unknown) => send(node, 'PUT', `/kv/${key}`, { value });
  const remove = async (node: RealNode, key: string) => told(await call(node.port, { method: 'DELETE', path: `/kv/${key}` }));
  expect(await put(lab.leader, 'city', 'Chișinău')).toMatchObject({ status: 200 });
  expect(await put(lab.leader, '__proto__', 'constructor')).toMatchObject({ status: 200 });
  expect(await put(first, 'city', 'Bălți')).toEqual({ status: 403, body: { error: A_STRING } });
  expect(await remove(first, 'city')).toEqual({ status: 403, body: { error: A_STRING } });
  await readEverywhere(lab, '/kv/city', { value: 'Chișinău' });
  await readEverywhere(lab, '/kv/__proto__', { value: 'constructor' });
  expect(await remove(lab.leader, 'city')).toMatchObject({ status: 200 });
  for (const node of lab.nodes) {
    await until(`${node.id} deleted it`, async () => (await get(node, '/kv/city')).status === 404);
    expect(await get(node, '/kv/city')).toEqual({ status: 404, body: { error: A_STRING } });
  }
  await kill(first, second, third);
  expect(await put(lab.leader, 'city', 'late')).toEqual({ status: 503, body: { error: A_STRING } });
});

test('lab-5: a program per role, one follower down works, three down fail, and a restart keeps data and names', async () => {
  await using lab = await LabCluster.start('lab-5');
  const [first, second, third] = lab.followers as [RealNode, RealNode, RealNode];
  const write = (node: RealNode, key: unknown, value: unknown) => send(node, 'POST', '/write', { key, value });
  const names = ['n1', 'n2', 'n3', 'n4', 'n5', 'n6'];
  const readBy = async (key: string, value: string) => {
    for (const [index, node] of lab.nodes.entries()) {
      await until(`${node.id} has ${key}`, async () => (await get(node, `/read?key=${key}`)).status === 200);
      expect(await get(node, `/read?key=${key}`)).toEqual({ status: 200, body: { key, value, node: names[index] } });
    }
  };
  expect(await write(lab.leader, 'city', 'Chișinău')).toEqual({ status: 200, body: { status: 'success' } });
  expect(await write(first, 'city', 'Bălți')).toEqual({ status: 403, body: { detail: A_STRING } });
  await readBy('city', 'Chișinău');
  expect(await get(first, '/read?key=nobody')).toEqual({ status: 404, body: { detail: A_STRING } });
  await first.kill();
  expect(await write(lab.leader, 'one', 'down')).toEqual({ status: 200, body: { status: 'success' } });
  await kill(second, third);
  expect(await write(lab.leader, 'three', 'down')).toEqual({ status: 503, body: { detail: A_STRING } });
  expect((await get(lab.leader, '/read?key=one')).status).toBe(200);

  await kill(...lab.nodes);
  expect(await get(lab.leader, '/health').catch(() => 'gone')).toBe('gone');
  for (const node of lab.nodes) node.start();
  await lab.isReady();
  await readBy('city', 'Chișinău');
  await readBy('one', 'down');
});

describe('a follower that was told neither its name nor the others', () => {
  test('answers before its leader came, and comes back blank by itself after a crash, with the leader’s address found out', async () => {
    await using lab = await LabCluster.plan('lab-4');
    const [first, second, third] = lab.followers as [RealNode, RealNode, RealNode];
    first.start();
    await first.reaches('runs', ({ node }) => node === 'unnamed');
    expect(await get(first, '/health')).toMatchObject({ status: 200, body: { role: 'follower' } });
    expect(await get(first, '/kv/city')).toMatchObject({ status: 404 });
    expect(await send(first, 'PUT', '/kv/city', { value: 'x' })).toMatchObject({ status: 403 });
    for (const node of lab.nodes) if (node !== first) node.start();
    await lab.isReady();
    expect(await send(lab.leader, 'PUT', '/kv/city', { value: 'Chișinău' })).toMatchObject({ status: 200 });
    // Of three blank nodes each needs three of the others that are not blank: without the leader, who calls itself 0.0.0.0, there are but two.
    await kill(first, second, third);
    for (const node of [first, second, third]) node.start();
    for (const node of [first, second, third])
      await node.reaches('holds everything again', ({ is_blank, keys }) => !is_blank && keys === 1);
    await readEverywhere(lab, '/kv/city', { value: 'Chișinău' });
    expect((await first.status())?.members[0]).toEqual({ id: 'n1', url: `http://127.0.0.1:${lab.leader.port}` });
    expect((await first.status())?.node).toBe('n2');
  });

  test('is not counted twice by a leader that was given two addresses of it', async () => {
    await using lab = await LabCluster.plan('lab-1');
    const [first] = lab.followers as [RealNode];
    const FOLLOWERS = `127.0.0.1:${first.port},localhost:${first.port}`;
    const leader = new RealNode({ ...lab.leader.environment, FOLLOWERS, WRITE_QUORUM: '2' });
    try {
      first.start();
      await first.reaches('runs', () => true);
      leader.start();
      await until('the follower complains', () => first.complaints.some((line) => line.includes('two addresses of the leader')));
      // It asks ten times a second; that one of the two is always refused keeps it from opening.
      const askedUntilMs = ((await leader.status())?.uptime_ms ?? 0) + 1_000;
      await leader.reaches('has asked again and again', ({ uptime_ms }) => uptime_ms > askedUntilMs);
      expect(await leader.status()).toMatchObject({ phase: 'looking', waiting_for: expect.stringMatching(/missing: n[23]$/) });
    } finally {
      await leader.kill();
    }
  });
});
