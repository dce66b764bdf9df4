import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { withLock } from '../../src/cluster/lock.ts';
import { makeHome } from './sandbox.ts';

const module = pathToFileURL(join(import.meta.dirname, '../../src/cluster/lock.ts')).href;

/** Another process that takes the lock, says so, and keeps it. */
async function startHolder(path: string) {
  const script = `const { withLock } = await import(${JSON.stringify(module)});
    await withLock(${JSON.stringify(path)}, { doing: 'kvctl up' }, async () => { console.log('held'); await new Promise(() => setInterval(() => {}, 1000)); });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

test('work under one lock does not overlap, and the lock is gone afterwards', async () => {
  const path = join(makeHome(), 'a.lock');
  let inside = 0;
  const work = async () => {
    inside += 1;
    expect(inside).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 2));
    inside -= 1;
  };
  await Promise.all(Array.from({ length: 10 }, () => withLock(path, { doing: 'test' }, work)));
  expect(existsSync(path)).toBe(false);
  expect(readdirSync(join(path, '..'))).toEqual([]);
});

test('work that fails lets go of the lock', async () => {
  const path = join(makeHome(), 'a.lock');
  await expect(withLock(path, { doing: 'test' }, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await withLock(path, { doing: 'test' }, async () => 'yes')).toBe('yes');
});

test('a lock that another process holds is waited for, and the error names the holder', async () => {
  const path = join(makeHome(), 'a.lock');
  const holder = await startHolder(path);
  const waits: string[] = [];
  const options = { doing: 'kvctl down', timeoutMs: 100, onWait: (text: string) => waits.push(text) };
  const attempt = withLock(path, options, async () => 'never');
  await expect(attempt).rejects.toThrow(`\`kvctl up\` (pid ${holder.pid}) holds it`);
  expect(waits).toEqual([`\`kvctl up\` (pid ${holder.pid})`]);
});

test('waiting ends at an interrupt', async () => {
  const path = join(makeHome(), 'a.lock');
  await startHolder(path);
  const attempt = withLock(path, { doing: 'kvctl down', signal: AbortSignal.timeout(50) }, async () => 'never');
  await expect(attempt).rejects.toMatchObject({ code: 'interrupted', exitCode: 105 });
});

test('the lock of a process that was killed is free', async () => {
  const path = join(makeHome(), 'a.lock');
  const holder = await startHolder(path);
  const exit = once(holder, 'exit');
  holder.kill('SIGKILL');
  await exit;
  expect(existsSync(path)).toBe(true);
  expect(await withLock(path, { doing: 'test', timeoutMs: 1000 }, async () => 'mine')).toBe('mine');
  expect(readdirSync(join(path, '..'))).toEqual([]);
});

test('of many that find a dead holder only one at a time gets the lock', async () => {
  const path = join(makeHome(), 'a.lock');
  const dead = { pid: process.pid, start_time: 'of a process that had this pid before', id: 'dead', doing: 'kvctl up' };
  writeFileSync(path, JSON.stringify(dead));
  // The breaker of the dead holder's lock died, too.
  writeFileSync(`${path}.dead`, JSON.stringify({ ...dead, id: 'dead-too' }));
  let inside = 0;
  const work = async () => {
    inside += 1;
    expect(inside).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 1));
    inside -= 1;
  };
  await Promise.all(Array.from({ length: 20 }, () => withLock(path, { doing: 'test' }, work)));
  expect(readdirSync(join(path, '..'))).toEqual([]);
});

test('the file names its holder and is for this user only', async () => {
  const path = join(makeHome(), 'locks', 'a.lock');
  await withLock(path, { doing: 'kvctl up' }, async () => {
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ pid: process.pid, doing: 'kvctl up' });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700);
  });
});
