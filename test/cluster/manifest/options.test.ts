import { describe, expect, test } from 'vitest';
import { type ManifestWish, parseKubernetes, parseSwarm } from '../../../src/cluster/manifest/options.ts';
import { type ClusterWish, parseSpec } from '../../../src/cluster/spec.ts';

const kubernetes = (wish: ManifestWish, cluster: ClusterWish = {}) => parseKubernetes(parseSpec(cluster), wish, '0.1.0', 'secret-token');
const swarm = (wish: ManifestWish, cluster: ClusterWish = {}) => parseSwarm(parseSpec(cluster), wish, '0.1.0');

test('everything has a default', () => {
  expect(kubernetes({})).toEqual({
    image: 'kvctl-node:0.1.0',
    name: 'kvctl-default',
    namespace: null,
    tokenSecret: 'kvctl-default-token',
    token: 'secret-token',
    storage: '1Gi',
    storageClass: null,
    spread: 'preferred',
  });
  expect(swarm({})).toEqual({ image: 'kvctl-node:0.1.0', stack: 'kvctl-default', tokenSecret: 'kvctl-default-token' });
});

test('a secret that is named is not made', () => {
  expect(kubernetes({ tokenSecret: 'ours' })).toMatchObject({ tokenSecret: 'ours', token: null });
});

describe('refused with what was expected and got is', () => {
  test.each<[string, () => unknown, string]>([
    [
      'a name with an underscore',
      () => kubernetes({}, { name: 'my_lab' }),
      '--name: expected a-z, 0-9 and "-", ending in a letter or digit (Kubernetes allows no "_"), got "my_lab"',
    ],
    [
      'a name that ends in a dash',
      () => kubernetes({}, { name: 'lab-' }),
      '--name: expected a-z, 0-9 and "-", ending in a letter or digit (Kubernetes allows no "_"), got "lab-"',
    ],
    [
      "a name whose Service would be another's",
      () => kubernetes({}, { name: 'lab-nodes' }),
      '--name: expected a name that does not end in "-nodes", which the nodes\' own Service ends in, got "lab-nodes"',
    ],
    [
      'a namespace that is none',
      () => kubernetes({ namespace: 'My' }),
      '--namespace: expected a-z, 0-9 and "-", ending in a letter or digit, got "My"',
    ],
    [
      'an empty namespace',
      () => kubernetes({ namespace: '' }),
      '--namespace: expected a-z, 0-9 and "-", ending in a letter or digit, got ""',
    ],
    ['a size that is none', () => kubernetes({ storage: '10 GB' }), '--storage: expected a size like 500Mi or 10Gi, got "10 GB"'],
    [
      'a size for a store that keeps nothing',
      () => kubernetes({ storage: '1Gi' }, { store: 'memory' }),
      '--storage: expected only with --store sqlite, got --store memory, which keeps nothing',
    ],
    [
      'a class for a store that keeps nothing',
      () => kubernetes({ storageClass: 'fast' }, { store: 'memory' }),
      '--storage-class: expected only with --store sqlite, got --store memory, which keeps nothing',
    ],
    ['another spread', () => kubernetes({ spread: 'wide' }), '--spread: expected preferred or required, got "wide"'],
    [
      'an image with a space',
      () => kubernetes({ image: 'kvctl 1' }),
      '--image: expected an image like registry.example.com/kvctl-node:0.1.0, got "kvctl 1"',
    ],
    [
      'an image that a shell would fill in',
      () => swarm({ image: '$IMAGE' }),
      '--image: expected an image like registry.example.com/kvctl-node:0.1.0, got "$IMAGE"',
    ],
    [
      'a port, of Kubernetes',
      () => kubernetes({}, { port: 9000 }),
      '--port: expected only with swarm, got it with kubernetes, where `kubectl port-forward` chooses it',
    ],
    ['a namespace, of Swarm', () => swarm({ namespace: 'course' }), '--namespace: expected only with kubernetes, got it with swarm'],
    [
      'a storage class, of Swarm',
      () => swarm({ storageClass: 'fast' }),
      '--storage-class: expected only with kubernetes, got it with swarm',
    ],
    ...['a//b:::', 'x@y@z', 'A/b', 'a:', 'a@sha256:0'].map((image): [string, () => unknown, string] => [
      `the image ${image}`,
      () => kubernetes({ image }),
      `--image: expected an image like registry.example.com/kvctl-node:0.1.0, got "${image}"`,
    ]),
    ...['a..b', 'a.-.b', '.a', 'A'].map((tokenSecret): [string, () => unknown, string] => [
      `the secret ${tokenSecret}, of Kubernetes`,
      () => kubernetes({ tokenSecret }),
      `--token-secret: expected labels of a-z, 0-9 and "-", ending in a letter or digit, joined by single dots, got "${tokenSecret}"`,
    ]),
    [
      'a secret name that Swarm would refuse',
      () => swarm({ tokenSecret: 'a/b' }),
      '--token-secret: expected letters, digits, ".", "-" and "_", got "a/b"',
    ],
  ])('%s', (_name, parse, message) => {
    expect(parse).toThrow(expect.objectContaining({ code: 'usage', message }));
  });
});
