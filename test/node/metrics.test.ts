/** What Prometheus sees of a real leader, before and after a follower is killed. Names and labels are a contract. */
import { expect, test } from 'vitest';
import { until } from '../cluster/sandbox.ts';
import { call, put } from '../support/raw-http.ts';
import { RealCluster } from '../support/real-node.ts';

/** Samples by name and labels, as they stand in the text; and the types by name. */
async function scrape(port: number): Promise<{ samples: Map<string, number>; types: Map<string, string> }> {
  const { status, headers, text } = await call(port, { path: '/metrics' });
  expect([status, headers['content-type']]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
  const samples = new Map<string, number>();
  const types = new Map<string, string>();
  for (const line of text.split('\n')) {
    const type = /^# TYPE (\S+) (\S+)$/.exec(line);
    if (type !== null) types.set(type[1] as string, type[2] as string);
    const sample = /^([a-z_]+(?:\{[^}]*\})?) (\S+)$/.exec(line);
    if (sample !== null) samples.set(sample[1] as string, sample[2] === 'Nan' ? Number.NaN : Number(sample[2]));
    if (line !== '' && !line.startsWith('#')) expect(sample, `a sample: ${line}`).not.toBeNull();
  }
  return { samples, types };
}

const stateOf = (samples: Map<string, number>, follower: string) =>
  ['probe', 'catch-up', 'stream'].filter((state) => samples.get(`kvctl_link_state{follower="${follower}",state="${state}"}`) === 1);

test('the metrics of a leader tell of its writes, and of the follower that was killed', async () => {
  await using cluster = await RealCluster.start({ followers: 2, quorum: 1, store: 'sqlite', environment: { DELAY: '2' } });
  const { port } = cluster.leader;
  for (let i = 0; i < 10; i += 1) expect((await put(port, `/kv/k${i}`, '{"value":1}')).status).toBe(200);
  await until('both followers have everything', async () => {
    const { samples } = await scrape(port);
    return ['n2', 'n3'].every((node) => samples.get(`kvctl_follower_lag_records{follower="${node}"}`) === 0);
  });
  const before = await scrape(port);
  expect(Object.fromEntries(before.types)).toEqual({
    kvctl_writes_total: 'counter',
    kvctl_write_seconds: 'histogram',
    kvctl_write_overhead_seconds: 'histogram',
    kvctl_follower_lag_records: 'gauge',
    kvctl_follower_lag_seconds: 'gauge',
    kvctl_link_state: 'gauge',
    kvctl_epoch: 'gauge',
    kvctl_write_quorum: 'gauge',
    kvctl_store_commit_seconds: 'histogram',
    kvctl_event_loop_delay_seconds: 'gauge',
  });
  const { samples } = before;
  expect(samples.get('kvctl_writes_total{result="ok"}')).toBe(10);
  expect(samples.get('kvctl_write_seconds_count')).toBe(10);
  expect(samples.get('kvctl_write_seconds_bucket{le="+Inf"}')).toBe(10);
  expect(samples.get('kvctl_write_overhead_seconds_count')).toBe(10);
  // Every write waited 2 ms at least, and what is over that is smaller by as much.
  const [seconds, overhead] = [samples.get('kvctl_write_seconds_sum'), samples.get('kvctl_write_overhead_seconds_sum')] as [number, number];
  expect(seconds).toBeGreaterThanOrEqual(0.02);
  expect(seconds - overhead).toBeCloseTo(0.02, 6);
  expect(samples.get('kvctl_store_commit_seconds_count')).toBeGreaterThanOrEqual(10);
  expect(samples.get('kvctl_epoch')).toBe(1);
  expect(samples.get('kvctl_write_quorum')).toBe(1);
  expect(samples.get('kvctl_event_loop_delay_seconds')).toBeGreaterThanOrEqual(0);
  for (const follower of ['n2', 'n3']) {
    expect(stateOf(samples, follower)).toEqual(['stream']);
    expect(samples.get(`kvctl_follower_lag_seconds{follower="${follower}"}`)).toBe(0);
  }

  await cluster.follower(1).kill();
  for (let i = 0; i < 5; i += 1) expect((await put(port, `/kv/k${i}`, '{"value":2}')).status).toBe(200);
  expect((await put(port, '/kv/k?quorum=2&timeout_ms=50', '{"value":3}')).status).toBe(503);
  expect((await put(port, '/kv/k?quorum=3', '{"value":3}')).status).toBe(422);
  await until('the link to n3 is in probe', async () => stateOf((await scrape(port)).samples, 'n3')[0] === 'probe');
  const after = (await scrape(port)).samples;
  expect(after.get('kvctl_writes_total{result="ok"}')).toBe(15);
  expect(after.get('kvctl_writes_total{result="quorum_not_met"}')).toBe(1);
  expect(after.get('kvctl_writes_total{result="invalid_quorum"}')).toBe(1);
  expect(after.get('kvctl_write_seconds_count')).toBe(15);
  expect(stateOf(after, 'n2')).toEqual(['stream']);
  expect(after.get('kvctl_follower_lag_records{follower="n3"}')).toBe(6);
  expect(after.get('kvctl_follower_lag_seconds{follower="n3"}')).toBeGreaterThan(0);
  // A follower that lacks something lacks it longer every time one looks.
  await until(
    'the lag grows',
    async () =>
      ((await scrape(port)).samples.get('kvctl_follower_lag_seconds{follower="n3"}') as number) >
      (after.get('kvctl_follower_lag_seconds{follower="n3"}') as number),
  );

  cluster.follower(1).start();
  await cluster.isReady();
  await until('n3 is level again', async () => (await scrape(port)).samples.get('kvctl_follower_lag_records{follower="n3"}') === 0);
  expect((await scrape(port)).samples.get('kvctl_follower_lag_seconds{follower="n3"}')).toBe(0);

  // A follower has the same page, without what only a leader knows.
  const follower = (await scrape(cluster.follower().port)).samples;
  expect(follower.get('kvctl_epoch')).toBe(1);
  expect(follower.get('kvctl_write_quorum')).toBeNaN();
  expect([...follower.keys()].filter((name) => name.startsWith('kvctl_link_state') || name.startsWith('kvctl_follower_lag'))).toEqual([]);
  expect(follower.get('kvctl_store_commit_seconds_count')).toBeGreaterThan(0);
});
