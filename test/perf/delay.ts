/**
 * `npm run bench:delay`: are injected delays what they say? From the leader's trace: sent minus the later of due and stored, for the labs' ranges of delay,
 * one write at a time so that nothing queues. Never early; on an idle machine at most 0.2 ms late on average. And the CPU of an idle leader, over 10 s.
 */
import { percentile } from '../../src/lib/quantile.ts';
import { cpuBetween, withCluster } from './cluster.ts';

const RANGES = [
  { delay: '0.1-1.0', writes: 400 },
  { delay: '10-150', writes: 100 },
  { delay: '0-1000', writes: 30 },
];
const IDLE_MS = 10_000;
const GOAL_LATE_MS = 0.2;
const GOAL_IDLE_PERCENT = 1;

await withCluster({ followers: 5, quorum: 5, delay: '0', store: 'memory' }, async ({ client, leaderUrl }) => {
  process.stdout.write('delay ms   messages  earliest ms  mean late ms  p50 ms  p99 ms  max ms  goal\n');
  for (const { delay, writes } of RANGES) {
    await client.setNetwork(leaderUrl, { seed: 1, nodes: { '*': { delay } } });
    const { head } = await client.status(leaderUrl);
    for (let index = 0; index < writes; index++) await client.put(leaderUrl, `key${index % 10}`, '"value"', {});
    const late: number[] = [];
    for (const item of await client.trace(leaderUrl, head)) {
      for (const { delay_ms, sent_ms } of Object.values(item.followers)) {
        if (sent_ms !== null) late.push(sent_ms - Math.max(delay_ms, item.stored_ms ?? 0));
      }
    }
    late.sort((a, b) => a - b);
    const mean = late.reduce((sum, each) => sum + each, 0) / late.length;
    const figures = [late[0] as number, mean, percentile(late, 50), percentile(late, 99), late.at(-1) as number].map((ms) =>
      ms.toFixed(3).padStart(10),
    );
    const isMet = (late[0] as number) >= 0 && mean <= GOAL_LATE_MS;
    process.stdout.write(`${delay.padEnd(10)} ${String(late.length).padStart(7)} ${figures.join(' ')}  ${isMet ? 'met' : 'missed'}\n`);
    if ((late[0] as number) < 0) process.exitCode = 1;
  }
});

// Durable, as by default, so that everything a node runs is there.
await withCluster({ followers: 5, quorum: 3, delay: '0-1000', store: 'sqlite' }, async ({ client, leaderUrl, followerUrls }) => {
  const urls = [leaderUrl, followerUrls[0] as string];
  await settle();
  const before = await Promise.all(urls.map((url) => client.status(url)));
  await settle();
  const after = await Promise.all(urls.map((url) => client.status(url)));
  for (const [index, name] of ['leader', 'follower'].entries()) {
    const [from, to] = [before[index], after[index]];
    if (from === undefined || to === undefined) continue;
    const percent = (100 * cpuBetween(from, to)) / (to.uptime_ms - from.uptime_ms);
    process.stdout.write(
      `idle ${name}: ${percent.toFixed(2)} % CPU (goal ${GOAL_IDLE_PERCENT} %), ${(to.loop.rss_bytes / 1e6).toFixed(1)} MB resident, ${percent <= GOAL_IDLE_PERCENT ? 'met' : 'missed'}\n`,
    );
  }
});

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, IDLE_MS));
}
