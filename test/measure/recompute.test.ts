import { describe, expect, test } from 'vitest';
import { type RawData, recompute, recomputeRun } from '../../src/measure/recompute.ts';
import { type Lab, type MadeBench, makeBench, makeSweep } from '../report/bench-fixture.ts';
import { makeRun, makeStale, singleLoad } from '../report/run-fixture.ts';

const rawOf = ({ samples, trace }: Pick<MadeBench, 'samples' | 'trace'>): RawData => ({
  samples: Map.groupBy(samples, ({ row }) => row),
  trace: Map.groupBy(trace, ({ row }) => row),
  staleReads: new Map(),
});

const LABS: Readonly<Record<string, Lab>> = {
  'the course lab': {},
  'failures, some of them of a whole row': { failShare: (k) => (k === 5 ? 1 : 0.2) },
  'an open loop with reads': { rate: 50, readShare: 0.4 },
  'simulated loss': { loss: 0.1 },
  'a delay per node': { delay: '0-10;n3=50' },
  'no follower': { followers: 0, quorums: [0] },
  'a busy generator': { busy: { generator: 0.95, leader: 0.9 } },
  'quorum 0 and too few writes': { quorums: [0, 2], writes: 5 },
};

test.each(Object.entries(LABS))('%s: the raw data give the very figures that were kept', (_, lab) => {
  const made = makeBench(lab);
  expect(recompute(made.result, rawOf(made))).toEqual(made.result);
});

test('so do those of a sweep of delays', () => {
  const made = makeSweep({ parameter: 'delay', values: ['0-10', '50'], each: (delay) => ({ delay }) });
  expect(recompute(made.result, rawOf(made))).toEqual(made.result);
});

describe('what is recomputed, and what is kept', () => {
  const made = makeBench({ quorums: [1, 3] });
  const wrong = {
    avg_latency_ms: 1,
    fails: 7,
    p95_latency_ms: 1,
    overhead_ms: { mean: 1, p99: 1 },
    thin: ['x'],
    verdict: 'inconclusive',
    reasons: ['x'],
  } as const;

  test('figures of requests are made anew', () => {
    const kept = {
      ...made.result,
      results: made.result.results.map((row) => ({ ...row, ...wrong })),
      overlaps: [[1, 3]] as const,
      counterfactual: made.result.counterfactual.map((each) => ({ ...each, costs: each.costs.slice() })),
    };
    expect(recompute(kept, rawOf(made))).toEqual(made.result);
  });

  test('model, looks and loops are not in the raw data and stay', () => {
    const facts = {
      model_ms: null,
      settle_ms: null,
      leader_busy: null,
      generator_busy: 0.2,
      began_ms: 5,
      parity_at_last_ack: { match: 1, lag: 4, mismatch: 0, unreachable: 0, missing: 9, stale: 9 },
    };
    const kept = { ...made.result, results: made.result.results.map((row) => ({ ...row, ...facts, model_quantiles_ms: null })) };
    for (const row of recompute(kept, rawOf(made)).results) expect(row).toMatchObject(facts);
  });

  test('a row without raw data is left alone, and without a trace its replication', () => {
    const { samples } = rawOf(made);
    const none = { samples: new Map(), trace: new Map(), staleReads: new Map() };
    expect(recompute(made.result, none)).toEqual(made.result);
    expect(recompute(made.result, { ...none, samples })).toEqual(made.result);
  });
});

test('stale reads are counted again from their raw reads', () => {
  const { stale, reads, trace } = makeStale({ name: 'one-ack' });
  const { result, samples } = makeRun({ sweeps: [singleLoad('load')], staleReads: [stale] });
  const raw = {
    samples: Map.groupBy(samples, ({ row }) => row),
    trace: new Map([['one-ack', trace]]),
    staleReads: new Map([['one-ack', reads]]),
  };
  const bent = { ...result, stale_reads: [{ ...stale, points: stale.points.map((point) => ({ ...point, stale: 0, share: 0 })) }] };
  expect(recomputeRun(bent, raw).stale_reads).toEqual([stale]);
  expect(recomputeRun(result, { ...raw, staleReads: new Map() }).stale_reads).toEqual([stale]);
});
