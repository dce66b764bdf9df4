import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeClusterState } from './cluster-state.ts';
import { Home, KVCTL, NODE } from './kvctl.ts';

const home = new Home();
/** A kvctl on the PATH, as an installed one is. */
const path = `${home.path}:${process.env['PATH']}`;

beforeAll(() => {
  writeClusterState(home.path, 'default', ['n1', 'n2', 'n3']);
  const file = join(home.path, 'kvctl');
  writeFileSync(file, `#!/bin/sh\nexec "${NODE}" "${KVCTL}" "$@"\n`);
  chmodSync(file, 0o755);
});
afterAll(() => home[Symbol.dispose]());

async function scriptFor(shell: string): Promise<string> {
  const { stdout, stderr, exitCode } = await home.kvctl(['completion', shell]);
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
  return stdout;
}

function has(shell: string): boolean {
  return spawnSync(shell, ['--version']).status === 0;
}

/** What the shell prints, with our kvctl on its PATH. */
function outputOf(shell: string, ...args: readonly string[]): string {
  return execFileSync(shell, args, { env: home.env({ PATH: path }), encoding: 'utf8' });
}

describe('bash, having read its script', () => {
  /** What bash offers at the end of a line; `words` is the line as bash takes it apart. */
  async function offered(words: readonly string[]): Promise<string[]> {
    const program = `${await scriptFor('bash')}
compopt() { echo "compopt $*"; }
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')})
COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
"$(complete -p kvctl | sed 's/.*-F \\([^ ]*\\) .*/\\1/')"
printf '%s\\n' "\${COMPREPLY[@]}"
`;
    const output = outputOf('bash', '--norc', '-euo', 'pipefail', '-c', program);
    return output.split('\n').filter((line) => line !== '');
  }

  test.each<[string, string[], string[]]>([
    ['verbs', ['kvctl', 'pa'], ['pause', 'partition', 'parity']],
    ['options', ['kvctl', 'put', 'k', 'v', '--ti'], ['--timeout']],
    ['node names', ['kvctl', 'get', 'k', '--node', 'n'], ['n1', 'n2', 'n3']],
    ['node names after an equals sign', ['kvctl', 'get', 'k', '--node', '=', 'n'], ['n1', 'n2', 'n3']],
    ['node names as arguments', ['kvctl', 'kill', 'fo'], ['followers']],
    ['choices, whatever stands before them', ['kvctl', 'get', '$HOME', '--read', 'l'], ['local', 'linearizable']],
  ])('offers %s', async (_name, words, expected) => {
    expect(new Set(await offered(words))).toEqual(new Set(expected));
  });
});

describe('zsh', () => {
  test('reads its script, and offers node names', async (ctx) => {
    if (!has('zsh')) ctx.skip('zsh is not installed');
    const program = `${await scriptFor('zsh').then((script) => script.replace(/^if .*$/m, ''))}
_describe() { print -l -- $found }
words=(kvctl get k --node n); CURRENT=5
_kvctl
`;
    const output = outputOf('zsh', '-f', '-c', program);
    expect(output).toMatch(/^n1:http.*\nn2:http.*\nn3:http.*\n$/);
  });
});

describe('fish', () => {
  test('reads its script, and offers node names', async (ctx) => {
    if (!has('fish')) ctx.skip('fish is not installed');
    const program = `${await scriptFor('fish')}\ncomplete -C 'kvctl get k --node n'`;
    const output = outputOf('fish', '--no-config', '-c', program);
    expect(output.split('\n').map((line) => line.split('\t')[0])).toEqual(['n1', 'n2', 'n3', '']);
  });
});
