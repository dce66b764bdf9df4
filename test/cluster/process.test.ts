import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { findProcess, parseProcStat, parsePsLine, sameProcess, signalProcess } from '../../src/cluster/process.ts';
import { until } from './sandbox.ts';

function startSleeper(): ChildProcess & { pid: number } {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child as ChildProcess & { pid: number };
}

test('a process is found by its pid and keeps its start time', async () => {
  const { pid } = startSleeper();
  const first = findProcess(pid);
  expect(first).toMatchObject({ pid, isPaused: false });
  expect(findProcess(pid)?.start_time).toBe(first?.start_time);
  expect(findProcess(process.pid)?.start_time).not.toBe(first?.start_time);
});

test('a pid that was given to another process is not signalled', async () => {
  const child = startSleeper();
  const reused = { pid: child.pid, start_time: 'of the process that had this pid before' };
  expect(sameProcess(reused)).toBeNull();
  expect(signalProcess(reused, 'SIGKILL')).toBe(false);
  expect(findProcess(child.pid)).not.toBeNull();
});

test('a signal reaches the process that was meant, and after its end nobody', async () => {
  const child = startSleeper();
  const identity = findProcess(child.pid)!;
  const exit = once(child, 'exit');
  expect(signalProcess(identity, 'SIGKILL')).toBe(true);
  expect(await exit).toEqual([null, 'SIGKILL']);
  expect(findProcess(child.pid)).toBeNull();
  expect(signalProcess(identity, 'SIGKILL')).toBe(false);
});

test('a stopped process is seen as paused until it goes on', async () => {
  const identity = findProcess(startSleeper().pid)!;
  signalProcess(identity, 'SIGSTOP');
  await until('it is paused', () => findProcess(identity.pid)?.isPaused === true);
  signalProcess(identity, 'SIGCONT');
  await until('it runs', () => findProcess(identity.pid)?.isPaused === false);
});

test.runIf(process.platform === 'linux')('a zombie, which nobody reaped, is gone', async () => {
  // A shell that turns into another program keeps a child that this program knows nothing of and never reaps.
  const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
  onTestFinished(() => void parent.kill('SIGKILL'));
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(line.toString());
  await until('it is a zombie', () => readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z '));
  expect(findProcess(pid)).toBeNull();
});

describe('a line of /proc', () => {
  const line = (state: string, threads: number) => {
    const between = Array.from({ length: 16 }, (_, index) => index + 4).join(' ');
    return `42 (a) Z (b) ${state} ${between} ${threads} 0 777 23 24`;
  };

  test('is not misread for a process whose name has spaces and parentheses', () => {
    expect(parseProcStat(42, line('S', 11), 'boot')).toEqual({ pid: 42, start_time: 'boot:777', isPaused: false });
    expect(parseProcStat(42, line('T', 11), 'boot')?.isPaused).toBe(true);
  });

  // Its other threads hold the ports for some milliseconds more; seen as `port taken` right after a kill.
  test('of a zombie means gone, but not before its last thread is', () => {
    expect(parseProcStat(42, line('Z', 3), 'boot')).not.toBeNull();
    expect(parseProcStat(42, line('Z', 1), 'boot')).toBeNull();
  });
});

test('a line of ps gives the same', () => {
  expect(parsePsLine('  412 S    Thu Nov 20 21:04:05 2025    ')).toEqual({
    pid: 412,
    start_time: 'Thu Nov 20 21:04:05 2025',
    isPaused: false,
  });
  expect(parsePsLine('  412 T+   Thu Nov  2 21:04:05 2025')).toEqual({ pid: 412, start_time: 'Thu Nov 2 21:04:05 2025', isPaused: true });
  expect(parsePsLine('  412 Z    Thu Nov 20 21:04:05 2025')).toBeNull();
  expect(parsePsLine('')).toBeNull();
});
