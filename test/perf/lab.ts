/**
 * `npm run bench:lab`: the overhead in the course lab's workload (delays 0-1000 ms, 100 writes, 10 in flight, every quorum): latency by the client minus the
 * write's own floor, the need-th smallest delay that was drawn for it. A real `kvctl bench`; takes a minute and a half.
 *
 * Beside it, what one HTTP request to a bare `node:http` server costs here when requests come as far apart as in the lab, so that nothing is warm: an
 * acknowledged write is two such round trips, one after the other, the client's and a follower's, and a follower's durable commit.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { Client } from 'undici';
import { withBareServer } from './bare.ts';
import { kvctl } from './command.ts';

const GOALS = { mean: 2, p99: 10 };

const PAUSE_MS = 20;
const REQUESTS = 100;

interface Row {
  readonly quorum: number;
  readonly avg_latency_ms: number;
  readonly model_ms: number;
  readonly floor_ms: number;
  readonly overhead_ms: { readonly mean: number; readonly p99: number };
}

process.stdout.write(`a request to a bare server, one every ${PAUSE_MS} ms: ${(await bareRoundTripMs()).toFixed(2)} ms on average\n`);

const home = await mkdtemp(join(tmpdir(), 'kvctl-lab-'));
try {
  const run = await kvctl(['bench', '--quorums', '1-5', '--quiet', '-o', 'json', '--out', join(home, 'run')], { KVCTL_HOME: home });
  const { results } = JSON.parse(run.stdout) as { results: Row[] };
  process.stdout.write('quorum  mean ms  model ms  floor ms  overhead mean ms  overhead p99 ms\n');
  for (const row of results) {
    const cells = [
      row.quorum,
      row.avg_latency_ms.toFixed(1),
      row.model_ms.toFixed(1),
      row.floor_ms.toFixed(1),
      row.overhead_ms.mean.toFixed(2),
      row.overhead_ms.p99.toFixed(2),
    ];
    const widths = [6, 8, 9, 9, 17, 16];
    const isMet = row.overhead_ms.mean <= GOALS.mean && row.overhead_ms.p99 <= GOALS.p99;
    process.stdout.write(
      `${cells.map((cell, index) => String(cell).padStart(widths[index] as number)).join(' ')}  goal ${GOALS.mean} and ${GOALS.p99}: ${isMet ? 'met' : 'missed'}\n`,
    );
  }
  process.exitCode = run.code;
} finally {
  await rm(home, { recursive: true, force: true });
}

function bareRoundTripMs(): Promise<number> {
  return withBareServer(async (url) => {
    const connection = new Client(url);
    const times: number[] = [];
    for (let index = 0; index < REQUESTS; index++) {
      await setTimeout(PAUSE_MS);
      const begun = performance.now();
      const { body } = await connection.request({ method: 'PUT', path: '/kv/key', body: '{"value":"sixteen bytes ok"}' });
      await body.text();
      times.push(performance.now() - begun);
    }
    await connection.close();
    return times.reduce((sum, each) => sum + each, 0) / times.length;
  });
}
