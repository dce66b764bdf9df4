import { expect, test } from 'vitest';
import { parseSpec } from '../../src/cluster/spec.ts';
import { describePlan, type PlanOptions, parseQuorums, planExperiment } from '../../src/experiment/bench.ts';
import { executorOf, LAB_LOAD, type LoadOptions } from '../../src/experiment/load.ts';
import { type ClusterView, type ExperimentPlan, rowsOf } from '../../src/experiment/plan.ts';
import { parseDistribution } from '../../src/lib/distribution.ts';

const own = (wish: Parameters<typeof parseSpec>[0] = {}): PlanOptions['target'] => ({
  kind: 'own',
  spec: parseSpec({ name: 'bench-1', ...wish }),
});

function options(more: Partial<PlanOptions> = {}, load: Partial<LoadOptions> = {}): PlanOptions {
  const whole = { ...LAB_LOAD, ...load };
  return { target: own(), quorums: null, delay: null, seed: 1, load: { ...whole, executor: executorOf(whole) }, ...more };
}

function planned(more: Partial<PlanOptions> = {}, load: Partial<LoadOptions> = {}): ExperimentPlan {
  const plan = planExperiment(options(more, load));
  if (!plan.ok) throw new Error(plan.message);
  return plan.value;
}

function view(delays: Record<string, string>): ClusterView {
  const parsed = Object.entries(delays).map(([id, text]) => {
    const distribution = parseDistribution(text);
    if (!distribution.ok) throw new Error(distribution.message);
    return [id, distribution.value] as const;
  });
  const ids = ['n1', ...Object.keys(delays)];
  const nodes = ids.map((id, index) => ({ id, url: `http://127.0.0.1:${8000 + index}` }));
  return { name: 'default', store: 'sqlite', seed: 7, nodes, leader: 'n1', delays: new Map(parsed), loss: 0 };
}

test.each([
  ['1-5', [1, 2, 3, 4, 5]],
  ['1,3,5', [1, 3, 5]],
  ['0', [0]],
  ['5,1-2', [5, 1, 2]],
  [' 1 , 2 ', [1, 2]],
])('the list %j means %j', (text, quorums) => {
  expect(parseQuorums(text)).toEqual({ ok: true, value: quorums });
});

test.each(['', '1-', '-1', '5-1', '1,,2', '1.5', 'all', '1;2', '100'])('the list %j is refused with what was expected', (text) => {
  expect(parseQuorums(text)).toEqual({ ok: false, message: `expected quorums like 1-5 or 1,3,5, got ${JSON.stringify(text)}` });
});

test('a quorum twice is refused', () => {
  expect(parseQuorums('1-3,2').ok).toBe(false);
});

test('without a list every quorum from 1 to N is measured, and 0 where there is no follower', () => {
  expect(rowsOf(planned()).map((step) => step.quorum)).toEqual([1, 2, 3, 4, 5]);
  expect(rowsOf(planned({ target: own({ followers: 2 }) })).map((step) => step.quorum)).toEqual([1, 2]);
  expect(rowsOf(planned({ target: own({ followers: 0 }) })).map((step) => step.quorum)).toEqual([0]);
});

test('a quorum above the number of followers is refused before anything starts', () => {
  expect(planExperiment(options({ target: own({ followers: 3 }), quorums: [1, 4] }))).toEqual({
    ok: false,
    message: '--quorums: expected a quorum from 0 to 3 (the number of followers), got 4',
  });
});

test('the lab takes as long as the order statistics of its delays say', () => {
  const plan = planned();
  // 100 writes, 10 in flight, 1000 k / 6 ms each.
  expect(rowsOf(plan).map((step) => Math.round(step.modelMs ?? -1))).toEqual([167, 333, 500, 667, 833]);
  const loads = rowsOf(plan).reduce((sum, step) => sum + (100 / 10) * (step.modelMs ?? 0), 0);
  expect(plan.expectedMs).toBeGreaterThan(loads);
  expect(plan.expectedMs).toBeLessThan(loads + 10_000);
});

test('a higher quorum is expected to take longer, a warm-up and a slower rate too, and a duration is an upper bound', () => {
  const [low, high] = rowsOf(planned({ quorums: [1, 5] }));
  expect(low!.expectedMs).toBeLessThan(high!.expectedMs);
  expect(planned({}, { warmup: 100 }).expectedMs).toBeGreaterThan(planned().expectedMs * 1.5);
  expect(rowsOf(planned({ quorums: [3] }, { rate: 10 }))[0]!.expectedMs).toBeGreaterThan(10_000);
  expect(rowsOf(planned({ quorums: [3] }, { writes: null, durationMs: 2_000 }))[0]!.expectedMs).toBeGreaterThan(2_000);
  expect(rowsOf(planned({ quorums: [3] }, { writes: 1e6, durationMs: 2_000 }))[0]!.expectedMs).toBeLessThan(4_000);
});

test('an open loop opens as many connections as are in use at once, a closed one those in flight', () => {
  expect(rowsOf(planned({ quorums: [5] }))[0]!.connections).toBe(10);
  // Nearly all delays of the slowest of five are below 1 s: 200/s make 200 in flight.
  const open = rowsOf(planned({ quorums: [5] }, { rate: 200 }))[0]!.connections;
  expect(open).toBeGreaterThan(190);
  expect(open).toBeLessThanOrEqual(201);
  expect(rowsOf(planned({ quorums: [0] }, { rate: 5 }))[0]!.connections).toBe(10);
});

test('on a running cluster the plan counts with its delays, and with those that are set for the run', () => {
  const target = { kind: 'running', view: view({ n2: '10', n3: '20', n4: '30' }) } as const;
  expect(rowsOf(planned({ target })).map((step) => Math.round(step.modelMs ?? -1))).toEqual([10, 20, 30]);
  expect(rowsOf(planned({ target, delay: '5;n4=50' })).map((step) => Math.round(step.modelMs ?? -1))).toEqual([5, 5, 50]);
  expect(rowsOf(planned({ target, delay: 'n2=100' })).map((step) => Math.round(step.modelMs ?? -1))).toEqual([20, 30, 100]);
  expect(planned({ target }).delay).toBeNull();
});

test('delays that are none are refused with the option they came from', () => {
  const target = { kind: 'running', view: view({ n2: '10' }) } as const;
  expect(planExperiment(options({ target, delay: 'fast' }))).toMatchObject({
    ok: false,
    message: expect.stringMatching(/^--delay: expected/),
  });
});

test('a load without an end is refused', () => {
  expect(planExperiment(options({}, { writes: null }))).toMatchObject({ ok: false });
  expect(planExperiment(options({}, { readShare: 1 }))).toMatchObject({ ok: false, message: expect.stringContaining('--read-share') });
  expect(planExperiment(options({}, { readShare: 1, writes: null, durationMs: 1_000 })).ok).toBe(true);
});

test('the printed plan says where, what, which quorums and how long', () => {
  expect(describePlan(planned({ quorums: [1, 3] }, { warmup: 5 }))).toEqual([
    'cluster   brought up for this and removed after: 1 leader, 5 followers, sqlite, delay 0-1000 ms, seed 1',
    'load      per quorum 100 writes, 10 keys, values of 16 bytes, closed loop, 10 in flight, 5 writes of warm-up',
    'quorums   1 (167 ms)  3 (500 ms)  (in brackets what the delays alone cost, by the model)',
    'expected  about 13 s',
  ]);
  const target = { kind: 'running', view: view({ n2: '10' }) } as const;
  expect(describePlan(planned({ target, delay: '5' }, { rate: 50, durationMs: 30_000, writes: null, readShare: 0.2 }))).toEqual([
    'cluster   "default", which runs: 1 leader, 1 follower, sqlite, seed 1; its quorum, delays and seed are put back after',
    'load      per quorum 30.0 s, 10 keys, values of 16 bytes, open loop, 50 requests/s, timed from the intended start, reads 20 %',
    'quorums   1 (5.00 ms)  (in brackets what the delays alone cost, by the model)',
    'expected  about 31 s',
  ]);
});
