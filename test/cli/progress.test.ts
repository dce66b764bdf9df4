import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { packageRoot } from '#entry';
import { Home, NODE } from './kvctl.ts';

const home = new Home();
afterAll(() => home[Symbol.dispose]());

/** Runs a command on a terminal of its own (util-linux). */
const TERMINAL = 'script';
const outputModule = JSON.stringify(join(packageRoot, 'src', 'cli', 'output.ts'));
const program = join(home.path, 'steps.mjs');
writeFileSync(
  program,
  `const { Output } = await import(${outputModule});
  const out = new Output({ format: 'table', color: 'auto', isQuiet: process.argv[2] === 'quiet' }, process);
  const ports = await out.step('starting six nodes', async (progress) => {
    progress.detail('n1 listens');
    progress.title('six nodes listen');
    return 8000;
  });
  const failing = [{ title: 'quorum 1', async run() {} }, { title: 'quorum 2', async run() { throw new Error('it broke'); } }];
  await out.steps([...failing, { title: 'quorum 3', async run() {} }]).catch((error) => out.note('caught: ' + error.message));
  await out.step('interrupted', async () => {
    const awake = setInterval(() => {}, 1000);
    const heard = new Promise((resolve) => process.once('SIGINT', resolve));
    process.kill(process.pid, 'SIGINT');
    await heard.finally(() => clearInterval(awake));
  });
  out.result({ table: () => 'port ' + ports, json: {} });`,
);

describe('steps', () => {
  test('are one plain line each in a pipe, and the first that fails ends them', () => {
    const { stdout, stderr } = spawnSync(NODE, [program], { env: home.env(), encoding: 'utf8' });
    expect(stdout).toBe('port 8000\n');
    expect(stderr).toBe('starting six nodes\nquorum 1\nquorum 2\ncaught: it broke\ninterrupted\n');
  });

  test('are silent with --quiet', () => {
    const { stdout, stderr } = spawnSync(NODE, [program, 'quiet'], { env: home.env(), encoding: 'utf8' });
    expect({ stdout, stderr }).toEqual({ stdout: 'port 8000\n', stderr: '' });
  });

  /** What a terminal of 80 columns receives; stdout goes to a file unless it is the terminal's. */
  function onTerminal(command: string, env: Readonly<Record<string, string>> = {}): string {
    const { CI, ...inherited } = home.env(env);
    const shell = `stty cols 80 rows 24; ${command}`;
    return execFileSync(TERMINAL, ['-qec', shell, '/dev/null'], { env: { ...inherited, TERM: 'xterm' }, encoding: 'utf8' });
  }
  const hasTerminal = spawnSync(TERMINAL, ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') ?? false;

  test('are a live list on a terminal, on stderr even if stdout goes elsewhere', (ctx) => {
    if (!hasTerminal) ctx.skip('needs script of util-linux for a terminal');
    const text = onTerminal(`"${NODE}" "${program}" >/dev/null`);
    expect(text).toContain('\u001b[32m✔\u001b[39m six nodes listen');
    expect(text).toContain('\u001b[31m✖\u001b[39m quorum 2');
    // Only who catches the error says it.
    expect(text.match(/it broke/g)).toHaveLength(1);
    // The cursor is there again at the end.
    expect(text.lastIndexOf('\u001b[?25h')).toBeGreaterThan(text.lastIndexOf('\u001b[?25l'));
  });

  test('lose nothing but their colour with NO_COLOR', (ctx) => {
    if (!hasTerminal) ctx.skip('needs script of util-linux for a terminal');
    const text = onTerminal(`"${NODE}" "${program}"`, { NO_COLOR: '1' });
    expect(text).toContain('✔ six nodes listen');
    // Ctrl-C is the command's: the list does not end the process.
    expect(text).toContain('✔ interrupted');
    expect(text).toContain('port 8000');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what colours are made of
    expect(text).not.toMatch(/\u001b\[3\d/);
  });

  test('are plain lines on a dumb terminal', (ctx) => {
    if (!hasTerminal) ctx.skip('needs script of util-linux for a terminal');
    const text = onTerminal(`TERM=dumb "${NODE}" "${program}"`);
    expect(text.replaceAll('\r', '')).toBe('starting six nodes\nquorum 1\nquorum 2\ncaught: it broke\ninterrupted\nport 8000\n');
  });
});
