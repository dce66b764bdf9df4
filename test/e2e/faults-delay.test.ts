/** No ack beats its delay, and no write its floor: not under load, and not on the ways around the stream that a fault opens. */
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../cluster/sandbox.ts';
import { FaultyCluster } from './faults-cluster.ts';
import { Load } from './faults-load.ts';

/** Sums of floating-point times differ in their last digits. */
const ROUNDING_MS = 1e-6;
/** Server-Timing has three decimals. */
const PRINTED_MS = 0.001;

test('every write takes at least its floor, and every ack its delay, across kill, restart, pause, resume, partition and heal of followers', async () => {
  const cluster = await FaultyCluster.up({ followers: 5, quorum: 3, delay: '0-50', settings: { REQUEST_TIMEOUT: '1' } });
  onTestFinished(() => cluster.end());
  const load = new Load(cluster.leaderUrl, { writers: 32, keys: 20 });
  onTestFinished(() => load.stop());
  await load.more(300);
  await cluster.kill(['n2']);
  await cluster.pause('n3');
  await load.more(300);
  await until('n3 is given up', async () => !(await cluster.link('n3')).is_up);
  await cluster.restart(['n2']);
  await cluster.resume('n3');
  await cluster.partition(['n1'], ['n4']);
  await load.more(300);
  await cluster.heal();
  await load.more(300);
  await load.stop();
  await cluster.expectParity();

  expect(load.failed).toEqual([]);
  const tooFast = load.writes.filter(({ quorumMs, floorMs }) => (quorumMs ?? 0) < (floorMs ?? Number.NaN) - PRINTED_MS);
  expect(tooFast).toEqual([]);
  const trace = await cluster.client.trace(cluster.leaderUrl, '0.0');
  expect(trace.length).toBeGreaterThanOrEqual(load.writes.length);
  const pairs = trace.flatMap(({ version, followers }) => Object.entries(followers).map(([node, times]) => ({ version, node, ...times })));
  expect(pairs).toHaveLength(trace.length * 5);
  expect(pairs.filter(({ acked_ms }) => acked_ms === null)).toEqual([]);
  expect(pairs.filter(({ acked_ms, delay_ms }) => (acked_ms ?? 0) < delay_ms - ROUNDING_MS)).toEqual([]);
});

test('many writes of one key at once: a newer one that overtakes an older one does not lend it its ack before its delay', async () => {
  const cluster = await FaultyCluster.up({ followers: 2, quorum: 2, delay: '0-50' });
  onTestFinished(() => cluster.end());
  const load = new Load(cluster.leaderUrl, { writers: 16, keys: 1 });
  onTestFinished(() => load.stop());
  await load.more(300);
  await load.stop();
  const tooFast = load.writes.filter(({ quorumMs, floorMs }) => (quorumMs ?? 0) < (floorMs ?? Number.NaN) - PRINTED_MS);
  expect(tooFast.map(({ quorumMs, floorMs }) => ({ quorumMs, floorMs }))).toEqual([]);
  await cluster.expectParity();
});
