/**
 * Is that pid still our process? Pids are reused, so a process is known by its pid and its start time, and a signal goes out
 * only after both were found again.
 *
 * Linux: /proc/<pid>/stat, with the boot id, because start times count from the boot. Elsewhere (macOS): `ps`, in a fixed
 * time zone and language, because its start time is text.
 * A zombie is gone: it holds no port and no file, and in containers whose first process reaps nobody it would stay for ever.
 * But only with its last thread: the first thread of a dying process turns into a zombie while others still hold its ports.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque; equal for the same process only, and only on the machine and since the boot where it was read. */
  readonly start_time: string;
}

export interface ProcessFound extends ProcessIdentity {
  readonly isPaused: boolean;
}

/** The processes that exist now, by pid. One look for all of them: elsewhere than on Linux each look starts a `ps`. */
export function findProcesses(pids: readonly number[]): Map<number, ProcessFound> {
  const found = process.platform === 'linux' ? pids.map(readProc) : runPs(pids);
  return new Map(found.filter((item) => item !== null).map((item) => [item.pid, item]));
}

export function findProcess(pid: number): ProcessFound | null {
  return findProcesses([pid]).get(pid) ?? null;
}

/** The process if it is still the one that was started, else null. */
export function sameProcess(identity: ProcessIdentity): ProcessFound | null {
  const found = findProcess(identity.pid);
  return found?.start_time === identity.start_time ? found : null;
}

/** True if the signal was sent; false if the process is gone, or the pid belongs to another one by now. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (sameProcess(identity) === null) return false;
  try {
    return process.kill(identity.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

let bootId: string | undefined;

function readProc(pid: number): ProcessFound | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null;
  }
  bootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return parseProcStat(pid, stat, bootId);
}

/**
 * Fields by proc(5): the state is number 3, the threads 20, the start time 22. The name, number 2, is in parentheses and may hold spaces and
 * parentheses, so the count begins after the last one.
 */
export function parseProcStat(pid: number, stat: string, boot: string): ProcessFound | null {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, threads, startTime] = [fields[0], Number(fields[20 - 3]), fields[22 - 3]];
  if (state === undefined || startTime === undefined || ('ZXx'.includes(state) && threads <= 1)) return null;
  return { pid, start_time: `${boot}:${startTime}`, isPaused: state === 'T' || state === 't' };
}

function runPs(pids: readonly number[]): (ProcessFound | null)[] {
  if (pids.length === 0) return [];
  // One -o each: BSD's ps takes what follows a "=" up to the end of the argument as the column's title.
  // Exit code 1 means that some pid does not exist. Plain spawnSync: execa would double the start of `status` and `ls`.
  const { stdout } = spawnSync('ps', ['-o', 'pid=', '-o', 'state=', '-o', 'lstart=', '-p', pids.join(',')], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC0' },
  });
  return (stdout ?? '').split('\n').map(parsePsLine);
}

/** `  412 S    Thu Nov 20 21:04:05 2025`; the state may carry more letters after its first. */
export function parsePsLine(line: string): ProcessFound | null {
  const match = /^\s*(\d+)\s+([A-Za-z])\S*\s+(\S.*\S)\s*$/.exec(line);
  if (match === null || match[2] === 'Z') return null;
  return { pid: Number(match[1]), start_time: `${match[3]}`.replace(/\s+/g, ' '), isPaused: match[2] === 'T' };
}
