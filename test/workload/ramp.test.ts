import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Ramp, rampAt, rampDuration, rampPeak, rampStartOf } from '../../src/workload/ramp.ts';

const UP_AND_DOWN: Ramp = {
  start: 0,
  stages: [
    { durationMs: 1000, target: 10 },
    { durationMs: 2000, target: 10 },
    { durationMs: 500, target: 0 },
  ],
};

test('a ramp lasts as long as its stages, and peaks where it is highest', () => {
  expect([rampDuration(UP_AND_DOWN), rampPeak(UP_AND_DOWN)]).toEqual([3500, 10]);
  expect(rampPeak({ start: 20, stages: [{ durationMs: 1, target: 5 }] })).toBe(20);
});

test.each([
  [0, 0],
  [500, 5],
  [1000, 10],
  [2999, 10],
  [3250, 5],
  [3500, 0],
  [9999, 0],
])('at %i ms it is at %i', (ms, value) => {
  expect(rampAt(UP_AND_DOWN, ms)).toBe(value);
});

test('a stage of no time is a jump', () => {
  const ramp: Ramp = {
    start: 1,
    stages: [
      { durationMs: 100, target: 1 },
      { durationMs: 0, target: 5 },
      { durationMs: 100, target: 5 },
    ],
  };
  expect([rampAt(ramp, 99.9), rampAt(ramp, 100)]).toEqual([1, 5]);
});

describe('an open loop at a ramp starts its requests', () => {
  test('evenly while the rate stands', () => {
    const steady: Ramp = { start: 10, stages: [{ durationMs: 500, target: 10 }] };
    expect([0, 1, 2, 3, 4, 5].map((index) => rampStartOf(steady, index))).toEqual([0, 100, 200, 300, 400, null]);
  });

  test('closer and closer while it rises: the n-th after the root of n', () => {
    // 10 t² / 2 requests until t, in seconds.
    const rising: Ramp = { start: 0, stages: [{ durationMs: 2000, target: 20 }] };
    for (const index of [0, 1, 5, 19]) expect(rampStartOf(rising, index)).toBeCloseTo(1000 * Math.sqrt(index / 5), 9);
    expect(rampStartOf(rising, 20)).toBeNull();
  });

  test('at no time in a stage of rate 0', () => {
    const gap: Ramp = {
      start: 0,
      stages: [
        { durationMs: 1000, target: 0 },
        { durationMs: 0, target: 10 },
        { durationMs: 100, target: 10 },
      ],
    };
    expect([rampStartOf(gap, 0), rampStartOf(gap, 1)]).toEqual([1000, null]);
  });

  const rates = fc.double({ min: 0, max: 500, noNaN: true });
  const ramps = fc.record({
    start: fc.oneof(fc.constant(0), rates),
    stages: fc.array(fc.record({ durationMs: fc.integer({ min: 0, max: 3000 }), target: fc.oneof(fc.constant(0), rates) }), {
      minLength: 1,
      maxLength: 5,
    }),
  });

  /** The area under the ramp until t, by trapezoids between the ends of its stages: not by the formula that is tested. */
  function areaUntil(ramp: Ramp, ms: number): number {
    const ends = ramp.stages.map((_, i) => rampDuration({ ...ramp, stages: ramp.stages.slice(0, i + 1) }));
    const stops = [0, ...ends.filter((end) => end < ms), ms];
    return stops.slice(1).reduce((sum, stop, i) => {
      const began = stops[i] as number;
      // From within the piece, because a jump has two values at its time.
      const middle = rampAt(ramp, (began + stop) / 2);
      return sum + (middle * (stop - began)) / 1000;
    }, 0);
  }

  test('so that until any time as many have started as there is area under the ramp', () => {
    fc.assert(
      fc.property(ramps, fc.double({ min: 0, max: 1, noNaN: true }), (ramp, share) => {
        const total = areaUntil(ramp, rampDuration(ramp));
        const indices = Array.from({ length: Math.ceil(total) + 2 }, (_, index) => index);
        const starts = indices.map((index) => rampStartOf(ramp, index)).filter((start) => start !== null);
        // All of them, and no more, but for one that is due exactly at the end.
        expect(Math.abs(starts.length - total)).toBeLessThanOrEqual(1 + 1e-6);
        expect(starts.every((start, i) => Number.isFinite(start) && start >= (starts[i - 1] ?? 0))).toBe(true);
        const ms = share * rampDuration(ramp);
        const before = starts.filter((start) => start < ms).length;
        const area = areaUntil(ramp, ms);
        expect(before).toBeGreaterThanOrEqual(area - 1e-6);
        expect(before).toBeLessThanOrEqual(area + 1 + 1e-6);
      }),
      { numRuns: 300 },
    );
  });

  test('request i at the time at which the area is i', () => {
    fc.assert(
      fc.property(ramps, fc.nat({ max: 200 }), (ramp, index) => {
        const start = rampStartOf(ramp, index);
        if (start === null) expect(areaUntil(ramp, rampDuration(ramp))).toBeLessThanOrEqual(index + 1e-6);
        else expect(areaUntil(ramp, start)).toBeCloseTo(index, 5);
      }),
      { numRuns: 500 },
    );
  });
});
