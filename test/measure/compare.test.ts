import { describe, expect, test } from 'vitest';
import { compareRows, type RunData, totalsOf } from '../../src/measure/compare.ts';
import { judgeLimit, parseLimit } from '../../src/measure/compare-limit.ts';
import type { ComparedFigure, ComparedRow, FigureName } from '../../src/measure/compare-result.ts';
import { type Circumstances, settingOfSweeps, warningsOf } from '../../src/measure/compare-warnings.ts';
import type { BenchResult } from '../../src/measure/result.ts';
import type { StaleReads } from '../../src/measure/run-result.ts';
import { type Lab, type MadeBench, makeBench } from '../report/bench-fixture.ts';
import { makeStale } from '../report/run-fixture.ts';

const dataOf = ({ result, samples, trace }: MadeBench, stale: readonly StaleReads[] = []): RunData => ({
  sweeps: [result],
  stale,
  samples: Map.groupBy(samples, ({ row }) => row),
  trace: Map.groupBy(trace, ({ row }) => row),
  staleReads: new Map(),
});
const OPTIONS = { confidence: 0.95, minChange: 0.01 };
const compare = (a: Lab, b: Lab, options = OPTIONS): readonly ComparedRow[] =>
  compareRows(dataOf(makeBench(a)), dataOf(makeBench(b)), options);
const figureOf = ([row]: readonly ComparedRow[], name: FigureName): ComparedFigure => row!.figures.find(({ figure }) => figure === name)!;
const verdicts = ([row]: readonly ComparedRow[]) => Object.fromEntries(row!.figures.map(({ figure, verdict }) => [figure, verdict]));
const one = { quorums: [3] };

describe('two runs of the same seed', () => {
  test('are compared write by write, so that a millisecond shows in half a second', () => {
    const rows = compare(one, { ...one, overheadMs: 3 });
    expect(rows[0]).toMatchObject({ row: 'quorum=3', present: 'both', is_paired: true });
    const mean = figureOf(rows, 'mean');
    expect(mean.change).toBeCloseTo(1.18, 1);
    expect(mean.ci![0]).toBeGreaterThan(0.5);
    expect(mean.ci![1]).toBeLessThan(2);
    expect(figureOf(rows, 'overhead')).toMatchObject({ verdict: 'worse' });
    expect(mean.verdict).toBe('same');
  });

  test('differ in nothing where nothing differs', () => {
    for (const figure of ['mean', 'p(50)', 'p(95)', 'p(99)', 'failed_share', 'overhead', 'replication']) {
      expect(verdicts(compare(one, one))[figure], figure).toBe('same');
    }
  });

  test('are told apart from those that drew other delays by the data, not by the seed that they name', () => {
    const other = makeBench({ ...one, seed: 2 });
    const lying = { ...other, result: { ...other.result, seed: 1 } };
    expect(compareRows(dataOf(makeBench(one)), dataOf(lying), OPTIONS)[0]?.is_paired).toBe(false);
    expect(compare(one, { ...one, failShare: () => 0.1 })[0]?.is_paired).toBe(false);
  });
});

describe('verdicts', () => {
  test('better and worse know which way is good', () => {
    const slow = { quorums: [1], delay: '10', overheadMs: 1, writes: 400 };
    const fast = { ...slow, delay: '5' };
    expect(verdicts(compare(slow, fast))).toMatchObject({ mean: 'better', 'p(95)': 'better', rate: 'better', replication: 'better' });
    expect(verdicts(compare(fast, slow))).toMatchObject({ mean: 'worse', 'p(95)': 'worse', rate: 'worse', replication: 'worse' });
  });

  test('what the noise can explain is inconclusive, and says so', () => {
    const mean = figureOf(compare({ ...one, writes: 30 }, { ...one, writes: 30, seed: 2 }), 'mean');
    expect(mean).toMatchObject({ verdict: 'inconclusive', reason: 'the 95 % interval holds both a change and none' });
  });

  test('a change below the least that matters is none, however sure it is', () => {
    const rows = (minChange: number) => compare(one, { ...one, overheadMs: 3 }, { ...OPTIONS, minChange });
    expect(figureOf(rows(0.01), 'mean').verdict).toBe('same');
    expect(figureOf(rows(0), 'mean').verdict).toBe('worse');
  });

  test('a sure change whose interval reaches below the least is not called one', () => {
    const mean = figureOf(compare(one, { ...one, overheadMs: 3 }, { ...OPTIONS, minChange: 0.0024 }), 'mean');
    expect(mean).toMatchObject({ verdict: 'inconclusive', reason: 'a change, but perhaps one below 0.24 %' });
  });

  test('a thin percentile is not compared', () => {
    const rows = compare({ ...one, writes: 50 }, { ...one, writes: 50 });
    expect(figureOf(rows, 'p(99)')).toMatchObject({
      ci: null,
      verdict: 'inconclusive',
      reason: 'p99 of 50 writes is hardly more than the maximum',
    });
    expect(figureOf(rows, 'p(95)').ci).not.toBeNull();
  });

  test('failures are shares: none in both is the same, more is worse, and a few of a hundred are not', () => {
    const share = (a: number, b: number) =>
      figureOf(compare({ ...one, failShare: () => a }, { ...one, failShare: () => b }), 'failed_share');
    expect(share(0, 0).verdict).toBe('same');
    expect(share(0, 0.3)).toMatchObject({ verdict: 'worse', a: 0 });
    expect(share(0, 0.3).change_percent).toBeCloseTo(share(0, 0.3).change! * 100, 9);
    expect(share(0.05, 0.07).verdict).toBe('inconclusive');
  });

  test('where nothing succeeded there is no latency, and the rate is known to be nothing', () => {
    const rows = compare(one, { ...one, failShare: () => 1 });
    expect(figureOf(rows, 'mean')).toMatchObject({ b: null, change: null, verdict: 'inconclusive', reason: 'only a has it' });
    expect(verdicts(rows)).toMatchObject({ failed_share: 'worse', rate: 'worse' });
    expect(figureOf(rows, 'rate').ci_percent![0]).toBe(-100);
  });

  test('with simulated loss there is no overhead to compare', () => {
    expect(compare({ ...one, loss: 0.1 }, { ...one, loss: 0.1 })[0]!.figures.map(({ figure }) => figure)).not.toContain('overhead');
  });

  test('reads have figures of their own, if there are any', () => {
    expect(Object.keys(verdicts(compare(one, one)))).not.toContain('reads_mean');
    expect(verdicts(compare({ ...one, readShare: 0.5 }, { ...one, readShare: 0.5 }))).toMatchObject({
      reads_mean: 'same',
      reads_failed_share: 'same',
    });
  });

  test('of stale reads the share is compared, time by time', () => {
    const rows = (quorum: number) =>
      compareRows(dataOf(makeBench(one), [makeStale().stale]), dataOf(makeBench(one), [makeStale({ quorum }).stale]), OPTIONS).slice(1);
    expect(rows(4)[0]).toMatchObject({ row: 'stale-1 after=0ms', figures: [{ figure: 'stale_share', verdict: 'better' }] });
    expect(rows(1)[0]?.figures[0]?.verdict).toBe('inconclusive');
    expect(rows(1).at(-1)?.figures[0]?.verdict).toBe('same');
  });
});

test('rows are matched by name, those of one run only are said to be, and all are counted', () => {
  const rows = compare({ quorums: [1, 2] }, { quorums: [2, 5] });
  expect(rows.map(({ row, present, figures }) => [row, present, figures.length])).toEqual([
    ['quorum=1', 'a', 0],
    ['quorum=2', 'both', 8],
    ['quorum=5', 'b', 0],
  ]);
  const totals = totalsOf(rows);
  expect(Object.values(totals).reduce((sum, n) => sum + n)).toBe(8);
});

test('the same two runs always compare alike', () => {
  const labs = [one, { ...one, seed: 2 }] as const;
  expect(compare(...labs)).toEqual(compare(...labs));
});

test('over many pairs of runs in which nothing changed, few figures are said to have (seeds 1 to 49)', () => {
  const runs = Array.from({ length: 25 }, (_, i) => dataOf(makeBench({ ...one, seed: i * 2 + 1 })));
  const totals = runs.slice(1).map((run, i) => totalsOf(compareRows(runs[i]!, run, OPTIONS)));
  const wrong = totals.reduce((sum, { better, worse }) => sum + better + worse, 0);
  const all = totals.reduce((sum, each) => sum + Object.values(each).reduce((n, m) => n + m), 0);
  expect(all).toBe(192);
  // One in twenty is what 95 % means; the figures of one run hang together, so that they miss together.
  expect(wrong / all).toBeLessThan(0.12);
});

describe('a limit', () => {
  const limit = (text: string) => {
    const parsed = parseLimit(text);
    if (!parsed.ok) throw new Error(parsed.message);
    return parsed.value;
  };
  const judge = (text: string, a: Lab, b: Lab) => judgeLimit(limit(text), compare(a, b)).map(({ row, verdict }) => `${row} ${verdict}`);
  const slow = { quorums: [1, 3], delay: '10', writes: 100 };
  const slower = { ...slow, delay: '12' };

  test.each([
    ['p(95)>+10%', { figure: 'p(95)', row: null, comparison: '>', value: 10, unit: '%' }],
    ['  p95 > 10 % ', { figure: 'p(95)', row: null, comparison: '>', value: 10, unit: '%' }],
    ['rate{quorum=3}<-5%', { figure: 'rate', row: 'quorum=3', comparison: '<', value: -5, unit: '%' }],
    ['mean{all-up quorum=1}>+0.5ms', { figure: 'mean', row: 'all-up quorum=1', comparison: '>', value: 0.5, unit: 'ms' }],
    ['throughput<-2/s', { figure: 'rate', row: null, comparison: '<', value: -2, unit: '/s' }],
    ['failed>+1%', { figure: 'failed_share', row: null, comparison: '>', value: 1, unit: '%' }],
    ['Median>+1%', { figure: 'p(50)', row: null, comparison: '>', value: 1, unit: '%' }],
  ])('%j is read', (text, expected) => {
    expect(limit(text)).toEqual({ text: text.trim(), ...expected });
  });

  test.each([
    '',
    'mean',
    'mean>',
    'mean>5',
    'mean=5%',
    'p(90)>+1%',
    'max>+1%',
    'failed>+1ms',
    'rate>+1ms',
    'mean>+1/s',
    'mean{a>+1%',
    'mean>>1%',
    'mean>+1%;rm',
    '__proto__>+1%',
    'constructor>+1%',
  ])('%j is refused with what was expected', (text) => {
    const parsed = parseLimit(text);
    expect(parsed).toMatchObject({ ok: false, message: expect.stringMatching(/^expected .*, got /) });
  });

  test('fails where the whole interval is beyond it, in the rows that it speaks of', () => {
    expect(judge('mean>+10%', slow, slower)).toEqual(['quorum=1 failed', 'quorum=3 failed']);
    expect(judge('mean{quorum=3}>+10%', slow, slower)).toEqual(['quorum=3 failed']);
    expect(judge('mean>+30%', slow, slower)).toEqual(['quorum=1 ok', 'quorum=3 ok']);
    expect(judge('mean>+1ms', slow, slower)).toEqual(['quorum=1 failed', 'quorum=3 failed']);
    expect(judge('mean<-10%', slower, slow)).toEqual(['quorum=1 failed', 'quorum=3 failed']);
  });

  test('is undecided where the interval holds it, which is no failure', () => {
    const noisy = { quorums: [3], writes: 30 };
    expect(judge('mean>+5%', noisy, { ...noisy, seed: 2 })).toEqual(['quorum=3 undecided']);
    expect(judge('p(99)>+5%', noisy, noisy)).toEqual(['quorum=3 undecided']);
  });

  test('lets no run through in which nothing worked', () => {
    expect(judge('p(95)>+10%', one, { ...one, failShare: () => 1 })).toEqual(['quorum=3 failed']);
    expect(judge('rate<-10%', one, { ...one, failShare: () => 1 })).toEqual(['quorum=3 failed']);
  });

  test('of a row that b lacks is undecided, and of one that nobody has speaks of nothing', () => {
    expect(judge('mean{quorum=1}>+1%', slow, { ...slow, quorums: [3] })).toEqual(['quorum=1 undecided']);
    expect(judge('mean{quorum=9}>+1%', slow, slow)).toEqual([]);
    expect(judge('stale>+1%', slow, slow)).toEqual([]);
  });
});

describe('warnings', () => {
  const circumstances = (result: BenchResult = makeBench(one).result, more: Partial<Circumstances> = {}): Circumstances => ({
    run: '/runs/a',
    scenario: null,
    seed: result.seed,
    ending: 'complete',
    environment: { kvctl: '0.1.0', processors: '2 x' },
    ...settingOfSweeps([result]),
    ...more,
  });
  const b = (more: Partial<Circumstances> = {}, lab: Lab = one) => circumstances(makeBench(lab).result, { run: '/runs/b', ...more });

  test('none for two runs alike', () => {
    expect(warningsOf(circumstances(), b())).toEqual([]);
  });

  test('every difference that sets figures is named with both sides', () => {
    expect(warningsOf(circumstances(), circumstances())).toEqual(['both are the same run']);
    expect(warningsOf(circumstances(), b({ seed: 2 }))).toEqual(['different seeds: 1 in a, 2 in b, so that they drew different delays']);
    expect(warningsOf(circumstances(), b({ scenario: 'lab-2' }))).toEqual(['different scenarios: none in a, lab-2 in b']);
    expect(warningsOf(circumstances(), b({ environment: { kvctl: '0.2.0', node: 'v24' } }))).toEqual([
      'different versions of kvctl: 0.1.0 in a, 0.2.0 in b',
      'different processors: 2 x in a, unknown in b',
      'different node: unknown in a, v24 in b',
    ]);
    expect(warningsOf(circumstances(), b({}, { ...one, writes: 200, store: 'memory', delay: '0-10', overheadMs: 0.1 }))).toEqual([
      'different load: writes 100 in a, 200 in b',
      'different cluster: store sqlite in a, memory in b',
      'different cluster: delay 0-1000 in a, 0-10 in b',
    ]);
  });

  test('a run that did not come to its end, or that distrusts itself, says so', () => {
    expect(warningsOf(circumstances(), b({ ending: 'interrupted' }))).toEqual([
      'b was interrupted: its rows are those that it had by then',
    ]);
    expect(warningsOf(circumstances(makeBench({ ...one, busy: { leader: 0.95 } }).result), b())[0]).toMatch(
      /^a itself distrusts its mean in quorum=3: The leader was busy 95 %/,
    );
  });
});
