/**
 * `npm run bench:parity`: the replicas of 100,000 keys on two followers are compared, by digests (`kvctl parity`) and by all rows (`--full`), in turn.
 * The ratio of the medians is what the digests save.
 */
import { performance } from 'node:perf_hooks';
import { compareDigests, compareReplicas, type Replicas } from '../../src/experiment/parity.ts';
import type { ParityRow } from '../../src/measure/result.ts';
import { type BenchmarkCluster, median, withCluster, writeKeys } from './cluster.ts';

const KEYS = 100_000;
const ROUNDS = 5;
const GOAL_RATIO = 20;

type Compare = typeof compareDigests;

for (const store of ['sqlite', 'memory'] as const) {
  await withCluster({ followers: 2, quorum: 2, delay: '0', store }, (cluster) => measure(store, cluster));
}

async function measure(store: string, cluster: BenchmarkCluster): Promise<void> {
  const { client, state } = cluster;
  const [leader, ...followers] = state.nodes as [(typeof state.nodes)[number], ...typeof state.nodes];
  const replicas: Replicas = { leader, followers };
  await writeKeys(cluster, 0, KEYS);
  while (!(await compareDigests(client, replicas)).every(({ compared_by }) => compared_by === 'digest'));
  const times = { digests: [] as number[], rows: [] as number[] };
  const timed = async (compare: Compare, expected: ParityRow['compared_by']) => {
    const startMs = performance.now();
    const rows = await compare(client, replicas);
    const ms = performance.now() - startMs;
    if (rows.some(({ status, compared_by }) => status !== 'match' || compared_by !== expected))
      throw new Error(`expected replicas that match by ${expected}, got ${JSON.stringify(rows)}`);
    return ms;
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    times.digests.push(await timed(compareDigests, 'digest'));
    times.rows.push(await timed(compareReplicas, 'rows'));
  }
  const [digests, rows] = [median(times.digests), median(times.rows)];
  const ratio = rows / digests;
  process.stdout.write(
    `${store.padEnd(6)} ${KEYS} keys, 2 followers: by digests ${digests.toFixed(1)} ms, by rows ${rows.toFixed(0)} ms, ratio ${ratio.toFixed(0)} (goal ${GOAL_RATIO}: ${ratio >= GOAL_RATIO ? 'met' : 'missed'})\n`,
  );
}
