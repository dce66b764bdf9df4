/** The manifests by the node's own rules: what each container starts with is a configuration that the node takes, and its own. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { packageRoot } from '#entry';
import { DATA_DIR, IMAGE } from '../../../src/cluster/manifest/container.ts';
import { kubernetesObjects } from '../../../src/cluster/manifest/kubernetes.ts';
import { parseKubernetes, parseSwarm } from '../../../src/cluster/manifest/options.ts';
import { swarmStack } from '../../../src/cluster/manifest/swarm.ts';
import { type ClusterWish, parseSpec } from '../../../src/cluster/spec.ts';
import { type NodeConfig, parseEnvironment } from '../../../src/node/config.ts';
import { type Container, podContainers, stackContainers, startedWith } from './containers.ts';
import { type ComposeDocument, sortOut } from './references.ts';

const TOKEN = '0123456789abcdef';

function pods(wish: ClusterWish, token = TOKEN): Container[] {
  const spec = parseSpec({ name: 'lab', ...wish });
  return podContainers(sortOut(kubernetesObjects(spec, parseKubernetes(spec, {}, '0.1.0', TOKEN))).statefulSet, 'course', token);
}

function services(wish: ClusterWish, secret: string | null = `${TOKEN}\n`): Container[] {
  const directory = mkdtempSync(join(tmpdir(), 'kvctl-secret-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'secret');
  if (secret !== null) writeFileSync(file, secret);
  const spec = parseSpec({ name: 'lab', ...wish });
  return stackContainers(swarmStack(spec, parseSwarm(spec, {}, '0.1.0')) as ComposeDocument, file);
}

function configsOf(containers: readonly Container[]): NodeConfig[] {
  return containers.map((container) => {
    const { status, stderr, environment } = startedWith(container);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const parsed = parseEnvironment(environment);
    if ('mistakes' in parsed) throw new Error(parsed.mistakes.join('\n'));
    return parsed.config;
  });
}

describe.each([
  ['kubernetes', pods, (id: number) => `http://kvctl-lab-${id}.kvctl-lab-nodes.course.svc:8000`],
  ['swarm', services, (id: number) => `http://n${id}:8000`],
])('every node of %s', (_name, containersOf, urlOf) => {
  test('is started as itself: n1 to be born as leader, the others as followers, all knowing all', () => {
    const configs = configsOf(containersOf({ followers: 2, quorum: 1, delay: '0-200;n2=50', seed: 7 }));
    const members = [1, 2, 3].map((id) => ({ id: `n${id}`, url: urlOf(id) }));
    expect(configs.map(({ nodeId, isBornLeader, publicUrl }) => ({ nodeId, isBornLeader, publicUrl }))).toEqual(
      members.map(({ id, url }, index) => ({ nodeId: id, isBornLeader: index === 0, publicUrl: url })),
    );
    for (const config of configs) {
      expect(config).toMatchObject({
        host: '0.0.0.0',
        port: 8000,
        members,
        quorum: 1,
        seed: 7,
        store: 'sqlite',
        dataDir: DATA_DIR,
        token: TOKEN,
      });
    }
    expect(configs[0]?.network.get('n2')?.delay).toEqual({ kind: 'constant', value: 50 });
  });

  test('keeps nothing with the memory store', () => {
    for (const config of configsOf(containersOf({ followers: 1, store: 'memory' }))) {
      expect(config).toMatchObject({ store: 'memory', dataDir: null });
    }
  });

  test('keeps its number beyond nine', () => {
    const config = configsOf(containersOf({ followers: 11 }).slice(10, 11))[0];
    expect(config).toMatchObject({ nodeId: 'n11', isBornLeader: false, publicUrl: urlOf(11) });
  });

  test('gets its settings', () => {
    const [config] = configsOf(containersOf({ followers: 0, settings: { QUORUM_TIMEOUT_MS: '700', LOG_LEVEL: 'debug' } }));
    expect(config).toMatchObject({ logLevel: 'debug', limits: { quorumTimeoutMs: 700 } });
  });
});

describe('a node that would obey everybody is not started', () => {
  test.each([
    ['a Secret with an empty token', () => pods({ followers: 0 }, '')],
    ['an empty docker secret', () => services({ followers: 0 }, '\n')],
    ['a docker secret that is not there', () => services({ followers: 0 }, null)],
  ])('%s', (_name, containersOf) => {
    const [container] = containersOf();
    const { status, stderr, environment } = startedWith(container as Container);
    expect(status).not.toBe(0);
    expect(stderr).toContain('expected a token in the');
    expect(environment).toEqual({});
  });
});

test('the image is what the manifests take it for', () => {
  const file = join(packageRoot, 'Dockerfile');
  const dockerfile = readFileSync(file, 'utf8');
  expect(dockerfile).toContain(`CMD ${JSON.stringify(IMAGE.command).replaceAll(',', ', ')}`);
  expect(dockerfile).toContain(`CMD ["${IMAGE.health}"]`);
  expect(dockerfile).toMatch(new RegExp(`DATA_DIR=${IMAGE.dataRoot}$`, 'm'));
  // The user `node` of the base image has this number.
  expect([dockerfile.includes('USER node'), IMAGE.user]).toEqual([true, 1000]);
});
