/** The compose target through the real executable: the same words as on processes, with real containers, volumes and networks. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { packageRoot } from '#entry';
import { imageName } from '../../src/cluster/compose/image.ts';
import { clusterPaths } from '../../src/cluster/home.ts';
import { loadState } from '../../src/cluster/state.ts';
import { type ClusterStatus, clusterStatus } from '../../src/cluster/status.ts';
import { finished, Home, type Ran } from '../cli/kvctl.ts';
import { freePorts, until } from '../cluster/sandbox.ts';
import { belongingsOf, composeCommand, docker, whyNoDocker } from '../support/docker.ts';
import { requireOrSkip } from '../support/require.ts';

const missing = whyNoDocker();
const home = new Home();
/** Every project of this state directory ends with its hash. */
const hash = clusterPaths('default', home.path).project.replace('kvctl-default', '');
const IMAGE_MS = 300_000;

beforeEach((ctx) => requireOrSkip(ctx, 'docker', missing === null, missing ?? ''));

afterAll(async () => {
  if (missing === null) for (const name of ['default', 'two', 'cut']) await home.kvctl(['down', '--purge', '-n', name]);
  home[Symbol.dispose]();
});

/** Fails, with everything that was said, unless the exit code is as expected. */
async function kvctl(args: readonly string[], exitCode = 0): Promise<Ran> {
  const ran = await home.kvctl(args);
  expect(ran.exitCode, `kvctl ${args.join(' ')}\n${ran.stdout}${ran.stderr}`).toBe(exitCode);
  return ran;
}

async function json<T>(args: readonly string[], exitCode = 0): Promise<T> {
  return JSON.parse((await kvctl([...args, '-o', 'json'], exitCode)).stdout) as T;
}

/** What `kvctl status` prints, without another process for it. */
async function nodesOf(): Promise<ClusterStatus['nodes']> {
  return (await clusterStatus(loadState('default', home.path))).nodes;
}

function containerOf(id: string, name = 'default'): string {
  const { project } = clusterPaths(name, home.path);
  const labels = [`com.docker.compose.project=${project}`, `com.docker.compose.service=${id}`];
  return docker('ps', '--all', '--quiet', ...labels.flatMap((label) => ['--filter', `label=${label}`])).stdout;
}

const UP = ['up', '--target', 'compose', '--followers', '2', '--quorum', '1', '--delay', '0-20'];

describe('a cluster of containers', () => {
  test(
    'comes up, of an image that is made when there is none, and says so',
    async () => {
      const { stdout } = await kvctl([...UP, '--port', `${await freePorts(3)}`]);
      expect(stdout).toContain('cluster "default" is ready');
      expect(stdout).toContain(`in the volumes kvctl-default${hash}_n1 to kvctl-default${hash}_n3`);
      expect(docker('images', '--quiet', imageName()).stdout).not.toBe('');
      const { nodes } = await json<ClusterStatus>(['status']);
      expect(nodes.map(({ node, role, state, pid, data_dir }) => [node, role, state, pid, data_dir])).toEqual([
        ['n1', 'leader', 'running', null, `kvctl-default${hash}_n1`],
        ['n2', 'follower', 'running', null, `kvctl-default${hash}_n2`],
        ['n3', 'follower', 'running', null, `kvctl-default${hash}_n3`],
      ]);
      for (const { url } of nodes) expect(stdout).toContain(url);
    },
    IMAGE_MS,
  );

  test('has nodes that are not root, under an init, limited, published on 127.0.0.1 only, and never restarted', () => {
    const [inspected] = JSON.parse(docker('inspect', containerOf('n2')).stdout) as [
      { Config: { User: string; Healthcheck: object }; HostConfig: Record<string, object> },
    ];
    expect(inspected.Config.User).toBe('node');
    expect(inspected.HostConfig).toMatchObject({ RestartPolicy: { Name: 'no' }, Memory: 2 ** 30, NanoCpus: 1e9, ReadonlyRootfs: true });
    expect(Object.values(inspected.HostConfig['PortBindings'] ?? {})).toEqual([[{ HostIp: '127.0.0.1', HostPort: expect.any(String) }]]);
    expect(docker('exec', containerOf('n2'), 'cat', '/proc/1/comm').stdout).toBe('tini');
    expect(docker('exec', containerOf('n2'), 'id', '-un').stdout).toBe('node');
  });

  test('has a health check that tells a node that answers from none', () => {
    expect(docker('exec', containerOf('n2'), '/app/health').exitCode).toBe(0);
    expect(docker('exec', '--env', 'PORT=8001', containerOf('n2'), '/app/health').exitCode).toBe(1);
  });

  test('is already running for the same `up`, and refuses another one', async () => {
    expect((await kvctl(UP)).stdout).toContain('is already running');
    expect((await kvctl([...UP.slice(0, -2), '--delay', '5'], 1)).stderr).toContain('delay: it has 0-20, asked for 5');
    expect((await kvctl(['up', '--followers', '2', '--quorum', '1', '--delay', '0-20'], 1)).stderr).toContain(
      'target: it has compose, asked for local',
    );
  });

  test('takes data, and its followers name the leader by a URL that is one outside, too', async () => {
    await kvctl(['put', 'a', '1']);
    await kvctl(['put', 'b', '{"x":[2]}', '--quorum', '2']);
    await kvctl(['del', 'a']);
    expect((await kvctl(['get', 'b', '--node', 'n3'])).stdout.trim()).toBe('{"x":[2]}');
    expect((await json<{ items: { key: string }[] }>(['list'])).items.map(({ key }) => key)).toEqual(['b']);
    const follower = (await nodesOf())[1]!.url;
    const body = { method: 'PUT', headers: { 'content-type': 'application/json' }, body: '{"value":3}' };
    const refusal = (await (await fetch(`${follower}/kv/c`, body)).json()) as { error: string; detail: { leader_url: string } };
    expect(refusal).toMatchObject({ error: 'not_leader', detail: { leader: 'n1' } });
    expect((await fetch(`${refusal.detail.leader_url}/kv/c`, body)).status).toBe(200);
  });

  test('lets its quorum and its network be turned', async () => {
    expect(await json(['quorum', '2'])).toMatchObject({ write_quorum: 2, previous: 1 });
    await kvctl(['network', '--delay', '1', '--node', 'n2']);
    await kvctl(['put', 'd', '4']);
    expect(await json(['quorum', '1'])).toMatchObject({ write_quorum: 1, previous: 2 });
    await kvctl(['parity', '--wait', '10s']);
  });

  test('loses a killed node, which stays dead, and gets it back with its data by restart', async () => {
    expect(await json(['kill', 'n3'])).toMatchObject({ nodes: [{ node: 'n3', before: 'running', after: 'stopped' }] });
    expect(docker('inspect', '--format', '{{.State.Status}} {{.State.ExitCode}}', containerOf('n3')).stdout).toBe('exited 137');
    await kvctl(['put', 'while-away', '5']);
    expect((await nodesOf()).map(({ state }) => state)).toEqual(['running', 'running', 'stopped']);
    await kvctl(['parity'], 1);
    expect(await json(['kill', 'n3'])).toMatchObject({ nodes: [{ before: 'stopped', after: 'stopped' }] });
    await kvctl(['restart', 'n3']);
    await kvctl(['parity', '--wait', '10s']);
    expect((await kvctl(['get', 'while-away', '--node', 'n3'])).stdout.trim()).toBe('5');
  });

  test('has nodes that end by themselves when they are asked to', async () => {
    await kvctl(['kill', 'n2', '-s', 'TERM']);
    expect(docker('inspect', '--format', '{{.State.ExitCode}}', containerOf('n2')).stdout).toBe('0');
    expect((await kvctl(['logs', 'n2', '--lines', '2'])).stdout).toMatch(/draining.*\n.*stopped/);
    await kvctl(['restart', 'n2']);
  });

  test('freezes and thaws a node', async () => {
    expect(await json(['pause', 'n3'])).toMatchObject({ nodes: [{ before: 'running', after: 'paused' }] });
    await kvctl(['put', 'while-frozen', '6']);
    expect((await nodesOf())[2]?.state).toBe('paused');
    await kvctl(['pause', 'n3']);
    expect(await json(['resume', 'n3'])).toMatchObject({ nodes: [{ before: 'paused', after: 'running' }] });
    await kvctl(['parity', '--wait', '20s']);
  });

  test('is cut by the nodes’ own tables, and healed', async () => {
    await kvctl(['partition', 'n3']);
    expect((await kvctl(['put', 'x', '7', '--quorum', '2'], 1)).stderr).toContain('1 of 2 followers acked');
    // Clients reach both sides.
    expect((await nodesOf()).map(({ state }) => state)).toEqual(['running', 'running', 'running']);
    await kvctl(['heal']);
    await kvctl(['parity', '--wait', '20s']);
  });

  test('is cut by taking a container off its network, which clients feel, too, and healed', async () => {
    expect(await json(['partition', 'n3', '--disconnect'])).toMatchObject({
      nodes: [{ node: 'n3', before: 'connected', after: 'disconnected' }],
    });
    const cut = (await nodesOf())[2];
    expect(cut).toMatchObject({ state: 'unreachable', waiting_for: expect.stringContaining('kvctl heal') });
    expect((await kvctl(['get', 'b', '--node', 'n3'], 1)).stdout).toBe('');
    await kvctl(['put', 'while-cut', '8']);
    expect(await json(['heal'])).toMatchObject({ reconnected: ['n3'] });
    await kvctl(['parity', '--wait', '20s']);
    expect((await kvctl(['get', 'while-cut', '--node', 'n3'])).stdout.trim()).toBe('8');
  });

  test('plugs a node in again that is restarted off its network', async () => {
    await kvctl(['partition', 'n2', '--disconnect']);
    await kvctl(['restart', 'n2']);
    expect((await nodesOf())[1]).toMatchObject({ state: 'running', link: 'stream' });
  });

  test('shows logs as they come, across the death of a container, and leaves no process behind', async () => {
    const following = home.start(['logs', 'n2', '--follow', '--lines', '1']);
    const end = finished(following);
    let seen = '';
    following.stdout?.on('data', (text: string) => {
      seen += text;
    });
    await until('it follows', () => seen.includes('\n'));
    await kvctl(['kill', 'n2']);
    await kvctl(['restart', 'n2']);
    await until('the second start is seen', () => seen.split('listening').length >= 3 || /\n.*listening/.test(seen), 20_000);
    following.kill('SIGINT');
    await end;
    const left = spawnSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).stdout.split('\n');
    expect(left.filter((line) => line.startsWith('docker logs') && line.includes(containerOf('n2')))).toEqual([]);
    expect(new Set(seen.trim().split('\n')).size).toBe(seen.trim().split('\n').length);
  });

  test('lives beside another one, with ports and a network of its own', async () => {
    await kvctl([
      'up',
      '-n',
      'two',
      '--target',
      'compose',
      '--followers',
      '1',
      '--delay',
      '0',
      '--store',
      'memory',
      '--port',
      `${await freePorts(2)}`,
    ]);
    const { clusters } = await json<{ clusters: { name: string; target: string; state: string }[] }>(['ls']);
    expect(clusters).toMatchObject([
      { name: 'default', target: 'compose', state: 'running' },
      { name: 'two', target: 'compose', state: 'running' },
    ]);
    await kvctl(['put', '-n', 'two', 'only-here', '1']);
    await kvctl(['kill', '-n', 'two', 'all']);
    expect((await nodesOf()).map(({ state }) => state)).toEqual(['running', 'running', 'running']);
    await kvctl(['get', 'only-here'], 1);
    await kvctl(['down', '-n', 'two', '--purge']);
    expect(belongingsOf(`kvctl-two${hash}`)).toEqual([]);
  });

  test('goes down without a container or network left, keeps its volumes and logs, and goes on with them', async () => {
    await kvctl(['put', 'kept', '9']);
    await kvctl(['down']);
    expect(belongingsOf(hash).sort()).toEqual(['n1', 'n2', 'n3'].map((id) => `volume kvctl-default${hash}_${id}`));
    expect((await kvctl(['logs', 'n1', '--lines', '1'])).stdout).toContain('stopped');
    expect((await kvctl([...UP, '--followers', '1'], 1)).stderr).toContain('followers: it has 2, asked for 1');
    await kvctl(UP);
    expect((await kvctl(['get', 'kept'])).stdout.trim()).toBe('9');
    await kvctl(['down', '--purge']);
    expect(belongingsOf(hash)).toEqual([]);
    expect(docker('images', '--quiet', imageName()).stdout).not.toBe('');
    await kvctl(['down']);
  });
});

test('bench --target compose sweeps the quorum on containers of its own, and removes them', async () => {
  const port = `${await freePorts(3)}`;
  const args = [
    'bench',
    '--target',
    'compose',
    '--followers',
    '2',
    '--quorums',
    '1-2',
    '--delay',
    '50-300',
    '--writes',
    '30',
    '--port',
    port,
  ];
  const ran = await home.kvctl([...args, '-o', 'json', '--out', join(home.path, 'run')]);
  // 5: on a machine that is busy otherwise the figures are doubted. That is no matter of the target.
  expect([0, 5], `${ran.stdout}${ran.stderr}`).toContain(ran.exitCode);
  const result = JSON.parse(ran.stdout) as {
    results: { quorum: number; successes: number; avg_latency_ms: number; floor_ms: number }[];
    parity: object[];
  };
  expect(result.results.map(({ quorum, successes }) => [quorum, successes])).toEqual([
    [1, 30],
    [2, 30],
  ]);
  for (const { avg_latency_ms, floor_ms } of result.results) expect(avg_latency_ms).toBeGreaterThan(floor_ms);
  expect(result.parity).toMatchObject([
    { node: 'n2', status: 'match' },
    { node: 'n3', status: 'match' },
  ]);
  expect(belongingsOf(hash)).toEqual([]);
});

test('an `up` whose node ends says why at once, with its last words, and leaves nothing but the log that it names', async () => {
  const port = `${await freePorts(1)}`;
  const { stderr } = await kvctl(
    ['up', '-n', 'cut', '--target', 'compose', '--followers', '0', '--port', port, '--set', 'DIALECT=klingon'],
    4,
  );
  expect(stderr).toMatch(/node n1 ended with exit code 2 before it was ready.*n1[.]log:\n.*DIALECT: expected one of/s);
  expect(belongingsOf(`kvctl-cut${hash}`)).toEqual([]);
  expect(readFileSync(/the end of its log, (.*):\n/.exec(stderr)?.[1] ?? '', 'utf8')).toContain('DIALECT: expected one of');
});

test('an `up` that is interrupted leaves no container, volume or network, exit 105', async () => {
  const child = home.start([...UP, '-n', 'cut', '--port', `${await freePorts(3)}`]);
  const end = finished(child);
  await until('there is a container', () => belongingsOf(`kvctl-cut${hash}`).some((line) => line.startsWith('container')), 60_000);
  child.kill('SIGINT');
  expect(await end).toMatchObject({ exitCode: 105, stdout: '' });
  expect(belongingsOf(`kvctl-cut${hash}`)).toEqual([]);
  expect(await json(['ls'])).toMatchObject({ clusters: [] });
});

test(
  'the npm package has what a plain `docker compose up --build` needs: six nodes, by their defaults or as the environment says',
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'kvctl-package-'));
    const project = `kvctl-plain${hash}`;
    // Six ports from one that ends with 0.
    const base = `${Math.ceil((await freePorts(15)) / 10)}`;
    const image = `kvctl-node:plain${hash}`;
    const [file = '', ...words] = composeCommand() ?? [];
    const run = (command: string, args: readonly string[], cwd: string) => {
      const env = home.env({ KVCTL_IMAGE: image, PORT_PREFIX: base, DELAY: '0-20', WRITE_QUORUM: '5', CLUSTER_TOKEN: 'plain-token' });
      const { status, stdout, stderr } = spawnSync(command, args, { cwd, env, encoding: 'utf8' });
      expect(status, `${stdout}${stderr}`).toBe(0);
    };
    const compose = (...args: string[]) => run(file, [...words, '--project-name', project, ...args], join(directory, 'package'));
    try {
      run('npm', ['pack', '--pack-destination', directory], packageRoot);
      run('sh', ['-c', 'tar -xzf ./*.tgz'], directory);
      compose('up', '--build', '--detach');
      const leader = `http://127.0.0.1:${base}0`;
      const write = async () => {
        const answer = await fetch(`${leader}/kv/plain`, {
          method: 'PUT',
          headers: { 'content-type': 'application/json' },
          body: '{"value":1}',
        });
        return answer.status === 200 && ((await answer.json()) as { required: number }).required === 5;
      };
      await until('a write is acknowledged by all five followers', () => write().catch(() => false), 60_000);
      expect(await (await fetch(`http://127.0.0.1:${base}5/kv/plain`)).json()).toMatchObject({ value: 1, node: 'n6' });
      expect((await fetch(`${leader}/admin/quorum`)).status).toBe(401);
    } finally {
      compose('down', '--volumes');
      docker('image', 'rm', image);
      rmSync(directory, { recursive: true, force: true });
    }
    expect(belongingsOf(project)).toEqual([]);
  },
  IMAGE_MS,
);
