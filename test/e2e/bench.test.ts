import { existsSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { listNames } from '../../src/cluster/state.ts';
import type { BenchResult } from '../../src/measure/result.ts';
import type { WriteTrace } from '../../src/measure/trace.ts';
import type { Sample } from '../../src/workload/sample.ts';
import { finished, type Home, type Ran } from '../cli/kvctl.ts';
import { freePorts, until } from '../cluster/sandbox.ts';
import { homePerTest } from './home-per-test.ts';

let home: Home;
homePerTest((own) => {
  home = own;
});

const document = (ran: Ran) => JSON.parse(ran.stdout) as BenchResult;
const fileOf = (...path: string[]) => join(home.path, 'runs', 'latest', ...path);
const jsonOf = (file: string) => JSON.parse(readFileSync(file, 'utf8'));
const linesOf = <T>(file: string): T[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);

/** Whether anybody listens there. */
function isListening(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port) });
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}

/** Polls until the benchmark has written that much beyond its rehearsal of 300 writes. */
async function untilUnderWay(nodes: readonly { readonly url: string }[]): Promise<void> {
  await until(
    'the first quorum is under way',
    async () => {
      const answer = await fetch(`${nodes[0]?.url}/status`).catch(() => null);
      const status = (await answer?.json()) as { head: string } | undefined;
      return Number(status?.head.split('.')[1] ?? 0) > 330;
    },
    60_000,
  );
}

function nodesOfOnlyCluster(): BenchResult['cluster']['nodes'] {
  return jsonOf(join(home.path, 'clusters', listNames(home.path)[0] as string, 'state.json')).nodes;
}

async function expectNothingLeft(result: BenchResult): Promise<void> {
  expect(listNames(home.path)).toEqual([]);
  const clusters = join(home.path, 'clusters');
  expect(existsSync(clusters) ? readdirSync(clusters) : []).toEqual([]);
  expect(await Promise.all(result.cluster.nodes.map(({ url }) => isListening(url)))).toEqual(result.cluster.nodes.map(() => false));
}

async function up(...args: string[]): Promise<void> {
  const ran = await home.kvctl(['up', '--port', `${await freePorts(4)}`, ...args]);
  expect(ran.stderr).not.toContain('kvctl:');
  expect(ran.exitCode).toBe(0);
}

describe('without a running cluster', () => {
  test('bench brings one up, measures every quorum of the list, compares the replicas, and leaves only the run folder', async () => {
    const ran = await home.kvctl(['bench', '--quorums', '1-3', '--followers', '3', '--delay', '0-20', '--writes', '30', '-o', 'json']);
    const result = document(ran);
    expect(result).toMatchObject({
      schema_version: 1,
      seed: 1,
      workload: { writes: 30, concurrency: 10, keys: 10, value_bytes: 16, read_share: 0, rate: null, duration_ms: null, loop: 'closed' },
      cluster: { followers: 3, store: 'sqlite', delay: '0-20', loss: 0, leader: 'n1' },
    });
    expect(result.leader_url).toBe(result.cluster.nodes[0]?.url);
    expect(result.results.map(({ quorum, requests, successes, fails }) => [quorum, requests, successes, fails])).toEqual([
      [1, 30, 30, 0],
      [2, 30, 30, 0],
      [3, 30, 30, 0],
    ]);
    expect(result.results.map((row) => row.model_ms)).toEqual([5, 10, 15]);
    for (const row of result.results) {
      expect(row.replication_samples).toBe(90);
      expect(row.floor_ms).toBeGreaterThan(0);
      expect(row.max_latency_ms).toBeGreaterThanOrEqual(row.median_latency_ms as number);
      expect(row.settle_ms).toBeGreaterThanOrEqual(0);
      expect(row.generator_busy).toBeGreaterThan(0);
      expect(row.leader_busy).toBeGreaterThan(0);
      expect(
        Object.values(row.parity_at_last_ack)
          .slice(0, 4)
          .reduce((sum, n) => sum + n),
      ).toBe(3);
    }
    // The same draws for every quorum, so the k-th smallest of them rise with k.
    const floors = result.results.map((row) => row.floor_ms as number);
    expect(floors).toEqual([...floors].sort((a, b) => a - b));
    expect(result.parity.map(({ node, status }) => [node, status])).toEqual([
      ['n2', 'match'],
      ['n3', 'match'],
      ['n4', 'match'],
    ]);
    expect(result.counterfactual.map(({ measured_quorum, accuracy }) => [measured_quorum, accuracy])).toEqual([
      [1, 'approximate'],
      [2, 'approximate'],
      [3, 'approximate'],
    ]);
    // Delays this small are inconclusive on a slow machine, and the exit code says the same as the rows.
    expect(ran.exitCode).toBe(result.results.some((row) => row.verdict === 'inconclusive') ? 5 : 0);
    await expectNothingLeft(result);

    expect(ran.stderr).toContain('expected  about');
    expect(ran.stderr).toContain('quorum 2: 30 writes');
    const samples = linesOf<Sample>(fileOf('samples.ndjson'));
    expect(samples).toHaveLength(90);
    expect(samples.filter(({ quorum, phase, ok }) => quorum === 2 && phase === 'load' && ok)).toHaveLength(30);
    const trace = linesOf<{ quorum: number } & WriteTrace>(fileOf('trace.ndjson'));
    expect(trace).toHaveLength(90);
    const drawn = (quorum: number) =>
      trace.filter((write) => write.quorum === quorum).map(({ followers }) => Object.values(followers).map(({ delayMs }) => delayMs));
    expect(drawn(2)).toEqual(drawn(1));
    expect(drawn(3)).toEqual(drawn(1));
    expect(new Set(drawn(1).flat()).size).toBe(90);
    expect(jsonOf(fileOf('summary.json'))).toEqual(result);
    expect(result.plot).toBe(realpathSync(fileOf('charts', 'latency-vs-quorum.png')));
    expect(readFileSync(fileOf('report.html'), 'utf8')).toContain('--seed 1</code>');
    expect(jsonOf(fileOf('outcome.json'))).toMatchObject({ ending: 'complete', exit_code: ran.exitCode });
    expect(jsonOf(fileOf('environment.json'))).toMatchObject({ node: expect.stringMatching(/^v/) });
  });

  test('an open loop with reads and a warm-up counts what it should', async () => {
    const args = ['--rate', '100', '--writes', '20', '--read-share', '0.3', '--warmup', '5', '--out', 'kept'];
    const ran = await home.kvctl(['bench', '--quorums', '0,2', '--followers', '2', '--delay', '10', ...args, '-o', 'json', '-q']);
    const result = document(ran);
    expect(ran.stderr).toBe('');
    expect(result.workload).toMatchObject({ rate: 100, loop: 'open', warmup: 5, read_share: 0.3 });
    expect(result.counterfactual.every((entry) => entry.accuracy === 'exact')).toBe(true);
    for (const row of result.results) {
      expect([row.requests, row.successes, row.replication_samples]).toEqual([20, 20, 40]);
      expect(row.reads?.fails).toBe(0);
    }
    const samples = linesOf<Sample>(join(home.path, 'kept', 'samples.ndjson'));
    expect(samples.filter(({ phase }) => phase === 'warmup')).toHaveLength(10);
    const load = samples.filter(({ quorum, phase }) => quorum === 2 && phase === 'load').sort((a, b) => a.index - b.index);
    load.forEach(({ index, intendedMs }) => {
      expect(intendedMs).toBeCloseTo(index * 10, 6);
    });
    expect(existsSync(join(home.path, 'runs'))).toBe(false);
    await expectNothingLeft(result);
  });

  test('Ctrl-C in the middle ends with 105, keeps and prints what was measured, and leaves no process', async () => {
    const child = home.start(['bench', '--quorums', '1-3', '--followers', '3', '--delay', '0-10', '--writes', '100000', '-o', 'json']);
    const ended = finished(child);
    await until('the nodes are known', () => listNames(home.path).length > 0, 60_000);
    await untilUnderWay(nodesOfOnlyCluster());
    child.kill('SIGINT');
    const ran = await ended;
    expect(ran.exitCode).toBe(105);
    const result = document(ran);
    expect(result.results).toEqual([]);
    await expectNothingLeft(result);
    expect(jsonOf(fileOf('outcome.json'))).toMatchObject({ ending: 'interrupted', exit_code: 105 });
    const samples = linesOf<Sample>(fileOf('samples.ndjson'));
    expect(samples.length).toBeGreaterThan(0);
    expect(samples.every(({ ok }) => ok)).toBe(true);
  });

  test('Ctrl-C while the nodes start ends with 105 and leaves nothing', async () => {
    const child = home.start(['bench', '--followers', '3']);
    const ended = finished(child);
    await until('a node was started', () => listNames(home.path).length > 0, 60_000);
    const nodes = jsonOf(join(home.path, 'clusters', listNames(home.path)[0] as string, 'state.json'))
      .nodes as BenchResult['cluster']['nodes'];
    child.kill('SIGINT');
    expect((await ended).exitCode).toBe(105);
    await expectNothingLeft({ cluster: { nodes } } as BenchResult);
  });

  test.each([
    [['--quorums', '1-4', '--followers', '3'], '--quorums: expected a quorum from 0 to 3 (the number of followers), got 4'],
    [['--quorums', '5-1'], 'expected quorums like 1-5 or 1,3,5, got "5-1"'],
    [['--writes', '0'], 'expected a whole number of at least 1, got "0"'],
    [['--rate', '0'], 'expected requests per second above 0'],
    [['--read-share', '1'], '--read-share: expected less than 1'],
    [['--duration', '30'], 'expected a duration with its unit'],
    [['--delay', 'fast'], '--delay: expected a delay in ms'],
  ])('%j is a mistake of usage, told before anything starts', async (args, message) => {
    const ran = await home.kvctl(['bench', ...args]);
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr).toContain(message);
    expect(ran.stderr).toContain('usage: kvctl bench');
    expect(readdirSync(home.path)).toEqual([]);
  });

  test('a place for the results that is none is told before anything starts', async () => {
    writeFileSync(join(home.path, 'file'), '');
    const ran = await home.kvctl(['bench', '--out', 'file/run']);
    expect(ran.exitCode).toBe(1);
    expect(ran.stderr).toContain(join(realpathSync(home.path), 'file'));
    expect(listNames(home.path)).toEqual([]);
  });
});

describe('on a running cluster', () => {
  const settings = async () => ({
    quorum: JSON.parse((await home.kvctl(['quorum', '-o', 'json'])).stdout).write_quorum as number,
    network: JSON.parse((await home.kvctl(['network', '-o', 'json'])).stdout) as { seed: number; nodes: Record<string, { delay: string }> },
  });

  test('quorum, delays and seed are put back, and the cluster runs on', async () => {
    await up('--followers', '2', '--quorum', '2', '--delay', '1-3', '--seed', '9');
    expect((await home.kvctl(['network', '--node', 'n3', '--delay', '4'])).exitCode).toBe(0);
    const before = await settings();
    const ran = await home.kvctl(['bench', '--quorums', '0,1', '--delay', '7', '--seed', '11', '--writes', '10', '-o', 'json']);
    const result = document(ran);
    expect(result).toMatchObject({ seed: 11, cluster: { name: 'default', followers: 2, delay: '7' } });
    expect(result.results.map((row) => row.floor_ms)).toEqual([0, 7]);
    const after = await settings();
    expect(after.quorum).toBe(2);
    expect(after.network.seed).toBe(9);
    expect(after.network.nodes).toEqual(before.network.nodes);
  });

  test('Ctrl-C puts everything back too', async () => {
    await up('--followers', '2', '--quorum', '2', '--delay', '1-3', '--seed', '9');
    const before = await settings();
    const child = home.start(['bench', '--quorums', '0,1', '--delay', '5', '--seed', '11', '--writes', '100000']);
    const ended = finished(child);
    await until('the benchmark has changed the quorum', async () => (await settings()).quorum === 0, 60_000);
    child.kill('SIGINT');
    expect((await ended).exitCode).toBe(105);
    const after = await settings();
    expect(after.quorum).toBe(2);
    expect([after.network.seed, after.network.nodes]).toEqual([9, before.network.nodes]);
  });

  test('options that describe another cluster are refused', async () => {
    await up('--followers', '1', '--delay', '0');
    const ran = await home.kvctl(['bench', '--followers', '3', '--store', 'memory']);
    expect(ran.exitCode).toBe(1);
    expect(ran.stderr).toContain('it has 1 followers, asked for 3; its store is sqlite, asked for memory');
  });

  test('failed writes are counted, exit with 1, and the document is printed all the same', async () => {
    await up('--followers', '3', '--quorum', '1', '--delay', '0-5');
    expect((await home.kvctl(['kill', 'n3', 'n4'])).exitCode).toBe(0);
    const ran = await home.kvctl(['bench', '--quorums', '1,2', '--writes', '10', '-o', 'json']);
    expect(ran.exitCode).toBe(1);
    const result = document(ran);
    expect(result.results.map(({ quorum, successes, fails }) => [quorum, successes, fails])).toEqual([
      [1, 10, 0],
      [2, 0, 10],
    ]);
    expect(result.results[1]?.avg_latency_ms).toBeNull();
    expect(result.parity.map(({ node, status }) => [node, status])).toEqual([
      ['n2', 'match'],
      ['n3', 'unreachable'],
      ['n4', 'unreachable'],
    ]);
    const errors = linesOf<Sample>(fileOf('samples.ndjson')).filter(({ ok }) => !ok);
    expect(new Set(errors.map(({ error }) => error))).toEqual(new Set(['quorum_not_met']));
  });

  test('a leader that is killed in the middle ends the run with what was measured and says why', async () => {
    await up('--followers', '2', '--quorum', '1', '--delay', '0-5');
    const child = home.start(['bench', '--quorums', '1,2', '--duration', '4s', '-o', 'json']);
    const ended = finished(child);
    await untilUnderWay(nodesOfOnlyCluster());
    expect((await home.kvctl(['kill', 'n1'])).exitCode).toBe(0);
    const ran = await ended;
    expect(ran.exitCode).toBe(1);
    const result = document(ran);
    expect(result.results.map(({ quorum }) => quorum)).toEqual([1]);
    expect(result.results[0]?.successes).toBeGreaterThan(0);
    expect(result.results[0]?.fails).toBeGreaterThan(0);
    expect(ran.stderr).toContain('connection refused');
    expect(ran.stderr).toContain('could not put back');
    expect(jsonOf(fileOf('outcome.json'))).toMatchObject({ ending: 'failed', error: { error: 'unreachable' } });
  });
});
