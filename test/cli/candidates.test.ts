import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { candidatesFor } from '../../src/cli/candidates.ts';
import { writeClusterState } from './cluster-state.ts';
import { Home } from './kvctl.ts';

const home = new Home();
beforeAll(() => {
  vi.stubEnv('KVCTL_HOME', home.path);
  writeClusterState(home.path, 'default', ['n1', 'n2', 'n3']);
  writeClusterState(home.path, 'two', ['n1']);
});
afterAll(() => {
  vi.unstubAllEnvs();
  home[Symbol.dispose]();
});

async function offered(...words: string[]): Promise<string[]> {
  return (await candidatesFor(words)).map(({ text }) => text);
}

const NODES = ['n1', 'n2', 'n3', 'leader', 'followers', 'all'];

describe('at the cursor a shell is offered', () => {
  test.each<[string, string[], string[]]>([
    ['verbs', ['pa'], ['parity', 'pause', 'partition']],
    ['verbs after a global option and its value', ['-n', 'two', 'qu'], ['quorum']],
    ["a verb's options and the global ones", ['put', 'k', '--n'], ['--node', '--name', '--node-url']],
    ['node names for --node', ['get', 'k', '--node', ''], NODES],
    ['node names after an equals sign', ['get', 'k', '--node=n'], ['--node=n1', '--node=n2', '--node=n3']],
    ['node names where bash took the equals sign for a word', ['get', 'k', '--node', '=', 'n'], ['n1', 'n2', 'n3']],
    ['the same with nothing typed yet', ['get', 'k', '--node', '='], NODES],
    ['the next of a list of nodes', ['network', '--node', 'n2,n'], ['n2,n1', 'n2,n2', 'n2,n3']],
    ['node names as arguments', ['kill', 'n1', 'l'], ['leader']],
    ['nodes of the cluster that -n names', ['-n', 'two', 'kill', 'n'], ['n1']],
    ['clusters for -n', ['get', '-n', ''], ['default', 'two']],
    ['the choices of an option', ['get', 'k', '--read', ''], ['committed', 'local', 'linearizable']],
    ['the choices of an argument', ['completion', ''], ['bash', 'zsh', 'fish']],
    ['formats', ['parity', '-o', 'j'], ['json']],
    ['scenarios', ['run', 'lab-'], ['lab-1', 'lab-2', 'lab-3', 'lab-4', 'lab-5']],
    ['scenarios after options', ['run', '--set', 'seed=2', 'qui'], ['quick']],
    ['files where no scenario begins like that', ['run', './my'], [':files']],
    ['nothing after a scenario', ['run', 'quick', ''], []],
    ['node names to give an address to', ['--node-url', ''], ['n1=', 'n2=', 'n3=']],
    ['files for the token', ['get', '--token-file', ''], [':files']],
    ['nothing where anything may stand', ['put', ''], []],
    ['nothing of a verb that is none', ['frobnicate', '-'], []],
    ['no options after --', ['kill', '--', '-'], []],
    ['no node names for a cluster that is none', ['-n', 'three', 'get', 'k', '--node', 'n'], []],
  ])('%s', async (_name, words, expected) => {
    expect(new Set(await offered(...words))).toEqual(new Set(expected));
  });
});
