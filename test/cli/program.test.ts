import { InvalidArgumentError, Option } from 'commander';
import { afterEach, expect, test, vi } from 'vitest';
import { createProgram, verbOptions } from '../../src/cli/program.ts';
import { remoteWish } from '../../src/cli/remote-options.ts';
import { VERBS } from '../../src/cli/verbs.ts';

afterEach(() => vi.unstubAllEnvs());

/** `ls` with a --leader of its own, which takes `name=URL`. */
function parsed(...words: string[]) {
  const program = createProgram();
  const verb = program.commands.find((command) => command.name() === 'ls')!;
  const leader = new Option('--leader <peer>').argParser((text) => {
    if (!text.includes('=')) throw new InvalidArgumentError('expected name=URL');
    return text.split('=');
  });
  verb
    .addOption(leader)
    .option('--follower <url>')
    .action(() => {});
  program.parse(['ls', ...words], { from: 'user' });
  return { program, verb };
}

test('a verb with a --leader of its own gets what was typed, by its own parser, and talks to no cluster elsewhere', () => {
  const { program, verb } = parsed('--leader', 'l=http://127.0.0.1:8000', '--follower', 'x');
  expect(verbOptions(program, verb)).toEqual({ leader: ['l', 'http://127.0.0.1:8000'], follower: 'x' });
  expect(remoteWish(program, verb, VERBS['get']!)).toBeNull();
});

test("its parser's mistakes are mistakes of the command line", () => {
  const { program, verb } = parsed('--leader', 'http://127.0.0.1:8000');
  expect(() => verbOptions(program, verb)).toThrow('expected name=URL');
});

test('what only a variable says is for the clusters of kvctl', () => {
  vi.stubEnv('KVCTL_LEADER', 'http://127.0.0.1:8000');
  const { program, verb } = parsed();
  expect(verbOptions(program, verb)).toEqual({});
});
