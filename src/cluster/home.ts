/**
 * Where kvctl keeps what it must remember between commands.
 *
 *   <home>/ports.lock                 held while ports are chosen
 *   <home>/locks/<name>.lock          held while a cluster is changed; outside its directory, which `down --purge` removes
 *   <home>/clusters/<name>/state.json what was started, mode 0600: it holds the token
 *   <home>/clusters/<name>/data/<node>, <home>/clusters/<name>/logs/<node>.log
 *   <home>/clusters/<name>/docker-compose.yml of a cluster of containers, whose data is in the engine's volumes
 */
import { createHash } from 'node:crypto';
import { mkdirSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { KvctlError } from '../wire/errors.ts';

export interface ClusterPaths {
  readonly home: string;
  /** Everything of one cluster, its lock excepted. */
  readonly directory: string;
  readonly stateFile: string;
  readonly dataRoot: string;
  readonly logRoot: string;
  /** What Compose calls the cluster. The engine is shared by all users and state directories, so their clusters' names alone would meet. */
  readonly project: string;
  readonly lock: string;
  readonly portsLock: string;
}

/** `$KVCTL_HOME`, else `$XDG_STATE_HOME/kvctl`, else `~/.local/state/kvctl`; absolute. Empty variables count as unset, as XDG says. */
export function stateHome(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment['KVCTL_HOME']) return resolve(environment['KVCTL_HOME']);
  const xdg = environment['XDG_STATE_HOME'];
  // The specification says that a relative XDG path is to be ignored.
  return join(xdg?.startsWith('/') ? xdg : join(homedir(), '.local', 'state'), 'kvctl');
}

export function clusterPaths(name: string, home = stateHome()): ClusterPaths {
  const directory = join(home, 'clusters', name);
  return {
    home,
    directory,
    stateFile: join(directory, 'state.json'),
    dataRoot: join(directory, 'data'),
    logRoot: join(directory, 'logs'),
    project: `kvctl-${name}-${createHash('sha256').update(realPath(home)).digest('hex').slice(0, 8)}`,
    lock: join(home, 'locks', `${name}.lock`),
    portsLock: join(home, 'ports.lock'),
  };
}

/** The same however the path is spelt, and whether or not the directory exists yet. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realPath(parent), basename(path));
  }
}

/** Makes the directory and its parents, for this user only. Throws `io` that says what to do. */
export function makePrivateDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw ioError(`expected to create the directory ${path}`, error);
  }
}

/** A failed file operation, with what people usually do about it. */
export function ioError(expected: string, cause: unknown): KvctlError {
  const code = (cause as NodeJS.ErrnoException).code ?? (cause instanceof Error ? cause.message : String(cause));
  const advice =
    code === 'ENOSPC'
      ? 'free some space on that disk'
      : code === 'EACCES' || code === 'EPERM' || code === 'EROFS'
        ? 'make it writable for you, or set KVCTL_HOME to a directory that is'
        : 'check the path, or set KVCTL_HOME to another directory';
  return new KvctlError('io', `${expected}, got ${code}: ${advice}`, { code }, cause);
}
