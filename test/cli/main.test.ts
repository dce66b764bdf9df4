import { spawn } from 'node:child_process';
import { afterAll, describe, expect, test } from 'vitest';
import { finished, Home, KVCTL, NODE } from './kvctl.ts';

const home = new Home();
afterAll(() => home[Symbol.dispose]());

describe('help', () => {
  test('kvctl alone says what it is, three commands to begin with, and the verbs by group', async () => {
    const { stdout, stderr, exitCode } = await home.kvctl([]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/^kvctl runs a leader-follower key-value cluster/);
    for (const command of ['kvctl up', 'kvctl put greeting hello', 'kvctl bench --quorums 1-5']) expect(stdout).toContain(`  ${command} `);
    const groups = [...stdout.matchAll(/^(\w.*):\n((?: {2}\w.*\n)+)/gm)].map(([, group, verbs]) => [
      group,
      verbs?.match(/^ {2}[\w-]+/gm)?.map((verb) => verb.trim()),
    ]);
    expect(Object.fromEntries(groups)).toMatchObject({
      Cluster: ['up', 'down', 'restart', 'ls', 'status', 'logs', 'manifest', 'promote'],
      Data: ['put', 'get', 'del', 'list'],
      'Quorum and measurement': ['bench', 'run', 'scenarios', 'report', 'compare', 'quorum', 'network', 'parity'],
      Judging: ['check', 'check-history', 'chaos', 'sim'],
      Faults: ['kill', 'pause', 'resume', 'partition', 'heal'],
      Help: ['doctor', 'completion'],
    });
  });

  test('kvctl --help and kvctl help say the same', async () => {
    const [alone, option, word] = await Promise.all([home.kvctl([]), home.kvctl(['--help']), home.kvctl(['help'])]);
    expect(option.stdout).toBe(alone.stdout);
    expect(word.stdout).toBe(alone.stdout);
  });

  test("a verb's help shows its arguments, its options and those that every verb has", async () => {
    const [option, word] = await Promise.all([home.kvctl(['put', '--help']), home.kvctl(['help', 'put'])]);
    expect(option.stdout).toBe(word.stdout);
    for (const text of ['Usage: kvctl put [options] <key> <value>', '--timeout <duration>', '-n, --name <cluster>', 'Examples:']) {
      expect(option.stdout).toContain(text);
    }
  });

  test('--version prints the version of package.json', async () => {
    const { version } = (await import('../../package.json', { with: { type: 'json' } })).default;
    expect((await home.kvctl(['--version'])).stdout).toBe(`${version}\n`);
  });
});

describe('a command line that is wrong ends with 2, says what was expected and got, and shows the usage', () => {
  const usage = {
    put: 'usage: kvctl put [options] <key> <value>\nhelp:  kvctl put --help\n',
    program: 'usage: kvctl VERB [options] [arguments]\nhelp:  kvctl --help\n',
  };
  const cases: [name: string, args: string[], message: string | RegExp, usage: string, env?: Record<string, string>][] = [
    ['an unknown verb, with the nearest one', ['pt'], "unknown verb 'pt' (Did you mean put?)", usage.program],
    ['an unknown verb that is like none', ['frobnicate'], "unknown verb 'frobnicate'", usage.program],
    ['no verb', ['-n', 'x'], 'expected a verb, got none; `kvctl --help` lists them', usage.program],
    [
      'an unknown option, with the nearest one',
      ['put', 'a', 'b', '--qourum', '1'],
      "unknown option '--qourum' (Did you mean --quorum?)",
      usage.put,
    ],
    ['a missing argument', ['put', 'a'], 'expected <key> <value>, got "a"', usage.put],
    ['no argument at all', ['put'], 'expected <key> <value>, got nothing', usage.put],
    ['an argument too many', ['put', 'a', 'b', 'c'], /too many arguments for 'put'\. Expected 2 arguments but got 3: a, b, c/, usage.put],
    ['an option without its value', ['put', 'a', 'b', '--timeout'], "option '--timeout <duration>' argument missing", usage.put],
    [
      'a duration without a unit',
      ['put', 'a', 'b', '--timeout', '5'],
      /'--timeout <duration>'.*expected a duration with its unit, .*got "5"/,
      usage.put,
    ],
    [
      'an idempotency key that no header can carry',
      ['put', 'a', 'b', '--idempotency-key', 'a b'],
      /expected 1 to 255 visible characters of ASCII, got "a b"/,
      usage.put,
    ],
    ['a quorum that is no number', ['put', 'a', 'b', '--quorum', 'all'], /expected a whole number of at least 0, got "all"/, usage.put],
    [
      'a format that is none',
      ['put', 'a', 'b', '-o', 'yaml'],
      /'yaml' is invalid\. Allowed choices are table, json, ndjson, csv, md/,
      usage.program,
    ],
    ["a cluster's name that is a path", ['put', 'a', 'b', '-n', '../x'], /--name: expected .*got "\.\.\/x"/, usage.program],
    ['the same from the environment', ['put', 'a', 'b'], /--name: expected .*got "\.\.\/x"/, usage.program, { KVCTL_NAME: '../x' }],
  ];
  test.each(cases)('%s', async (_name, args, message, usageText, env) => {
    const ran = await home.kvctl(args, { env: env ?? {} });
    expect({ exitCode: ran.exitCode, stdout: ran.stdout }).toEqual({ exitCode: 2, stdout: '' });
    const said = ran.stderr.slice('kvctl: '.length, -usageText.length);
    if (typeof message === 'string') expect(said).toBe(`${message}\n`);
    else expect(said).toMatch(message);
    expect(ran.stderr.slice(-usageText.length)).toBe(usageText);
  });
});

describe('an error', () => {
  const message = 'no cluster "default" is known: start one with `kvctl up`';

  test.each([['put', 'a', 'b'], ['get', 'a'], ['del', 'a'], ['list'], ['quorum'], ['quorum', '3'], ['network'], ['parity']])(
    'without a cluster %s %s says how to start one',
    async (...args) => {
      expect(await home.kvctl(args.filter((arg) => arg !== undefined))).toMatchObject({
        exitCode: 1,
        stdout: '',
        stderr: `kvctl: ${message}\n`,
      });
    },
  );

  test('is a document too where a document was asked for', async () => {
    const { stdout, stderr, exitCode } = await home.kvctl(['get', 'a', '-o', 'json']);
    expect(JSON.parse(stdout)).toMatchObject({ schema_version: 1, error: 'no_cluster', message });
    expect({ stderr, exitCode }).toEqual({ stderr: `kvctl: ${message}\n`, exitCode: 1 });
  });

  test('has its stack only with KVCTL_DEBUG', async () => {
    expect((await home.kvctl(['get', 'a'])).stderr).not.toContain('    at ');
    expect((await home.kvctl(['get', 'a'], { env: { KVCTL_DEBUG: '1' } })).stderr).toContain('    at ');
  });
});

describe('the cluster is chosen', () => {
  test('by -n before and after the verb, else by KVCTL_NAME, else it is default', async () => {
    const env = { KVCTL_NAME: 'from-env' };
    const messages = await Promise.all([
      home.kvctl(['-n', 'one', 'get', 'a'], { env }),
      home.kvctl(['get', 'a', '--name', 'one'], { env }),
      home.kvctl(['get', 'a'], { env }),
      home.kvctl(['get', 'a'], { env: { KVCTL_NAME: '' } }),
    ]);
    expect(messages.map(({ stderr }) => /"([\w-]+)"/.exec(stderr)?.[1])).toEqual(['one', 'one', 'from-env', 'default']);
  });
});

describe('the result', () => {
  test('ends quietly when its reader has gone', async () => {
    const child = home.start(['--help']);
    child.stdout?.destroy();
    expect(await finished(child)).toMatchObject({ exitCode: 0, stderr: '' });
  });

  test('that cannot be written is an error', async () => {
    const child = spawn('sh', ['-c', '"$0" "$1" completion bash >/dev/full', NODE, KVCTL], { env: home.env() });
    expect(await finished(child)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/^kvctl: expected to write the result to stdout, got ENOSPC/),
    });
  });

  test.each([
    ['is plain in a pipe', [], {}, false],
    ['is coloured with --color always', ['--color', 'always'], {}, true],
    ['is coloured with --color always whatever NO_COLOR says', ['--color', 'always'], { NO_COLOR: '1' }, true],
    ['is coloured with FORCE_COLOR', [], { FORCE_COLOR: '1' }, true],
    ['is plain with NO_COLOR even with FORCE_COLOR', [], { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
    ['is coloured if NO_COLOR is empty', [], { FORCE_COLOR: '1', NO_COLOR: '' }, true],
  ])('%s', async (_name, args, env, isColoured) => {
    const { stderr } = await home.kvctl(['get', 'a', ...args], { env });
    expect(stderr).toEqual(isColoured ? expect.stringContaining('\u001b[31mkvctl:\u001b[39m') : expect.not.stringContaining('\u001b'));
  });
});
