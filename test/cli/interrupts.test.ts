import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { packageRoot } from '#entry';
import { Home, NODE, type Ran } from './kvctl.ts';

const home = new Home();
afterAll(() => home[Symbol.dispose]());

const moduleUrl = JSON.stringify(join(packageRoot, 'src', 'cli', 'interrupts.ts'));

/** A process that waits for interrupts, says `ready`, and says `aborted` when its signal aborts. */
async function waiting(isGraceful: boolean): Promise<{ child: ChildProcess; end: Promise<Ran> }> {
  const program = `
    const { Interrupts } = await import(${moduleUrl});
    const interrupts = new Interrupts((text) => console.error(text));
    interrupts.isGraceful = ${isGraceful};
    interrupts.signal.addEventListener('abort', () => console.log('aborted', interrupts.isInterrupted));
    process.stdin.on('data', () => process.exit(7));
    console.log('ready');
  `;
  const child = spawn(NODE, ['--input-type=module', '-e', program], { env: home.env(), stdio: 'pipe' });
  const ready = new Promise((resolve) => child.stdout.once('data', resolve));
  const end = new Promise<Ran>((resolve) => {
    const said = { stdout: '', stderr: '' };
    child.stdout.on('data', (text) => (said.stdout += text));
    child.stderr.on('data', (text) => (said.stderr += text));
    child.on('close', (exitCode, signal) => resolve({ exitCode, signal, ...said }));
  });
  await ready;
  return { child, end };
}

describe('Ctrl-C', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)('ends a verb that has nothing to put back at once, on %s', async (signal) => {
    const { child, end } = await waiting(false);
    child.kill(signal);
    expect(await end).toMatchObject({ exitCode: 105, stdout: expect.not.stringContaining('aborted') });
  });

  test('lets a verb put everything back', async () => {
    const { child, end } = await waiting(true);
    const aborted = new Promise((resolve) => child.stdout?.once('data', resolve));
    child.kill('SIGINT');
    expect(String(await aborted)).toBe('aborted true\n');
    child.stdin?.write('done');
    expect(await end).toMatchObject({ exitCode: 7, stderr: expect.stringContaining('interrupted: putting everything back') });
  });

  test('once more ends it at once', async () => {
    const { child, end } = await waiting(true);
    child.kill('SIGINT');
    // As a person would: until it is gone.
    const again = setInterval(() => child.kill('SIGINT'), 100);
    expect(await end.finally(() => clearInterval(again))).toMatchObject({ exitCode: 105 });
  });

  test('that arrives twice, because npm forwards it, is one', async () => {
    const { child, end } = await waiting(true);
    const aborted = new Promise((resolve) => child.stdout?.once('data', resolve));
    child.kill('SIGINT');
    await aborted;
    child.kill('SIGINT');
    child.stdin?.write('done');
    expect(await end).toMatchObject({ exitCode: 7 });
  });
});
