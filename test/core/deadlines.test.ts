import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Deadlines } from '../../src/core/deadlines.ts';
import { AckSet } from '../../src/core/quorum.ts';
import type { Write } from '../../src/core/writes.ts';

const FAIL_EARLY_MS = 250;
const TIMEOUT_MS = 5000;

function writeOf(seq: number, now: number, timeoutMs: number | null): Write {
  return {
    id: seq,
    record: { key: 'a', value: '1', version: { epoch: 1, seq }, need: 1, timestampMs: 0 },
    admittedAt: now,
    floorMs: 0,
    deadlineAt: now + (timeoutMs ?? TIMEOUT_MS),
    mayFailEarly: timeoutMs === null,
    acks: new AckSet(),
    storedAt: null,
    isWaiting: true,
    existed: false,
    shortSince: null,
    settles: seq,
  };
}

/** When the dumb one gives a write up. */
function endOf(write: Write): number {
  return write.shortSince === null ? write.deadlineAt : Math.min(write.deadlineAt, write.shortSince + FAIL_EARLY_MS);
}

test('a write is given up at its deadline, or 250 ms after it became hopeless, and nobody else is', () => {
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ t: fc.constant('add' as const), timeoutMs: fc.option(fc.nat(8000)), isShort: fc.boolean() }) },
    { weight: 3, arbitrary: fc.record({ t: fc.constant('answer' as const), which: fc.nat() }) },
    { weight: 2, arbitrary: fc.record({ t: fc.constant('short' as const), which: fc.nat() }) },
    { weight: 2, arbitrary: fc.record({ t: fc.constant('enough' as const), which: fc.nat() }) },
    { weight: 4, arbitrary: fc.record({ t: fc.constant('pass' as const), ms: fc.oneof(fc.nat(300), fc.nat(6000)) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100, size: 'max' }), (steps) => {
      const deadlines = new Deadlines(FAIL_EARLY_MS);
      let waiting: Write[] = [];
      let [now, seq] = [0, 0];
      const answer = (write: Write) => {
        deadlines.remove(write);
        write.isWaiting = false;
        waiting = waiting.filter((each) => each !== write);
      };
      for (const step of steps) {
        const write = 'which' in step ? waiting[step.which % waiting.length] : undefined;
        if (step.t === 'add') {
          const added = writeOf(++seq, now, step.timeoutMs);
          waiting.push(added);
          deadlines.add(added);
          if (step.isShort) deadlines.setShort(added, now);
          // Who gave a time of its own waits that long.
          if (step.timeoutMs !== null) expect(added.shortSince).toBe(null);
        } else if (step.t === 'answer' && write !== undefined) answer(write);
        else if (step.t === 'short' && write?.shortSince === null) deadlines.setShort(write, now);
        else if (step.t === 'enough' && write !== undefined) deadlines.clearShort(write);
        else if (step.t === 'pass') {
          now += step.ms;
          const expected = waiting.filter((each) => endOf(each) <= now).map((each) => each.id);
          const expired: number[] = [];
          for (let next = deadlines.popExpired(now); next !== null; next = deadlines.popExpired(now)) {
            expired.push(next.id);
            answer(next);
          }
          expect(expired.sort((a, b) => a - b)).toEqual(expected);
        }
        expect(deadlines.nextAt()).toBe(Math.min(...waiting.map(endOf)));
      }
    }),
    { numRuns: 300 },
  );
});

test('writes that were answered are not kept until a deadline far away', () => {
  const deadlines = new Deadlines(FAIL_EARLY_MS);
  const first = writeOf(0, 0, 1);
  deadlines.add(first);
  for (let seq = 1; seq <= 10_000; seq++) {
    const write = writeOf(seq, 0, 3_600_000);
    deadlines.add(write);
    deadlines.remove(write);
    write.isWaiting = false;
  }
  expect(deadlines.size).toBeLessThan(100);
  expect(deadlines.popExpired(1)).toBe(first);
});
