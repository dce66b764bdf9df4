/** Runs the real command line: bin/kvctl in a process of its own, on the Node of the devDependencies. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '#entry';

export const NODE = join(packageRoot, 'node_modules', '.bin', 'node');
export const KVCTL = join(packageRoot, 'bin', 'kvctl');

export interface Ran {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Absent: the command reads nothing. */
  readonly stdin?: string;
}

/** A state directory of its own, removed when it is disposed of. */
export class Home implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'kvctl-test-'));

  kvctl(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
    return finished(this.start(args, options), options.stdin);
  }

  /** The same without waiting for its end. */
  start(args: readonly string[], options: RunOptions = {}): ChildProcess {
    return spawn(NODE, [KVCTL, ...args], { cwd: this.path, env: this.env(options.env), stdio: 'pipe' });
  }

  /** Of this process without what would colour or redirect the output, or choose a cluster. */
  env(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
    const { NO_COLOR, FORCE_COLOR, KVCTL_NAME, KVCTL_DEBUG, KVCTL_LEADER, KVCTL_TOKEN, KVCTL_NODE_URLS, ...inherited } = process.env;
    return { ...inherited, KVCTL_HOME: this.path, ...more };
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Everything that a process says, and how it ended. */
export function finished(child: ChildProcess, stdin?: string): Promise<Ran> {
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
    });
  }
  child.stdin?.on('error', () => {}).end(stdin ?? '');
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode, signal) => resolve({ exitCode, signal, ...said }));
  });
}
