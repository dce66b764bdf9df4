/** A cluster for a benchmark: brought up in a directory of its own, taken down and removed on every way out. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'undici';
import { KvClient } from '../../src/client/kv-client.ts';
import { down, up } from '../../src/cluster/cluster.ts';
import { type ClusterWish, parseSpec } from '../../src/cluster/spec.ts';
import type { ClusterState } from '../../src/cluster/state.ts';
import type { NodeStatus } from '../../src/wire/api.ts';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

export const WRITE_CONNECTIONS = 64;

export interface BenchmarkCluster {
  readonly state: ClusterState;
  readonly client: KvClient;
  readonly leaderUrl: string;
  readonly followerUrls: readonly string[];
}

/** Runs `body` on a fresh cluster. */
export async function withCluster<T>(wish: ClusterWish, body: (cluster: BenchmarkCluster) => Promise<T>): Promise<T> {
  const home = await mkdtemp(join(tmpdir(), 'kvctl-perf-'));
  process.env.KVCTL_HOME = home;
  const spec = parseSpec({ name: 'perf', ...wish });
  const { state } = await up(spec);
  // Also when the benchmark is interrupted nothing is left running.
  const end = async () => {
    await down(spec.name, { purge: true });
    await rm(home, { recursive: true, force: true });
  };
  const interrupt = () => void end().finally(() => process.exit(105));
  for (const signal of SIGNALS) process.once(signal, interrupt);
  try {
    const [leaderUrl, ...followerUrls] = state.nodes.map((node) => node.url) as [string, ...string[]];
    const client = new KvClient({ token: state.token });
    return await body({ state, client, leaderUrl, followerUrls });
  } finally {
    for (const signal of SIGNALS) process.off(signal, interrupt);
    await end();
  }
}

/** Writes the keys from `from` to `to`, as fast as the connections allow. */
export async function writeKeys({ leaderUrl }: BenchmarkCluster, from: number, to: number): Promise<void> {
  let next = from;
  await Promise.all(
    Array.from({ length: WRITE_CONNECTIONS }, async () => {
      const connection = new Client(leaderUrl);
      for (let index = next++; index < to; index = next++) {
        const answer = await connection.request({
          method: 'PUT',
          path: `/kv/key${index}`,
          headers: { 'content-type': 'application/json' },
          body: '{"value":"sixteen bytes ok"}',
        });
        await answer.body.dump();
        if (answer.statusCode !== 200) throw new Error(`PUT answered ${answer.statusCode}`);
      }
      await connection.close();
    }),
  );
}

/** CPU time, in ms, that a node used between two looks at its status. */
export function cpuBetween(before: NodeStatus, after: NodeStatus): number {
  return after.loop.cpu_user_ms + after.loop.cpu_system_ms - before.loop.cpu_user_ms - before.loop.cpu_system_ms;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] as number;
}
