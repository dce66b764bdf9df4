import { describe, expect, test } from 'vitest';
import { toCsv } from '../../src/lib/csv.ts';
import type { BenchResult } from '../../src/measure/result.ts';
import { charts } from '../../src/report/charts/all.ts';
import { flatRows } from '../../src/report/csv.ts';
import { explain } from '../../src/report/explanation.ts';
import { factsOf } from '../../src/report/facts.ts';
import { benchTable } from '../../src/report/table.ts';
import { terminalChart } from '../../src/report/terminal-chart.ts';
import { makeSweep, type SweptLab } from './bench-fixture.ts';

const delays = (values: readonly string[], more: Partial<SweptLab> = {}) =>
  makeSweep({ parameter: 'delay', values, each: (delay) => ({ ...more, delay }), ...more });
const concurrencies = (cost: (inFlight: number) => number) => {
  const each = (n: string) => ({ concurrency: Number(n), delay: '0-100', overheadMs: cost(Number(n)) });
  return makeSweep({ parameter: 'concurrency', values: ['1', '10', '100'], delay: '0-100', each });
};
const sayAbout = (result: BenchResult) => Object.fromEntries(explain(result).map(({ id, text }) => [id, text]));

describe('a sweep of delays that are numbers', () => {
  const made = delays(['1000', '1', '100', '10']);
  const said = sayAbout(made.result);

  test('is drawn on an axis of ratios, in the order of the numbers', () => {
    const spec = charts(factsOf(made.result), made.shapes).find(({ name }) => name === 'latency-vs-delay')!.spec;
    const { x } = spec['encoding'] as { x: { scale: { type: string; domain: number[] }; axis: { values: number[] } } };
    expect(x.scale.type).toBe('log');
    expect(x.axis.values).toEqual([1, 10, 100, 1000]);
    expect(terminalChart(factsOf(made.result), { width: 80, isAscii: false }).split('\n')[1]).toMatch(/^delay 1 ms /);
  });

  test('stays in the order in which it ran in tables', () => {
    expect(benchTable(made.result).rows.map(([value]) => value)).toEqual(['1000', '1', '100', '10']);
  });

  test('names what was swept wherever a quorum would be named', () => {
    expect(said['conclusion']).toMatch(/^Inconclusive: the mean write latency rises from delay 1 ms \(2\.\d+ ms\) to delay 1000 ms/);
    expect(said['delays-below-cost']).toContain(
      'At delay 1 ms the latency is therefore mostly that of this machine, not of the simulated network.',
    );
    for (const text of Object.values(said)) expect(text).not.toMatch(/\bquorums? \d/);
  });

  test('a change of the mean is told apart into floor and overhead, which add up', () => {
    const [first, last] = [made.result.results[1]!, made.result.results[0]!];
    expect(last.avg_latency_ms! - first.avg_latency_ms!).toBeCloseTo(
      last.floor_ms! - first.floor_ms! + last.overhead_ms!.mean - first.overhead_ms!.mean,
      6,
    );
    expect(said['parts']).toContain('the floor, the delays that were really drawn, changes by +999 ms');
  });

  test('what only a quorum buys or is called elsewhere is not said', () => {
    for (const id of ['what-it-buys', 'equivalents', 'one-quorum', 'why-it-rises', 'counterfactual-approximate', 'overlaps']) {
      expect(said, id).not.toHaveProperty(id);
    }
    expect(charts(factsOf(made.result), made.shapes).map(({ name }) => name)).not.toContain('counterfactual');
  });
});

test('values that are no numbers are categories in the order in which they ran, compared by lowest and highest mean', () => {
  const { result } = delays(['0-10', '0-1000', 'lognormal:20,0.5']);
  expect(sayAbout(result)['conclusion']).toMatch(/ranges from delay 0-10 ms \(\d\.\d+ ms\) to delay 0-1000 ms \(\d+ ms\)/);
  expect(factsOf(result).rows.map((row) => row.x)).toEqual(['0-10', '0-1000', 'lognormal:20,0.5']);
});

test('a value that is taken twice has two places', () => {
  const { result } = delays(['5', '50', '5']);
  expect(factsOf(result).rows.map((row) => row.x)).toEqual(['5', '50', '5 (2)']);
});

test('a cost that grows with the load is not blamed on the delays, and a change within the noise is none', () => {
  expect(sayAbout(concurrencies((n) => 1.5 + n / 3).result)['conclusion']).toMatch(
    /the mean write latency rises from concurrency 1 .* to concurrency 100 .*, none of which the delays alone predict\.$/,
  );
  expect(sayAbout(concurrencies(() => 1.5).result)['conclusion']).toMatch(/by no more than the noise \(±\d/);
});

test('delays that should have made a difference and did not are pointed out', () => {
  const rows = { override: () => ({ avg_latency_ms: 100, ci95_ms: [95, 105] as const }) };
  expect(sayAbout(delays(['0-100', '0-1000'], rows).result)['conclusion']).toMatch(
    /by no more than the noise .*, although the delays alone would change it by 450 ms\.$/,
  );
});

test('Little’s law takes the concurrency of its own row', () => {
  const each = (n: string) => ({ concurrency: Number(n), delay: '100' });
  const { result } = makeSweep({ parameter: 'concurrency', values: ['2', '20'], each });
  expect(sayAbout(result)['littles-law']).toMatch(/: (2|20) in flight at 10\d ms each/);
  expect(sayAbout(result)['littles-law']).not.toContain('10 in flight');
});

test('without any success there is nothing to compare, and it is said so', () => {
  const said = sayAbout(delays(['1', '2'], { failShare: () => 1 }).result);
  expect(said['conclusion']).toBe('No write succeeded in any row, so this run has no latency to show.');
  expect(said['failures']).toContain('At delay 1 and 2 ms every write failed');
});

test('followers are counted per row: a sweep of them has no common number', () => {
  const each = (n: string) => ({ followers: Number(n), quorums: [1], delay: '0-50' });
  const { result } = makeSweep({ parameter: 'followers', values: ['1', '3', '5'], each });
  expect(sayAbout(result)['conclusion']).toContain('falls from 1 follower (');
  expect(benchTable(result).rows.map((row) => row.at(-3))).toEqual(
    result.results.map((row) => `${row.parity_at_last_ack.match} of ${row.row.slice(-1)}`),
  );
});

test('loss of some rows takes model and overhead away from these only', () => {
  const each = (loss: string) => ({ loss: Number(loss), delay: '0-50' });
  const { result } = makeSweep({ parameter: 'loss', values: ['0', '0.1', '0.2'], delay: '0-50', each });
  expect(result.results.map((row) => row.model_ms === null)).toEqual([false, true, true]);
  expect(sayAbout(result)['loss']).toMatch(/^Where replication messages were lost \(with probability 10 % and 20 %\)/);
});

test('CSV puts what was swept in front of the quorum', () => {
  const { result } = makeSweep({ parameter: 'value_bytes', values: ['16', '1024'], each: () => ({}) });
  expect(toCsv(flatRows(result))).toMatch(/^value_size,quorum,requests,.*\n16,3,100,/);
});

test('a parameter that nobody thought of is called by its own name', () => {
  const { result } = makeSweep({ parameter: 'batchMax', values: ['1', '256'], each: () => ({}) });
  expect(sayAbout(result)['conclusion']).toContain('from batch max 1 (');
});

test('a row’s value is the one that its name ends with, whatever is missing before it', () => {
  const { result } = delays(['1', '10', '100']);
  const rows = factsOf({ ...result, results: result.results.slice(1) }).rows;
  expect(rows.map((row) => row.value)).toEqual(['10', '100']);
});
