/** Whom an internal call means: on a real node, by its raw headers; and where it came from. */
import type { IncomingMessage } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { FenceRequest } from '../../src/core/peer.ts';
import { withAddress } from '../../src/node/addressed.ts';
import { freePorts } from '../cluster/sandbox.ts';
import { type Answer, call, JSON_BODY } from '../support/raw-http.ts';
import { type NodeEnvironment, RealNode } from '../support/real-node.ts';

async function start(environment: NodeEnvironment): Promise<RealNode> {
  const node = new RealNode({ ROLE: 'follower', STORE: 'memory', PORT: `${await freePorts(1)}`, HOST: '127.0.0.1', ...environment });
  node.start();
  onTestFinished(async () => void (await node.kill()));
  await node.reaches('runs', () => true);
  return node;
}

const look = (node: RealNode, to?: string): Promise<Answer> =>
  call(node.port, {
    method: 'POST',
    path: '/internal/look',
    body: '{"from":"n1"}',
    headers: { ...JSON_BODY, ...(to === undefined ? {} : { 'kvctl-to': to }) },
  });

test('a follower without a name takes the first by which it is addressed, and answers to that alone', async () => {
  const node = await start({});
  for (const to of [undefined, '', 'a b', '-n2', 'x'.repeat(65), '__proto__']) {
    const answer = await look(node, to);
    expect([to, answer.status, JSON.parse(answer.text).message]).toEqual([
      to,
      400,
      expect.stringContaining('expected the header kvctl-to'),
    ]);
  }
  expect((await node.status())?.node).toBe('unnamed');
  const read = await call(node.port, { path: '/kv/city' });
  const written = await call(node.port, { method: 'PUT', path: '/kv/city', body: '{"value":1}', headers: JSON_BODY });
  expect([read.status, written.status]).toEqual([404, 403]);
  expect(JSON.parse((await look(node, 'n4')).text)).toMatchObject({ t: 'standing', node: 'n4' });
  expect((await node.status())?.node).toBe('n4');
  for (let again = 0; again < 2; again++) {
    const answer = await look(node, 'n5');
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.text).message).toContain('expected a call for n4, which is this node, got one for n5');
  }
  expect((await look(node, 'n4')).status).toBe(200);
  expect(node.complaints.filter((line) => line.includes('got one for n5'))).toHaveLength(1);
});

test('a node that was told every name answers to its own, whoever leaves the header out', async () => {
  const port = await freePorts(1);
  const node = await start({ NODE_ID: 'n2', PORT: `${port}`, NODES: `n1=http://127.0.0.1:1,n2=http://127.0.0.1:${port}` });
  expect([await look(node), await look(node, 'n2'), await look(node, 'n1')].map(({ status }) => status)).toEqual([200, 200, 400]);
});

test('a follower that has a NODE_ID, and was told of nobody, shows that and answers to its leader’s name for it', async () => {
  const node = await start({ NODE_ID: 'second' });
  expect(JSON.parse((await look(node, 'n3')).text)).toMatchObject({ node: 'n3' });
  expect((await node.status())?.node).toBe('second');
});

describe('a leader that listens on every interface', () => {
  const messageOf = (url: string): FenceRequest => ({
    t: 'fence',
    from: 'n1',
    lineage: 'l',
    epoch: 1,
    incarnation: null,
    members: [
      { id: 'n1', url },
      { id: 'n2', url: 'http://0.0.0.0:5001' },
    ],
    isBirth: true,
  });
  const from = (remoteAddress: string | undefined) => ({ socket: { remoteAddress } }) as IncomingMessage;

  test.each([
    ['http://0.0.0.0:5000', '172.18.0.2', 'http://172.18.0.2:5000'],
    ['http://0.0.0.0:5000', '::ffff:172.18.0.2', 'http://172.18.0.2:5000'],
    ['http://0.0.0.0', '172.18.0.2', 'http://172.18.0.2'],
    ['http://[::]:5000', 'fd00::2', 'http://[fd00::2]:5000'],
    ['http://0.0.0.0:5000', 'fe80::1%eth0', 'http://[fe80::1]:5000'],
    ['http://leader:5000', '172.18.0.2', 'http://leader:5000'],
    ['http://0.0.0.0.example:5000', '172.18.0.2', 'http://0.0.0.0.example:5000'],
    ['http://0.0.0.0:5000', undefined, 'http://0.0.0.0:5000'],
  ])('and says %s from %s is at %s', (url, address, found) => {
    expect(withAddress(messageOf(url), from(address)).members).toEqual([
      { id: 'n1', url: found },
      { id: 'n2', url: 'http://0.0.0.0:5001' },
    ]);
  });
});
