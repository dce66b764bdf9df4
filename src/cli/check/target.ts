/** What the options of `check` say: which servers, which API, and how to stop them. */
import { accessSync, constants, readFileSync } from 'node:fs';
import type { RemoteWish } from '../../cluster/remote.ts';
import { composeTarget } from '../../grade/compose.ts';
import { NODE_NAME, ShellControl } from '../../grade/control.ts';
import type { NodeControl, Peer, Target } from '../../grade/target.ts';
import { DIALECTS } from '../../labs/all.ts';
import type { Dialect } from '../../labs/dialect.ts';
import { parseMapping } from '../../labs/mapping.ts';
import type { Distribution } from '../../lib/distribution.ts';
import { fail, ok, type Result } from '../../lib/result.ts';
import { KvctlError } from '../../wire/errors.ts';

export interface TargetOptions {
  readonly dialect?: string;
  readonly mapping?: string;
  readonly compose?: string;
  readonly leaderName?: string;
  readonly follower?: readonly Peer[];
  readonly stopCmd?: string;
  readonly startCmd?: string;
  readonly delay?: Distribution;
  readonly quorum?: number;
  readonly durable?: boolean;
  /** ms. */
  readonly timeout: number;
}

export interface ChosenTarget {
  readonly target: Target;
  readonly control: NodeControl | null;
}

/** Lab 5 keeps its data in SQLite, in a volume: it promises what others have to say. */
const DURABLE_DIALECTS = ['lab-5'];

/** Throws `usage`, and what Compose has to say. */
export async function targetOf(options: TargetOptions, remote: RemoteWish | null): Promise<ChosenTarget> {
  const dialect = dialectOf(options);
  const shell = shellControlOf(options);
  const compose = options.compose === undefined ? null : await composeOf(options, remote, options.compose);
  const leader = remote === null ? compose?.leader : { name: options.leaderName ?? new URL(remote.url).host, url: remote.url };
  const followers = options.follower ?? compose?.followers ?? [];
  if (leader === undefined)
    throw new KvctlError('usage', 'expected --leader URL (and --follower URL, ...), or --compose FILE, got neither');
  assertDistinct([leader, ...followers]);
  const quorum = options.quorum ?? compose?.quorum ?? null;
  if (quorum !== null && followers.length === 0) {
    throw new KvctlError('usage', `expected --follower URL, ... beside --quorum ${quorum}, got none`);
  }
  if (quorum !== null && quorum > followers.length) {
    throw new KvctlError('usage', `expected a --quorum of at most ${followers.length}, the number of followers, got ${quorum}`);
  }
  const target: Target = {
    dialect,
    leader,
    followers,
    quorum,
    delay: options.delay ?? null,
    isDurable: options.durable ?? DURABLE_DIALECTS.includes(dialect.name),
    timeoutMs: options.timeout,
    token: remote?.token ?? null,
  };
  return { target, control: shell ?? compose?.control ?? null };
}

/** A name that can stand in a shell line. */
export function parseNodeName(text: string): Result<string> {
  return NODE_NAME.test(text)
    ? ok(text)
    : fail(`expected a name of letters, digits, dots, dashes, colons and underscores, got ${JSON.stringify(text)}`);
}

/** `http://127.0.0.1:8000`, `127.0.0.1:8000`, `n2=http://…`. */
function parsePeer(text: string): Result<Peer> {
  const [, given, rest] = /^(?:([^=/?#]*)=)?(.*)$/s.exec(text) as unknown as [string, string | undefined, string];
  const address = /^https?:\/\//i.test(rest) ? rest : `http://${rest}`;
  const expected = `expected a URL like http://127.0.0.1:8000, with a name before it if you like (n2=http://127.0.0.1:8001), got ${JSON.stringify(text)}`;
  if (!URL.canParse(address) || /\s/.test(address)) return fail(expected);
  const url = new URL(address);
  if (rest === '' || url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '')
    return fail(expected);
  const name = given ?? url.host;
  const named = parseNodeName(name);
  return named.ok ? ok({ name, url: url.origin }) : named;
}

/** A comma list of them. */
export function parsePeers(text: string): Result<Peer[]> {
  const peers: Peer[] = [];
  for (const part of text.split(',')) {
    const parsed = parsePeer(part.trim());
    if (!parsed.ok) return parsed;
    peers.push(parsed.value);
  }
  return ok(peers);
}

function dialectOf({ dialect, mapping }: TargetOptions): Dialect {
  const names = [...DIALECTS.keys()].join(', ');
  if ((dialect === undefined) === (mapping === undefined)) {
    throw new KvctlError(
      'usage',
      `expected either --dialect (${names}) or --mapping FILE, got ${dialect === undefined ? 'neither' : 'both'}`,
    );
  }
  if (mapping !== undefined) return readMapping(mapping);
  const found = DIALECTS.get(dialect as string);
  if (found === undefined) throw new KvctlError('usage', `expected --dialect to be one of ${names}, got ${JSON.stringify(dialect)}`);
  return found;
}

function readMapping(file: string): Dialect {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new KvctlError('usage', `expected --mapping to be a file that can be read, got ${(error as Error).message}`, {}, error);
  }
  const parsed = parseMapping(text);
  if (parsed.ok) return parsed.value;
  throw new KvctlError('usage', `${file}: ${parsed.message}`);
}

function shellControlOf({ stopCmd, startCmd }: TargetOptions): NodeControl | null {
  if (stopCmd === undefined && startCmd === undefined) return null;
  for (const [name, line] of [
    ['--stop-cmd', stopCmd],
    ['--start-cmd', startCmd],
  ] as const) {
    if (line === undefined)
      throw new KvctlError('usage', `expected --stop-cmd and --start-cmd together, got no ${name}: what is stopped must be started again`);
    if (!line.includes('{node}'))
      throw new KvctlError('usage', `expected {node} in ${name}, like 'docker stop {node}', got ${JSON.stringify(line)}`);
  }
  return new ShellControl(stopCmd as string, startCmd as string);
}

async function composeOf({ follower }: TargetOptions, remote: RemoteWish | null, file: string) {
  if (remote !== null || follower !== undefined) {
    throw new KvctlError('usage', 'expected --compose to tell leader and followers, got --leader or --follower as well');
  }
  try {
    accessSync(file, constants.R_OK);
  } catch (error) {
    throw new KvctlError('usage', `expected --compose to be a file that can be read, got ${(error as Error).message}`, {}, error);
  }
  return composeTarget(file);
}

function assertDistinct(peers: readonly Peer[]): void {
  for (const field of ['name', 'url'] as const) {
    const seen = new Set<string>();
    for (const peer of peers) {
      // This machine under two names would be a follower that takes writes and has each at once.
      const same = peer[field].replace(/\/\/(localhost|\[::1\])(?=[:/]|$)/, '//127.0.0.1');
      if (seen.has(same)) throw new KvctlError('usage', `expected different nodes, got ${peer[field]} twice`);
      seen.add(same);
    }
  }
}
