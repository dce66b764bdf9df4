import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Pacer } from '../../src/workload/pacer.ts';

test('a closed loop sends whenever it is asked, until the requests are used up', () => {
  const pacer = new Pacer({ rate: null, requests: 2, durationMs: null });
  expect([0, 70, 80].map((now) => pacer.next(now))).toEqual([
    { kind: 'send', index: 0, intendedMs: 0 },
    { kind: 'send', index: 1, intendedMs: 70 },
    { kind: 'done' },
  ]);
});

test('a closed loop ends with its duration', () => {
  const pacer = new Pacer({ rate: null, requests: 100, durationMs: 50 });
  expect([pacer.next(49.9).kind, pacer.next(50).kind]).toEqual(['send', 'done']);
});

test('an open loop waits for the intended start', () => {
  const pacer = new Pacer({ rate: 100, requests: 3, durationMs: null });
  expect([0, 4, 10, 10].map((now) => pacer.next(now))).toEqual([
    { kind: 'send', index: 0, intendedMs: 0 },
    { kind: 'wait', ms: 6 },
    { kind: 'send', index: 1, intendedMs: 10 },
    { kind: 'wait', ms: 10 },
  ]);
});

test('an open loop that fell behind catches up with intended starts in the past', () => {
  const pacer = new Pacer({ rate: 100, requests: null, durationMs: 30 });
  expect([500, 500, 500, 500].map((now) => pacer.next(now))).toEqual([
    { kind: 'send', index: 0, intendedMs: 0 },
    { kind: 'send', index: 1, intendedMs: 10 },
    { kind: 'send', index: 2, intendedMs: 20 },
    { kind: 'done' },
  ]);
});

test('an open loop sends the same requests at the same intended times, however it is asked', () => {
  const asks = fc.array(fc.double({ min: 0, max: 40, noNaN: true }), { maxLength: 200 });
  fc.assert(
    fc.property(asks, fc.integer({ min: 1, max: 500 }), (pauses, rate) => {
      const pacer = new Pacer({ rate, requests: 100, durationMs: null });
      let now = 0;
      let expected = 0;
      for (const pause of pauses) {
        now += pause;
        const pace = pacer.next(now);
        if (pace.kind === 'send') {
          expect(pace).toEqual({ kind: 'send', index: expected, intendedMs: (expected * 1000) / rate });
          expect(pace.intendedMs).toBeLessThanOrEqual(now);
          expected += 1;
        } else if (pace.kind === 'wait') expect(pace.ms).toBeGreaterThan(0);
        else expect(expected).toBe(100);
      }
    }),
  );
});

test('an open loop at a ramp sends every request at its time, and ends with the ramp', () => {
  const rate = { start: 0, stages: [{ durationMs: 2000, target: 20 }] };
  const pacer = new Pacer({ rate, requests: null, durationMs: 2000 });
  expect(pacer.next(0)).toEqual({ kind: 'send', index: 0, intendedMs: 0 });
  // 5 t² = 1.
  const wait = pacer.next(100);
  expect(wait).toEqual({ kind: 'wait', ms: expect.closeTo(1000 * Math.sqrt(0.2) - 100, 9) });
  const paces = Array.from({ length: 20 }, () => pacer.next(5_000));
  expect(paces.filter(({ kind }) => kind === 'send')).toHaveLength(19);
  expect(paces.at(-1)).toEqual({ kind: 'done' });
});

test('a number of requests ends a ramp early', () => {
  const rate = { start: 10, stages: [{ durationMs: 1000, target: 10 }] };
  const pacer = new Pacer({ rate, requests: 3, durationMs: 1000 });
  expect(Array.from({ length: 4 }, () => pacer.next(900).kind)).toEqual(['send', 'send', 'send', 'done']);
});

test('a load without an end and a rate of nothing are bugs of the caller', () => {
  expect(() => new Pacer({ rate: null, requests: null, durationMs: null })).toThrow('duration');
  expect(() => new Pacer({ rate: 0, requests: 1, durationMs: null })).toThrow('rate');
});
