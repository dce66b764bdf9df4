/**
 * Servers that run by somebody's Compose file: where their ports are published, and stopping and starting their containers. The file is
 * theirs and stays as it is; nothing is brought up or taken down.
 */
import { dirname } from 'node:path';
import { findCompose } from '../cluster/compose/engine.ts';
import { KvctlError } from '../wire/errors.ts';
import { parseComposeConfig } from './compose-file.ts';
import { all, run } from './control.ts';
import type { NodeControl, Peer } from './target.ts';

export interface ComposeTarget {
  readonly leader: Peer;
  readonly followers: readonly Peer[];
  readonly quorum: number | null;
  readonly control: NodeControl;
}

const ASK_MS = 30_000;

/** Throws `usage` for a file that does not tell who is who, `unreachable` if its containers do not run, `no_engine`. */
export async function composeTarget(file: string): Promise<ComposeTarget> {
  const compose = await composeOn(file);
  const config = parseComposeConfig(await compose.ask('config'));
  if (!config.ok) throw new KvctlError('usage', `--compose ${file}: ${config.message}`);
  const { leader, followers, quorum } = config.value;
  const peerOf = async ({ name, port }: { name: string; port: number }): Promise<Peer> => {
    const address = (await compose.ask('port', name, `${port}`)).trim();
    // Of a container that listens on all addresses; any of them is this machine.
    const [, host, published] = /^(.*):(\d+)$/.exec(address) ?? [];
    if (published === undefined || published === '0') {
      throw new KvctlError(
        'unreachable',
        `expected ${name} of ${file} to run with port ${port} published, got ${JSON.stringify(address)}: bring it up first`,
      );
    }
    return { name, url: `http://${host === '0.0.0.0' || host === '[::]' || host === '::' ? '127.0.0.1' : host}:${published}` };
  };
  return {
    leader: await peerOf(leader),
    followers: await Promise.all(followers.map(peerOf)),
    quorum,
    // Killed, not stopped: a crash is what the checks are about, and many programs take ten seconds to stop.
    control: {
      stop: (nodes) => compose.tell('kill', ...nodes.map(({ name }) => name)),
      start: (nodes) => all([compose.tell('start', ...nodes.map(({ name }) => name))]),
    },
  };
}

interface Compose {
  /** Its stdout. */
  ask(...args: readonly string[]): Promise<string>;
  tell(...args: readonly string[]): Promise<void>;
}

/** Of this machine, on the user's file and with the user's COMPOSE_* variables. Throws `no_engine` where there is no Compose. */
async function composeOn(file: string): Promise<Compose> {
  const { execa } = await import('execa');
  const { command } = await findCompose().catch((error: unknown) => {
    if (!(error instanceof KvctlError)) throw error;
    const advice = 'install Docker with Compose, or tell how to stop and start nodes with --stop-cmd and --start-cmd';
    throw new KvctlError('no_engine', `expected \`docker compose\` or \`docker-compose\` for --compose, got neither: ${advice}`, {}, error);
  });
  const [tool = '', ...first] = command;
  const args = [...first, '-f', file, '--project-directory', dirname(file)];
  return {
    ask: async (...rest) => {
      const { exitCode, stdout, stderr, shortMessage } = await execa(tool, [...args, ...rest], {
        reject: false,
        timeout: ASK_MS,
        stdin: 'ignore',
      });
      if (exitCode === 0) return stdout;
      const line = [tool, ...args, ...rest].join(' ');
      throw new KvctlError('unreachable', `expected \`${line}\` to succeed, got ${stderr.trim() || shortMessage}`);
    },
    tell: (...rest) => run(tool, [...args, ...rest]),
  };
}
