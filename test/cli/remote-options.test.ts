import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { remoteWish } from '../../src/cli/remote-options.ts';
import { VERBS } from '../../src/cli/verbs.ts';

const LEADER = 'http://127.0.0.1:8000';
const directory = mkdtempSync(join(tmpdir(), 'kvctl-token-'));
afterAll(() => rmSync(directory, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

/** What the words and variables mean for the verb. */
function wishOf(words: readonly string[], variables: Readonly<Record<string, string>> = {}, verb = 'get') {
  for (const name of ['KVCTL_NAME', 'KVCTL_LEADER', 'KVCTL_TOKEN', 'KVCTL_NODE_URLS']) vi.stubEnv(name, variables[name]);
  const program = createProgram();
  // Any verb will do for parsing: `ls` takes no arguments.
  program.commands.find((command) => command.name() === 'ls')?.action(() => {});
  program.parse(['ls', ...words], { from: 'user' });
  return remoteWish(program, new Command(verb), VERBS[verb]!);
}

function tokenFile(content: string): string {
  const file = join(directory, 'token');
  writeFileSync(file, content);
  return file;
}

describe('the cluster is', () => {
  test('one of this machine without --leader, whatever else is set', () => {
    expect(wishOf([], { KVCTL_TOKEN: 'a-token-of-theirs', KVCTL_LEADER: '' })).toBeNull();
  });

  test('the one that --leader names, with the address as it is used', () => {
    expect(wishOf(['--leader', `${LEADER}/`])).toEqual({ url: LEADER, token: null, nodeUrls: new Map() });
  });

  test('the one that the variable names', () => {
    expect(wishOf([], { KVCTL_LEADER: LEADER, KVCTL_TOKEN: 'a-token-of-theirs' })).toMatchObject({
      url: LEADER,
      token: 'a-token-of-theirs',
    });
  });

  test('what stands on the command line, if a variable says otherwise', () => {
    expect(wishOf(['-n', 'lab'], { KVCTL_LEADER: LEADER })).toBeNull();
    expect(wishOf(['--leader', LEADER], { KVCTL_NAME: 'lab' })).toMatchObject({ url: LEADER });
  });
});

describe('the token is', () => {
  test('what the file holds, without the line feed at its end', () => {
    expect(wishOf(['--leader', LEADER, '--token-file', tokenFile('a-token-of-theirs\n')])).toMatchObject({ token: 'a-token-of-theirs' });
  });

  test("the file's, if there is a variable too", () => {
    const file = tokenFile('token-of-the-file');
    expect(wishOf(['--leader', LEADER, '--token-file', file], { KVCTL_TOKEN: 'token-of-the-variable' })).toMatchObject({
      token: 'token-of-the-file',
    });
  });
});

test('addresses of nodes add up, over commas, repetition and the variable', () => {
  const wish = wishOf(['--leader', LEADER, '--node-url', 'n2=http://a:1,n3=http://b:2', '--node-url', 'n4=http://c:3/']);
  expect(wish?.nodeUrls).toEqual(
    new Map([
      ['n2', 'http://a:1'],
      ['n3', 'http://b:2'],
      ['n4', 'http://c:3'],
    ]),
  );
  expect(wishOf(['--leader', LEADER], { KVCTL_NODE_URLS: 'n2=http://a:1' })?.nodeUrls).toEqual(new Map([['n2', 'http://a:1']]));
});

describe('refused is', () => {
  const usage = (message: string | RegExp) =>
    expect.objectContaining({ code: 'usage', message: typeof message === 'string' ? message : expect.stringMatching(message) });

  test.each<[string, string[], Record<string, string>, string]>([
    [
      'a name and an address',
      ['--leader', LEADER, '-n', 'lab'],
      {},
      'expected a cluster of this machine or one elsewhere, got both --name and --leader',
    ],
    [
      'a name and an address by variables',
      [],
      { KVCTL_LEADER: LEADER, KVCTL_NAME: 'lab' },
      'expected a cluster of this machine or one elsewhere, got both KVCTL_NAME and KVCTL_LEADER',
    ],
    [
      'a token without an address',
      ['--token-file', 'x'],
      {},
      '--token-file: expected only with --leader; a cluster of this machine needs none',
    ],
    [
      'addresses of nodes without one',
      ['--node-url', 'n2=http://a:1'],
      {},
      '--node-url: expected only with --leader; a cluster of this machine needs none',
    ],
    [
      'a file that is not there',
      ['--leader', LEADER, '--token-file', '/nowhere/token'],
      {},
      '--token-file: expected a file that can be read, got ENOENT at /nowhere/token',
    ],
    [
      'a token with a space, without printing it',
      ['--leader', LEADER],
      { KVCTL_TOKEN: 'secret word' },
      'KVCTL_TOKEN: expected a token, 8 to 512 printable characters without spaces, got 11 characters that are none',
    ],
  ])('%s', (_name, words, variables, message) => {
    expect(() => wishOf(words, variables)).toThrow(usage(message));
  });

  test.each([
    ['--leader', ['--leader', '127.0.0.1:8000'], {}],
    ['KVCTL_LEADER', [], { KVCTL_LEADER: '127.0.0.1:8000' }],
  ])('an address without its scheme, in %s', (place, words, variables) => {
    const message = `${place}: expected an address like http://127.0.0.1:8000, got "127.0.0.1:8000": try http://127.0.0.1:8000`;
    expect(() => wishOf(words, variables)).toThrow(usage(message));
  });

  test('an empty file', () => {
    expect(() => wishOf(['--leader', LEADER, '--token-file', tokenFile('\n')])).toThrow(
      usage(/^--token-file .*token: expected a token, .*got nothing$/),
    );
  });

  test.each(['--node-url=n2', '--node-url=n2=a:1', '--token=secret'])('%s', (word) => {
    expect(() => wishOf(['--leader', LEADER, word])).toThrow(expect.objectContaining({ name: 'CommanderError' }));
  });
});

test('verbs that work on processes and files of this machine refuse an address, and no other verb does', () => {
  const refuses = (verb: string) => {
    try {
      wishOf(['--leader', LEADER], {}, verb);
      return false;
    } catch {
      return true;
    }
  };
  expect(Object.keys(VERBS).filter(refuses)).toEqual([
    'up',
    'down',
    'restart',
    'ls',
    'logs',
    'run',
    'chaos',
    'sim',
    'kill',
    'pause',
    'resume',
  ]);
  expect(() => wishOf([], { KVCTL_LEADER: LEADER }, 'kill')).toThrow(/but the variable KVCTL_LEADER names one elsewhere: unset it/);
});
