import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Mark } from '../../src/measure/run-result.ts';
import type { Chart, ChartSpec } from '../../src/report/charts/spec.ts';
import { staleReadsChart } from '../../src/report/charts/stale-reads.ts';
import { timeChart } from '../../src/report/charts/time.ts';
import { lanesOf, type Span, thin } from '../../src/report/charts/time-layout.ts';
import { allCharts, runCharts } from '../../src/report/run/charts.ts';
import { expectNamed, expectSelfContained, expectValid } from './chart-checks.ts';
import { type MadeRun, makeRun, makeStale, markOf, quorumSweep, RUNS, type Story, singleLoad } from './run-fixture.ts';

const drawn = ({ input }: MadeRun): readonly Chart[] => allCharts(runCharts(input));

describe.each(Object.entries(RUNS))('%s', (_, story) => {
  test('every picture is a valid vega-lite specification that compiles without a warning', () => {
    for (const chart of drawn(makeRun(story))) expectValid(chart);
  });

  test('pictures are plain JSON with their data inside, named, and equal input gives equal output', () => {
    const charts = drawn(makeRun(story));
    for (const chart of charts) expectSelfContained(chart);
    expectNamed(charts);
    expect(drawn(makeRun(story))).toEqual(charts);
  });
});

const namesOf = (story: Story): string[] => drawn(makeRun(story)).map(({ name }) => name);

test('one sweep has the names of a benchmark’s pictures, with the labs’ picture of four among them', () => {
  expect(namesOf({})).toEqual([
    'time',
    'overview',
    'latency-vs-quorum',
    'latency-distribution',
    'throughput',
    'success',
    'replication-latency',
    'parity-at-last-ack',
    'counterfactual',
    'lab-summary',
  ]);
});

test('of several sweeps each has its own name in front, and a load outside of a sweep has no bars of one', () => {
  const names = namesOf({ sweeps: [quorumSweep({ name: 'all up' }), quorumSweep({ name: 'All-up' }), singleLoad('crash')] });
  expect(names).toContain('all-up-lab-summary');
  expect(names).toContain('all-up-2-lab-summary');
  expect(names.filter((name) => name.startsWith('crash'))).toEqual(['crash-latency-distribution', 'crash-counterfactual']);
});

interface View {
  readonly layer: readonly {
    readonly data?: { readonly values: readonly Record<string, unknown>[] };
    readonly mark: { readonly type: string; readonly shape?: string };
  }[];
}

interface Drawn {
  readonly height: number;
  readonly layer: readonly {
    readonly data: { readonly values: readonly { readonly ms: number }[] };
    readonly mark: { readonly type: string; readonly shape?: string };
    readonly encoding: {
      readonly y: {
        readonly scale: { readonly type?: string; readonly domain: readonly number[] };
        readonly axis: { readonly values: number[] };
      };
    };
  }[];
}

const viewsOf = (spec: ChartSpec): readonly View[] => spec['vconcat'] as View[];
const pointsIn = (view: View, shape?: string) =>
  view.layer.filter(({ mark }) => mark.type === 'point' && mark.shape === shape).flatMap(({ data }) => data?.values ?? []);

describe('the time chart', () => {
  const timeOf = (story: Story) => {
    const { result, input } = makeRun(story);
    return timeChart(result, input.points)!;
  };
  const textsIn = (spec: ChartSpec) =>
    viewsOf(spec)
      .flatMap((view) => view.layer.flatMap(({ data }) => data?.values ?? []))
      .flatMap((value) => (typeof value['text'] === 'string' ? [value['text']] : []));

  test('has every request at the time when it was to start, reads apart from writes', () => {
    const { result, samples, input } = makeRun({ sweeps: [singleLoad('mixed', { readShare: 0.5 })] });
    const [, writes, reads] = viewsOf(timeChart(result, input.points)!.spec) as [View, View, View];
    const puts = samples.filter(({ op }) => op === 'put');
    expect(pointsIn(writes)).toHaveLength(puts.length);
    expect(pointsIn(reads)).toHaveLength(samples.length - puts.length);
    const began = result.sweeps[0]!.results[0]!.began_ms;
    expect(pointsIn(writes)[0]).toEqual({ s: (began + puts[0]!.intendedMs) / 1000, ms: puts[0]!.endMs - puts[0]!.intendedMs });
  });

  test('failed requests are crosses above all answered ones', () => {
    const { spec } = timeOf({ sweeps: [singleLoad('load', { failShare: () => 0.3 })] });
    const writes = viewsOf(spec).at(-1)!;
    const [answered, failed] = [pointsIn(writes), pointsIn(writes, 'cross')];
    expect(failed.length).toBeGreaterThan(10);
    expect(Math.min(...failed.map(({ ms }) => Number(ms)))).toBeGreaterThan(Math.max(...answered.map(({ ms }) => Number(ms))));
    expect(textsIn(spec)).toContain(`× ${failed.length} failed`);
  });

  test.each([
    ['evenly', 5],
    ['by powers of ten', 5_000],
  ])('the label of failures clears the highest tick, in every panel, on an axis divided %s', (_, slowestMs) => {
    const op = (i: number) => (i % 2 === 0 ? ('put' as const) : ('get' as const));
    const points = Array.from({ length: 40 }, (__, i) => ({ row: '', op: op(i), at_ms: i, latency_ms: 5, ok: i % 4 > 1 }));
    const slow = (['put', 'get'] as const).map((each) => ({ row: '', op: each, at_ms: 50, latency_ms: slowestMs, ok: true }));
    const views = viewsOf(timeChart(makeRun({ marks: [] }).result, [...points, ...slow])!.spec) as unknown as Drawn[];
    const panels = views.filter(({ layer }) => layer.some(({ mark }) => mark.shape === 'cross'));
    expect(panels).toHaveLength(2);
    for (const { height, layer } of panels) {
      const { y } = layer.find(({ mark }) => mark.shape === 'cross')!.encoding;
      const label = layer.find(({ mark }) => mark.type === 'text')!.data.values[0]!.ms;
      const place = y.scale.type === 'log' ? Math.log10 : (value: number) => value;
      const [low, high] = y.scale.domain.map(place) as [number, number];
      const pxOf = (value: number) => ((high - place(value)) / (high - low)) * height;
      // Two labels of 11 px, each around its middle.
      expect(pxOf(Math.max(...y.axis.values)) - pxOf(label)).toBeGreaterThan(14);
      expect(pxOf(label)).toBeGreaterThan(6);
    }
  });

  test('says how many failed, and how many of them during a fault', () => {
    const down = singleLoad('load', { failShare: () => 1, writes: 10 });
    const title = (marks: readonly Mark[]) => (timeOf({ sweeps: [down, singleLoad('up')], marks }).spec['title'] as { text: string }).text;
    expect(title([])).toBe('10 of 110 writes failed');
    expect(title([markOf('kill', 'kill n6', 200, 3000)])).toBe('10 of 110 writes failed, all of them during a fault');
    expect(title([markOf('network', 'delay 0-10', 200, 3000)])).toBe('10 of 110 writes failed');
  });

  test('few marks have their words, many have numbers and a legend, very many the rest in the table', () => {
    const marks = (n: number) => Array.from({ length: n }, (_, i) => markOf('kill', `kill node number ${i}`, 300 + i * 150));
    expect(textsIn(timeOf({ marks: marks(3) }).spec)).toEqual(expect.arrayContaining(['kill node number 0', 'kill node number 2']));
    const numbered = textsIn(timeOf({ marks: marks(30) }).spec);
    expect(numbered).toEqual(expect.arrayContaining(['1', '30', '1  kill node number 0, 300 ms']));
    expect(textsIn(timeOf({ marks: marks(200) }).spec)).toContain('… and 156 more, all in the table');
  });

  test('what lasts is a shade from its beginning to its end, in every panel', () => {
    const { spec } = timeOf({ sweeps: [singleLoad('mixed', { readShare: 0.5 })], marks: [markOf('pause', 'pause n5', 1000, 2500)] });
    for (const view of viewsOf(spec).slice(1)) {
      expect(view.layer.find(({ mark }) => mark.type === 'rect')?.data?.values).toEqual([expect.objectContaining({ s: 1, to: 2.5 })]);
    }
  });

  test('ten thousand requests are thinned, no outlier is lost, and the picture says so', () => {
    const { result, input } = makeRun({ sweeps: [singleLoad('load', { writes: 10_000, concurrency: 50, delay: '0-100' })] });
    const outlier = { ...input.points[5_000]!, latency_ms: 400 };
    const { spec } = timeChart(result, input.points.with(5_000, outlier))!;
    const shown = pointsIn(viewsOf(spec).at(-1)!);
    expect(shown.length).toBeGreaterThan(500);
    expect(shown.length).toBeLessThanOrEqual(2_500);
    expect(shown).toContainEqual({ s: outlier.at_ms / 1000, ms: 400 });
    expect((spec['title'] as { subtitle: string }).subtitle).toContain('of points that cover each other one is drawn');
  });

  test('one stall does not press all others to the ground', () => {
    const { result, input } = makeRun({ sweeps: [singleLoad('load', { delay: '0.1-1' })] });
    const points = input.points.with(3, { ...input.points[3]!, latency_ms: 4000 });
    const encoding = (viewsOf(timeChart(result, points)!.spec).at(-1)!.layer.at(-1) as unknown as { encoding: { y: { scale: object } } })
      .encoding;
    expect(encoding.y.scale).toMatchObject({ type: 'log' });
  });

  test('without requests there is none', () => {
    expect(timeChart(makeRun({ sweeps: [] }).result, [])).toBeNull();
  });
});

describe('lanes', () => {
  const span = fc.record({
    from: fc.integer({ min: 0, max: 800 }),
    lasts: fc.integer({ min: 0, max: 400 }),
    labelWidth: fc.integer({ min: 5, max: 150 }),
  });
  const spans = fc
    .array(span, { maxLength: 60 })
    .map((all): Span[] =>
      all.map(({ from, lasts, labelWidth }) => ({ from, to: from + lasts, labelWidth })).sort((a, b) => a.from - b.from),
    );

  test('keep bars and labels of one lane apart, and labels within the plot', () => {
    fc.assert(
      fc.property(spans, (all) => {
        const placed = lanesOf(all, 800, 8);
        const extents = all.map((each, i) => ({
          lane: placed[i]!.lane,
          from: Math.min(each.from, placed[i]!.labelFrom),
          to: Math.max(each.to, placed[i]!.labelFrom + each.labelWidth),
        }));
        for (const [i, one] of extents.entries()) {
          if (one.lane === null) continue;
          expect(placed[i]!.labelFrom).toBeGreaterThanOrEqual(0);
          expect(placed[i]!.labelFrom + all[i]!.labelWidth).toBeLessThanOrEqual(Math.max(800, all[i]!.from));
          for (const other of extents.slice(i + 1)) {
            if (other.lane === one.lane) expect(Math.max(one.from, other.from)).toBeGreaterThan(Math.min(one.to, other.to));
          }
        }
      }),
    );
  });

  test('are as few as can be, and what has none is told', () => {
    const at = (from: number): Span => ({ from, to: from, labelWidth: 20 });
    expect(lanesOf([at(0), at(100), at(200)], 800, 5).map(({ lane }) => lane)).toEqual([0, 0, 0]);
    expect(lanesOf([at(0), at(1), at(2)], 800, 2).map(({ lane }) => lane)).toEqual([0, 1, null]);
  });
});

describe('thinning', () => {
  const points = fc.array(fc.tuple(fc.double({ min: 0, max: 800, noNaN: true }), fc.double({ min: 0, max: 300, noNaN: true })), {
    minLength: 1,
    maxLength: 400,
  });

  test('drops only what lies near to what is drawn, and is the same every time', () => {
    fc.assert(
      fc.property(points, (all) => {
        const kept = thin(all, (point) => point, 50);
        expect(thin(all, (point) => point, 50)).toEqual(kept);
        for (const [x, y] of all) {
          const nearest = Math.min(...kept.map(([a, b]) => Math.hypot(a - x, b - y)));
          // The diagonal of the coarsest cell, and of the finer ones that came before it.
          expect(nearest).toBeLessThan(2 * 48 * Math.SQRT2);
        }
      }),
    );
  });

  test('leaves alone what is few', () => {
    const few = [
      [1, 1],
      [1, 1],
    ] as const;
    expect(thin(few, (point) => point, 2)).toBe(few);
  });
});

describe('stale reads', () => {
  const titleOf = (chart: Chart | null) => (chart!.spec['title'] as { text: string }).text;

  test('the title is the finding', () => {
    expect(titleOf(staleReadsChart('stale', makeStale().stale))).toMatch(
      /^\d+ % of the reads at a follower miss the write right after its ack, none from 400 ms on$/,
    );
    expect(titleOf(staleReadsChart('stale', makeStale({ quorum: 5 }).stale))).toBe('No read at a follower missed the write');
    expect(titleOf(staleReadsChart('stale', makeStale({ afterMs: [0, 10] }).stale))).toMatch(
      /ms|right after its ack, and still \d+ % after 10\.0 ms$/,
    );
  });

  test('without an answered read there is no picture', () => {
    const { stale } = makeStale();
    const points = stale.points.map((point) => ({ ...point, reads: 0, stale: 0, share: null, ci95: null, model: null }));
    expect(staleReadsChart('stale', { ...stale, points })).toBeNull();
  });
});
