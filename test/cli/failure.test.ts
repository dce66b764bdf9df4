import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { explain, stackOf } from '../../src/cli/failure.ts';
import { KvctlError } from '../../src/wire/errors.ts';

const command = new Command('kvctl').command('put').argument('<key>');

describe('what was thrown', () => {
  test.each([
    ['no_cluster', 1],
    ['not_ready', 4],
    ['violation', 3],
    ['inconclusive', 5],
    ['quorum_not_met', 1],
    ['interrupted', 105],
  ] as const)('as %s ends with %i and its own message', (code, exitCode) => {
    const error = new KvctlError(code, 'what to do');
    expect(explain(error, command)).toEqual({ exitCode, error });
  });

  test('as a usage error shows the usage of the verb', () => {
    const { exitCode, error } = explain(new KvctlError('usage', 'expected x, got y'), command);
    expect(exitCode).toBe(2);
    expect(error?.message).toBe('expected x, got y\nusage: kvctl put [options] <key>\nhelp:  kvctl put --help');
  });

  test.each([[new TypeError('x is not a function')], ['x is not a function']])('by mistake (%s) is a bug to report', (thrown) => {
    const { exitCode, error } = explain(thrown, command);
    expect(exitCode).toBe(1);
    expect(error?.message).toBe(
      'unexpected error: x is not a function\nthis is a bug in kvctl: please report it with what KVCTL_DEBUG=1 prints',
    );
    expect(error?.code).toBe('internal');
  });

  test('because the signal aborted is nothing to talk about', () => {
    expect(explain(new DOMException('aborted', 'AbortError'), command)).toEqual({ exitCode: 0, error: null });
  });

  test('has a stack that goes back to the cause', () => {
    const { error } = explain(new Error('deep down', { cause: new Error('still deeper') }), command);
    expect(stackOf(error!)).toMatch(/unexpected error: deep down[\s\S]*caused by: Error: deep down[\s\S]*caused by: Error: still deeper/);
  });
});
