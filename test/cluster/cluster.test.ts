/** The process driver, with a stand-in for the node; the real one is in test/e2e/lifecycle.test.ts. */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { down, restart, up } from '../../src/cluster/cluster.ts';
import { heal, kill, partition, pause, resume } from '../../src/cluster/faults.ts';
import { planUp } from '../../src/cluster/ground.ts';
import { clusterPaths } from '../../src/cluster/home.ts';
import { findProcess } from '../../src/cluster/process.ts';
import { type ClusterWish, parseSpec } from '../../src/cluster/spec.ts';
import { type ClusterState, loadState, observe } from '../../src/cluster/state.ts';
import { clusterStatus, listClusters, resolveNodes } from '../../src/cluster/status.ts';
import type { NetworkAnswer } from '../../src/wire/api.ts';
import { freePorts, makeHome, occupy, until } from './sandbox.ts';

const entry = fileURLToPath(new URL('../support/fake-node.mjs', import.meta.url));

async function start(wish: ClusterWish = {}) {
  const home = makeHome();
  const spec = parseSpec({ name: 'lab', followers: 2, port: await freePorts(3), ...wish });
  const outcome = await up(spec, { home, entry });
  return { home, spec, state: outcome.state };
}

/** A node's program of our own. */
function program(home: string, source: string): string {
  const path = join(home, 'program.mjs');
  writeFileSync(path, source);
  return path;
}

const livingPids = (state: ClusterState) => state.nodes.flatMap(({ pid }) => (pid !== null && findProcess(pid) !== null ? [pid] : []));
const statesOf = (home: string) => observe(loadState('lab', home).nodes).map(({ state }) => state);

describe('up', () => {
  test('starts every node with the plan as its environment, apart from this process', async () => {
    const { home, state } = await start();
    expect(livingPids(state)).toHaveLength(3);
    expect(state.born_at).not.toBeNull();
    expect(loadState('lab', home)).toEqual(state);
    for (const { pid, log, data_dir } of state.nodes) {
      expect(statSync(log).mode & 0o777).toBe(0o600);
      expect(statSync(data_dir!).mode & 0o777).toBe(0o700);
      if (process.platform !== 'linux') continue;
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
      expect(environment).toContain(`CLUSTER_TOKEN=${state.token}`);
      expect(environment.filter((line) => /^(VITEST|NODE_OPTIONS|KVCTL)/.test(line))).toEqual([]);
      // Session and process group are the node's own (fields 5 and 6 of proc(5)).
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      expect(fields.slice(2, 4)).toEqual([`${pid}`, `${pid}`]);
    }
  });

  test('on a running cluster changes nothing and says so', async () => {
    const { home, spec, state } = await start();
    const again = await up(spec, { home, entry });
    expect(again).toEqual({ state, isAlreadyRunning: true, stopped: [], paused: [] });
  });

  test('on a running cluster with faults names them and leaves them', async () => {
    const { home, spec } = await start();
    await kill('lab', ['n2'], 'SIGKILL', { home });
    await pause('lab', ['n3'], { home });
    expect(await up(spec, { home, entry })).toMatchObject({ isAlreadyRunning: true, stopped: ['n2'], paused: ['n3'] });
    expect(statesOf(home)).toEqual(['running', 'stopped', 'paused']);
  });

  test('with other options on a running cluster is refused, naming each difference and what to do', async () => {
    const { home, spec } = await start();
    const attempt = up({ ...spec, quorum: 1, delay: '50' }, { home, entry });
    await expect(attempt).rejects.toMatchObject({
      code: 'cluster_differs',
      detail: { differences: ['quorum: it has 2, asked for 1', 'delay: it has 0-1000, asked for 50'] },
    });
    await expect(attempt).rejects.toThrow('kvctl down -n lab');
  });

  test('after down goes on with the same data, ports and token, and may change what is no matter of members', async () => {
    const { home, spec, state } = await start();
    await down('lab', { home });
    const again = await up({ ...spec, port: null, quorum: 1 }, { home, entry });
    expect(again.isAlreadyRunning).toBe(false);
    expect(again.state.token).toBe(state.token);
    expect(again.state.nodes.map(({ port }) => port)).toEqual(state.nodes.map(({ port }) => port));
    expect(again.state.spec.quorum).toBe(1);
  });

  test.each([
    ['other members', { followers: 1 }, 'followers: it has 2, asked for 1'],
    ['another store', { store: 'memory' }, 'store: it has sqlite, asked for memory'],
    ['other ports', { port: 2000 }, 'asked for 2000'],
  ])('over the data of %s is refused', async (_what, wish, difference) => {
    const { home, spec } = await start();
    await down('lab', { home });
    const attempt = up(parseSpec({ ...spec, quorum: undefined, ...wish }), { home, entry });
    await expect(attempt).rejects.toThrow(difference);
    await expect(attempt).rejects.toThrow('kvctl down --purge -n lab');
  });

  test('over data without a state file is refused', async () => {
    const home = makeHome();
    mkdirSync(join(clusterPaths('lab', home).dataRoot, 'n1'), { recursive: true });
    await expect(up(parseSpec({ name: 'lab' }), { home, entry })).rejects.toThrow('no state file');
    await down('lab', { home, purge: true });
    await expect(planUp(parseSpec({ name: 'lab' }), home)).resolves.toMatchObject({ name: 'lab' });
  });

  test('tells at once of a node that ends, with its last words, and leaves neither process nor data', async () => {
    const home = makeHome();
    const ends = program(home, "console.error('PORT: expected a port'); process.exit(process.env.NODE_ID === 'n2' ? 2 : 0);");
    const spec = parseSpec({ name: 'lab', followers: 1, port: await freePorts(2) });
    // Whoever waited for that long would not come to this test's end.
    const attempt = up(spec, { home, entry: ends, waitTimeoutMs: 120_000 });
    await expect(attempt).rejects.toMatchObject({ code: 'not_ready', exitCode: 4 });
    await expect(attempt).rejects.toThrow(
      /node n[12] ended with exit code [02] before it was ready.*n[12]\.log:\n.*PORT: expected a port/s,
    );
    expect(await listClusters(home)).toEqual([]);
    expect(existsSync(clusterPaths('lab', home).dataRoot)).toBe(false);
  });

  test('gives up on silent nodes after the timeout and stops them, also those that ignore SIGTERM', async () => {
    const home = makeHome();
    const pids = join(home, 'pids');
    const silent = program(
      home,
      `import { appendFileSync } from 'node:fs'; appendFileSync(${JSON.stringify(pids)}, process.pid + '\\n'); process.on('SIGTERM', () => {}); setInterval(() => {}, 1000);`,
    );
    const spec = parseSpec({ name: 'lab', followers: 1, port: await freePorts(2) });
    const attempt = up(spec, { home, entry: silent, waitTimeoutMs: 700 });
    await expect(attempt).rejects.toThrow('expected n1, n2 to be ready within 0.7 s (--wait-timeout), but n1 is not: it does not answer');
    const started = readFileSync(pids, 'utf8').trim().split('\n').map(Number);
    expect(started).toHaveLength(2);
    expect(started.map(findProcess)).toEqual([null, null]);
  });

  test('that is interrupted leaves no process and no data, with exit code 105', async () => {
    const home = makeHome();
    const silent = program(home, 'setInterval(() => {}, 1000);');
    const interrupt = new AbortController();
    const started: ClusterState[] = [];
    let watching: Promise<void> | null = null;
    const onStep = () => {
      watching ??= until('a node is started', () => loadState('lab', home).nodes.some(({ pid }) => pid !== null)).then(() => {
        started.push(loadState('lab', home));
        interrupt.abort();
      });
    };
    const attempt = up(parseSpec({ name: 'lab', port: await freePorts(6) }), { home, entry: silent, signal: interrupt.signal, onStep });
    await expect(attempt).rejects.toMatchObject({ code: 'interrupted', exitCode: 105 });
    await watching;
    expect(livingPids(started[0]!)).toEqual([]);
    expect(await listClusters(home)).toEqual([]);
  });

  test('names the owner of a port that was asked for, and starts nothing', async () => {
    const home = makeHome();
    const port = await freePorts(3);
    await occupy(port + 1);
    const attempt = up(parseSpec({ name: 'lab', followers: 2, port }), { home, entry });
    await expect(attempt).rejects.toMatchObject({ code: 'port_taken', detail: { port: port + 1, pid: process.pid } });
    expect(await listClusters(home)).toEqual([]);
  });

  test('gives clusters that start at the same time ports of their own', async () => {
    const home = makeHome();
    const names = ['a', 'b', 'c'];
    const outcomes = await Promise.all(names.map((name) => up(parseSpec({ name, followers: 1 }), { home, entry })));
    const ports = outcomes.flatMap(({ state }) => state.nodes.map(({ port }) => port));
    expect(new Set(ports).size).toBe(6);
    expect((await listClusters(home)).map(({ name, state, running }) => [name, state, running])).toEqual(
      names.map((name) => [name, 'running', 2]),
    );
  });
  test('of several state directories at the same time ends with ports of their own, too', async () => {
    const homes = Array.from({ length: 4 }, makeHome);
    const outcomes = await Promise.all(homes.map((home) => up(parseSpec({ name: 'lab', followers: 2 }), { home, entry })));
    const ports = outcomes.flatMap(({ state }) => state.nodes.map(({ port }) => port));
    expect(new Set(ports).size).toBe(12);
    // Each of them runs its own nodes: none took another's for its own.
    for (const { state } of outcomes) expect(livingPids(state)).toHaveLength(3);
  });
});

describe('down', () => {
  test('of nothing is no error', async () => {
    expect(await down('lab', { home: makeHome() })).toEqual({ ended: [], isPurged: false, wasKnown: false });
  });

  test('ends every node, paused and dead ones too, keeps the data, and may be repeated', async () => {
    const { home, state } = await start();
    await pause('lab', ['n2'], { home });
    await kill('lab', ['n3'], 'SIGKILL', { home });
    expect(await down('lab', { home })).toEqual({ ended: ['n1', 'n2'], isPurged: false, wasKnown: true });
    expect(livingPids(state)).toEqual([]);
    expect(existsSync(join(state.data_root, 'n1'))).toBe(true);
    expect(loadState('lab', home).nodes.map(({ pid }) => pid)).toEqual([null, null, null]);
    expect(await down('lab', { home })).toEqual({ ended: [], isPurged: false, wasKnown: true });
    expect(await down('lab', { home, purge: true })).toEqual({ ended: [], isPurged: true, wasKnown: true });
    expect(existsSync(clusterPaths('lab', home).directory)).toBe(false);
  });

  test('lets a node finish: SIGTERM comes before SIGKILL, also to a paused one', async () => {
    const { home, state } = await start();
    await pause('lab', ['n2'], { home });
    await down('lab', { home });
    expect(readFileSync(state.nodes[1]!.log, 'utf8')).toContain('draining');
  });

  test('never signals a process that only has the pid of a node', async () => {
    const { home, state } = await start();
    const paths = clusterPaths('lab', home);
    const forged = { ...state, nodes: state.nodes.map((node) => (node.id === 'n3' ? { ...node, start_time: 'before' } : node)) };
    writeFileSync(paths.stateFile, JSON.stringify(forged));
    onTestFinished(() => void process.kill(state.nodes[2]!.pid!, 'SIGKILL'));
    expect((await down('lab', { home })).ended).toEqual(['n1', 'n2']);
    expect(findProcess(state.nodes[2]!.pid!)).not.toBeNull();
  });
});

describe('restart', () => {
  test('brings a dead node back under another pid, and a running one too', async () => {
    const { home, state } = await start();
    await kill('lab', ['n2'], 'SIGKILL', { home });
    const after = await restart('lab', ['n2', 'n3'], { home, entry });
    expect(statesOf(home)).toEqual(['running', 'running', 'running']);
    expect(after.nodes[0]?.pid).toBe(state.nodes[0]?.pid);
    expect(after.nodes[1]?.pid).not.toBe(state.nodes[1]?.pid);
    expect(after.nodes[2]?.pid).not.toBe(state.nodes[2]?.pid);
    expect(after.nodes.map(({ url, data_dir }) => [url, data_dir])).toEqual(state.nodes.map(({ url, data_dir }) => [url, data_dir]));
  });

  test('of a follower while nobody leads fails soon, naming who is missing', async () => {
    const { home } = await start();
    await kill('lab', ['n1', 'n2'], 'SIGKILL', { home });
    const attempt = restart('lab', ['n2'], { home, entry });
    await expect(attempt).rejects.toMatchObject({ code: 'not_ready', exitCode: 4 });
    await expect(attempt).rejects.toThrow('a leader, which must be among n1 (stopped)');
    expect(statesOf(home)).toEqual(['stopped', 'running', 'running']);
  });

  test('that waits does not keep others from doing what it waits for', async () => {
    const { home } = await start();
    await kill('lab', ['n1'], 'SIGKILL', { home });
    // A leader that never answers, in the place of the real one.
    const silent = program(home, 'setInterval(() => {}, 1000);');
    const waiting = restart('lab', ['n1', 'n2'], { home, entry: silent });
    waiting.catch(() => undefined);
    await until('both are started', () => statesOf(home).join() === 'running,running,running');
    await kill('lab', ['n1'], 'SIGKILL', { home });
    await expect(waiting).rejects.toThrow('node n1 ended by SIGKILL before it was ready');
  });

  test('of an unknown cluster says how to start one', async () => {
    await expect(restart('lab', null, { home: makeHome() })).rejects.toMatchObject({ code: 'no_cluster' });
  });
});

describe('faults', () => {
  test('kill returns when the process is gone, and again is no error', async () => {
    const { home, state } = await start();
    expect(await kill('lab', ['n2'], 'SIGKILL', { home })).toEqual([{ node: 'n2', before: 'running', after: 'stopped' }]);
    expect(findProcess(state.nodes[1]!.pid!)).toBeNull();
    expect(await kill('lab', ['n2'], 'SIGKILL', { home })).toEqual([{ node: 'n2', before: 'stopped', after: 'stopped' }]);
  });

  test('kill by SIGTERM lets the node end by itself', async () => {
    const { home, state } = await start();
    await kill('lab', ['n2'], 'SIGTERM', { home });
    expect(readFileSync(state.nodes[1]!.log, 'utf8')).toContain('draining');
  });

  test('pause and resume go through the process itself, may be repeated, and refuse a dead node', async () => {
    const { home } = await start();
    const options = { home };
    expect(await pause('lab', ['n2'], options)).toEqual([{ node: 'n2', before: 'running', after: 'paused' }]);
    expect(await pause('lab', ['n2'], options)).toEqual([{ node: 'n2', before: 'paused', after: 'paused' }]);
    expect(statesOf(home)).toEqual(['running', 'paused', 'running']);
    expect(await resume('lab', ['n2'], options)).toEqual([{ node: 'n2', before: 'paused', after: 'running' }]);
    expect(statesOf(home)).toEqual(['running', 'running', 'running']);
    await kill('lab', ['n3'], 'SIGKILL', options);
    await expect(pause('lab', ['n2', 'n3'], options)).rejects.toThrow('expected n3 to run');
    expect(statesOf(home)).toEqual(['running', 'running', 'stopped']);
  });

  test('a partition is set on both sides, and healed, and so is one way of it', async () => {
    const { home, state } = await start();
    const networks = () =>
      Promise.all(state.nodes.map(({ url }) => fetch(`${url}/admin/network`).then((answer) => answer.json() as Promise<NetworkAnswer>)));
    const tables = async () => (await networks()).map(({ nodes }) => Object.keys(nodes).filter((id) => nodes[id]?.is_partitioned));
    const ways = async () =>
      (await networks()).map(({ nodes }) => Object.keys(nodes).flatMap((id) => (nodes[id]?.one_way ? `${id} ${nodes[id].one_way}` : [])));
    expect((await partition('lab', [['n1'], ['n3']], { home })).pairs).toEqual([['n1', 'n3']]);
    expect(await tables()).toEqual([['n3'], [], ['n1']]);
    await partition('lab', [['n2']], { home });
    expect(await tables()).toEqual([
      ['n2', 'n3'],
      ['n1', 'n3'],
      ['n1', 'n2'],
    ]);
    await heal('lab', [['n1'], ['n2', 'n3']], { home });
    expect(await tables()).toEqual([[], ['n3'], ['n2']]);
    await heal('lab', [], { home });
    expect(await tables()).toEqual([[], [], []]);
    expect((await partition('lab', [['n3'], ['n1']], { home, change: 'one-way' })).pairs).toEqual([['n3', 'n1']]);
    expect([await ways(), await tables()]).toEqual([
      [['n3 in'], [], ['n1 out']],
      [[], [], []],
    ]);
    await partition('lab', [['n2']], { home, change: 'one-way' });
    expect(await ways()).toEqual([
      ['n2 in', 'n3 in'],
      ['n1 out', 'n3 out'],
      ['n1 out', 'n2 in'],
    ]);
    await heal('lab', [], { home });
    expect(await ways()).toEqual([[], [], []]);
  });

  test('a partition of a stopped node is an error that says so; of the others, stopped ones are left out', async () => {
    const { home } = await start();
    await kill('lab', ['n2'], 'SIGKILL', { home });
    await expect(partition('lab', [['n1'], ['n2']], { home })).rejects.toThrow('expected n2 to run');
    expect((await partition('lab', [['n3']], { home })).pairs).toEqual([
      ['n3', 'n1'],
      ['n3', 'n2'],
    ]);
    await expect(partition('lab', [['n1'], ['n1', 'n3']], { home })).rejects.toMatchObject({ code: 'usage' });
  });
});

describe('status', () => {
  test('says of every node what it is, and waits for none to which something happened', async () => {
    const { home, state } = await start({ followers: 3, port: await freePorts(4) });
    await kill('lab', ['n2'], 'SIGKILL', { home });
    await pause('lab', ['n3'], { home });
    const startMs = performance.now();
    const status = await clusterStatus(loadState('lab', home));
    // A client waits for an answer for 30 s.
    expect(performance.now() - startMs).toBeLessThan(15_000);
    expect(status).toMatchObject({ name: 'lab', target: 'local', leader: 'n1', epoch: 1, write_quorum: 3 });
    expect(status.nodes.map(({ node, role, state, link }) => [node, role, state, link])).toEqual([
      ['n1', 'leader', 'running', null],
      ['n2', null, 'stopped', 'down'],
      ['n3', null, 'paused', 'down'],
      ['n4', 'follower', 'running', 'stream'],
    ]);
    expect(status.nodes.map(({ pid }) => pid)).toEqual([state.nodes[0]?.pid, null, state.nodes[2]?.pid, state.nodes[3]?.pid]);
    await kill('lab', ['n1'], 'SIGKILL', { home });
    expect((await clusterStatus(loadState('lab', home))).leader).toBeNull();
  });

  test('selectors name nodes, roles and lists', async () => {
    const { home, state } = await start();
    expect(await resolveNodes(state, 'n3,n2')).toEqual(['n2', 'n3']);
    expect(await resolveNodes(state, 'leader')).toEqual(['n1']);
    expect(await resolveNodes(state, 'followers')).toEqual(['n2', 'n3']);
    expect(await resolveNodes(state, 'leader,n2')).toEqual(['n1', 'n2']);
    expect(await resolveNodes(state, 'all')).toEqual(['n1', 'n2', 'n3']);
    await expect(resolveNodes(state, 'n4')).rejects.toThrow('expected nodes among n1, n2, n3, leader, followers or all');
    await kill('lab', ['n1'], 'SIGKILL', { home });
    await expect(resolveNodes(state, 'leader')).rejects.toThrow('no running node leads');
  });

  test('a broken state file does not hide the other clusters', async () => {
    const { home } = await start();
    const broken = clusterPaths('broken', home);
    mkdirSync(broken.directory);
    writeFileSync(broken.stateFile, '{');
    expect((await listClusters(home)).map(({ name, state }) => [name, state])).toEqual([
      ['broken', 'unreadable'],
      ['lab', 'running'],
    ]);
    writeFileSync(broken.stateFile, JSON.stringify({ ...loadState('lab', home), name: 'broken', nodes: [] }));
  });
});
