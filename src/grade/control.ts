/**
 * Stopping and starting nodes by the user's own commands, as `docker stop {node}`. They are shell lines because the user wrote shell
 * lines; the only thing of ours that is put in is a name without any character that a shell would read.
 *
 * A command runs in a session of its own: Ctrl-C in the terminal does not reach it, so that a start that puts things back comes to its
 * end. What it leaves running (`server &`) may go on writing where the command wrote: a file without a name.
 */
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KvctlError } from '../wire/errors.ts';
import type { NodeControl, Peer } from './target.ts';

/** `docker stop` gives a program ten seconds before it kills it. */
const COMMAND_MS = 60_000;
const SHOWN_CHARACTERS = 600;
/** Nothing that a shell reads: letters, digits and what hosts, ports and container names have. */
export const NODE_NAME = /^[A-Za-z0-9][A-Za-z0-9._:-]*$/;

export class ShellControl implements NodeControl {
  readonly #stop: string;
  readonly #start: string;

  /** Both with `{node}` in them. */
  constructor(stop: string, start: string) {
    this.#stop = stop;
    this.#start = start;
  }

  async stop(nodes: readonly Peer[]): Promise<void> {
    await all(nodes.map((node) => runLine(this.#stop.replaceAll('{node}', node.name))));
  }

  async start(nodes: readonly Peer[]): Promise<void> {
    await all(nodes.map((node) => runLine(this.#start.replaceAll('{node}', node.name))));
  }
}

/** Every one is tried, then the first failure is thrown: one that fails must not keep the others down. */
export async function all(work: readonly Promise<void>[]): Promise<void> {
  const failure = (await Promise.allSettled(work)).find(({ status }) => status === 'rejected');
  if (failure?.status === 'rejected') throw failure.reason;
}

/** Throws `node_failed` with what the command said. */
function runLine(line: string): Promise<void> {
  return run(line, [], { shell: true });
}

/** Runs a command to its end. Throws `node_failed` if that is no success. */
export async function run(command: string, args: readonly string[], options: { readonly shell?: boolean } = {}): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'kvctl-check-'));
  const file = join(directory, 'output');
  const output = openSync(file, 'a+');
  try {
    const child = spawn(command, args, { shell: options.shell ?? false, detached: true, stdio: ['ignore', output, output] });
    const ended = new Promise<string | null>((resolve) => {
      child.once('error', (error) => resolve(error.message));
      // Not `close`: a server that was started in the background keeps the output open for good.
      child.once('exit', (exitCode, signal) => resolve(exitCode === 0 ? null : `exit ${exitCode ?? signal}`));
    });
    const timer = setTimeout(() => child.pid !== undefined && process.kill(-child.pid, 'SIGKILL'), COMMAND_MS);
    const mistake = await ended;
    clearTimeout(timer);
    if (mistake === null) return;
    const said = readFileSync(file, 'utf8').trim().slice(-SHOWN_CHARACTERS);
    const text = [command, ...args].join(' ');
    throw new KvctlError('node_failed', `expected \`${text}\` to succeed, got ${mistake}${said === '' ? '' : `: ${said}`}`);
  } finally {
    closeSync(output);
    rmSync(directory, { recursive: true, force: true });
  }
}
