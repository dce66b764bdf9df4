import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { charts } from '../../src/report/charts/all.ts';
import { roundUp, spread } from '../../src/report/charts/axes.ts';
import type { Chart } from '../../src/report/charts/spec.ts';
import { factsOf } from '../../src/report/facts.ts';
import { type Lab, makeBench } from './bench-fixture.ts';
import { expectNamed, expectSelfContained, expectValid } from './chart-checks.ts';

const LABS: Readonly<Record<string, Lab>> = {
  'the course lab': {},
  'one quorum': { quorums: [3] },
  'quorums with gaps, one of them all failed': { quorums: [1, 3, 5], failShare: (k) => (k === 5 ? 1 : k === 3 ? 0.12 : 0) },
  'failures only': { failShare: () => 1 },
  'one success': { quorums: [1], writes: 1 },
  'constant delays': { delay: '50' },
  'a delay per node': { delay: '0-10;n3=50' },
  'simulated loss': { loss: 0.1 },
  'an open loop from quorum 0 on, with reads': { quorums: [0, 1, 2], rate: 50, readShare: 0.5 },
  'no follower': { followers: 0, quorums: [0] },
  'thirteen quorums': { followers: 12, quorums: Array.from({ length: 13 }, (_, k) => k), delay: 'lognormal:20,0.5' },
};

const drawn = (lab: Lab): readonly Chart[] => {
  const { result, shapes } = makeBench(lab);
  return charts(factsOf(result), shapes);
};

describe.each(Object.entries(LABS))('%s', (_, lab) => {
  test('every picture is a valid vega-lite specification that compiles without a warning', () => {
    for (const chart of drawn(lab)) expectValid(chart);
  });

  test('pictures are plain JSON with their data inside: no NaN, no address, and equal input gives equal output', () => {
    for (const chart of drawn(lab)) expectSelfContained(chart);
    expect(drawn(lab)).toEqual(drawn(lab));
  });

  test('every picture has a name, a title and a description', () => {
    expectNamed(drawn(lab));
  });
});

const titleOf = (lab: Lab, name: string): string =>
  (drawn(lab).find((chart) => chart.name === name)!.spec['title'] as { text: string }).text;

test('titles say what the figures show', () => {
  expect(titleOf({}, 'latency-vs-quorum')).toMatch(/^Each further follower waited for adds about 1[67]\d ms to a write$/);
  expect(titleOf({ waitsFor: () => 5 }, 'latency-vs-quorum')).toContain('does not rise with the quorum');
  expect(titleOf({ delay: '50' }, 'latency-vs-quorum')).toContain('the quorum makes no difference');
  expect(titleOf({ failShare: () => 1 }, 'latency-vs-quorum')).toBe('No write succeeded');
  expect(titleOf({}, 'success')).toBe('All 500 writes were acknowledged');
  expect(titleOf({ quorums: [3], failShare: () => 1 }, 'success')).toBe('All 100 writes failed');
  expect(titleOf({}, 'throughput')).toBe('Who waits longer writes less: 46.3 writes/s become 11.4');
  expect(titleOf({ rate: 60 }, 'throughput')).toBe('Throughput follows the 60.0 requests/s that came');
  expect(titleOf({}, 'replication-latency')).toMatch(/whatever the quorum/);
  expect(titleOf({}, 'parity-at-last-ack')).toContain('fewer followers behind');
  expect(titleOf({}, 'counterfactual')).toMatch(/^The run at quorum 3 alone tells the others’ latency to within 0\.\d+ ms$/);
});

test('the overview is a composition of four', () => {
  for (const lab of Object.values(LABS)) expect((drawn(lab)[0]!.spec['concat'] as unknown[]).length).toBe(4);
});

test('the subtitle says what was run', () => {
  const [line] = (drawn({})[1]!.spec['title'] as { subtitle: string[] }).subtitle;
  expect(line).toBe('100 requests per quorum · closed loop, 10 in flight · 5 followers · delay 0-1000 ms · sqlite');
});

test('the distribution holds every write, in its bins or beyond them, and the outline all of the model', () => {
  const { result, shapes } = makeBench({ quorums: [2], writes: 997 });
  const spec = charts(factsOf(result), shapes).find((chart) => chart.name === 'latency-distribution')!.spec;
  const [bars, outline] = (spec['layer'] as { data: { values: { base: number; high: number }[] } }[]).map((layer) => layer.data.values);
  const height = (values: { base: number; high?: number }[], of: (value: { base: number; high: number }) => number) =>
    values.reduce((sum, value) => sum + of(value as { base: number; high: number }), 0);
  // Both are drawn to one scale, so their areas agree: all writes against all of the probability.
  const measured = height(bars!, (bar) => bar.high - bar.base);
  const expected = height(outline!.slice(0, -1), (corner) => corner.base);
  expect(measured / expected).toBeCloseTo(1, 1);
});

describe('labels', () => {
  const positions = fc.array(fc.double({ min: 0, max: 100, noNaN: true }), { minLength: 1, maxLength: 12 });

  test('keep their order and their distance, and stay within the axis', () => {
    fc.assert(
      fc.property(positions, (values) => {
        const gap = 5;
        const placed = spread(values, gap, 100);
        const order = values.map((value, i) => ({ value, at: placed[i]! })).sort((a, b) => a.value - b.value || a.at - b.at);
        for (let i = 1; i < order.length; i++) expect(order[i]!.at - order[i - 1]!.at).toBeGreaterThanOrEqual(gap - 1e-9);
        expect(Math.min(...placed)).toBeGreaterThanOrEqual(-1e-9);
        expect(Math.max(...placed)).toBeLessThanOrEqual(100 + 1e-9);
      }),
    );
  });

  test('stay at their points where there is room, and part evenly where there is none', () => {
    expect(spread([10, 50, 90], 5, 100)).toEqual([10, 50, 90]);
    expect(spread([50, 50], 10, 100)).toEqual([45, 55]);
    expect(spread([100, 99], 10, 100)).toEqual([100, 90]);
  });
});

test('an axis ends at a round number that is not below the largest value', () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), (value) => {
      expect(roundUp(value)).toBeGreaterThanOrEqual(value * (1 - 1e-9));
      expect(roundUp(value)).toBeLessThanOrEqual(value * 1.5);
    }),
  );
  expect([0, 995, 1000, 1001, 0.97].map(roundUp)).toEqual([1, 1000, 1000, 1200, 1]);
});
