import { describe, expect, test } from 'vitest';
import { compareDurability } from '../../src/measure/compare-durability.ts';
import { judgeLimit, parseLimit } from '../../src/measure/compare-limit.ts';
import type { ComparedRow, FigureName } from '../../src/measure/compare-result.ts';
import { settingOfDurability, warningsOf } from '../../src/measure/compare-warnings.ts';
import { type DurabilityLab, makeDurability, makeDurabilityRun } from '../report/durability-fixture.ts';

const OPTIONS = { confidence: 0.95, minChange: 0.01 };
const compare = (a: DurabilityLab, b: DurabilityLab): readonly ComparedRow[] =>
  compareDurability(makeDurabilityRun(a), makeDurabilityRun(b), OPTIONS);
const figureOf = ([row]: readonly ComparedRow[], name: FigureName) => row!.figures.find(({ figure }) => figure === name);
const verdicts = ([row]: readonly ComparedRow[]) => Object.fromEntries(row!.figures.map(({ figure, verdict }) => [figure, verdict]));
const one = { quorums: [1] };

test('every quorum has the losses of both ways and the latency', () => {
  const rows = compare({ quorums: [1, 2] }, { quorums: [2, 5] });
  expect(rows.map(({ row, present }) => [row, present])).toEqual([
    ['quorum=1', 'a'],
    ['quorum=2', 'both'],
    ['quorum=5', 'b'],
  ]);
  const names = ['lost_alone_share', 'lost_safely_share', 'mean', 'p(50)', 'p(95)', 'p(99)'];
  expect(rows[1]?.figures.map(({ figure }) => figure)).toEqual(names);
});

describe('losses', () => {
  test('that differ for certain are better or worse, with Newcombe’s interval', () => {
    // By hand for 16 and 4 of 20: Wilson (0.5840, 0.9193) and (0.0807, 0.4160);
    // d = -0.6, low d - hypot(0.1193, 0.1193), high d + hypot(0.2160, 0.2160).
    const better = figureOf(compare(one, { ...one, lostAlone: 4 }), 'lost_alone_share');
    expect(better).toMatchObject({ a: 0.8, b: 0.2, change: expect.closeTo(-0.6, 9), verdict: 'better', reason: null });
    expect(better?.ci).toEqual([expect.closeTo(-0.7688, 3), expect.closeTo(-0.2945, 3)]);
    expect(verdicts(compare({ ...one, lostAlone: 4 }, one))['lost_alone_share']).toBe('worse');
    expect(verdicts(compare(one, { ...one, lostSafely: 8 }))['lost_safely_share']).toBe('worse');
  });

  test('that twenty trials cannot tell apart are inconclusive, however equal they look', () => {
    expect(figureOf(compare(one, one), 'lost_alone_share')).toMatchObject({
      change: 0,
      verdict: 'inconclusive',
      reason: 'the 95 % interval holds both a change and none',
    });
    expect(verdicts(compare(one, { ...one, lostAlone: 12 }))['lost_alone_share']).toBe('inconclusive');
  });

  test('of nothing or all in both runs are the same', () => {
    expect(verdicts(compare({ quorums: [5] }, { quorums: [5] }))['lost_alone_share']).toBe('same');
    expect(verdicts(compare({ quorums: [0] }, { quorums: [0] }))['lost_alone_share']).toBe('same');
    expect(verdicts(compare(one, one))['lost_safely_share']).toBe('same');
  });

  test('of promotions that were all refused are no figure', () => {
    expect(figureOf(compare({ quorums: [0] }, { quorums: [0] }), 'lost_safely_share')).toBeUndefined();
  });
});

describe('latency', () => {
  test('is compared trial by trial where seed and follower are the same, so that a millisecond shows', () => {
    const rows = compare(one, { ...one, overheadMs: 3 });
    expect(rows[0]?.is_paired).toBe(true);
    expect(figureOf(rows, 'mean')).toMatchObject({ change: expect.closeTo(1, 9), ci: [expect.closeTo(1, 9), expect.closeTo(1, 9)] });
    expect(verdicts(rows)).toMatchObject({ mean: 'worse', 'p(50)': 'worse', 'p(95)': 'worse' });
    expect(verdicts(compare(one, one))).toMatchObject({ mean: 'same', 'p(50)': 'same' });
  });

  test('is compared as independent where anything of a trial differs', () => {
    const { result, trials } = makeDurabilityRun(one);
    const against = (other: ReturnType<typeof makeDurabilityRun>) => compareDurability({ result, trials }, other, OPTIONS)[0]?.is_paired;
    expect(against({ result, trials })).toBe(true);
    expect(against(makeDurabilityRun({ ...one, seed: 2 }))).toBe(false);
    expect(against({ result, trials: trials.slice(2) })).toBe(false);
    expect(against({ result, trials: trials.map((trial) => ({ ...trial, promoted: 'n3' })) })).toBe(false);
    expect(against({ result: { ...result, cluster: { ...result.cluster, delay: '0-100' } }, trials })).toBe(false);
  });

  test('has no interval for a percentile of few writes', () => {
    expect(figureOf(compare(one, one), 'p(99)')).toMatchObject({
      ci: null,
      verdict: 'inconclusive',
      reason: 'p99 of 40 writes is hardly more than the maximum',
    });
  });
});

test('limits speak of losses', () => {
  const judge = (text: string, rows: readonly ComparedRow[]) => {
    const parsed = parseLimit(text);
    if (!parsed.ok) throw new Error(parsed.message);
    return judgeLimit(parsed.value, rows).map(({ row, verdict }) => `${row} ${verdict}`);
  };
  expect(judge('lost_alone>+20%', compare({ ...one, lostAlone: 4 }, one))).toEqual(['quorum=1 failed']);
  expect(judge('lost_safely{quorum=1}>+30%', compare(one, one))).toEqual(['quorum=1 ok']);
  expect(judge('lost_safely>+5%', compare(one, one))).toEqual(['quorum=1 undecided']);
});

test('what differs between the runs, and what they distrust themselves, is a warning', () => {
  const of = (lab: DurabilityLab, run: string) => {
    const result = makeDurability(lab);
    return { run, scenario: null, seed: result.seed, ending: 'complete' as const, environment: {}, ...settingOfDurability(result) };
  };
  expect(warningsOf(of(one, 'a'), of(one, 'b'))).toEqual([]);
  expect(warningsOf(of(one, 'a'), of({ quorums: [1, 2], trials: 30, seed: 2, followers: 4, lostSafely: 1 }, 'b'))).toEqual([
    'different seeds: 1 in a, 2 in b, so that they drew different delays',
    'different load: trials 20 in a, 30 in b',
    'different cluster: followers 5 in a, 4 in b',
    'b itself found a violation in quorum=1, quorum=2: n2 was promoted safely and lost the acknowledged write 1.1 of "quorum-1-safe-0"',
  ]);
});
