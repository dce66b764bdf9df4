import { expect, test } from 'vitest';
import { judgeRow, overlappingQuorums, thinFields } from '../../src/measure/verdict.ts';

const healthy = { successes: 100, meanDelayMs: 500, costMs: 1, generatorBusy: 0.2, leaderBusy: 0.2 };

test('a row of long delays on an idle machine is believed', () => {
  expect(judgeRow(healthy)).toEqual({ verdict: 'ok', reasons: [] });
});

test('delays below five times the cost of a request are inconclusive, exactly five are not', () => {
  expect(judgeRow({ ...healthy, meanDelayMs: 5 }).verdict).toBe('ok');
  const row = judgeRow({ ...healthy, meanDelayMs: 0.55 });
  expect(row.verdict).toBe('inconclusive');
  expect(row.reasons).toEqual([expect.stringMatching(/0\.550 ms.*5 times.*1\.00 ms.*--delay/)]);
});

test('a busy generator and a busy leader are two reasons', () => {
  expect(judgeRow({ ...healthy, generatorBusy: 0.8, leaderBusy: 0.8 }).verdict).toBe('ok');
  const { reasons } = judgeRow({ ...healthy, generatorBusy: 0.91, leaderBusy: 0.97 });
  expect(reasons).toEqual([expect.stringContaining('generator was busy 91 %'), expect.stringContaining('leader was busy 97 %')]);
});

test('a row without a success has nothing to believe, and what is unknown is no reason', () => {
  expect(judgeRow({ successes: 0, meanDelayMs: null, costMs: null, generatorBusy: 0, leaderBusy: null }).reasons).toEqual([
    expect.stringContaining('No write succeeded'),
  ]);
});

test('a percentile with less than one value above it is thin', () => {
  const cells = [
    { field: 'p99 of 99', p: 99, n: 99 },
    { field: 'p99 of 100', p: 99, n: 100 },
    { field: 'p95 of 19', p: 95, n: 19 },
    { field: 'p95 of 20', p: 95, n: 20 },
    { field: 'median of 1', p: 50, n: 1 },
    { field: 'median of 2', p: 50, n: 2 },
    { field: 'p99 of none', p: 99, n: 0 },
  ];
  expect(thinFields(cells)).toEqual(['p99 of 99', 'p95 of 19', 'median of 1']);
});

test('neighbours whose intervals overlap are named, in order of quorum, whatever the order of the runs', () => {
  const rows = [
    { quorum: 3, ci95_ms: [50, 60] as const },
    { quorum: 1, ci95_ms: [10, 20] as const },
    { quorum: 2, ci95_ms: [20, 30] as const },
    { quorum: 4, ci95_ms: null },
    { quorum: 5, ci95_ms: [40, 51] as const },
  ];
  expect(overlappingQuorums(rows)).toEqual([
    [1, 2],
    [3, 5],
  ]);
});
