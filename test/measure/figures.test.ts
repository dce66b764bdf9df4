import { describe, expect, test } from 'vitest';
import {
  PARITY_FIGURES,
  parityFigures,
  ROW_FIGURES,
  rowFigures,
  STALE_FIGURES,
  staleFigures,
  WAIT_FIGURES,
  waitFigures,
  worstOf,
} from '../../src/measure/figures.ts';
import type { ParityRow, QuorumResult } from '../../src/measure/result.ts';
import type { StalePoint } from '../../src/measure/run-result.ts';
import { judge, parseThreshold, type Vocabulary } from '../../src/measure/threshold.ts';
import { parityRow } from '../support/parity-row.ts';

const rowOf = (status: ParityRow['status'], missing = 0, stale = 0) => parityRow({ status, missing, stale });

const ROW: QuorumResult = {
  row: 'quorum=1',
  quorum: 1,
  delay: '0-300',
  began_ms: 0,
  ended_ms: 1000,
  requests: 6,
  successes: 5,
  fails: 1,
  avg_latency_ms: 30,
  ci95_ms: [20, 40],
  median_latency_ms: 25,
  p95_latency_ms: 50,
  p99_latency_ms: 50,
  max_latency_ms: 50,
  writes_per_s: 5,
  model_ms: 28,
  model_quantiles_ms: { median: 1, p95: 2, p99: 3 },
  floor_ms: 27,
  overhead_ms: { mean: 3, p99: 9 },
  replication_ms: { mean: 60, median: 55, p95: 90, p99: 99 },
  parity_at_last_ack: { match: 2, lag: 3, mismatch: 0, unreachable: 0, missing: 1, stale: 4 },
  settle_ms: 120,
  verdict: 'ok',
  reasons: [],
  thin: [],
  generator_busy: 0.1,
  leader_busy: 0.2,
  latency_samples: 5,
  replication_samples: 24,
  replication_unacked: 1,
  reads: { requests: 4, successes: 3, fails: 1, avg_latency_ms: 2, median_latency_ms: 2, p95_latency_ms: 3, p99_latency_ms: 3 },
};
const EVIDENCE = {
  row: ROW,
  latencies: [50, 10, 20, 40, 30],
  atLastAck: [rowOf('lag'), rowOf('match')],
  settled: [rowOf('match')],
};

/** A row in which nothing was sent. */
const NOTHING: QuorumResult = {
  ...ROW,
  requests: 0,
  successes: 0,
  fails: 0,
  avg_latency_ms: null,
  ci95_ms: null,
  median_latency_ms: null,
  p95_latency_ms: null,
  p99_latency_ms: null,
  max_latency_ms: null,
  writes_per_s: 0,
  model_ms: null,
  model_quantiles_ms: null,
  floor_ms: null,
  overhead_ms: null,
  replication_ms: null,
  settle_ms: null,
  replication_samples: 0,
  replication_unacked: 0,
  latency_samples: 0,
  reads: null,
};

test('a row has every figure that thresholds may name', () => {
  const find = rowFigures(EVIDENCE);
  const names = [...ROW_FIGURES.numbers, ...Object.keys(ROW_FIGURES.words)];
  expect(Object.fromEntries(names.map((name) => [name, find(name, null)]))).toEqual({
    n: 6,
    ok: 5,
    failed: 1,
    failed_share: 1 / 6,
    mean: 30,
    avg: 30,
    med: 25,
    min: 10,
    max: 50,
    rate: 5,
    model: 28,
    floor: 27,
    overhead: 3,
    overhead_p99: 9,
    replication: 60,
    replication_p95: 90,
    unacked: 1,
    level: 2,
    settle: 120,
    reads: 4,
    reads_failed: 1,
    reads_mean: 2,
    reads_p95: 3,
    parity: 'match',
    parity_at_last_ack: 'lag',
    verdict: 'ok',
  });
});

test('any percentile is one of the latencies that there were', () => {
  const find = rowFigures(EVIDENCE);
  expect([0.1, 20, 20.1, 50, 80, 99.9, 100].map((p) => find('p', p))).toEqual([10, 10, 20, 30, 40, 50, 50]);
});

/** Thresholds that hold of a 0 that nobody measured. */
const ZEROES = (vocabulary: Vocabulary) =>
  vocabulary.numbers.flatMap((name) => [`${name}==0`, `${name}<=0`, `${name}<1`, `${name}!=1`, `abs(${name})<1`]);

function met(texts: readonly string[], vocabulary: Vocabulary, find: Parameters<typeof judge>[1]): string[] {
  return texts.filter((text) => {
    const parsed = parseThreshold(text, vocabulary);
    if (!parsed.ok) throw new Error(parsed.message);
    return judge(parsed.value, find).isMet;
  });
}

describe('what was not measured has not passed', () => {
  test('of a row without a request nothing holds but that there was none', () => {
    const find = rowFigures({ row: NOTHING, latencies: [], atLastAck: [], settled: [] });
    const holds = met([...ZEROES(ROW_FIGURES), 'p(95)<1', 'p(95)!=1', 'parity!=mismatch', 'parity==match'], ROW_FIGURES, find);
    expect(new Set(holds.map((text) => /[a-z]{2,}|\bn\b/.exec(text.replace('abs(', ''))?.[0]))).toEqual(new Set(['n', 'reads']));
  });

  test('of a row without a success there is no latency, however quickly it failed', () => {
    const row = { ...NOTHING, requests: 10, fails: 10 };
    const find = rowFigures({ row, latencies: [], atLastAck: [], settled: [] });
    expect(met(['ok==0', 'failed==n', 'failed_share==1'], ROW_FIGURES, find)).toEqual(['ok==0', 'failed==n', 'failed_share==1']);
    expect(met(['mean<1', 'p(99)<1', 'max<1', 'min<1', 'med<1', 'overhead<1'], ROW_FIGURES, find)).toEqual([]);
  });

  test('of a row whose leader died no ack is missing, because none is known', () => {
    const find = (acked: number, unacked: number) =>
      rowFigures({ ...EVIDENCE, row: { ...ROW, replication_samples: acked, replication_unacked: unacked } });
    expect(met(['unacked==0'], ROW_FIGURES, find(0, 0))).toEqual([]);
    expect(met(['unacked==0'], ROW_FIGURES, find(5, 0))).toEqual(['unacked==0']);
  });

  test('of a point without a read nothing is stale, and nothing fresh', () => {
    const point: StalePoint = { row: 'r', after_ms: 0, sent_ms: 0, reads: 0, stale: 0, share: null, ci95: null, model: null };
    expect(
      met(
        ZEROES(STALE_FIGURES).filter((text) => !text.includes('reads')),
        STALE_FIGURES,
        staleFigures(point),
      ),
    ).toEqual([]);
  });

  test('without replicas there is no look, and of those that did not answer nothing is known but that', () => {
    expect(met([...ZEROES(PARITY_FIGURES), 'parity!=mismatch'], PARITY_FIGURES, parityFigures([]))).toEqual([]);
    const away = parityFigures([rowOf('unreachable')]);
    expect(met(['missing==0', 'stale==0', 'mismatch==0', 'unreachable==1'], PARITY_FIGURES, away)).toEqual([
      'mismatch==0',
      'unreachable==1',
    ]);
  });

  test('of a leader that does not answer nothing is waited for in vain', () => {
    const silent = { lag_records: null, lag_ms: null, up: null, streaming: null, waiting_writes: null, leader: 'none' };
    expect(met([...ZEROES(WAIT_FIGURES), 'leader==none'], WAIT_FIGURES, waitFigures(silent))).toEqual(['leader==none']);
  });
});

test('a point has its counts, its shares, and their distance', () => {
  const point: StalePoint = { row: 'r', after_ms: 0, sent_ms: 1, reads: 10, stale: 3, share: 0.3, ci95: [0.1, 0.6], model: 0.5 };
  expect(STALE_FIGURES.numbers.map((name) => staleFigures(point)(name, null))).toEqual([10, 3, 0.3, 0.5, 0.2]);
  expect(staleFigures({ ...point, model: null })('gap', null)).toBeNull();
});

test('a look counts the replicas by their state, and what they lack', () => {
  const find = parityFigures([rowOf('match'), rowOf('lag', 1, 2), rowOf('lag', 3, 4), rowOf('unreachable')]);
  expect(PARITY_FIGURES.numbers.map((name) => [name, find(name, null)])).toEqual([
    ['match', 1],
    ['lag', 2],
    ['mismatch', 0],
    ['unreachable', 1],
    ['missing', 4],
    ['stale', 6],
  ]);
  expect(find('parity', null)).toBe('unreachable');
});

test('one wrong replica outweighs all others, then one that is silent, then one that is late', () => {
  const worst = (...statuses: ParityRow['status'][]) => worstOf(statuses.map((status) => rowOf(status)));
  expect(worst('match', 'lag', 'unreachable', 'mismatch')).toBe('mismatch');
  expect(worst('match', 'lag', 'unreachable')).toBe('unreachable');
  expect(worst('match', 'lag')).toBe('lag');
  expect(worst('match', 'match')).toBe('match');
  expect(worst()).toBeNull();
});

test('what a step waits for is the leader’s account', () => {
  const find = waitFigures({ lag_records: 3, lag_ms: 4.5, up: 2, streaming: 1, waiting_writes: 0, leader: 'open' });
  expect([...WAIT_FIGURES.numbers, 'leader'].map((name) => find(name, null))).toEqual([3, 4.5, 2, 1, 0, 'open']);
});
