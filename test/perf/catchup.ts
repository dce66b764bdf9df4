/**
 * `npm run bench:catchup`: a follower is killed, 100,000 distinct keys are rewritten without it, and it comes back while writes go on. How many records a second
 * does it take over, and does the leader's memory grow with the absence? The leader's memory is compared with its memory after the same writes with everybody there.
 */
import { performance } from 'node:perf_hooks';
import { restart } from '../../src/cluster/cluster.ts';
import { kill } from '../../src/cluster/faults.ts';
import { type BenchmarkCluster, WRITE_CONNECTIONS, withCluster, writeKeys } from './cluster.ts';

const KEYS = 100_000;
const AWAY = 'n6';
const GOAL_PER_SECOND = 30_000;

for (const store of ['sqlite', 'memory'] as const) {
  await withCluster({ followers: 5, quorum: 3, delay: '0', store }, (cluster) => measure(store, cluster));
}

async function measure(store: string, cluster: BenchmarkCluster): Promise<void> {
  const { client, leaderUrl, state } = cluster;
  // Twice, so that the comparison is between rewrites of the same keys on a heap that has grown to its working size.
  await writeKeys(cluster, 0, KEYS);
  await writeKeys(cluster, 0, KEYS);
  const rssWith = (await client.status(leaderUrl)).loop.rss_bytes;
  await kill(state.name, [AWAY]);
  await writeKeys(cluster, 0, KEYS);
  const rssAway = (await client.status(leaderUrl)).loop.rss_bytes;
  const { head } = await client.status(leaderUrl);
  const target = seqOf(head);
  let isDone = false;
  // Writes go on, a few at a time, so that rows move while the follower reads.
  const going = (async () => {
    for (let index = 0; !isDone; index += WRITE_CONNECTIONS) await writeKeys(cluster, index % KEYS, (index % KEYS) + WRITE_CONNECTIONS);
  })();
  let firstMs: number | null = null;
  let firstSeq = 0;
  const restarted = restart(state.name, [AWAY]);
  for (;;) {
    const { replicas } = await client.replicaStatus(leaderUrl);
    const replica = replicas.find((each) => each.node === AWAY);
    if (replica?.is_up && firstMs === null && replica.link !== 'probe') {
      firstMs = performance.now();
      firstSeq = seqOf(replica.watermark);
    }
    if (replica !== undefined && firstMs !== null && seqOf(replica.watermark) >= target) break;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const seconds = (performance.now() - (firstMs as number)) / 1000;
  isDone = true;
  await Promise.all([going, restarted]);
  // With the memory store a restarted follower is blank, and reads everything: each key once.
  const records = store === 'memory' ? KEYS : target - firstSeq;
  const perSecond = records / seconds;
  const verdict = perSecond >= GOAL_PER_SECOND ? 'met' : 'missed';
  process.stdout.write(
    `${store.padEnd(6)} ${records} records in ${seconds.toFixed(2)} s = ${perSecond.toFixed(0)} records/s (goal ${GOAL_PER_SECOND}: ${verdict}); leader resident ${mb(rssWith)} MB after ${2 * KEYS} writes with everybody, ${mb(rssAway)} MB after ${KEYS} more without ${AWAY}\n`,
  );
}

function seqOf(version: string): number {
  return Number(version.split('.')[1]);
}

function mb(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}
