import { describe, expect, test } from 'vitest';
import { toCsv } from '../../src/lib/csv.ts';
import type { RunResult } from '../../src/measure/run-result.ts';
import { splitTable } from '../../src/report/columns.ts';
import type { RunReportInput } from '../../src/report/input.ts';
import { runReportFiles } from '../../src/report/run/bundle.ts';
import { allCharts, runCharts } from '../../src/report/run/charts.ts';
import { runRecords, runRows } from '../../src/report/run/csv.ts';
import { explainRun, explainStale, explainSweep } from '../../src/report/run/explanation.ts';
import { runHtml } from '../../src/report/run/html.ts';
import { runMarkdown } from '../../src/report/run/markdown.ts';
import { expectationsTable, marksTable, parityMatrix, staleTable, stepsTable } from '../../src/report/run/tables.ts';
import { lookOf, makeRun, makeStale, markOf, quorumSweep, RUNS, type Story, singleLoad, stepOf } from './run-fixture.ts';

const htmlOf = (input: RunReportInput): string => runHtml(input, runCharts(input), new Map());
const pageOf = (story: Story): string => htmlOf(makeRun(story).input);
const markdownOf = (input: RunReportInput): string => runMarkdown(input, runCharts(input));
const dataOf = (html: string) => JSON.parse(/<script type="application\/json" id="kvctl-data">(.*?)<\/script>/s.exec(html)![1]!);
const headingsOf = (html: string) => [...html.matchAll(/<h2>(.*?)<\/h2>/g)].map(([, text]) => text);
const EVIL = `</script><script>alert(1)</script><img src=x onerror=alert(1)>"'&|\u2028`;

describe.each(Object.entries(RUNS))('%s', (_, story) => {
  test('page, Markdown and CSV are whole and hold no figure that is none', () => {
    const { input } = makeRun(story);
    const texts = [htmlOf(input), markdownOf(input), toCsv(runRows(input.result)), toCsv(runRecords(input.result))];
    for (const text of texts) expect(text.replaceAll(/"[^"]*null[^"]*"|:null/g, '')).not.toMatch(/NaN|undefined|Infinity|\bnull\b/);
  });

  test('every sentence begins with a capital letter or a figure and ends with a full stop', () => {
    const { result } = makeRun(story);
    const sentences = [
      ...explainRun(result),
      ...result.sweeps.flatMap((sweep) => explainSweep(result, sweep)),
      ...result.stale_reads.flatMap(explainStale),
    ];
    for (const { id, text } of sentences) expect(text, id).toMatch(/^\P{Ll}.*[.]$/u);
  });
});

describe('the page', () => {
  test('tells in reading order what the run is about, whether it did what was expected, and everything behind that', () => {
    const html = pageOf({
      sweeps: [quorumSweep({ name: 'sweep' }), singleLoad('crash')],
      staleReads: [makeStale({ name: 'one-ack' }).stale],
      marks: [markOf('kill', 'kill n6', 400, 900)],
    });
    expect(headingsOf(html)).toEqual([
      'Expectations',
      'The run over time',
      'sweep: by write quorum',
      'crash',
      'one-ack: reads after the acknowledgement',
      'Replicas',
      'Steps',
      'Quorum 3 elsewhere',
      'How it was measured',
      'Environment',
      'Data',
    ]);
    expect(html).toContain('Repeats the course lab: what each write quorum costs.');
    expect(html).toContain('The expectation of this scenario is met.');
    expect(html).toContain('<code>kvctl run lab-2 --seed 1</code>');
  });

  test('forbids every request and every script, and makes none', () => {
    const html = pageOf({});
    expect(html).toContain(`content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'"`);
    const addresses = [...html.matchAll(/\b(?:src|href|action|poster)="([^"]*)"/g)].map(([, address]) => address);
    expect(addresses.every((address) => address?.startsWith('data:'))).toBe(true);
    expect([...html.matchAll(/<script\b[^>]*>/g)].map(([tag]) => tag)).toEqual(['<script type="application/json" id="kvctl-data">']);
  });

  test('names, keys and details from outside stay text, and the data can still be read', () => {
    const { input } = makeRun({
      scenario: EVIL,
      why: EVIL,
      sweeps: [singleLoad(EVIL)],
      staleReads: [makeStale({ name: EVIL }).stale],
      marks: [markOf(EVIL, EVIL, 1, 2)],
      steps: [stepOf(EVIL, EVIL, 0, 1, { title: EVIL, detail: EVIL, status: 'failed' })],
      parity: [lookOf(EVIL, 'looked', 1, [{ node: EVIL, status: 'mismatch', stale: 1, keys: [EVIL] }])],
      expectations: [{ step: EVIL, threshold: EVIL, got: EVIL, is_met: false }],
    });
    const html = htmlOf({ ...input, environment: { [EVIL]: EVIL }, command: EVIL });
    expect(html).not.toMatch(/<img|<script>/);
    expect(html.match(/<\/script>/g)).toHaveLength(1);
    expect(dataOf(html).result).toEqual(input.result);
  });

  test('of a run that ended early says what never began and why', () => {
    const html = pageOf(RUNS['nothing but steps']!);
    expect(html).toContain('A step failed: kill-2 (no such node).');
    expect(html).toContain('The run ended early: 1 of 3 steps never began.');
    expect(html).toMatch(/<td class="bad">failed<\/td>/);
    expect(headingsOf(html)).toEqual(['The run over time', 'Steps', 'How it was measured', 'Environment', 'Data']);
  });

  test('says once what every quorum means', () => {
    const html = pageOf({ sweeps: [quorumSweep({ name: 'a' }), quorumSweep({ name: 'b' }), singleLoad('c')] });
    expect(html.match(/Elsewhere quorum 3 is called/g)).toHaveLength(1);
  });

  test('marks what a reader must not miss, and not the threshold that only begins with the same word', () => {
    const html = pageOf({
      expectations: [{ step: 'all', threshold: 'failed==0', got: 2, is_met: false }],
      parity: [
        lookOf('p', 'looked', 1, [
          { status: 'lag', missing: 2 },
          { status: 'mismatch', stale: 3 },
        ]),
      ],
    });
    expect(html).toContain('<td class="bad">not met</td>');
    expect(html).toContain('<td class="bad">mismatch (3)</td>');
    expect(html).toContain('<td>failed==0</td>');
    expect(html).toContain('<td>lag (2)</td>');
  });

  test('holds the latency of every write by its row', () => {
    const { input, samples } = makeRun();
    expect(dataOf(htmlOf(input)).latencies_ms['sweep-1 quorum=5']).toHaveLength(
      samples.filter(({ row }) => row === 'sweep-1 quorum=5').length,
    );
  });
});

describe('tables', () => {
  test('replicas are rows and looks are columns, in the order of the nodes’ numbers', () => {
    const { result } = makeRun({
      parity: [
        lookOf('q', 'last ack', 1, [
          { node: 'n10', status: 'lag', missing: 1, stale: 2 },
          { node: 'n2', status: 'unreachable' },
        ]),
        lookOf('parity', 'looked', 2, [{ node: 'n2', status: 'mismatch', corrupt: 1 }]),
      ],
    });
    const { columns, rows } = parityMatrix(result);
    expect(columns.map(({ heading, unit }) => `${heading} ${unit}`.trim())).toEqual(['replica', 'q last ack', 'parity']);
    expect(rows).toEqual([
      ['n2', 'unreachable', 'mismatch (1)'],
      ['n10', 'lag (3)', '-'],
    ]);
  });

  test('a wide table is split below each other with its first column in front of each part, and loses no column', () => {
    const looks = Array.from({ length: 12 }, (_, i) => lookOf(`quorum=${i}`, 'settled', i));
    const table = parityMatrix(makeRun({ parity: looks }).result);
    const parts = splitTable(table, 79, 3);
    expect(parts.length).toBeGreaterThan(2);
    expect(parts.flatMap(({ columns }) => columns.slice(1))).toEqual(table.columns.slice(1));
    for (const { columns, rows } of parts) {
      expect(columns[0]?.heading).toBe('replica');
      expect(rows.map(([node]) => node)).toEqual(['n2', 'n3', 'n4', 'n5', 'n6']);
    }
    expect(splitTable(table, 1, 3)).toHaveLength(12);
  });

  test('an expectation says what was got, with the digits that made the difference', () => {
    const of = (got: number | string | null) =>
      expectationsTable(makeRun({ expectations: [{ step: 's', threshold: 'mean<900', got, is_met: false }] }).result).rows[0];
    expect(of(900.4)).toEqual(['s', 'mean<900', '900.4', 'not met']);
    expect(of(null)).toEqual(['s', 'mean<900', 'nothing', 'not met']);
    expect(of('lag')?.[2]).toBe('lag');
  });

  test('steps tell when and how long, and what they found', () => {
    const steps = [stepOf('kill-1', 'kill', 1500, 1750), stepOf('get-2', 'get', null, null, { status: 'skipped' })];
    expect(stepsTable(makeRun({ steps }).result).rows).toEqual([
      ['kill-1', 'kill of kill-1', '1.50', '0.25', 'done', '-'],
      ['get-2', 'get of get-2', '-', '-', 'skipped', '-'],
    ]);
  });

  test('marks are numbered as on the picture: in the order of their beginning', () => {
    const { rows } = marksTable(makeRun({ marks: [markOf('restart', 'restart n6', 900), markOf('kill', 'kill n6', 400, 900)] }).result);
    expect(rows).toEqual([
      ['1', 'kill n6', '0.40', '0.90', 'n6'],
      ['2', 'restart n6', '0.90', '-', 'n6'],
    ]);
  });

  test('stale reads have a line per time, the model beside the share', () => {
    const { columns, rows } = staleTable(makeStale({ afterMs: [0, 50] }).stale);
    expect(columns.map(({ heading }) => heading)).toEqual([
      'after the ack',
      'sent',
      'reads',
      'missed the write',
      'share',
      '95 % from',
      'to',
      'model',
    ]);
    expect(rows.map((row) => row[0])).toEqual(['0', '50']);
    expect(rows[0]?.[2]).toBe('120');
  });
});

describe('sentences', () => {
  const expected = (...met: boolean[]) =>
    makeRun({ expectations: met.map((is_met, i) => ({ step: `s${i}`, threshold: 'mean<1', got: 2, is_met })) }).result;
  const verdictOf = (result: RunResult) => explainRun(result)[0].text;

  test('the verdict comes first, with the first three that were not met', () => {
    expect(verdictOf(expected(true, true))).toBe('All 2 expectations are met.');
    expect(verdictOf(expected(true, false))).toBe('1 of 2 expectations is not met: s1 mean<1, which got 2.');
    expect(verdictOf(expected(false, false, false, false))).toMatch(
      /^4 of 4 expectations are not met: s0 .*; s1 .*; s2 .*\. The others are in the table\.$/,
    );
    expect(verdictOf(expected())).toContain('expects nothing in particular');
  });

  test('stale reads are explained by the quorum, and held against the model', () => {
    const say = (story: Parameters<typeof makeStale>[0]) =>
      Object.fromEntries(explainStale(makeStale(story).stale).map(({ id, text }) => [id, text]));
    expect(say({})['stale-why']).toContain('1 follower of 5 has it');
    expect(say({})['stale-model']).toMatch(
      /at most \d\.\d percentage points from the measured one, everywhere within its 95 % interval\.$/,
    );
    expect(say({ quorum: 5 })['stale-why']).toContain('only when each of them has it');
    const { stale } = makeStale();
    const off = { ...stale, points: stale.points.map((point) => ({ ...point, model: point.after_ms === 100 ? 0.01 : point.model })) };
    expect(explainStale(off).find(({ id }) => id === 'stale-model')?.text).toContain('outside of its 95 % interval 100 ms after the ack');
  });
});

test('Markdown keeps text from outside text, and links every picture', () => {
  const { input } = makeRun({ why: '[x](y) <b>', steps: [stepOf('a|b', 'put', 0, 1)] });
  const text = markdownOf(input);
  expect(text).toContain('\\[x\\](y) \\<b\\>');
  expect(text).toContain('| a\\|b |');
  for (const { name } of allCharts(runCharts(input))) expect(text).toContain(`(charts/${name}.svg)`);
});

test('CSV has the rows of all sweeps, then the points of stale reads, and the steps of a run with neither', () => {
  const staleReads = [makeStale({ name: 'one-ack', afterMs: [0, 50] }).stale];
  const rows = runRows(makeRun({ sweeps: [quorumSweep({ name: 'a', values: ['1', '2'] }), singleLoad('b')], staleReads }).result);
  expect(rows.map(({ sweep, row, value }) => [sweep, row, value])).toEqual([
    ['a', 'a quorum=1', '1'],
    ['a', 'a quorum=2', '2'],
    ['b', 'b quorum=3', '3'],
    ['one-ack', 'one-ack after=0ms', undefined],
    ['one-ack', 'one-ack after=50ms', undefined],
  ]);
  expect(runRows(makeRun(RUNS['nothing but steps']!).result).map(({ step }) => step)).toEqual(['put-1', 'kill-2', 'get-3']);
});

test('line by line there is everything, each line with its kind', () => {
  const { result } = makeRun({ sweeps: [singleLoad('b')], marks: [markOf('kill', 'kill n6', 1, 2)] });
  const kinds = runRecords(result).map(({ kind }) => kind);
  expect(new Set(kinds)).toEqual(new Set(['row', 'expectation', 'parity', 'mark', 'step']));
  expect(runRecords(result).find(({ kind }) => kind === 'mark')).toMatchObject({ mark_kind: 'kill', at_ms: 1, until_ms: 2 });
});

test('the bundle names every file of a report once', () => {
  const { input } = makeRun({ sweeps: [quorumSweep({ name: 'a' }), quorumSweep({ name: 'b' })] });
  const charts = runCharts(input);
  const files = runReportFiles(input, charts, new Map(allCharts(charts).map(({ name }) => [name, '<svg ></svg>'])));
  expect(new Set(files.map(({ file }) => file)).size).toBe(files.length);
  expect(files.map(({ file }) => file)).toEqual(
    expect.arrayContaining(['summary.json', 'summary.csv', 'summary.md', 'charts/time.vl.json', 'charts/b-overview.svg', 'report.html']),
  );
  expect(JSON.parse(files[0]!.text)).toEqual(input.result);
});
