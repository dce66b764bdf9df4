import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { describeKubernetes, kubernetesObjects, minAvailable } from '../../../src/cluster/manifest/kubernetes.ts';
import { type ManifestWish, parseKubernetes } from '../../../src/cluster/manifest/options.ts';
import { renderYaml } from '../../../src/cluster/manifest/yaml.ts';
import { type ClusterWish, parseSpec } from '../../../src/cluster/spec.ts';
import { containerOf, kubernetesReferences, sortOut } from './references.ts';
import { kubernetesMistakes } from './schema.ts';

const TOKEN = '0123456789abcdef';

function manifest(wish: ClusterWish = {}, more: ManifestWish = {}): string {
  const spec = parseSpec({ name: 'lab', ...wish });
  const options = parseKubernetes(spec, more, '0.1.0', TOKEN);
  return renderYaml(describeKubernetes(spec, options), kubernetesObjects(spec, options));
}

/** As whoever applies it reads it. */
function documentsOf(text: string): object[] {
  return parseAllDocuments(text, { version: '1.1' }).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as object;
  });
}

/** References are looked at in documents that have the right shape. */
function faultsOf(documents: readonly object[], existingSecret: string | null = null): string[] {
  const mistakes = documents.flatMap(kubernetesMistakes);
  return mistakes.length > 0 ? mistakes : kubernetesReferences(documents, existingSecret);
}

test('the manifests of the course lab, to the letter', async () => {
  await expect(manifest()).toMatchFileSnapshot('golden/kubernetes.yaml');
});

test('the manifests of a cluster with everything asked for, to the letter', async () => {
  const text = manifest(
    { followers: 3, quorum: 1, delay: '0-200;n2=50', store: 'sqlite', seed: 7, settings: { QUORUM_TIMEOUT_MS: '30000' } },
    {
      image: 'registry.example.com:5000/kvctl-node:0.1.0',
      namespace: 'course',
      tokenSecret: 'our-token',
      storage: '10Gi',
      storageClass: 'fast',
      spread: 'required',
    },
  );
  await expect(text).toMatchFileSnapshot('golden/kubernetes-everything.yaml');
});

describe('schemas and references approve of', () => {
  test.each<[string, ClusterWish, ManifestWish]>([
    ['the course lab', {}, {}],
    ['a leader alone', { followers: 0 }, {}],
    ['one follower', { followers: 1 }, {}],
    ['the most followers that there can be', { followers: 31, quorum: 31 }, {}],
    ['the memory store', { store: 'memory', followers: 2 }, {}],
    ['delays per node and settings', { delay: 'lognormal:20,0.5;n3=50', settings: { LOG_LEVEL: 'debug', BATCH_MAX: '1' } }, {}],
    [
      'a namespace, a storage class and a secret of its own',
      {},
      { namespace: 'a', storageClass: 'b', tokenSecret: 'c', spread: 'required' },
    ],
    ['the longest name that there can be', { name: `n${'0'.repeat(39)}` }, {}],
    ['names that YAML 1.1 would take for numbers', { name: '1e3' }, { namespace: '0' }],
  ])('%s', (_name, wish, more) => {
    expect(faultsOf(documentsOf(manifest(wish, more)), more.tokenSecret ?? null)).toEqual([]);
  });
});

describe('refused, and for its own reason, is', () => {
  type Objects = ReturnType<typeof sortOut>;
  const set = (target: object | undefined, key: string, value: unknown) => Reflect.set(target as object, key, value);

  test.each<[string, (objects: Objects) => void, RegExp]>([
    [
      'a probe of a port that has no such name',
      ({ statefulSet }) => set(containerOf(statefulSet).readinessProbe?.httpGet, 'port', 'htp'),
      /^readinessProbe: port htp is none/,
    ],
    [
      'a probe of a port that nobody opens',
      ({ statefulSet }) => set(containerOf(statefulSet).livenessProbe?.httpGet, 'port', 8001),
      /^livenessProbe: port 8001 is none/,
    ],
    [
      'a probe without a port',
      ({ statefulSet }) => Reflect.deleteProperty(containerOf(statefulSet).startupProbe?.httpGet as object, 'port'),
      /startupProbe\/httpGet .*"missingProperty":"port"/,
    ],
    [
      'a misspelt field of the StatefulSet',
      ({ statefulSet }) => set(statefulSet.spec, 'podManagmentPolicy', 'Parallel'),
      /^StatefulSet\/spec\/podManagmentPolicy is unknown$/,
    ],
    [
      'a misspelt field deep in the pod',
      ({ statefulSet }) => set(containerOf(statefulSet).securityContext, 'readOnlyRootFileSystem', true),
      /\/securityContext\/readOnlyRootFileSystem is unknown$/,
    ],
    [
      'a misspelt field of a Service',
      ({ services: [first] }) => set(first?.spec, 'publishNotReadyAddress', true),
      /^Service\/spec\/publishNotReadyAddress is unknown$/,
    ],
    [
      'a misspelt field of the budget',
      ({ budgets: [first] }) => set(first?.spec, 'minAvailible', 4),
      /^PodDisruptionBudget\/spec\/minAvailible is unknown$/,
    ],
    [
      'a misspelt field of the policy',
      ({ policies: [first] }) => set(first?.spec, 'policyType', []),
      /^NetworkPolicy\/spec\/policyType is unknown$/,
    ],
    ['a misspelt field of the Secret', ({ secrets: [first] }) => set(first, 'stringdata', {}), /^Secret\/stringdata is unknown$/],
    [
      'a value that is none of the allowed',
      ({ statefulSet }) => set(statefulSet.spec, 'podManagementPolicy', 'AllAtOnce'),
      /podManagementPolicy .*OrderedReady/,
    ],
    [
      'a number where a text belongs',
      ({ statefulSet }) => set(containerOf(statefulSet).env?.at(-1), 'value', 3),
      /\/env\/\d+\/value .*"type":"string"/,
    ],
    [
      'a StatefulSet without its selector',
      ({ statefulSet }) => Reflect.deleteProperty(statefulSet.spec as object, 'selector'),
      /\/spec .*"missingProperty":"selector"/,
    ],
    [
      'a pod that lacks a label of the selector',
      ({ statefulSet }) => set(statefulSet.spec?.template.metadata, 'labels', { 'app.kubernetes.io/name': 'kvctl' }),
      /^StatefulSet: its selector finds no pod$/,
    ],
    [
      'a budget for other pods',
      ({ budgets: [first] }) => set(first?.spec?.selector?.matchLabels, 'app.kubernetes.io/instance', 'other'),
      /^PodDisruptionBudget: its selector finds no pod$/,
    ],
    [
      'a policy for other pods',
      ({ policies: [first] }) => set(first?.spec?.podSelector?.matchLabels, 'app.kubernetes.io/name', 'other'),
      /^NetworkPolicy: its selector finds no pod$/,
    ],
    [
      'a client Service for a pod that is none',
      ({ services: [, second] }) => set(second?.spec?.selector, 'statefulset.kubernetes.io/pod-name', 'kvctl-lab-7'),
      /^Service kvctl-lab: its selector finds no pod$/,
    ],
    [
      'a Service to a port that is none',
      ({ services: [first] }) => set(first?.spec?.ports?.[0], 'targetPort', 'web'),
      /^Service kvctl-lab-nodes: port web is none/,
    ],
    [
      'a Service of another name than the StatefulSet asks for',
      ({ statefulSet }) => set(statefulSet.spec, 'serviceName', 'kvctl-lab-pods'),
      /^serviceName: no headless Service/,
    ],
    [
      'a headless Service that hides pods until they are ready',
      ({ services: [first] }) => set(first?.spec, 'publishNotReadyAddresses', false),
      /^serviceName: no headless Service/,
    ],
    [
      'a mount without its volume',
      ({ statefulSet }) => set(statefulSet.spec, 'volumeClaimTemplates', []),
      /^volumeMounts: there is no volume data$/,
    ],
    [
      'a volume that nobody mounts',
      ({ statefulSet }) => set(containerOf(statefulSet), 'volumeMounts', []),
      /^volumes: nobody mounts data$/,
    ],
    [
      'a Secret of another name',
      ({ secrets: [first] }) => set(first?.metadata, 'name', 'kvctl-lab-tokens'),
      /^secretKeyRef: there is no key token in a Secret kvctl-lab-token$/,
    ],
    [
      'a Secret without the key',
      ({ secrets: [first] }) => set(first, 'stringData', { tokens: TOKEN }),
      /^secretKeyRef: there is no key token/,
    ],
    [
      'a policy that lets nobody in',
      ({ policies: [first] }) => set(first?.spec?.ingress?.[0]?.ports?.[0], 'port', 80),
      /^NetworkPolicy: port 80 is none/,
    ],
    ['another number of pods than of nodes', ({ statefulSet }) => set(statefulSet.spec, 'replicas', 5), /^NODES: expected/],
    [
      'pods that are counted from 0',
      ({ statefulSet }) => set(statefulSet.spec, 'ordinals', { start: 0 }),
      /^NODES: expected n1=http:\/\/kvctl-lab-0\./,
    ],
    [
      'a variable that refers to one below it',
      ({ statefulSet }) => containerOf(statefulSet).env?.reverse(),
      /^NODES: \$\(POD_NAMESPACE\) stands for nothing$/,
    ],
    [
      'a node that listens elsewhere',
      ({ statefulSet }) => set(containerOf(statefulSet).ports?.[0], 'containerPort', 8080),
      /^PORT: 8000 is none/,
    ],
    ['an object in another namespace', ({ policies: [first] }) => set(first?.metadata, 'namespace', 'other'), /^expected one namespace/],
  ])('%s', (_name, mutate, reason) => {
    const documents = documentsOf(manifest());
    mutate(sortOut(documents));
    expect(faultsOf(documents)).toContainEqual(expect.stringMatching(reason));
  });

  test('a Secret that was named and is not there', () => {
    const documents = documentsOf(manifest({}, { tokenSecret: 'ours' }));
    expect(faultsOf(documents, 'theirs')).toEqual(['secretKeyRef: there is no key token in a Secret ours']);
  });
});

test('the token is in the Secret and nowhere else, and in no manifest that names a Secret', () => {
  const text = manifest();
  expect(text.split(TOKEN)).toHaveLength(2);
  expect(sortOut(documentsOf(text)).secrets[0]).toMatchObject({ immutable: true, stringData: { token: TOKEN } });
  expect(manifest({}, { tokenSecret: 'ours' })).not.toContain(TOKEN);
});

test('a drain leaves a majority and the write quorum, but can always take one node', () => {
  const budgetOf = (followers: number, quorum: number) => minAvailable(parseSpec({ followers, quorum }));
  expect([0, 1].map((followers) => budgetOf(followers, 0))).toEqual([null, null]);
  expect([2, 3, 4, 5, 6].map((followers) => budgetOf(followers, 0))).toEqual([2, 3, 3, 4, 4]);
  expect([1, 2, 3, 4, 5].map((quorum) => budgetOf(5, quorum))).toEqual([4, 4, 4, 5, 5]);
});

test('the pod needs nothing that the pod security standard "restricted" forbids', () => {
  const { statefulSet } = sortOut(documentsOf(manifest()));
  expect(statefulSet.spec?.template.spec).toMatchObject({
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [{ securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } } }],
  });
});

test('a node that waits for its quorum is given the time to answer before it is killed', () => {
  const { statefulSet } = sortOut(documentsOf(manifest({ settings: { QUORUM_TIMEOUT_MS: '60000' } })));
  expect(statefulSet.spec?.template.spec?.terminationGracePeriodSeconds).toBe(70);
});
