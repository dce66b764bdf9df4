import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type StaleRead, stalePoints, wilson95 } from '../../src/measure/stale.ts';
import type { WriteTrace } from '../../src/measure/trace.ts';

/** A write with the delays of n2, n3, …; what acked did so when its delay had passed. */
function write(version: string, need: number, delays: readonly number[], down: readonly string[] = []): WriteTrace {
  const followers = delays.map((delayMs, i) => {
    const id = `n${i + 2}`;
    return [id, { delayMs, sentMs: delayMs, ackedMs: down.includes(id) ? null : delayMs }] as const;
  });
  return { version, need, storedMs: 0, followers: Object.fromEntries(followers) };
}

function read(fields: Partial<StaleRead> = {}): StaleRead {
  return { version: '1.1', follower: 'n2', afterMs: 0, sentMs: 0, isStale: false, ...fields };
}

describe('Wilson’s interval', () => {
  // Table I, method 3, of R. G. Newcombe, Stat. Med. 17, 1998; the others by hand: z²/(n+z²).
  test.each([
    [0, 10, 0, 0.2775328],
    [10, 10, 0.7224672, 1],
    [5, 10, 0.2365931, 0.7634069],
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
    [1, 1, 0.2065493, 1],
  ])('of %i in %i', (hits, n, low, high) => {
    const [a, b] = wilson95(hits, n) as [number, number];
    expect(Math.abs(a - low)).toBeLessThan(0.5e-4);
    expect(Math.abs(b - high)).toBeLessThan(0.5e-4);
  });

  test('of no trial there is none', () => {
    expect(wilson95(0, 0)).toBeNull();
  });

  test('always holds the share, and never leaves 0 to 1', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000 }), fc.double({ min: 0, max: 1, noNaN: true }), (n, share) => {
        const hits = Math.round(n * share);
        const [low, high] = wilson95(hits, n) as [number, number];
        expect(low).toBeGreaterThanOrEqual(0);
        expect(low).toBeLessThanOrEqual(hits / n + 1e-12);
        expect(high).toBeGreaterThanOrEqual(hits / n - 1e-12);
        expect(high).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('a point', () => {
  test('counts the reads of its time, those that failed for nothing', () => {
    const reads = [
      read({ afterMs: 50, sentMs: 51, isStale: true }),
      read({ afterMs: 50, sentMs: 53, isStale: false }),
      read({ afterMs: 50, sentMs: 99, isStale: null }),
      read({ afterMs: 0, sentMs: 1, isStale: true }),
    ];
    expect(stalePoints('s', reads, [], false)).toEqual([
      { row: 's after=0ms', after_ms: 0, sent_ms: 1, reads: 1, stale: 1, share: 1, ci95: wilson95(1, 1), model: null },
      { row: 's after=50ms', after_ms: 50, sent_ms: 52, reads: 2, stale: 1, share: 0.5, ci95: wilson95(1, 2), model: null },
    ]);
  });

  test('of which every read failed has no share', () => {
    expect(stalePoints('s', [read({ isStale: null })], [write('1.1', 1, [1, 2])], false)).toEqual([
      { row: 's after=0ms', after_ms: 0, sent_ms: 0, reads: 0, stale: 0, share: null, ci95: null, model: null },
    ]);
  });
});

describe('the model of a read', () => {
  const model = (trace: WriteTrace[], ...reads: StaleRead[]) => stalePoints('s', reads, trace, false)[0]?.model;

  test('is stale if the follower’s own delay is longer than the floor and the time since', () => {
    // Need 2 of 10, 30, 50: the answer comes after 30 ms.
    const trace = [write('1.1', 2, [10, 30, 50])];
    expect(model(trace, read({ follower: 'n2' }))).toBe(0);
    expect(model(trace, read({ follower: 'n3' }))).toBe(0);
    expect(model(trace, read({ follower: 'n4' }))).toBe(1);
    expect(model(trace, read({ follower: 'n4', sentMs: 19.9 }))).toBe(1);
    expect(model(trace, read({ follower: 'n4', sentMs: 20 }))).toBe(0);
  });

  test('counts from the time at which the read was sent, not from when it should have been', () => {
    expect(model([write('1.1', 1, [0, 30])], read({ follower: 'n3', afterMs: 0, sentMs: 31 }))).toBe(0);
  });

  test('is the average over the reads that were made', () => {
    const trace = [write('1.1', 1, [0, 30]), write('1.2', 1, [0, 5])];
    const reads = [read({ version: '1.1', follower: 'n3', sentMs: 10 }), read({ version: '1.2', follower: 'n3', sentMs: 10 })];
    expect(model(trace, ...reads)).toBe(0.5);
    expect(model(trace, ...reads, read({ version: '1.1', follower: 'n3', sentMs: 10, isStale: null }))).toBe(0.5);
  });

  test('of an asynchronous write begins at once', () => {
    expect(model([write('1.1', 0, [10, 20])], read({ follower: 'n2', sentMs: 9 }))).toBe(1);
  });

  test('leaves out followers that are down: nobody waited for what they drew', () => {
    // n2 drew 0 ms and is dead; the first ack is n3's after 40 ms, and n4 lacks the write for 20 ms more.
    const trace = [write('1.1', 1, [0, 40, 60], ['n2'])];
    expect(model(trace, read({ follower: 'n4', sentMs: 19 }))).toBe(1);
    expect(model(trace, read({ follower: 'n4', sentMs: 21 }))).toBe(0);
  });

  test('needs the trace of the write, enough acks in it, and a network without loss', () => {
    expect(model([], read())).toBeNull();
    expect(model([write('1.2', 1, [1, 2])], read())).toBeNull();
    expect(model([write('1.1', 1, [1, 2])], read({ follower: 'n9' }))).toBeNull();
    expect(model([write('1.1', 2, [1, 2], ['n3'])], read())).toBeNull();
    expect(stalePoints('s', [read()], [write('1.1', 1, [1, 2])], true)[0]?.model).toBeNull();
  });

  test('right after the answer is (N - k)/N of the followers, whatever the delays', () => {
    const distinct = fc.uniqueArray(fc.integer({ min: 0, max: 100_000 }), { minLength: 1, maxLength: 7 });
    fc.assert(
      fc.property(distinct, fc.nat(), (delays, chance) => {
        const need = chance % (delays.length + 1);
        const reads = delays.map((_, i) => read({ follower: `n${i + 2}` }));
        const isInstant = need === 0 && delays.includes(0);
        const expected = (delays.length - need - (isInstant ? 1 : 0)) / delays.length;
        expect(model([write('1.1', need, delays)], ...reads)).toBeCloseTo(expected, 12);
      }),
    );
  });
});
