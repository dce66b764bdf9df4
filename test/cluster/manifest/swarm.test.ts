import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type ManifestWish, parseSwarm } from '../../../src/cluster/manifest/options.ts';
import { describeSwarm, swarmStack } from '../../../src/cluster/manifest/swarm.ts';
import { renderYaml } from '../../../src/cluster/manifest/yaml.ts';
import { type ClusterWish, parseSpec } from '../../../src/cluster/spec.ts';
import { type ComposeDocument, composeReferences } from './references.ts';
import { composeMistakes } from './schema.ts';

function manifest(wish: ClusterWish = {}, more: ManifestWish = {}): string {
  const spec = parseSpec({ name: 'lab', ...wish });
  const options = parseSwarm(spec, more, '0.1.0');
  return renderYaml(describeSwarm(spec, options), [swarmStack(spec, options)]);
}

function stackOf(text: string): ComposeDocument {
  return parse(text, { version: '1.1' }) as ComposeDocument;
}

/** References are looked at in a document that has the right shape. */
function faultsOf(stack: ComposeDocument): string[] {
  const mistakes = composeMistakes(stack);
  return mistakes.length > 0 ? mistakes : composeReferences(stack);
}

test('the stack of a small cluster, to the letter', async () => {
  await expect(manifest({ followers: 1, delay: '0-200', port: 9000 })).toMatchFileSnapshot('golden/swarm.yaml');
});

describe('schema and references approve of', () => {
  test.each<[string, ClusterWish, ManifestWish]>([
    ['the course lab', {}, {}],
    ['published ports', { port: 8000 }, {}],
    ['a leader alone', { followers: 0 }, {}],
    ['the most followers that there can be', { followers: 31, quorum: 31, port: 9000 }, {}],
    ['the memory store', { store: 'memory', followers: 2 }, {}],
    [
      'a secret and an image of its own, and settings',
      { settings: { LOG_LEVEL: 'debug' } },
      { tokenSecret: 'ours', image: `localhost:5000/kvctl@sha256:${'0'.repeat(64)}` },
    ],
  ])('%s', (_name, wish, more) => {
    expect(faultsOf(stackOf(manifest(wish, more)))).toEqual([]);
  });
});

describe('refused, and for its own reason, is', () => {
  const set = (target: object | undefined, key: string, value: unknown) => Reflect.set(target as object, key, value);

  test.each<[string, (stack: ComposeDocument) => unknown, RegExp]>([
    ['a misspelt field of a service', ({ services }) => set(services['n2'], 'healtcheck', {}), /^\/services\/n2 .*additional.*healtcheck/],
    [
      'a misspelt field of its deployment',
      ({ services }) => set(services['n2']?.deploy, 'replica', 1),
      /^\/services\/n2\/deploy .*"replica"/,
    ],
    [
      'a text where a number belongs',
      ({ services }) => set(services['n1']?.deploy, 'replicas', 'one'),
      /^\/services\/n1\/deploy\/replicas .*integer/,
    ],
    [
      'a published port that nobody listens on',
      ({ services }) => set(services['n1']?.ports?.[0], 'target', 80),
      /^n1: nobody listens on port 80$/,
    ],
    [
      'a port that is published twice',
      ({ services }) => set(services['n2']?.ports?.[0], 'published', 9000),
      /^ports: 9000 is published twice$/,
    ],
    [
      'a volume that is not declared',
      ({ volumes }) => Reflect.deleteProperty(volumes as object, 'n2-data'),
      /^n2: there is no volume n2-data$/,
    ],
    [
      'two nodes on one volume',
      ({ services }) => set(services['n2']?.volumes[0], 'source', 'n1-data'),
      /^volumes: expected one service to mount n1-data$/,
    ],
    ['a network that is not declared', (stack) => set(stack, 'networks', {}), /^n1: there is no network nodes$/],
    ['a secret that is not declared', (stack) => set(stack, 'secrets', {}), /^n1: there is no secret token$/],
    [
      'a secret that is mounted elsewhere',
      ({ services }) => set(services['n1']?.secrets[0], 'target', 'other'),
      /^n1: its start reads no secret/,
    ],
    ['a node without a service', ({ services }) => Reflect.deleteProperty(services, 'n3'), /^n1: there is no service n3$/],
    [
      'a node that takes itself for another',
      ({ services }) => set(services['n2']?.environment, 'NODE_ID', 'n3'),
      /^n2: it is not among its own NODES$/,
    ],
  ])('%s', (_name, mutate, reason) => {
    const stack = stackOf(manifest({ followers: 2, port: 9000 }));
    expect(faultsOf(stack)).toEqual([]);
    mutate(stack);
    expect(faultsOf(stack)).toContainEqual(expect.stringMatching(reason));
  });
});

test('nothing is published unless it is asked for, because reads and writes need no token', () => {
  expect(Object.values(stackOf(manifest()).services).flatMap(({ ports }) => ports ?? [])).toEqual([]);
  expect(Object.values(stackOf(manifest({ port: 9000, followers: 2 })).services).map(({ ports }) => ports?.[0]?.published)).toEqual([
    9000, 9001, 9002,
  ]);
});

test('every node is bound to a machine of its own label', () => {
  const constraints = Object.values(stackOf(manifest({ followers: 2 })).services).flatMap(({ deploy }) => deploy.placement.constraints);
  expect(constraints).toEqual(['n1', 'n2', 'n3'].map((id) => `node.labels.kvctl-lab-${id} == true`));
});

test('a dollar that is meant for the shell is none that docker fills in', () => {
  const { services } = stackOf(manifest());
  const start = services['n1']?.entrypoint[2] ?? '';
  expect(start.replaceAll('$$', '')).not.toContain('$');
  expect(start).toContain('$${CLUSTER_TOKEN:?');
});
