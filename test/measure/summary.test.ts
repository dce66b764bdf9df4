import { expect, test } from 'vitest';
import { latencyOf } from '../../src/measure/sample.ts';
import { summariseQuorum } from '../../src/measure/summary.ts';
import type { WriteTrace } from '../../src/measure/trace.ts';
import type { Sample } from '../../src/workload/sample.ts';

function sample(index: number, fields: Partial<Sample> = {}): Sample {
  const intendedMs = fields.intendedMs ?? index * 10;
  return {
    quorum: 1,
    index,
    phase: 'load',
    op: 'put',
    key: 'key0',
    intendedMs,
    startMs: intendedMs,
    endMs: intendedMs + 100,
    ok: true,
    status: 200,
    error: null,
    version: `1.${index + 1}`,
    acks: 1,
    storeMs: 1,
    quorumMs: 90,
    floorMs: 90,
    ...fields,
  };
}

function traced(version: string, ...ackedMs: (number | null)[]): WriteTrace {
  const followers = Object.fromEntries(ackedMs.map((acked, i) => [`n${i + 2}`, { delayMs: 1, sentMs: 1, ackedMs: acked }]));
  return { version, need: 1, storedMs: 1, followers };
}

const PARITY = { match: 1, lag: 1, mismatch: 0, unreachable: 0, missing: 0, stale: 3 };

const run: Parameters<typeof summariseQuorum>[0] = {
  row: 'quorum=1',
  quorum: 1,
  delay: '0-300',
  beganMs: 500,
  samples: [],
  trace: [],
  distributions: [
    { kind: 'uniform', min: 0, max: 300 },
    { kind: 'uniform', min: 0, max: 300 },
  ],
  followersUp: ['n2', 'n3'],
  isSteady: true,
  hasLoss: false,
  parityAtLastAck: PARITY,
  settleMs: 12,
  generatorBusy: 0.1,
  leaderBusy: 0.2,
  elapsedMs: 2000,
};

test('a row of four writes, two of them failed, worked out by hand', () => {
  const row = summariseQuorum({
    ...run,
    samples: [
      sample(0, { endMs: 100, floorMs: 90 }),
      sample(1, { endMs: 210, floorMs: 196 }),
      sample(2, { ok: false, status: 503, error: 'quorum_not_met', version: null, floorMs: null, endMs: 5020 }),
      sample(3, { ok: false, status: 0, error: 'unreachable', version: null, floorMs: null, endMs: 31 }),
    ],
    trace: [traced('1.1', 95, 400), traced('1.2', 197, null)],
  });
  expect(row).toEqual({
    row: 'quorum=1',
    quorum: 1,
    delay: '0-300',
    began_ms: 500,
    ended_ms: 2500,
    requests: 4,
    successes: 2,
    fails: 2,
    avg_latency_ms: 150,
    // sd 70.7, t = 12.706 with one degree of freedom: 150 -+ 635
    ci95_ms: [expect.closeTo(150 - 635.31, 1), expect.closeTo(150 + 635.31, 1)],
    median_latency_ms: 100,
    p95_latency_ms: 200,
    p99_latency_ms: 200,
    max_latency_ms: 200,
    writes_per_s: 1,
    model_ms: 100,
    model_quantiles_ms: {
      median: expect.closeTo(300 * (1 - Math.sqrt(0.5)), 6),
      p95: expect.closeTo(300 * (1 - Math.sqrt(0.05)), 6),
      p99: expect.closeTo(300 * (1 - Math.sqrt(0.01)), 6),
    },
    floor_ms: 143,
    overhead_ms: { mean: 7, p99: 10 },
    replication_ms: { mean: (95 + 400 + 197) / 3, median: 197, p95: 400, p99: 400 },
    parity_at_last_ack: PARITY,
    settle_ms: 12,
    verdict: 'ok',
    reasons: [],
    thin: ['p95_latency_ms', 'p99_latency_ms', 'overhead_ms.p99', 'replication_ms.p95', 'replication_ms.p99'],
    generator_busy: 0.1,
    leader_busy: 0.2,
    latency_samples: 2,
    replication_samples: 3,
    replication_unacked: 1,
    reads: null,
  });
});

test('warm-up counts nowhere, neither in latencies nor in replication', () => {
  const row = summariseQuorum({
    ...run,
    samples: [sample(0, { phase: 'warmup', endMs: 9000, version: '1.1' }), sample(0, { endMs: 100, version: '1.2' })],
    trace: [traced('1.1', 8000, 8000), traced('1.2', 95, 96)],
  });
  expect(row).toMatchObject({ requests: 1, max_latency_ms: 100, replication_samples: 2, replication_ms: { mean: 95.5 } });
});

test('reads are counted for themselves and do not dilute the latency of writes', () => {
  const read = sample(1, { op: 'get', endMs: 12, floorMs: null });
  const failed = sample(2, { op: 'get', ok: false, status: 404, error: 'key_not_found' });
  const row = summariseQuorum({ ...run, samples: [sample(0, { endMs: 100 }), read, failed] });
  expect(row).toMatchObject({ requests: 1, avg_latency_ms: 100, latency_samples: 1 });
  expect(row.reads).toEqual({
    requests: 2,
    successes: 1,
    fails: 1,
    avg_latency_ms: 2,
    median_latency_ms: 2,
    p95_latency_ms: 2,
    p99_latency_ms: 2,
  });
});

test('with simulated loss there is neither a model nor an overhead, but a latency', () => {
  expect(summariseQuorum({ ...run, hasLoss: true, samples: [sample(0)] })).toMatchObject({
    model_ms: null,
    model_quantiles_ms: null,
    overhead_ms: null,
    floor_ms: 90,
    avg_latency_ms: 100,
    verdict: 'ok',
  });
});

test('an open loop counts from the intended start: a late generator cannot hide', () => {
  expect(latencyOf(sample(0, { intendedMs: 10, startMs: 70, endMs: 100 }))).toBe(90);
});

test('no success leaves every latency null, and a document that is valid JSON', () => {
  const row = summariseQuorum({ ...run, samples: [sample(0, { ok: false, floorMs: null })], elapsedMs: 0, leaderBusy: null });
  expect(row).toMatchObject({ fails: 1, avg_latency_ms: null, ci95_ms: null, floor_ms: null, writes_per_s: 0, verdict: 'inconclusive' });
  expect(JSON.parse(JSON.stringify(row))).toEqual(row);
});

test('the cost of a request is the overhead of its row: the same delays are enough on one machine and too little on another', () => {
  const delays = [{ kind: 'constant' as const, value: 40 }];
  const fast = summariseQuorum({ ...run, distributions: delays, samples: [sample(0, { endMs: 48, floorMs: 40 })] });
  const slow = summariseQuorum({ ...run, distributions: delays, samples: [sample(0, { endMs: 49, floorMs: 40 })] });
  expect([fast.verdict, slow.verdict]).toEqual(['ok', 'inconclusive']);
});
