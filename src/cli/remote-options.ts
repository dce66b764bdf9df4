/**
 * --leader and what goes with it: a cluster elsewhere, instead of one of this machine.
 *
 * There is no option for the token itself, only for its file, and a variable: a command line shows in `ps` to everybody on the
 * machine and stays in the shell's history, and whoever has the token may administer the cluster.
 */
import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { RemoteWish } from '../cluster/remote.ts';
import { parseOrigin } from '../lib/origin.ts';
import { fail, ok, type Result } from '../lib/result.ts';
import { KvctlError } from '../wire/errors.ts';
import type { Verb } from './verbs.ts';

export interface RemoteOptions {
  /** As it was typed: a verb with a --leader of its own reads it by its own rules. */
  readonly leader?: string;
  readonly tokenFile?: string;
  readonly nodeUrl?: NodeUrls;
}

type NodeUrls = ReadonlyMap<string, string>;

const LEADER_VARIABLE = 'KVCTL_LEADER';
const TOKEN_VARIABLE = 'KVCTL_TOKEN';
const NODE_URLS_VARIABLE = 'KVCTL_NODE_URLS';

export function addRemoteOptions(program: Command): Command {
  const urls = new Option(
    '--node-url <id=url>',
    'with --leader: where another node is reached from here; several with commas, or repeated',
  );
  return program
    .addOption(fromVariable(new Option('--leader <url>', 'a cluster elsewhere, by the address of its leader'), LEADER_VARIABLE))
    .addOption(new Option('--token-file <file>', `with --leader: holds the cluster's token (or put it into ${TOKEN_VARIABLE})`))
    .addOption(fromVariable(urls.argParser(collectNodeUrls), NODE_URLS_VARIABLE));
}

/**
 * The cluster elsewhere that the words and variables name; null for one of this machine, and for a verb whose --leader is its own. What stands on the command line goes
 * before what a variable says. Throws `usage`, also for a verb that cannot do with it.
 */
export function remoteWish(program: Command, command: Command, verb: Verb): RemoteWish | null {
  if (command.options.some((option) => option.attributeName() === 'leader')) return null;
  const { leader, tokenFile, nodeUrl = new Map() } = program.opts<RemoteOptions>();
  const isTyped = (name: string) => program.getOptionValueSource(name) === 'cli';
  const isNamed = ['cli', 'env'].includes(`${program.getOptionValueSource('name')}`);
  if (leader === undefined) {
    const lonely = isTyped('tokenFile') ? '--token-file' : isTyped('nodeUrl') ? '--node-url' : null;
    if (lonely !== null) throw usage(`${lonely}: expected only with --leader; a cluster of this machine needs none`);
    return null;
  }
  if (isNamed && isTyped('name') === isTyped('leader')) {
    const both = isTyped('name') ? '--name and --leader' : `KVCTL_NAME and ${LEADER_VARIABLE}`;
    throw usage(`expected a cluster of this machine or one elsewhere, got both ${both}`);
  }
  if (isTyped('name')) return null;
  if (verb.isLocal) {
    const told = isTyped('leader') ? '--leader' : `the variable ${LEADER_VARIABLE}`;
    throw usage(
      `expected a cluster of this machine, because this verb works on its processes and files; but ${told} names one elsewhere: ${isTyped('leader') ? 'leave it out' : 'unset it'}`,
    );
  }
  const origin = parseOrigin(leader);
  if (!origin.ok) throw usage(`${isTyped('leader') ? '--leader' : LEADER_VARIABLE}: ${origin.message}`);
  return { url: origin.value, token: tokenOf(tokenFile), nodeUrls: nodeUrl };
}

/** An empty variable counts as none. */
function fromVariable(option: Option, variable: string): Option {
  return process.env[variable] === '' ? option : option.env(variable);
}

function tokenOf(file: string | undefined): string | null {
  const text = file === undefined ? process.env[TOKEN_VARIABLE] : readToken(file);
  if (text === undefined || (file === undefined && text === '')) return null;
  const token = text.trim();
  if (/^[\x21-\x7e]{8,512}$/.test(token)) return token;
  const place = file === undefined ? TOKEN_VARIABLE : `--token-file ${file}`;
  throw usage(
    `${place}: expected a token, 8 to 512 printable characters without spaces, got ${token.length === 0 ? 'nothing' : `${token.length} characters that are none`}`,
  );
}

function readToken(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw usage(`--token-file: expected a file that can be read, got ${(error as NodeJS.ErrnoException).code} at ${file}`);
  }
}

function collectNodeUrls(text: string, before: NodeUrls = new Map()): NodeUrls {
  const parsed = parseNodeUrls(text);
  if (!parsed.ok) throw new InvalidArgumentError(parsed.message);
  return new Map([...before, ...parsed.value]);
}

/** `n2=http://127.0.0.1:8001,n3=…`, as a node's NODES. */
function parseNodeUrls(text: string): Result<NodeUrls> {
  const urls = new Map<string, string>();
  for (const part of text.split(',')) {
    const equals = part.indexOf('=');
    if (equals < 1) return fail(`expected NODE=URL, like n2=http://127.0.0.1:8001, got ${JSON.stringify(part)}`);
    const origin = parseOrigin(part.slice(equals + 1).trim());
    if (!origin.ok) return origin;
    urls.set(part.slice(0, equals).trim(), origin.value);
  }
  return ok(urls);
}

function usage(message: string): KvctlError {
  return new KvctlError('usage', message);
}
