/**
 * `npm run bench:write`: how many writes a second, as a ratio to a bare `node:http` server measured in the same run.
 *
 * Closed loop, `PUT /kv/keyN` on 10 keys, delay 0, quorum 3 of 5, with 10, 64 and 256 connections, for both stores. Before each figure the bare server
 * is measured with the same generator; the medians of the rounds are printed. Machines differ and are shared, so only the ratios are to be compared.
 * Options: --rounds 3, --seconds 3, --stores sqlite,memory, --connections 10,64,256.
 */
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import autocannon from 'autocannon';
import { withBareServer } from './bare.ts';
import { type BenchmarkCluster, cpuBetween, median, withCluster } from './cluster.ts';

const TARGETS: Record<string, Record<number, number>> = { sqlite: { 64: 0.4, 256: 0.6 }, memory: { 64: 0.6, 256: 0.75 } };

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '3' },
    stores: { type: 'string', default: 'sqlite,memory' },
    connections: { type: 'string', default: '10,64,256' },
  },
});

interface Load {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly failed: number;
  /** CPU of the generator per request, in microseconds. */
  readonly generatorUs: number;
}

interface Round {
  readonly bare: Load;
  readonly ours: Load;
  readonly leaderUs: number;
  readonly followerUs: number;
}

async function load(url: string, connections: number, seconds: number): Promise<Load> {
  const requests = Array.from({ length: 10 }, (_, index) => ({
    method: 'PUT' as const,
    path: `/kv/key${index}`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ value: `value-of-16-byte` }),
  }));
  const before = process.cpuUsage();
  const result = await autocannon({ url, connections, duration: seconds, requests });
  const cpu = process.cpuUsage(before);
  const failed = result.errors + result.timeouts + result.non2xx;
  const { p50, p99 } = result.latency;
  const done = result['2xx'];
  return { perSecond: done / result.duration, p50, p99, failed, generatorUs: (cpu.user + cpu.system) / Math.max(1, done) };
}

async function measure(cluster: BenchmarkCluster, connections: number, seconds: number): Promise<Round> {
  const bare = await withBareServer((url) => load(url, connections, seconds));
  const urls = [cluster.leaderUrl, ...cluster.followerUrls];
  const before = await Promise.all(urls.map((url) => cluster.client.status(url)));
  const ours = await load(cluster.leaderUrl, connections, seconds);
  const after = await Promise.all(urls.map((url) => cluster.client.status(url)));
  const written = ours.perSecond * seconds;
  const us = after.map((status, index) => (1000 * cpuBetween(before[index] as never, status)) / written);
  return { bare, ours, leaderUs: us[0] as number, followerUs: us.slice(1).reduce((sum, each) => sum + each, 0) / (us.length - 1) };
}

function fsyncP50Ms(): number {
  const directory = mkdtempSync(join(tmpdir(), 'kvctl-fsync-'));
  const file = openSync(join(directory, 'file'), 'w');
  const times = Array.from({ length: 200 }, () => {
    writeSync(file, Buffer.alloc(4096));
    const begun = performance.now();
    fsyncSync(file);
    return performance.now() - begun;
  });
  closeSync(file);
  rmSync(directory, { recursive: true });
  return median(times);
}

const rounds = Number(options.rounds);
const seconds = Number(options.seconds);
const cores = availableParallelism();
process.stdout.write(
  `closed loop, PUT on 10 keys, delay 0, quorum 3 of 5; ${rounds} rounds of ${seconds} s; ${cores} cores; fsync p50 ${fsyncP50Ms().toFixed(3)} ms\n`,
);
process.stdout.write(
  'store   conns  writes/s  p50 ms  p99 ms  failed  bare/s   ratio  goal   leader us  follower us  generator us  ceiling/s\n',
);
let failed = 0;
for (const store of options.stores.split(',') as ('sqlite' | 'memory')[]) {
  await withCluster({ followers: 5, quorum: 3, delay: '0', store }, async (cluster) => {
    await load(cluster.leaderUrl, 64, 2);
    for (const connections of options.connections.split(',').map(Number)) {
      const all: Round[] = [];
      for (let round = 0; round < rounds; round++) all.push(await measure(cluster, connections, seconds));
      const of = (pick: (round: Round) => number) => median(all.map(pick));
      const [leader, follower, generator] = [of((r) => r.leaderUs), of((r) => r.followerUs), of((r) => r.ours.generatorUs)];
      // All cores busy with nothing but this; or the leader's one thread.
      const ceiling = Math.min((cores * 1e6) / (leader + 5 * follower + generator), 1e6 / leader);
      failed += all.reduce((sum, r) => sum + r.ours.failed, 0);
      const cells = [
        store.padEnd(6),
        String(connections).padStart(6),
        of((r) => r.ours.perSecond)
          .toFixed(0)
          .padStart(9),
        of((r) => r.ours.p50)
          .toFixed(1)
          .padStart(7),
        of((r) => r.ours.p99)
          .toFixed(1)
          .padStart(7),
        String(all.reduce((sum, r) => sum + r.ours.failed, 0)).padStart(7),
        of((r) => r.bare.perSecond)
          .toFixed(0)
          .padStart(7),
        of((r) => r.ours.perSecond / r.bare.perSecond)
          .toFixed(2)
          .padStart(7),
        String(TARGETS[store]?.[connections] ?? '-').padStart(5),
        leader.toFixed(1).padStart(10),
        follower.toFixed(1).padStart(12),
        generator.toFixed(1).padStart(13),
        ceiling.toFixed(0).padStart(10),
      ];
      process.stdout.write(`${cells.join(' ')}\n`);
    }
  });
}
process.exitCode = failed === 0 ? 0 : 1;
