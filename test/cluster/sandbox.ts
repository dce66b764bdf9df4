/** A state directory of its own per test, ports nobody has, and nothing left behind. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { down } from '../../src/cluster/cluster.ts';
import { clusterPaths } from '../../src/cluster/home.ts';
import { planCluster } from '../../src/cluster/plan.ts';
import { parseSpec } from '../../src/cluster/spec.ts';
import { type ClusterState, listNames } from '../../src/cluster/state.ts';

/** Stops every cluster in it at the end of the test. */
export function makeHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'kvctl-test-'));
  onTestFinished(async () => {
    for (const name of listNames(home)) await down(name, { home });
    rmSync(home, { recursive: true, force: true });
  });
  return home;
}

/** Of a leader and one follower that never ran. */
export function stateOf(name: string, home: string): ClusterState {
  const spec = parseSpec({ name, followers: 1 });
  const plan = planCluster(spec, 8000, clusterPaths(name, home), 'secret');
  const nodes = plan.nodes.map(({ environment: _, ...node }) => ({ ...node, pid: null, start_time: null }));
  const created_at = '2025-01-01T00:00:00.000Z';
  return { schema_version: 1, name, target: 'local', token: 'secret', spec, data_root: plan.data_root, nodes, created_at, born_at: null };
}

/** The first of `count` ports in a row that are free now; drawn at random, because test files run side by side. */
export async function freePorts(count: number): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    // Below the range from which the system gives ports to outgoing connections.
    const base = 10_000 + Math.floor(Math.random() * 20_000);
    const servers = await Promise.all(Array.from({ length: count }, (_, index) => listen(base + index)));
    const isFree = servers.every((server) => server !== null);
    await Promise.all(servers.map((server) => server?.close()));
    if (isFree) return base;
  }
  throw new Error('no free ports');
}

/** Holds a port until the test ends. */
export async function occupy(port: number): Promise<void> {
  const server = await listen(port);
  if (server === null) throw new Error(`port ${port} is taken`);
  onTestFinished(() => server.close());
}

export interface Listener {
  close(): Promise<void>;
}

function listen(port: number): Promise<Listener | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () =>
      resolve({ close: () => new Promise((closed) => server.close(() => closed())) }),
    );
  });
}

/** Until the condition holds; fails after `timeoutMs`. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, timeoutMs = 10_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
