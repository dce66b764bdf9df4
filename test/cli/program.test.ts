import { expect, test } from 'vitest';
import { createProgram, verbOptions } from '../../src/cli/program.ts';

test('a verb that has an option of the same name as a global one gets its value', () => {
  const program = createProgram();
  const verb = program.commands.find((command) => command.name() === 'ls')!;
  verb
    .option('--leader <url>')
    .option('--follower <url>')
    .action(() => {});
  program.parse(['ls', '--leader', 'http://127.0.0.1:8000', '--follower', 'x'], { from: 'user' });
  expect(verb.opts()).toEqual({ follower: 'x' });
  expect(verbOptions(program, verb)).toEqual({ leader: 'http://127.0.0.1:8000', follower: 'x' });
});
