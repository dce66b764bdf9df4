import { expect, test } from 'vitest';
import { toCsv } from '../../src/lib/csv.ts';
import { fitTable, headingOf, type Table } from '../../src/report/columns.ts';
import { flatRows } from '../../src/report/csv.ts';
import { summaryMarkdown } from '../../src/report/markdown.ts';
import { benchTable, lastAckTable, parityTable, readTable } from '../../src/report/table.ts';
import { makeBench } from './bench-fixture.ts';

const cell = (table: Table, row: number, heading: string): string | undefined =>
  table.rows[row]?.[table.columns.findIndex((column) => column.heading === heading)];

test('figures of a column have the same decimals, those of its largest', () => {
  const table = benchTable(makeBench({ quorums: [0, 1, 5] }).result);
  expect([0, 1, 2].map((row) => cell(table, row, 'mean'))).toEqual(['2', '186', '839']);
  expect([0, 1, 2].map((row) => cell(table, row, 'overhead'))).toEqual(['1.78', '1.94', '1.78']);
});

test('a thin percentile is marked in its cell, and the mark explained', () => {
  const table = benchTable(makeBench({ quorums: [3], writes: 50 }).result);
  expect(cell(table, 0, 'p99')).toMatch(/^\d+\*$/);
  expect(cell(table, 0, 'p95')).toMatch(/^\d+$/);
  expect(table.notes).toEqual(['* of too few values to be more than the maximum: p99 wants at least 100, p95 at least 20']);
  expect(benchTable(makeBench().result).notes).toEqual([]);
});

test('a row that should not be believed says so and why', () => {
  const table = benchTable(makeBench({ quorums: [3], busy: { generator: 0.9 } }).result);
  expect(cell(table, 0, 'verdict')).toBe('inconclusive');
  expect(table.notes[0]).toMatch(/^quorum 3 is inconclusive: The load generator was busy/);
});

test('what was not measured is a dash', () => {
  const table = benchTable(makeBench({ quorums: [1], failShare: () => 1 }).result);
  expect([cell(table, 0, 'mean'), cell(table, 0, '±95 %'), cell(table, 0, 'ok'), cell(table, 0, 'failed')]).toEqual(['-', '-', '0', '100']);
});

test('a table is narrowed from its least important column on, and keeps what it is about', () => {
  const table = benchTable(makeBench().result);
  const width = (narrow: Table) =>
    narrow.columns.reduce((sum, column, i) => sum + 2 + Math.max(headingOf(column).length, ...narrow.rows.map((row) => row[i]!.length)), 0);
  const narrow = fitTable(table, 80, 2);
  expect(width(narrow)).toBeLessThanOrEqual(80);
  expect(narrow.columns.map((column) => column.heading)).toEqual([
    'quorum',
    'ok',
    'failed',
    'mean',
    '±95 %',
    'p95',
    'writes',
    'model',
    'verdict',
  ]);
  expect(fitTable(table, 1, 2).columns.map((column) => column.heading)).toEqual(['quorum', 'mean']);
  expect(fitTable(table, 1000, 2)).toEqual(table);
});

test('replicas: one row per node after settling, one per quorum at the last answer', () => {
  const { result } = makeBench({ quorums: [1, 5] });
  expect(parityTable(result.parity).rows[0]).toEqual(['n2', 'match', '0', '0', '0', '0', '-', 'http://127.0.0.1:8001']);
  expect(lastAckTable(result).rows).toEqual([
    ['1', '0', '5', '0', '0', '0', '23', '1020'],
    ['5', '5', '0', '0', '0', '0', '0', '300'],
  ]);
});

test('reads have a table of their own, if there were any', () => {
  expect(readTable(makeBench().result)).toBeNull();
  expect(readTable(makeBench({ quorums: [1], readShare: 0.5 }).result)?.rows[0]?.slice(3)).toEqual(['0.800', '0.800', '0.800', '0.800']);
});

test('CSV has one line per quorum, keeps all digits and quotes what needs it', () => {
  const { result } = makeBench({ quorums: [1, 2], override: () => ({ reasons: ['a, "b"\nc'] }) });
  const csv = toCsv(flatRows(result));
  const [header, first] = csv.split('\n');
  expect(header).toMatch(/^quorum,requests,successes,fails,avg_latency_ms,ci95_low_ms/);
  expect(first).toContain(`,${result.results[0]?.avg_latency_ms},`);
  expect(csv).toContain('"a, ""b""\nc"');
  expect(csv.endsWith('\n')).toBe(true);
});

test('Markdown keeps text from outside text', () => {
  const { result, shapes } = makeBench({ quorums: [3] });
  const evil = { ...result, parity: result.parity.map((row) => ({ ...row, status: 'mismatch' as const, stale: 1, keys: ['a|b<img>`'] })) };
  const text = summaryMarkdown({
    result: evil,
    shapes,
    environment: { os: '[x](y)' },
    startedAt: '2025-11-21T01:45:01Z',
    command: 'kvctl bench `x`',
  });
  expect(text).toContain('"a\\|b\\<img\\>\\`"');
  expect(text).toContain('- os: \\[x\\](y)');
  expect(text).toContain('`` kvctl bench `x` ``');
  expect(text).toContain('](charts/overview.svg)');
  expect(text).not.toMatch(/NaN|undefined/);
});
