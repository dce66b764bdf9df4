/**
 * The manifests' containers as processes of this machine: started by their own shell lines with their own variables, only the
 * addresses are others, because there are no pods and no overlay network here. Docker's own word on the stack, where it is there.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { kubernetesObjects } from '../../src/cluster/manifest/kubernetes.ts';
import { parseKubernetes, parseSwarm } from '../../src/cluster/manifest/options.ts';
import { swarmStack } from '../../src/cluster/manifest/swarm.ts';
import { renderYaml } from '../../src/cluster/manifest/yaml.ts';
import { parseSpec } from '../../src/cluster/spec.ts';
import { Home } from '../cli/kvctl.ts';
import { type Container, podContainers, stackContainers } from '../cluster/manifest/containers.ts';
import { type ComposeDocument, sortOut } from '../cluster/manifest/references.ts';
import { freePorts } from '../cluster/sandbox.ts';
import { RealNode } from '../support/real-node.ts';
import { requireOrSkip } from '../support/require.ts';

const TOKEN = 'token-of-this-cluster';
const FOLLOWERS = 2;

function directoryOfTest(): string {
  const directory = mkdtempSync(join(tmpdir(), 'kvctl-manifest-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

const spec = parseSpec({ name: 'lab', followers: FOLLOWERS, quorum: 2, delay: '0-2' });

function pods(): Container[] {
  return podContainers(sortOut(kubernetesObjects(spec, parseKubernetes(spec, {}, '0.1.0', TOKEN))).statefulSet, 'course', TOKEN);
}

function services(directory: string): Container[] {
  const secret = join(directory, 'secret');
  writeFileSync(secret, `${TOKEN}\n`);
  return stackContainers(swarmStack(spec, parseSwarm(spec, {}, '0.1.0')) as ComposeDocument, secret);
}

/** Each container's node, on a port of this machine and with a directory of its own; PUBLIC_URL and NODES say so. */
async function onThisMachine(containers: readonly Container[], directory: string): Promise<RealNode[]> {
  const base = await freePorts(containers.length);
  const urls = containers.map(({ environment }) => environment['PUBLIC_URL'] ?? '');
  const here = (text: string) => urls.reduce((done, url, index) => done.replace(url, `http://127.0.0.1:${base + index}`), text);
  return containers.map(({ environment, start }, index) => {
    const moved = Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, here(value)]));
    const own = { HOST: '127.0.0.1', PORT: `${base + index}`, DATA_DIR: join(directory, `data-${index}`) };
    return new RealNode({ ...moved, ...own }, start);
  });
}

describe.each([
  ['kubernetes', pods],
  ['swarm', services],
])('what %s starts', (_name, containersOf) => {
  test('is born as one cluster, which its leader leads again after it was killed, and which obeys its token', async () => {
    const directory = directoryOfTest();
    const nodes = await onThisMachine(containersOf(directory), directory);
    onTestFinished(async () => void (await Promise.all(nodes.map((node) => node.kill()))));
    for (const node of nodes) node.start();
    const leader = nodes[0] as RealNode;
    const isReady = async (epoch: number) =>
      leader.reaches(
        `leads epoch ${epoch} and streams to all`,
        (status) =>
          status.phase === 'open' &&
          status.epoch === epoch &&
          status.replicas.filter(({ link, is_up }) => link === 'stream' && is_up).length === FOLLOWERS,
      );
    await isReady(1);
    expect(await Promise.all(nodes.map(async (node) => (await node.status())?.role))).toEqual(['leader', 'follower', 'follower']);

    using home = new Home();
    const kvctl = (...args: string[]) => home.kvctl(['--leader', leader.url, ...args], { env: { KVCTL_TOKEN: TOKEN } });
    expect(await kvctl('put', 'a', '1')).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('on n1 and 2 followers') });
    expect(await kvctl('quorum', '1')).toMatchObject({ exitCode: 0 });
    expect(await home.kvctl(['--leader', leader.url, 'quorum', '2'])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('cluster token'),
    });

    await leader.kill();
    leader.start();
    await isReady(2);
    expect(await kvctl('get', 'a', '--node', 'n3')).toMatchObject({ exitCode: 0, stdout: '1\n' });
    expect(await kvctl('parity', '--wait', '10s', '-q')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/n2 +match[\s\S]*n3 +match/),
    });
  });
});

test('docker reads the stack as it is meant', (ctx) => {
  const found = spawnSync('docker', ['stack', 'config', '--help'], { encoding: 'utf8' });
  requireOrSkip(ctx, 'docker', found.error === undefined, 'there is no `docker`');
  if (!found.stdout.includes('docker stack config')) ctx.skip('this `docker` has no `stack config` yet');
  const file = join(directoryOfTest(), 'stack.yaml');
  writeFileSync(file, renderYaml([], [swarmStack({ ...spec, port: 9000 }, parseSwarm(spec, {}, '0.1.0'))]));
  const { status, stdout, stderr } = spawnSync('docker', ['stack', 'config', '-c', file], {
    encoding: 'utf8',
    env: { ...process.env, CLUSTER_TOKEN: 'of-the-shell' },
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toContain('CLUSTER_TOKEN="$(cat /run/secrets/cluster-token)"');
  expect(stdout).not.toContain('of-the-shell');
  expect(stdout.match(/published: \d+/g)).toEqual(['published: 9000', 'published: 9001', 'published: 9002']);
});
