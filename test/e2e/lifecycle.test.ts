/** The life cycle through the real executable, with real nodes. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { clusterPaths } from '../../src/cluster/home.ts';
import { findProcess } from '../../src/cluster/process.ts';
import { type ClusterState, loadState, readState } from '../../src/cluster/state.ts';
import type { ClusterStatus } from '../../src/cluster/status.ts';
import { finished, Home, KVCTL, NODE } from '../cli/kvctl.ts';
import { freePorts, occupy, until } from '../cluster/sandbox.ts';

/** util-linux: runs a command on a terminal of its own. */
const PSEUDO_TERMINAL = 'script';

/** A state directory whose clusters are stopped and removed at the end of the test. */
function makeHome(): Home {
  const home = new Home();
  onTestFinished(() => disposeOf(home));
  return home;
}

async function disposeOf(home: Home): Promise<void> {
  const { clusters } = JSON.parse((await home.kvctl(['ls', '-o', 'json'])).stdout) as { clusters: { name: string }[] };
  for (const { name } of clusters) await home.kvctl(['down', '-n', name]);
  home[Symbol.dispose]();
}

const upArguments = async (followers: number, ...more: string[]) => [
  'up',
  '--followers',
  `${followers}`,
  '--delay',
  '0',
  '--port',
  `${await freePorts(followers + 1)}`,
  ...more,
];

async function statusOf(home: Home): Promise<ClusterStatus> {
  const { exitCode, stdout } = await home.kvctl(['status', '-o', 'json']);
  expect(exitCode).toBe(0);
  return JSON.parse(stdout) as ClusterStatus;
}

const pidsOf = (state: ClusterState) => state.nodes.flatMap(({ pid }) => pid ?? []);
const living = (pids: readonly number[]) => pids.filter((pid) => findProcess(pid) !== null);

describe('a running cluster', () => {
  const home = new Home();
  let args: string[];

  beforeAll(async () => {
    args = await upArguments(2, '--delay', '0;n3=2');
    const { exitCode, stdout, stderr } = await home.kvctl(args);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    expect(stdout).toContain('cluster "default" is ready');
    expect(stdout).toContain('stop: kvctl down');
    for (const { url } of loadState('default', home.path).nodes) expect(stdout).toContain(url);
    expect(stdout + stderr).not.toContain('\u001b');
  });
  afterAll(() => disposeOf(home));

  test('has every node open or streaming, and says where everything is', async () => {
    const status = await statusOf(home);
    expect(status).toMatchObject({ schema_version: 1, name: 'default', target: 'local', leader: 'n1', epoch: 1, write_quorum: 2 });
    expect(status.nodes.map(({ node, role, state, phase, link }) => [node, role, state, phase, link])).toEqual([
      ['n1', 'leader', 'running', 'open', null],
      ['n2', 'follower', 'running', 'following', 'stream'],
      ['n3', 'follower', 'running', 'following', 'stream'],
    ]);
    for (const { data_dir, log } of status.nodes) expect([data_dir, log].map((path) => existsSync(path ?? ''))).toEqual([true, true]);
  });

  test('has a network of its own for one follower', async () => {
    const { nodes, token } = loadState('default', home.path);
    const answer = await fetch(`${nodes[0]?.url}/admin/network`, { headers: { authorization: `Bearer ${token}` } });
    expect(await answer.json()).toMatchObject({ nodes: { n2: { delay: '0' }, n3: { delay: '2' } } });
  });

  test('is told in colours only where it should be', async () => {
    const isColoured = async (more: string[], env: Record<string, string>) =>
      (await home.kvctl([...args, ...more], { env })).stdout.includes('\u001b');
    expect(await isColoured(['--color', 'always'], {})).toBe(true);
    expect(await isColoured([], { FORCE_COLOR: '1' })).toBe(true);
    expect(await isColoured([], { FORCE_COLOR: '1', NO_COLOR: '1' })).toBe(false);
  });

  test('is already running for the same `up`, and another one is told the differences', async () => {
    const again = await home.kvctl(args);
    expect(again).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('is already running') });
    const other = await home.kvctl([...args, '--quorum', '1']);
    expect(other).toMatchObject({ exitCode: 1, stdout: '', stderr: expect.stringContaining('quorum: it has 2, asked for 1') });
  });

  test('loses a follower by `kill`, says so, and gets it back with all that was written meanwhile', async () => {
    const [, pid] = pidsOf(loadState('default', home.path));
    expect(await home.kvctl(['kill', 'n2'])).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('n2: running → stopped') });
    expect(findProcess(pid!)).toBeNull();
    expect(await home.kvctl(['kill', 'n2'])).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('n2: already stopped') });
    const status = await statusOf(home);
    expect(status.nodes[1]).toMatchObject({ node: 'n2', role: null, state: 'stopped', pid: null });
    expect(await home.kvctl(args)).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('kvctl restart n2') });

    expect(await home.kvctl(['put', 'while-away', '1', '--quorum', '1'])).toMatchObject({ exitCode: 0 });
    expect(await home.kvctl(['restart', 'n2'])).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('n2 runs again') });
    expect((await statusOf(home)).nodes[1]).toMatchObject({ state: 'running', link: 'stream' });
    const read = async () => (await home.kvctl(['get', 'while-away', '--node', 'n2'])).exitCode === 0;
    await until('n2 has what it missed', read);
  });

  test('goes on without its leader only after the leader is back, and then has everything', async () => {
    expect(await home.kvctl(['put', 'before', '"crash"'])).toMatchObject({ exitCode: 0 });
    expect(await home.kvctl(['kill', 'leader'])).toMatchObject({ exitCode: 0 });
    expect(await statusOf(home)).toMatchObject({ leader: null, nodes: [{ state: 'stopped' }, { state: 'running' }, { state: 'running' }] });
    const orphan = await home.kvctl(['restart', 'n3', '--wait-timeout', '20s']);
    expect(orphan).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('n1 (stopped)') });
    expect(await home.kvctl(['restart', 'n1'])).toMatchObject({ exitCode: 0 });
    expect(await home.kvctl(['get', 'before'])).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('crash') });
  });

  test('has a follower paused and resumed, and status does not wait for it', async () => {
    expect(await home.kvctl(['pause', 'n3'])).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('n3: running → paused') });
    const startMs = performance.now();
    expect((await statusOf(home)).nodes[2]).toMatchObject({ node: 'n3', state: 'paused', role: null });
    // A client waits for an answer for 30 s.
    expect(performance.now() - startMs).toBeLessThan(15_000);
    expect(await home.kvctl(['pause', 'n3'])).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('already paused') });
    expect(await home.kvctl(['partition', 'n3'])).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('expected n3 to run') });
    expect(await home.kvctl(['resume', 'n3'])).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('n3: paused → running') });
    await until('n3 streams again', async () => (await statusOf(home)).nodes[2]?.link === 'stream');
  });

  test('is cut and healed', async () => {
    expect(await home.kvctl(['partition', 'leader', 'n3'])).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('n1 ⇹ n3') });
    await until('the link is down', async () => (await statusOf(home)).nodes[2]?.link === 'down');
    const write = await home.kvctl(['put', 'cut', '1', '--timeout', '500ms']);
    expect(write).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/quorum|ack/) });
    expect((await statusOf(home)).nodes[2]?.lag_records).toBeGreaterThan(0);
    expect(await home.kvctl(['heal'])).toMatchObject({ exitCode: 0 });
    await until('the link streams', async () => (await statusOf(home)).nodes[2]?.link === 'stream');
  });

  test('is cut one way: what the first sends is lost', async () => {
    for (const words of [
      ['n1', 'n2', 'n3'],
      ['n3', '--disconnect'],
    ])
      expect(await home.kvctl(['partition', ...words, '--one-way'])).toMatchObject({ exitCode: 2 });
    const cut = await home.kvctl(['partition', 'leader', 'n3', '--one-way']);
    expect(cut).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('cut: n1 ↛ n3') });
    expect(await home.kvctl(['network'])).toMatchObject({ stdout: expect.stringMatching(/n3 .*nothing goes out/) });
    expect(await home.kvctl(['heal'])).toMatchObject({ exitCode: 0 });
    expect((await home.kvctl(['network'])).stdout).not.toContain('nothing');
  });

  test('shows its logs, merged, as text and as NDJSON, and follows them until Ctrl-C', async () => {
    const text = await home.kvctl(['logs']);
    expect(text).toMatchObject({ exitCode: 0, stderr: '' });
    for (const id of ['n1', 'n2', 'n3']) expect(text.stdout).toMatch(new RegExp(`^[\\d:.]{12} ${id} info  `, 'm'));
    const { stdout } = await home.kvctl(['logs', 'n2', '-o', 'ndjson', '--lines', '5']);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { node: string });
    expect(lines.map(({ node }) => node)).toEqual(['n2', 'n2', 'n2', 'n2', 'n2'].slice(0, lines.length));

    const child = home.start(['logs', 'n3', '-f', '--lines', '0']);
    let said = '';
    child.stdout?.on('data', (text) => {
      said += text;
    });
    const end = finished(child);
    const restart = async () => {
      await home.kvctl(['restart', 'n3']);
      return said.includes('listening');
    };
    await until('the log of n3 goes on', restart, 30_000);
    child.kill('SIGINT');
    expect(await end).toMatchObject({ exitCode: 105, stderr: '' });
  });

  test('keeps its data over down and up, with the same ports, and leaves no process', async () => {
    expect(await home.kvctl(['put', 'kept', '[1,2]'])).toMatchObject({ exitCode: 0 });
    const before = loadState('default', home.path);
    await home.kvctl(['pause', 'n2']);
    expect(await home.kvctl(['down'])).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('its data stays') });
    expect(living(pidsOf(before))).toEqual([]);
    expect(await home.kvctl(['down'])).toMatchObject({ exitCode: 0 });
    expect((await statusOf(home)).nodes.map(({ state }) => state)).toEqual(['stopped', 'stopped', 'stopped']);

    expect(await home.kvctl(['up', '--followers', '2', '--delay', '0;n3=2'])).toMatchObject({ exitCode: 0 });
    expect(loadState('default', home.path).nodes.map(({ port }) => port)).toEqual(before.nodes.map(({ port }) => port));
    expect(await home.kvctl(['get', 'kept', '-o', 'json'])).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/1,\s*2/) });
  });
});

describe('up', () => {
  test('leaves nothing that holds the standard streams: a pipe ends, and so does a terminal', async () => {
    const home = makeHome();
    const args = await upArguments(1);
    const command = [NODE, KVCTL, ...args].join(' ');
    const piped = await finished(spawn('sh', ['-c', `${command} 2>&1 | cat`], { env: home.env(), stdio: 'pipe' }));
    expect(piped).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('is ready') });
    if (process.platform !== 'linux') return;
    for (const pid of pidsOf(loadState('default', home.path))) {
      const { stdout } = spawnSync('ls', ['-l', `/proc/${pid}/fd/0`, `/proc/${pid}/fd/1`, `/proc/${pid}/fd/2`], { encoding: 'utf8' });
      expect(stdout.match(/-> .*/g)).toEqual(['-> /dev/null', expect.stringMatching(/\.log$/), expect.stringMatching(/\.log$/)]);
    }
  });

  test('on a terminal ends too, and the nodes outlive the terminal', async (context) => {
    if (process.platform !== 'linux' || spawnSync(PSEUDO_TERMINAL, ['--version']).status !== 0) context.skip(`no ${PSEUDO_TERMINAL} here`);
    const home = makeHome();
    const args = await upArguments(1);
    const terminal = spawn(PSEUDO_TERMINAL, ['-qec', [NODE, KVCTL, ...args].join(' '), '/dev/null'], {
      env: { ...home.env(), TERM: 'xterm' },
      stdio: 'pipe',
    });
    expect(await finished(terminal)).toMatchObject({ exitCode: 0 });
    expect((await statusOf(home)).nodes.map(({ state }) => state)).toEqual(['running', 'running']);
  });

  test('twice gives two clusters by two names, on ports that do not meet, and ls lists them', async () => {
    const home = makeHome();
    const ends = await Promise.all(['one', 'two'].map((name) => home.kvctl(['up', '-n', name, '--followers', '1', '--delay', '0'])));
    expect(ends.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    const ports = ['one', 'two'].flatMap((name) => loadState(name, home.path).nodes.map(({ port }) => port));
    expect(new Set(ports).size).toBe(4);
    const { clusters } = JSON.parse((await home.kvctl(['ls', '-o', 'json'])).stdout) as { clusters: object[] };
    expect(clusters).toMatchObject([
      { name: 'one', state: 'running', running: 2 },
      { name: 'two', state: 'running', running: 2 },
    ]);
  });

  test('on a port that is taken names the owner, exit 1', async () => {
    const home = makeHome();
    const args = await upArguments(1);
    await occupy(Number(args.at(-1)));
    const { exitCode, stderr } = await home.kvctl(args);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`expected port ${args.at(-1)} to be free`);
    if (process.platform === 'linux') expect(stderr).toContain(`(pid ${process.pid})`);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  test('in a directory that cannot be written says which and what to do, exit 1', async () => {
    const home = makeHome();
    const file = join(home.path, 'file');
    writeFileSync(file, '');
    const { exitCode, stderr } = await home.kvctl(await upArguments(1), { env: { KVCTL_HOME: join(file, 'state') } });
    expect(exitCode).toBe(1);
    expect(stderr).toContain(join(file, 'state'));
    expect(stderr).toContain('KVCTL_HOME');
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  test('with a setting that the nodes refuse shows their words, exit 4, and leaves nothing', async () => {
    const home = makeHome();
    const { exitCode, stderr } = await home.kvctl(await upArguments(1, '--set', 'DIALECT=klingon'));
    expect(exitCode).toBe(4);
    expect(stderr).toMatch(/ended with exit code 2.*DIALECT: expected one of/s);
    // What can be known before a node starts is known then.
    const early = await home.kvctl(await upArguments(1, '--set', 'BATCH_MAX=many'));
    expect(early).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('BATCH_MAX: expected an integer from 1 to 100000') });
    expect((await home.kvctl(['ls'])).stdout).toContain('no cluster is known');
  });

  test('of memory nodes does not come back with a leader that lost what its followers hold', async () => {
    const home = makeHome();
    expect(await home.kvctl(await upArguments(1, '--store', 'memory'))).toMatchObject({ exitCode: 0 });
    expect(await home.kvctl(['put', 'kept', '1'])).toMatchObject({ exitCode: 0 });
    const back = await home.kvctl(['restart', 'n1', '--wait-timeout', '1s']);
    expect(back).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('n1') });
    const says = async () => (await statusOf(home)).nodes[0];
    await until('it says why it does not lead', async () => (await says())?.waiting_for?.includes('holds no data') === true);
    expect(await says()).toMatchObject({ state: 'running', phase: 'looking' });
  });

  test('prints its plan without starting anything, and without the token', async () => {
    const home = makeHome();
    const { exitCode, stdout } = await home.kvctl(['up', '--dry-run', '-o', 'json']);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ name: 'default', nodes: { length: 6 } });
    expect(stdout).toContain('"CLUSTER_TOKEN": "***"');
    expect(existsSync(join(home.path, 'clusters'))).toBe(false);
  });
});

describe('an `up` that does not come to its end', () => {
  /** `up` of three nodes, and the state file as soon as `count` of them have a process. */
  async function halfWay(home: Home, count: number): Promise<{ child: ChildProcess; state: ClusterState }> {
    const child = home.start(await upArguments(2));
    let state: ClusterState | null = null;
    await until(`${count} nodes are started`, () => {
      state = readState(clusterPaths('default', home.path));
      return state !== null && pidsOf(state).length >= count;
    });
    return { child, state: state as unknown as ClusterState };
  }

  test.each([1, 3])('because of Ctrl-C after %i nodes leaves no process, exit 105', async (count) => {
    const home = makeHome();
    const { child, state } = await halfWay(home, count);
    const end = finished(child);
    child.kill('SIGINT');
    expect(await end).toMatchObject({ exitCode: 105, stdout: '' });
    expect(living(pidsOf(state))).toEqual([]);
    expect(JSON.parse((await home.kvctl(['ls', '-o', 'json'])).stdout)).toMatchObject({ clusters: [] });
    expect(existsSync(state.data_root)).toBe(false);
  });

  test('because it was killed leaves nodes that the next `up` takes over', async () => {
    const home = makeHome();
    const { child, state } = await halfWay(home, 3);
    const end = finished(child);
    child.kill('SIGKILL');
    await end;
    const next = await home.kvctl(['up', '--followers', '2', '--delay', '0', '--port', `${state.nodes[0]?.port}`]);
    expect(next).toMatchObject({ exitCode: 0 });
    expect((await statusOf(home)).nodes.map((node) => node.state)).toEqual(Array(3).fill('running'));
    expect(pidsOf(loadState('default', home.path))).toEqual(pidsOf(state));
    expect(await home.kvctl(['down'])).toMatchObject({ exitCode: 0 });
    expect(living(pidsOf(state))).toEqual([]);
  });
});

test('without a cluster every verb says how to start one', async () => {
  const home = makeHome();
  const verbs = [['status'], ['logs'], ['restart'], ['kill', 'n1'], ['pause', 'n1'], ['resume', 'n1'], ['partition', 'n1'], ['heal']];
  const refused = { exitCode: 1, stdout: '', stderr: expect.stringContaining('start one with `kvctl up`') };
  expect(await Promise.all(verbs.map((verb) => home.kvctl(verb)))).toMatchObject(verbs.map(() => refused));
  expect(await home.kvctl(['down'])).toMatchObject({ exitCode: 0 });
  expect(await home.kvctl(['ls'])).toMatchObject({ exitCode: 0 });
});
