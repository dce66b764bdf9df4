/** Runs the real `kvctl` as a user would, and tells how long it took. */
import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../../bin/kvctl', import.meta.url));

export interface CommandOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly ms: number;
}

export async function kvctl(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<CommandOutcome> {
  const begun = performance.now();
  const child = spawn(process.execPath, [BIN, ...args], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...environment } });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const code = await new Promise<number>((resolve) => child.once('close', (status) => resolve(status ?? 1)));
  return { code, stdout: Buffer.concat(chunks).toString(), ms: performance.now() - begun };
}
