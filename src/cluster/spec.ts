/**
 * What a cluster is to be: its options, their defaults, and how two wishes differ. Untrusted input becomes a ClusterSpec here
 * and nowhere else; everything after it may rely on the ranges below.
 */
import { formatDelays, parseDelays } from '../lib/delay-plan.ts';
import { KvctlError } from '../wire/errors.ts';
import { expectedOfSetting, NUMBER_SETTINGS } from '../wire/settings.ts';

export interface ClusterSpec {
  /** Its directory in the state directory, and what `-n` selects. */
  readonly name: string;
  /** N, 0 to MAX_FOLLOWERS. There are N+1 nodes: n1 is born as leader. */
  readonly followers: number;
  /** k, 0 to N: follower acks that a write needs. */
  readonly quorum: number;
  /** Simulated delay of replication, in the canonical text of lib/delay-plan. */
  readonly delay: string;
  readonly store: 'sqlite' | 'memory';
  /** Port of n1; the others follow. null: 8000, or the next block that is free. */
  readonly port: number | null;
  /** Seed of the simulated network. */
  readonly seed: number;
  /** Where the nodes run: processes of this machine, or containers by Docker Compose. */
  readonly target: Target;
  /** Settings of the nodes that have no option of their own, by the name of their environment variable (SPEC 8). */
  readonly settings: Readonly<Record<string, string>>;
}

/** What somebody asked for: everything optional, nothing checked. */
export interface ClusterWish {
  readonly name?: string | undefined;
  readonly followers?: number | undefined;
  readonly quorum?: number | undefined;
  readonly delay?: string | undefined;
  readonly store?: string | undefined;
  readonly port?: number | null | undefined;
  readonly seed?: number | undefined;
  readonly target?: string | undefined;
  readonly settings?: Readonly<Record<string, string>> | undefined;
}

export const TARGETS = ['local', 'compose'] as const;
export type Target = (typeof TARGETS)[number];

export const DEFAULT_NAME = 'default';
export const DEFAULT_FOLLOWERS = 5;
export const DEFAULT_QUORUM = 3;
/** The course lab's network. */
export const DEFAULT_DELAY = '0-1000';
export const DEFAULT_BASE_PORT = 8000;
/** Fixed, not drawn: the same command gives the same delays, and the same `up` again asks for the same cluster. */
export const DEFAULT_SEED = 1;
/** A process each: beyond this a machine measures its scheduler, not replication. */
const MAX_FOLLOWERS = 31;
/** For closing connections and the store after the last write was answered. */
const CLOSE_S = 10;
const NAME = /^[a-z0-9][a-z0-9_-]{0,39}$/;
/** See ClusterSpec.settings. */
export const SETTINGS = [
  'REQUEST_TIMEOUT',
  'QUORUM_TIMEOUT_MS',
  'FAIL_EARLY_MS',
  'RETRANSMIT_MS',
  'LOG_LEVEL',
  'BATCH_MAX',
  'WINDOW',
  'MAX_VALUE_BYTES',
  'TOMBSTONE_KEEP',
  'DIALECT',
  'FAULT_INJECTION',
];

/** The wish with its defaults. Throws `usage` that says what was expected and got. */
export function parseSpec(wish: ClusterWish): ClusterSpec {
  const name = parseName(wish.name ?? DEFAULT_NAME);
  const followers = integer('--followers', wish.followers ?? DEFAULT_FOLLOWERS, 0, MAX_FOLLOWERS);
  const quorum = wish.quorum ?? Math.min(DEFAULT_QUORUM, followers);
  if (!Number.isInteger(quorum) || quorum < 0 || quorum > followers) {
    throw usage(`--quorum: expected an integer from 0 to ${followers} (the number of followers), got ${quorum}`);
  }
  const port = wish.port ?? null;
  // Below 1024 a user may not listen; the last node's port must exist too.
  if (port !== null) integer('--port', port, 1024, 65_535 - followers);
  return {
    name,
    followers,
    quorum,
    delay: parseDelay(wish.delay ?? DEFAULT_DELAY, followers),
    store: oneOf('--store', wish.store ?? 'sqlite', ['sqlite', 'memory']),
    port,
    seed: integer('--seed', wish.seed ?? DEFAULT_SEED, 0, Number.MAX_SAFE_INTEGER),
    target: oneOf('--target', wish.target ?? 'local', TARGETS),
    settings: parseSettings(wish.settings ?? {}),
  };
}

/** A name that is safe as a directory on every file system, those that fold case included. Throws `usage`. */
export function parseName(name: string): string {
  if (NAME.test(name)) return name;
  throw usage(
    `--name: expected 1 to 40 of a-z, 0-9, "-" and "_", beginning with a letter or digit, got ${JSON.stringify(name)}; try ${JSON.stringify(suggestName(name))}`,
  );
}

/**
 * One sentence per difference between what stands and what is asked; empty if they are the same cluster.
 * Why ports count only when asked for: without `--port` any block will do. `seed` and the rest always count, because a
 * benchmark on the wrong network is worse than a refusal.
 */
export function differences(standing: ClusterSpec, standingPort: number | null, wanted: ClusterSpec): string[] {
  const found: string[] = [];
  const compare = (what: string, a: string | number, b: string | number) => {
    if (a !== b) found.push(`${what}: it has ${a}, asked for ${b}`);
  };
  compare('followers', standing.followers, wanted.followers);
  compare('quorum', standing.quorum, wanted.quorum);
  compare('delay', standing.delay, wanted.delay);
  compare('store', standing.store, wanted.store);
  if (wanted.port !== null && standingPort !== null) compare('port', standingPort, wanted.port);
  compare('seed', standing.seed, wanted.seed);
  compare('target', standing.target, wanted.target);
  for (const name of SETTINGS) compare(name, standing.settings[name] ?? 'its default', wanted.settings[name] ?? 'its default');
  return found;
}

/** Between SIGTERM and SIGKILL of a container, in seconds: a node answers first what is in flight, which its quorum timeout bounds. */
export function graceSeconds(settings: Readonly<Record<string, string>>): number {
  const quorumTimeoutMs = Number(settings['QUORUM_TIMEOUT_MS']) || NUMBER_SETTINGS.QUORUM_TIMEOUT_MS.otherwise;
  return Math.ceil(quorumTimeoutMs / 1000) + CLOSE_S;
}

/** Node ids, n1 first. */
export function nodeIds(followers: number): string[] {
  return Array.from({ length: followers + 1 }, (_, index) => `n${index + 1}`);
}

function parseDelay(text: string, followers: number): string {
  const parsed = parseDelays(text);
  if (!parsed.ok) throw usage(`--delay: ${parsed.message}`);
  const ids = nodeIds(followers);
  const stranger = [...parsed.value.perNode.keys()].find((id) => !ids.includes(id));
  if (stranger !== undefined) throw usage(`--delay: expected nodes among ${ids.join(', ')}, got ${JSON.stringify(stranger)}`);
  return formatDelays(parsed.value);
}

function parseSettings(settings: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const [name, text] of Object.entries(settings)) {
    oneOf('--set', name, SETTINGS);
    const expected = expectedOfSetting(name, text);
    if (expected !== null) throw usage(`--set: ${name}: expected ${expected}, got ${JSON.stringify(text)}`);
  }
  return Object.fromEntries(SETTINGS.flatMap((name) => (settings[name] === undefined ? [] : [[name, settings[name]]])));
}

function integer(option: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw usage(`${option}: expected an integer from ${min} to ${max}, got ${value}`);
}

function oneOf<T extends string>(option: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((item) => item === value);
  if (found !== undefined) return found;
  throw usage(`${option}: expected ${allowed.join(' or ')}, got ${JSON.stringify(value)}`);
}

function suggestName(name: string): string {
  const folded = name.toLowerCase().replace(/[^a-z0-9_-]+/g, '-');
  return folded.replace(/^[-_]+/, '').slice(0, 40) || 'lab';
}

function usage(message: string): KvctlError {
  return new KvctlError('usage', message);
}
