/**
 * Ports: is one free, who has it, and which block of N+1 a new cluster gets.
 *
 * Free means: nothing answers there and we could listen. Both are asked, because on macOS listening on 127.0.0.1 succeeds
 * beside somebody who listens on all addresses, and because a port in another state than LISTEN answers nobody.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { KvctlError } from '../wire/errors.ts';
import { DEFAULT_BASE_PORT } from './spec.ts';

const HOST = '127.0.0.1';
/** A connection on loopback is refused or made at once; only a firewall that drops packets keeps silent. */
const CONNECT_TIMEOUT_MS = 300;
const LAST_PORT = 65_535;

export async function isPortFree(port: number): Promise<boolean> {
  return !(await isAnswered(port)) && (await canListen(port));
}

/** The busy ones among consecutive ports. */
export async function busyPorts(basePort: number, count: number): Promise<number[]> {
  const ports = Array.from({ length: count }, (_, index) => basePort + index);
  const free = await Promise.all(ports.map(isPortFree));
  return ports.filter((_, index) => free[index] === false);
}

export interface PortWish {
  /** N+1. */
  readonly count: number;
  /** The port that was asked for; null: any block. */
  readonly port: number | null;
  /** Ports that other clusters were given, running or not, and who they are: their data remembers its addresses. */
  readonly reserved: ReadonlyMap<number, string>;
  /** So many free blocks are left to others who choose at the same moment; default 0. */
  readonly skip?: number;
}

/**
 * The first port of the block. The caller holds the ports' lock until the choice is in a state file.
 * Throws `port_taken`, naming the owner, if the block that was asked for is not free, or if none is.
 */
export async function choosePorts(wish: PortWish): Promise<number> {
  if (wish.port !== null) {
    const [taken] = await busyPorts(wish.port, wish.count);
    if (taken !== undefined) throw portTaken(taken, 'stop that, or choose other ports with --port', wish.reserved.get(taken));
    return wish.port;
  }
  let skip = wish.skip ?? 0;
  for (let base = DEFAULT_BASE_PORT; base + wish.count - 1 <= LAST_PORT; base += wish.count) {
    const isReserved = Array.from({ length: wish.count }).some((_, index) => wish.reserved.has(base + index));
    if (isReserved || (await busyPorts(base, wish.count)).length > 0) continue;
    if (skip === 0) return base;
    skip -= 1;
  }
  throw new KvctlError(
    'port_taken',
    `expected ${wish.count} free ports in a row from ${DEFAULT_BASE_PORT} up, found none: give some with --port`,
  );
}

/** Names the owner as far as it can be known; `ours` is the kvctl node that was given this port, if any. */
export function portTaken(port: number, advice: string, ours?: string): KvctlError {
  const owner = ownerOf(port);
  const who = [ours, owner === null ? undefined : `${owner.command} (pid ${owner.pid})`].filter((part) => part !== undefined).join(', ');
  const got = who === '' ? 'another process has it, one of another user probably' : `${who} has it`;
  return new KvctlError('port_taken', `expected port ${port} to be free, but ${got}: ${advice}`, {
    port,
    pid: owner?.pid ?? null,
  });
}

interface PortOwner {
  readonly pid: number;
  readonly command: string;
}

/** The process that listens on a port, as far as this user may know it. */
export function ownerOf(port: number): PortOwner | null {
  return process.platform === 'linux' ? ownerByProc(port) : ownerByLsof(port);
}

/** proc(5): /proc/net/tcp names sockets by inode (address in field 1, state 0A is LISTEN in field 3, inode in field 9). */
function ownerByProc(port: number): PortOwner | null {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  const inodes = new Set<string>();
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of readText(file).split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/);
      if (fields[1]?.endsWith(`:${hexPort}`) && fields[3] === '0A' && fields[9] !== undefined) inodes.add(`socket:[${fields[9]}]`);
    }
  }
  if (inodes.size === 0) return null;
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const pid = pids.find((candidate) => openFiles(candidate).some((target) => inodes.has(target)));
  if (pid === undefined) return null;
  const command = readText(`/proc/${pid}/cmdline`).split('\0').join(' ').trim() || readText(`/proc/${pid}/comm`).trim();
  return { pid: Number(pid), command: command.slice(0, 100) };
}

function openFiles(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`);
      } catch {
        return '';
      }
    });
  } catch {
    return [];
  }
}

/** `-Fpc`: one field per line, `p<pid>` before `c<command>`. */
function ownerByLsof(port: number): PortOwner | null {
  const { stdout } = spawnSync('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc'], { encoding: 'utf8' });
  const pid = /^p(\d+)$/m.exec(stdout ?? '')?.[1];
  const command = /^c(.+)$/m.exec(stdout ?? '')?.[1];
  return pid === undefined ? null : { pid: Number(pid), command: command ?? 'a process' };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function isAnswered(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: HOST, port });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => end(true));
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: HOST, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
