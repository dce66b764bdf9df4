/** `--leader`: verbs on nodes that kvctl did not start, without a state directory, and with ways that lead nowhere. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { ClusterStatus } from '../../src/cluster/status.ts';
import type { BenchResult } from '../../src/measure/result.ts';
import { finished, Home, type Ran, type RunOptions } from '../cli/kvctl.ts';
import { until } from '../cluster/sandbox.ts';
import { RealCluster } from '../support/real-node.ts';

/** An address that takes a connection of nobody: no process listens below 1024 here. */
const NOWHERE = 'http://127.0.0.1:1';

const document = <T>(ran: Ran) => JSON.parse(ran.stdout) as T;

/** A cluster that belongs to nobody's state directory, and an empty one. */
async function standing(followers: number): Promise<{ cluster: RealCluster; home: Home }> {
  const cluster = await RealCluster.start({ followers, quorum: followers, environment: { SEED: '7', DELAY: '0-5' } });
  const home = new Home();
  onTestFinished(async () => {
    await cluster[Symbol.asyncDispose]();
    home[Symbol.dispose]();
  });
  return { cluster, home };
}

describe('a cluster elsewhere', () => {
  const home = new Home();
  let cluster: RealCluster;
  beforeAll(async () => {
    cluster = await RealCluster.start({ followers: 2, quorum: 2, environment: { SEED: '7' } });
  });
  afterAll(async () => {
    await cluster[Symbol.asyncDispose]();
    home[Symbol.dispose]();
  });

  const at = (url: string, ...args: string[]) => ['--leader', url, ...args];
  const withToken = (token = cluster.token): RunOptions => ({ env: { KVCTL_TOKEN: token } });

  /** A verb on the leader, with the token, that must end well and say nothing but its result. */
  async function run(...args: string[]): Promise<Ran> {
    const ran = await home.kvctl(at(cluster.leader.url, ...args), withToken());
    expect({ stderr: ran.stderr, exitCode: ran.exitCode }).toEqual({ stderr: '', exitCode: 0 });
    return ran;
  }

  test('takes every verb that asks nodes, and leaves the state directory empty', async () => {
    expect((await run('put', 'a', '1')).stdout).toMatch(/^a: written, version 1\.\d+ on n1 and 2 followers \(2 needed\)/);
    expect((await run('get', 'a')).stdout).toBe('1\n');
    expect((await run('get', 'a', '--node', 'n3')).stdout).toBe('1\n');
    expect((await run('list')).stdout).toContain('a');
    expect((await run('del', 'a')).stdout).toMatch(/^a: deleted/);
    expect((await run('quorum', '1')).stdout).toMatch(/^quorum 2 → 1/);
    expect((await run('quorum', '2')).stdout).toMatch(/^quorum 1 → 2/);
    expect((await run('network', '--node', 'followers', '--delay', '3')).stdout).toBe('n2: delay 0 → 3 ms\nn3: delay 0 → 3 ms\n');
    expect((await run('network', '--delay', '0')).stdout).toContain('n2: delay 3 → 0 ms');
    expect((await run('-q', 'parity', '--wait', '10s')).stdout).toMatch(/n2 +match[\s\S]*n3 +match/);
    expect(readdirSync(home.path)).toEqual([]);
  });

  test('shows the status of every node, with no process of this machine', async () => {
    const status = document<ClusterStatus>(await run('status', '-o', 'json'));
    expect(status).toMatchObject({ name: cluster.leader.url, target: 'remote', leader: 'n1', epoch: 1 });
    expect(status.nodes).toEqual(
      cluster.nodes.map(({ id, url }) => expect.objectContaining({ node: id, url, state: 'running', pid: null, log: null })),
    );
  });

  test('is partitioned and healed by the tables of its nodes', async () => {
    const cut = await home.kvctl(at(cluster.leader.url, 'partition', 'leader', 'n3'), withToken());
    expect(cut).toMatchObject({ exitCode: 0, stdout: `cut: n1 ⇹ n3\nundo: \`kvctl heal --leader ${cluster.leader.url}\`\n` });
    const refused = await home.kvctl(at(cluster.leader.url, 'put', 'b', '1', '--quorum', '2'));
    expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('1 of 2 followers acked') });
    const healed = await home.kvctl(at(cluster.leader.url, 'heal'), withToken());
    expect(healed).toMatchObject({ exitCode: 0, stdout: 'healed: n1 ↔ n2, n1 ↔ n3, n2 ↔ n3\n' });
    await cluster.isReady();
  });

  test('takes its token from a file', async () => {
    const file = join(home.path, 'token');
    writeFileSync(file, `${cluster.token}\n`);
    const ran = await home.kvctl(at(cluster.leader.url, '--token-file', file, 'quorum'));
    expect(ran).toMatchObject({ exitCode: 0, stderr: '', stdout: expect.stringMatching(/^quorum 2:/) });
  });

  test.each([
    ['no token', {}, 'got no Authorization header'],
    ['a wrong token', { KVCTL_TOKEN: 'some-other-token' }, 'got another token'],
  ])('asks for its token where that is needed, and only there: %s', async (_name, env, got) => {
    const reading = await home.kvctl(at(cluster.leader.url, 'list'), { env });
    expect(reading.exitCode).toBe(0);
    const ran = await home.kvctl(at(cluster.leader.url, 'quorum', '1'), { env });
    expect(ran).toMatchObject({ exitCode: 1, stdout: '' });
    expect(ran.stderr).toContain(got);
    expect(ran.stderr).toContain('give the token of that cluster in a file, --token-file FILE, or in KVCTL_TOKEN');
    expect(ran.stderr).not.toContain('some-other-token');
  });

  test('is found from a follower, which says who leads', async () => {
    const ran = await home.kvctl(at(cluster.follower(1).url, 'put', 'c', '1'));
    expect(ran).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^c: written, version 1\.\d+ on n1/) });
    expect(ran.stderr).toBe(`n3 at ${cluster.follower(1).url} does not lead: asking n1 at ${cluster.leader.url}\n`);
  });

  test('is not found from a follower whose leader has no address here: the message says what to do', async () => {
    const ran = await home.kvctl(at(cluster.follower(0).url, '--node-url', `n1=${NOWHERE}`, 'put', 'd', '1'));
    expect(ran).toMatchObject({ exitCode: 1, stdout: '' });
    expect(ran.stderr).toContain(
      `expected to reach n1 at ${NOWHERE}, got connection refused: say where it is reached from here by --node-url n1=URL`,
    );
  });

  test('shows a node that cannot be reached from here as such, and goes on with the others', async () => {
    const args = (...verb: string[]) => at(cluster.leader.url, '--node-url', `n3=${NOWHERE}`, ...verb);
    const status = await home.kvctl(args('status', '-o', 'json'));
    expect(status.exitCode).toBe(0);
    expect(document<ClusterStatus>(status).nodes[2]).toMatchObject({
      node: 'n3',
      url: NOWHERE,
      state: 'unreachable',
      link: 'stream',
      data_dir: null,
    });
    expect((await home.kvctl(args('status'))).stdout).toContain(
      'unreachable from here: n3; say where it is reached from here by --node-url n3=URL',
    );
    const parity = await home.kvctl(args('parity', '-o', 'json'));
    expect(parity).toMatchObject({
      exitCode: 1,
      stderr: 'n3 cannot be reached from here: say where it is reached from here by --node-url n3=URL\n',
    });
    expect(document<{ parity: object[] }>(parity).parity).toMatchObject([
      { node: 'n2', status: 'match' },
      { node: 'n3', status: 'unreachable' },
    ]);
    const get = await home.kvctl(args('get', 'c', '--node', 'n3'));
    expect(get).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(`expected to reach n3 at ${NOWHERE}`) });
  });

  test('is not mixed up with a cluster whose nodes have the addresses here that its own have there', async () => {
    await using other = await RealCluster.start({ followers: 1, quorum: 1 });
    const args = (...verb: string[]) => at(cluster.leader.url, '--node-url', `n2=${other.follower().url}`, ...verb);
    const parity = await home.kvctl(args('parity', '-o', 'json'));
    expect(document<{ parity: object[] }>(parity).parity[0]).toMatchObject({ node: 'n2', status: 'unreachable' });
    const get = await home.kvctl(args('get', 'c', '--node', 'n2'));
    expect(get).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('got n2 of another cluster') });
  });

  test('is chosen by a variable, too, and completes the names of its nodes', async () => {
    const env = { KVCTL_LEADER: cluster.leader.url };
    expect((await home.kvctl(['get', 'c'], { env })).stdout).toBe('1\n');
    expect((await home.kvctl(['__complete', 'get', 'c', '--node', 'n'], { env })).stdout).toMatch(/^n1\t.*\nn2\t.*\nn3\t/);
    expect((await home.kvctl(['__complete', '--node-url', ''], { env })).stdout).toMatch(/^n1=\t/);
    // By -n a cluster of this machine is meant, and there is none.
    expect((await home.kvctl(['-n', 'lab', 'get', 'c'], { env })).stderr).toContain('no cluster "lab" is known');
  });

  test('has no processes here: verbs that need them say so', async () => {
    const ran = await home.kvctl(at(cluster.leader.url, 'kill', 'n3'));
    expect(ran).toMatchObject({ exitCode: 2, stdout: '' });
    expect(ran.stderr).toContain(
      'expected a cluster of this machine, because this verb works on its processes and files; but --leader names one elsewhere',
    );
    expect(await cluster.follower(1).status()).not.toBeNull();
  });

  test('is refused by bench if it is not what the options describe', async () => {
    const ran = await home.kvctl(at(cluster.leader.url, 'bench', '--followers', '5', '--store', 'sqlite', '--port', '9000'), withToken());
    expect(ran).toMatchObject({ exitCode: 1, stdout: '' });
    expect(ran.stderr).toContain('it has 2 followers, asked for 5; its store is memory, asked for sqlite; its first port is');
    expect(ran.stderr).toContain('or leave --leader out to get one made for the run');
  });
});

test('nobody at the address is an error, at once', async () => {
  using home = new Home();
  const ran = await home.kvctl(['--leader', NOWHERE, 'status']);
  expect(ran).toMatchObject({ exitCode: 1, stdout: '' });
  expect(ran.stderr).toBe(
    `kvctl: --leader: expected a node at ${NOWHERE}, got connection refused: is the address right, and the way to it open?\n`,
  );
});

test('a node that died is one row, with the lag that the leader knows of; a read from it says that it is not there', async () => {
  const { cluster, home } = await standing(2);
  await cluster.follower(1).kill();
  const args = (...verb: string[]) => ['--leader', cluster.leader.url, ...verb];
  expect((await home.kvctl(args('put', 'a', '1', '--quorum', '1'))).exitCode).toBe(0);
  await until('the leader knows that n3 is away', async () => (await cluster.leader.status())?.replicas[1]?.is_up === false);
  const status = document<ClusterStatus>(await home.kvctl(args('status', '-o', 'json')));
  expect(status.nodes[2]).toMatchObject({ node: 'n3', state: 'unreachable', role: null, link: 'down', lag_records: 1 });
  const get = await home.kvctl(args('get', 'a', '--node', 'n3'));
  expect(get).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('expected to reach n3 at') });
});

test('a leader that died is said so by the followers; their status is there', async () => {
  const { cluster, home } = await standing(2);
  await cluster.leader.kill();
  const args = (...verb: string[]) => ['--leader', cluster.follower(0).url, ...verb];
  const put = await home.kvctl(args('put', 'a', '1'));
  expect(put.exitCode).toBe(1);
  expect(put.stderr).toMatch(/expected to reach n1 at|leads or knows who does/);
  const status = document<ClusterStatus>(await home.kvctl(args('status', '-o', 'json')));
  expect(status).toMatchObject({ leader: null, nodes: [{ state: 'unreachable' }, { state: 'running' }, { state: 'running' }] });
});

test('bench measures it and puts quorum, delays and seed back', async () => {
  const { cluster, home } = await standing(2);
  const args = (...verb: string[]) => ['--leader', cluster.leader.url, ...verb];
  const options = { env: { KVCTL_TOKEN: cluster.token } };
  const before = await home.kvctl(args('network', '-o', 'json'), options);
  const ran = await home.kvctl(
    args('bench', '--quorums', '0-2', '--writes', '20', '--delay', '10-20', '--seed', '3', '-o', 'json'),
    options,
  );
  expect([0, 5]).toContain(ran.exitCode);
  const result = document<BenchResult>(ran);
  expect(result).toMatchObject({
    leader_url: cluster.leader.url,
    seed: 3,
    cluster: { name: cluster.leader.url, followers: 2, delay: '10-20' },
  });
  expect(result.results.map(({ quorum, successes }) => [quorum, successes])).toEqual([
    [0, 20],
    [1, 20],
    [2, 20],
  ]);
  expect(result.parity.map(({ status }) => status)).toEqual(['match', 'match']);
  const settings = ({ seed, nodes }: { seed: number; nodes: object }) => ({ seed, nodes });
  expect(settings(document(await home.kvctl(args('network', '-o', 'json'), options)))).toEqual(settings(document(before)));
  expect(document(await home.kvctl(args('quorum', '-o', 'json'), options))).toMatchObject({ write_quorum: 2 });
});

test('bench puts everything back when it is interrupted', async () => {
  const { cluster, home } = await standing(1);
  const options = { env: { KVCTL_TOKEN: cluster.token } };
  const bench = home.start(['--leader', cluster.leader.url, 'bench', '--quorums', '0', '--duration', '60s', '--delay', '3'], options);
  const ended = finished(bench);
  await until('the quorum is changed', async () => (await cluster.leader.status())?.write_quorum === 0, 60_000);
  bench.kill('SIGINT');
  expect((await ended).exitCode).toBe(105);
  expect((await cluster.leader.status())?.write_quorum).toBe(1);
  const network = await home.kvctl(['--leader', cluster.leader.url, 'network', '-o', 'json'], options);
  expect(document(network)).toMatchObject({ seed: 7, nodes: { n2: { delay: '0-5' } } });
});

test('bench measures the leader even if no follower has an address here; that their replicas were not seen is said', async () => {
  const { cluster, home } = await standing(1);
  const args = ['--leader', cluster.leader.url, '--node-url', `n2=${NOWHERE}`];
  const ran = await home.kvctl([...args, 'bench', '--quorums', '1', '--writes', '20', '--delay', '10-20', '-o', 'json'], {
    env: { KVCTL_TOKEN: cluster.token },
  });
  expect([0, 5]).toContain(ran.exitCode);
  expect(document<BenchResult>(ran)).toMatchObject({
    results: [{ successes: 20, settle_ms: null }],
    parity: [{ node: 'n2', status: 'unreachable' }],
  });
});
