/** A node's first moments and last, as a process: what it says, with which code it ends, and that it opens no port on the way. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { NODE_EXIT_PORT_TAKEN } from '../../src/wire/errors.ts';
import { freePorts, occupy } from '../cluster/sandbox.ts';
import { RealCluster, RealNode } from '../support/real-node.ts';

/** Runs a node that ends by itself. */
async function endOf(environment: Readonly<Record<string, string>>): Promise<RealNode> {
  const node = new RealNode(environment);
  node.start();
  onTestFinished(async () => void (await node.kill()));
  await node.ended;
  return node;
}

test('a node with mistakes in its environment ends with 2 and a line for each, before it opens a port or makes a directory', async () => {
  const port = await freePorts(1);
  // Were the port opened first, the end would be another: it is taken.
  await occupy(port);
  const directory = mkdtempSync(join(tmpdir(), 'kvctl-start-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const node = await endOf({
    ROLE: 'boss',
    PORT: `${port}`,
    STORE: 'sqlite',
    DATA_DIR: join(directory, 'data'),
    WRITE_QUORUM: 'all',
    DELAY: 'fast',
    SEED: '-1',
  });
  expect(await node.ended).toEqual({ exitCode: 2, signal: null });
  expect(node.output.split('\n')).toEqual([
    'kvctl node: ROLE: expected one of leader, follower, got "boss"',
    expect.stringMatching(/^kvctl node: WRITE_QUORUM: expected an integer from 0 .*got "all"$/),
    expect.stringMatching(/^kvctl node: SEED: expected an integer from 0 .*got "-1"$/),
    expect.stringMatching(/^kvctl node: DELAY: .*"fast"/),
    '',
  ]);
  expect(readdirSync(directory)).toEqual([]);
});

test('a node with the variables of two labs ends with 2 and a line, before it opens a port', async () => {
  const port = await freePorts(1);
  await occupy(port);
  const node = await endOf({ IS_LEADER: 'true', NODE_TYPE: 'leader', PORT: `${port}` });
  expect(await node.ended).toEqual({ exitCode: 2, signal: null });
  expect(node.output).toMatch(/^kvctl node: NODE_TYPE: expected .*the variables of lab-1, .*got one of lab-3\n$/);
});

test('a node whose port is taken ends with a code of its own and says so', async () => {
  const port = await freePorts(1);
  await occupy(port);
  const node = await endOf({ ROLE: 'leader', PORT: `${port}`, STORE: 'memory' });
  expect((await node.ended).exitCode).toBe(NODE_EXIT_PORT_TAKEN);
  expect(node.output).toContain(`expected port ${port} of 127.0.0.1 to be free`);
});

test('a node whose data directory cannot be one ends with 1 and says so', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'kvctl-start-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, 'file'), '');
  const node = await endOf({ ROLE: 'leader', PORT: `${await freePorts(1)}`, STORE: 'sqlite', DATA_DIR: join(directory, 'file', 'data') });
  expect((await node.ended).exitCode).toBe(1);
  expect(node.output).toMatch(/expected a data directory that this process may write, got ".*" at .*file.data/);
});

test.each(['SIGTERM', 'SIGINT'] as const)('a node ends with 0 on %s', async (signal) => {
  await using cluster = await RealCluster.start({ followers: 0 });
  expect(await cluster.leader.kill(signal)).toEqual({ exitCode: 0, signal: null });
  expect(cluster.leader.complaints).toEqual([]);
});

test('a node without a token, and one that was not told of every node, says so in its log and status', async () => {
  const port = await freePorts(1);
  const node = new RealNode({ ROLE: 'leader', PORT: `${port}`, STORE: 'memory' });
  node.start();
  onTestFinished(async () => void (await node.kill()));
  await node.reaches('is open', ({ phase }) => phase === 'open');
  const notices = [
    expect.stringContaining('NODES is not set: the cluster works, but it cannot change its leader'),
    expect.stringContaining('CLUSTER_TOKEN is not set'),
  ];
  expect((await node.status())?.notices).toEqual(notices);
  expect(node.complaints.map((line) => JSON.parse(line).msg)).toEqual(notices);
});
