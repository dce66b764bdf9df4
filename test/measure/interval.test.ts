import { describe, expect, test } from 'vitest';
import { normalQuantile } from '../../src/lib/normal.ts';
import { Prng } from '../../src/lib/prng.ts';
import {
  type Interval,
  newcombeInterval,
  pairedInterval,
  percentileIntervals,
  welchInterval,
  windowRates,
} from '../../src/measure/interval.ts';
import { studentQuantile } from '../../src/measure/student-t.ts';

/** Latencies like those of a quorum of 3 of 5: the third of five uniform delays, and a cost on top. */
const floors = (n: number, prng: Prng): number[] =>
  Array.from({ length: n }, () => Array.from({ length: 5 }, () => prng.next() * 1000).sort((a, b) => a - b)[2]!);
const withCost = (delays: readonly number[], meanMs: number, prng: Prng): number[] =>
  delays.map((delay) => delay - meanMs * Math.log(1 - prng.next()));
const holds = (interval: Interval | null, truth: number): boolean => interval !== null && interval[0] <= truth && truth <= interval[1];
const widthOf = ([low, high]: Interval) => high - low;

test('Welch’s interval by hand: df of Satterthwaite 4.0755, standard error √2', () => {
  const half = studentQuantile(0.975, 4.0755) * Math.SQRT2;
  const [low, high] = welchInterval([1, 2, 3], [2, 4, 6, 8], 0.95)!;
  expect(low).toBeCloseTo(3 - half, 3);
  expect(high).toBeCloseTo(3 + half, 3);
});

test('a paired interval is that of the differences, and says nothing where they are all the same', () => {
  const [low, high] = pairedInterval([10, 200, 3000], [11, 203, 3005], 0.95)!;
  const half = (studentQuantile(0.975, 2) * 2) / Math.sqrt(3);
  expect(low).toBeCloseTo(3 - half, 9);
  expect(high).toBeCloseTo(3 + half, 9);
  expect(pairedInterval([1, 2], [2, 3], 0.95)).toEqual([1, 1]);
});

test.each([
  // R. G. Newcombe, Stat. Med. 17, 1998, table II, contrasts (a) and (b) by method 10; here b minus a.
  [{ hits: 48, trials: 80 }, { hits: 56, trials: 70 }, [0.0524, 0.3339]],
  [{ hits: 3, trials: 10 }, { hits: 9, trials: 10 }, [0.1705, 0.809]],
])('the difference of two shares, %o and %o', (a, b, expected) => {
  const interval = newcombeInterval(a, b, 0.95)!;
  expect(interval[0]).toBeCloseTo(expected[0]!, 4);
  expect(interval[1]).toBeCloseTo(expected[1]!, 4);
});

test('too few values bound nothing', () => {
  const prng = new Prng(1);
  expect(welchInterval([1], [1, 2], 0.95)).toBeNull();
  expect(pairedInterval([1], [2], 0.95)).toBeNull();
  expect(newcombeInterval({ hits: 0, trials: 0 }, { hits: 1, trials: 1 }, 0.95)).toBeNull();
  expect(percentileIntervals([], [1], [50], { isPaired: false, confidence: 0.95, prng })).toEqual([null]);
  expect(windowRates(Array.from({ length: 19 }, (_, i) => ({ startMs: i, endMs: i + 1 })))).toEqual([]);
});

test('more confidence is a wider interval, of every kind', () => {
  const prng = new Prng(3);
  const [a, b] = [withCost(floors(60, prng), 2, prng), withCost(floors(60, prng), 2, prng)];
  const kinds = [
    (c: number) => welchInterval(a, b, c),
    (c: number) => pairedInterval(a, b, c),
    (c: number) => newcombeInterval({ hits: 1, trials: 50 }, { hits: 4, trials: 50 }, c),
    (c: number) => percentileIntervals(a, b, [50], { isPaired: false, confidence: c, prng: new Prng(1) })[0]!,
  ];
  for (const kind of kinds) expect(widthOf(kind(0.99)!)).toBeGreaterThan(widthOf(kind(0.8)!));
});

describe('over many experiments in which nothing changed', () => {
  const TRIALS = 200;
  const N = 100;
  /** With the seed of the test in its name, a failure can be repeated. */
  const experiments = (seed: number, isPaired: boolean) => {
    const prng = new Prng(seed);
    return Array.from({ length: TRIALS }, () => {
      const delays = floors(N, prng);
      return { a: withCost(delays, 2, prng), b: withCost(isPaired ? delays : floors(N, prng), 2, prng) };
    });
  };
  const coverage = (seed: number, isPaired: boolean, interval: (a: number[], b: number[]) => Interval | null) =>
    experiments(seed, isPaired).filter(({ a, b }) => holds(interval(a, b), 0)).length / TRIALS;

  test.each([
    ['independent means', false, welchInterval],
    ['paired means', true, pairedInterval],
  ] as const)('%s hold the truth in about 95 of 100 (seed 11)', (_, isPaired, interval) => {
    const share = coverage(11, isPaired, (a, b) => interval(a, b, 0.95));
    expect(share).toBeGreaterThan(0.91);
    expect(share).toBeLessThan(0.99);
  });

  test.each([false, true])('p50, p95 and p99 of 100, paired: %s, hold it in at least 90 of 100 (seed 12)', (isPaired) => {
    const prng = new Prng(1);
    const some = experiments(12, isPaired).slice(0, 100);
    const held = some.map(({ a, b }) =>
      percentileIntervals(a, b, [50, 95, 99], { isPaired, confidence: 0.95, prng }).map((each) => holds(each, 0)),
    );
    for (const i of [0, 1, 2]) expect(held.filter((each) => each[i]).length, `of ${some.length}`).toBeGreaterThan(90);
  });

  test('pairs take the luck of the draw out: tens of milliseconds of noise become about one', () => {
    const prng = new Prng(5);
    const delays = floors(N, prng);
    const [a, b, c] = [withCost(delays, 2, prng), withCost(delays, 2, prng), withCost(floors(N, prng), 2, prng)];
    expect(widthOf(welchInterval(a, c, 0.95)!)).toBeGreaterThan(80);
    expect(widthOf(pairedInterval(a, b, 0.95)!)).toBeLessThan(2);
    const of = (other: number[], isPaired: boolean) => percentileIntervals(a, other, [95], { isPaired, confidence: 0.95, prng })[0]!;
    expect(widthOf(of(c, false))).toBeGreaterThan(50);
    expect(widthOf(of(b, true))).toBeLessThan(15);
  });
});

test('a bootstrap of the same seed gives the same interval, and one that was resampled together knows that nothing differs', () => {
  const values = floors(200, new Prng(2));
  const of = (isPaired: boolean, seed: number) =>
    percentileIntervals(values, values, [50, 95], { isPaired, confidence: 0.95, prng: new Prng(seed) });
  expect(of(false, 7)).toEqual(of(false, 7));
  expect(of(false, 7)).not.toEqual(of(false, 8));
  expect(of(true, 7)).toEqual([
    [0, 0],
    [0, 0],
  ]);
});

describe('windows of a rate', () => {
  /** A closed loop of `clients`, each answer after `latency()`. */
  const closedLoop = (n: number, clients: number, latency: () => number) => {
    const freeAt = new Array<number>(clients).fill(0);
    return Array.from({ length: n }, () => {
      const client = freeAt.indexOf(Math.min(...freeAt));
      const startMs = freeAt[client]!;
      freeAt[client] = startMs + latency();
      return { startMs, endMs: freeAt[client]! };
    });
  };

  test('are of equal length, from the first answer to the last start, and their mean is the rate in between', () => {
    const answers = closedLoop(101, 1, () => 10);
    const rates = windowRates(answers);
    expect(rates).toHaveLength(10);
    // 99 answers from 10 ms up to, not including, 1000 ms.
    expect(rates.reduce((sum, rate) => sum + rate, 0) / 10).toBeCloseTo(100, 9);
  });

  test('hold the truth, that nothing changed, in at least 93 of 100 experiments (seed 21)', () => {
    const prng = new Prng(21);
    const rate = (answers: readonly { endMs: number }[]) => (answers.length / Math.max(...answers.map(({ endMs }) => endMs))) * 1000;
    const run = () => closedLoop(200, 10, () => floors(1, prng)[0]!);
    const held = Array.from({ length: 150 }, () => [run(), run()] as const).filter(([a, b]) => {
      const [low, high] = welchInterval(windowRates(a), windowRates(b), 0.95)!;
      return Math.abs(rate(b) - rate(a)) <= (high - low) / 2;
    });
    expect(held.length / 150).toBeGreaterThan(0.93);
  });
});

test('the normal quantile that shares rest on is the usual 1.96', () => {
  expect(normalQuantile(0.975)).toBeCloseTo(1.959964, 6);
});
