import { afterAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { Home } from './kvctl.ts';

const home = new Home();
afterAll(() => home[Symbol.dispose]());

interface KubernetesObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly stringData?: { readonly token: string };
}

const objectsOf = (text: string) => parseAllDocuments(text).map((document) => document.toJS() as KubernetesObject);

test('kvctl manifest kubernetes prints what kubectl takes, for the cluster that -n names, and says nothing else', async () => {
  const { stdout, stderr, exitCode } = await home.kvctl([
    'manifest',
    'kubernetes',
    '-n',
    'lab',
    '--followers',
    '2',
    '--namespace',
    'course',
  ]);
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
  expect(objectsOf(stdout).map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`)).toEqual([
    'Secret course/kvctl-lab-token',
    'Service course/kvctl-lab-nodes',
    'Service course/kvctl-lab',
    'NetworkPolicy course/kvctl-lab',
    'PodDisruptionBudget course/kvctl-lab',
    'StatefulSet course/kvctl-lab',
  ]);
});

test('every print has a token of its own, which nobody can guess', async () => {
  const prints = await Promise.all([1, 2].map(() => home.kvctl(['manifest', 'kubernetes'])));
  const tokens = prints.map(({ stdout }) => objectsOf(stdout)[0]?.stringData?.token);
  expect(tokens[0]).toMatch(/^[0-9a-f]{48}$/);
  expect(tokens[0]).not.toBe(tokens[1]);
});

test('with -o json the documents are a list, for programs that would rather not read YAML', async () => {
  const { stdout } = await home.kvctl(['manifest', 'swarm', '-n', 'lab', '--followers', '1', '-o', 'json']);
  expect(JSON.parse(stdout)).toMatchObject({
    schema_version: 1,
    name: 'lab',
    orchestrator: 'swarm',
    documents: [{ version: '3.8', services: { n1: { environment: { ROLE: 'leader' } }, n2: { environment: { ROLE: 'follower' } } } }],
  });
});

describe('a mistake ends with 2, before anything is printed:', () => {
  test.each<[string, string[], string]>([
    ['no orchestrator', [], 'expected <orchestrator>, got nothing'],
    ['another orchestrator', ['nomad'], "'nomad' is invalid for argument 'orchestrator'. Allowed choices are swarm, kubernetes."],
    ['a quorum above the number of followers', ['swarm', '--followers', '2', '--quorum', '3'], '--quorum: expected an integer from 0 to 2'],
    ['an option of the other orchestrator', ['swarm', '--namespace', 'course'], '--namespace: expected only with kubernetes'],
  ])('%s', async (_name, args, message) => {
    const { stdout, stderr, exitCode } = await home.kvctl(['manifest', ...args]);
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 });
    expect(stderr).toContain(message);
  });
});
