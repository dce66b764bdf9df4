import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Trace, type TraceRow } from '../../src/core/trace.ts';

const FOLLOWERS = 2;
const CAPACITY = 100_000;
const START = 7;

interface DumbRow {
  readonly seq: number;
  readonly need: number;
  readonly at: number;
  storedMs: number | null;
  readonly cells: { delayMs: number; sentMs: number | null; ackedMs: number | null }[];
}

function rowOf({ seq, need, storedMs, cells }: DumbRow): TraceRow {
  return { version: { epoch: 3, seq }, need, storedMs, followers: cells.map((cell) => ({ ...cell })) };
}

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ t: fc.constant('admit' as const), count: fc.oneof(fc.nat(5), fc.nat(1500), fc.nat(30_000)) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      t: fc.constantFrom('stored', 'sent', 'acked'),
      back: fc.oneof(fc.nat(10), fc.nat(120_000)),
      follower: fc.nat(1),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ t: fc.constant('through' as const), back: fc.nat(3000), length: fc.nat(2000), follower: fc.nat(1) }),
  },
);

test('a trace tells what an array would, of the last 100,000 writes, while it grows and when it wraps', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25, size: 'max' }), fc.nat(1000), (steps, look) => {
      const trace = new Trace({ epoch: 3, seq: START }, FOLLOWERS);
      const all: DumbRow[] = [];
      let now = 0;
      const dumb = (seq: number) => (seq > START + all.length - CAPACITY ? all[seq - START - 1] : undefined);
      const mark = (cell: DumbRow['cells'][number] | undefined, which: 'sentMs' | 'ackedMs', at: number) => {
        if (cell !== undefined) cell[which] ??= now - at;
      };
      for (const step of steps) {
        now += 1.5;
        const head = START + all.length;
        if (step.t === 'admit') {
          for (let i = 1; i <= step.count; i++) {
            const delays = Float64Array.from([head + i, i / 2]);
            trace.admit(head + i, i % 4, now, delays);
            all.push({
              seq: head + i,
              need: i % 4,
              at: now,
              storedMs: null,
              cells: [...delays].map((delayMs) => ({ delayMs, sentMs: null, ackedMs: null })),
            });
          }
        } else if (step.t === 'through') {
          trace.ackedThrough(head - step.back, head - step.back + step.length, step.follower, now);
          for (let seq = Math.max(START, head - step.back) + 1; seq <= head - step.back + step.length; seq++) {
            const row = dumb(seq);
            if (row !== undefined) mark(row.cells[step.follower], 'ackedMs', row.at);
          }
        } else {
          const seq = head - step.back;
          const row = dumb(seq);
          if (step.t === 'stored') trace.stored(seq, now);
          else if (step.t === 'sent') trace.sent(seq, step.follower, now);
          else trace.acked(seq, step.follower, now);
          if (row === undefined) continue;
          if (step.t === 'stored') row.storedMs = now - row.at;
          else mark(row.cells[step.follower], step.t === 'sent' ? 'sentMs' : 'ackedMs', row.at);
        }
      }
      const head = START + all.length;
      for (const since of [0, head - look, head - look * 100]) {
        const expected = all.slice(-CAPACITY).filter((row) => row.seq > since);
        expect(trace.rows({ epoch: since <= START ? 2 : 3, seq: since }, 50)).toEqual(expected.slice(0, 50).map(rowOf));
        expect(trace.rows({ epoch: 4, seq: 0 }, 50)).toEqual([]);
      }
      // Everything, by a checksum: a hundred thousand comparisons of objects would take longer than the rest.
      const sum = (rows: readonly TraceRow[]) =>
        rows.reduce(
          (total, row) =>
            total +
            row.need +
            (row.storedMs ?? 0.1) +
            row.followers.reduce((each, cell) => each + cell.delayMs + (cell.sentMs ?? 0.2) + (cell.ackedMs ?? 0.3), 0),
          0,
        );
      const kept = all.slice(-CAPACITY);
      const rows = trace.rows({ epoch: 0, seq: 0 }, CAPACITY * 2);
      expect(rows.length).toBe(kept.length);
      expect(sum(rows)).toBeCloseTo(sum(kept.map(rowOf)), 3);
      if (kept[0] !== undefined) expect(trace.admittedAt(kept[0].seq)).toBe(kept[0].at);
    }),
    { numRuns: 25 },
  );
});
