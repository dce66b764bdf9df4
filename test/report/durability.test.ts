import { describe, expect, test } from 'vitest';
import { durabilityChart } from '../../src/report/charts/durability.ts';
import { durabilityCharts, durabilityFiles } from '../../src/report/durability/bundle.ts';
import { durabilityRows, durabilityTable } from '../../src/report/durability/table.ts';
import { durabilityTerminalChart } from '../../src/report/durability/terminal.ts';
import { durabilitySentence } from '../../src/report/durability/words.ts';
import { expectNamed, expectSelfContained, expectValid } from './chart-checks.ts';
import { type DurabilityLab, makeDurability } from './durability-fixture.ts';

const LABS: Readonly<Record<string, DurabilityLab>> = {
  'five quorums': {},
  'from quorum 0 on': { quorums: [0, 1, 2, 3, 4, 5] },
  'one quorum': { quorums: [2], followers: 3 },
  'only quorum 0': { quorums: [0] },
  'a safe promotion that loses': { quorums: [1, 2], lostSafely: 3 },
  'many quorums': { followers: 20, quorums: Array.from({ length: 20 }, (_, i) => i + 1) },
};

describe.each(Object.entries(LABS))('%s', (_, lab) => {
  test('the picture is valid, self-contained and described', () => {
    const charts = durabilityCharts(makeDurability(lab));
    expect(charts).toHaveLength(1);
    for (const chart of charts) {
      expectValid(chart);
      expectSelfContained(chart);
    }
    expectNamed(charts);
  });

  test('table, rows and terminal are without a figure that is none', () => {
    const result = makeDurability(lab);
    const texts = [
      JSON.stringify(durabilityTable(result)),
      JSON.stringify(durabilityRows(result)),
      durabilityTerminalChart(result, { width: 80, isAscii: false }),
      durabilitySentence(result),
    ];
    for (const text of texts) expect(text).not.toMatch(/NaN|undefined|Infinity/);
  });
});

const titleOf = (lab: DurabilityLab) => (durabilityChart(makeDurability(lab))?.spec['title'] as { text: string } | undefined)?.text;

test('the title says what was lost', () => {
  expect(titleOf({})).toBe('Promoted alone, a follower lost 80 % of the writes at quorum 1, 0 % at quorum 5');
  expect(titleOf({ lostSafely: 1, quorums: [1, 2] })).toBe('A safe promotion lost 2 acknowledged writes');
});

test('the picture has a point per quorum, its interval, what is expected, and the safe promotions at 0', () => {
  const layers = durabilityChart(makeDurability({ quorums: [0, 3, 5] }))?.spec['layer'] as { data: { values: object[] } }[];
  const all = layers.map(({ data }) => data.values);
  const at = (quorum: number) => expect.closeTo((quorum * 500) / 6 + 2.95, 2);
  expect(all).toContainEqual([
    { x: at(0), ms: 1 },
    { x: at(3), ms: 0.4 },
    { x: at(5), ms: 0 },
  ]);
  expect(all).toContainEqual([
    { x: 0, ms: 1 },
    { x: 250, ms: 0.4 },
    { x: expect.closeTo(416.67, 1), ms: 0 },
  ]);
  expect(all).toContainEqual([
    { x: at(3), ms: 0 },
    { x: at(5), ms: 0 },
  ]);
  expect(all).toContainEqual([{ x: at(0), ms: 0, text: '× refused' }]);
  // The first name is beside its point: above it is the title of the axis.
  expect(all).toContainEqual([
    { x: at(0), ms: 1, text: 'k = 0', dx: 16, dy: 0 },
    { x: at(3), ms: 0.4, text: 'k = 3', dx: 9, dy: -12 },
    { x: at(5), ms: 0, text: 'k = 5', dx: 9, dy: -12 },
  ]);
  expect(all).toContainEqual(expect.arrayContaining([{ x: at(3), ms: expect.closeTo(0.2188, 3), high: expect.closeTo(0.6134, 3) }]));
});

test('the table has a row per quorum, and says which were refused', () => {
  const { columns, rows, notes } = durabilityTable(makeDurability({ quorums: [0, 4] }));
  expect(columns.map(({ heading }) => heading)).toEqual([
    'quorum',
    'writes',
    'mean',
    'model',
    'held by',
    'lost alone',
    'expected',
    'lost safely',
    'expected',
    'verdict',
  ]);
  expect(rows).toEqual([
    ['0', '40', '3', '0', '0.00', '20/20 = 100 % (84 to 100)', '100 %', 'refused 20/20', '0 %', 'ok'],
    ['4', '40', '336', '333', '4.00', '4/20 = 20 % (8 to 42)', '20 %', '0/20', '0 %', 'ok'],
  ]);
  expect(notes).toEqual([expect.stringContaining('refused: the promotion did not take place')]);
});

test('in the terminal each quorum is a line with its loss and its latency', () => {
  const text = durabilityTerminalChart(makeDurability({ quorums: [0, 1, 5] }), { width: 80, isAscii: true });
  expect(text).toMatch(/^lost alone, % {3}o measured {3}\[-\] 95 % {3}\+ expected {3}@ both$/m);
  expect(text).toMatch(/^quorum 0 .*\[-+@ {2}100 % at 2\.95 ms$/m);
  expect(text).toMatch(/^quorum 5 {2}@-+\] +0 % at 420 ms$/m);
  // Always up to 100 %, however little was lost.
  expect(durabilityTerminalChart(makeDurability({ quorums: [4, 5] }), { width: 80, isAscii: true })).toMatch(/ 100$/);
});

test('the sentence compares the ends, and speaks of quorum 0 only where it ran', () => {
  expect(durabilitySentence(makeDurability())).toBe(
    'A follower that is promoted alone has a write only if it is among the k of N = 5 that acknowledged it: from quorum 1 to 5 its loss went from 80 % to 0 % of the acknowledged writes (expected 80 % to 0 %), for 333 ms more latency per write; the safe promotion, which asks the others first, lost 0 of 100.',
  );
  expect(durabilitySentence(makeDurability({ quorums: [0, 1] }))).toContain('With quorum 0 only the leader need hold a write');
});

test('the report is a page with the picture and the raw result, without scripts that run; the document is not among its files', () => {
  const result = makeDurability({ quorums: [1, 2], lostSafely: 1 });
  const input = {
    result,
    environment: { node: 'v24' },
    startedAt: '2026-11-26T00:00:00.000Z',
    command: "kvctl bench --durability -n '<b>'",
  };
  const files = new Map(
    durabilityFiles(input, new Map([['loss-vs-latency', '<svg viewBox="0 0 1 1"></svg>']])).map(({ file, text }) => [file, text]),
  );
  expect([...files.keys()]).toEqual([
    'summary.csv',
    'summary.md',
    'charts/loss-vs-latency.vl.json',
    'charts/loss-vs-latency.svg',
    'report.html',
  ]);
  const page = files.get('report.html') ?? '';
  expect(page).toContain('id="figure-loss-vs-latency"');
  expect(page).toContain('violation: n2 was promoted safely and lost the acknowledged write');
  expect(page).toContain('Every trial is in trials.ndjson of the run folder.');
  expect(page).not.toContain('<b>');
  expect(files.get('summary.md')).toContain('![Acknowledged writes lost against the latency');
  expect(files.get('summary.csv')).toMatch(/^quorum,writes,avg_latency_ms,/);
});
