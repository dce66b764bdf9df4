import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Backlog } from '../../src/core/backlog.ts';
import { type KvRecord, sizeOf } from '../../src/core/record.ts';

function recordOf(seq: number): KvRecord {
  return { key: `k${seq}`, value: '1', version: { epoch: 1, seq }, need: 1, timestampMs: 0 };
}

/** The deliberately dumb one: every record ever held back, with the time until which it must not leave. */
interface Held {
  readonly seq: number;
  /** Of a collapsed one: that of the latest of those it was collapsed with. */
  until: number;
  group: number | null;
}

test('a backlog lets go of a record when it, everything older, and all it was collapsed with are due and durable', () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ t: fc.constant('push' as const), delay: fc.nat(50) }) },
    { weight: 3, arbitrary: fc.record({ t: fc.constant('release' as const), pass: fc.nat(30), store: fc.nat(10) }) },
    { weight: 1, arbitrary: fc.record({ t: fc.constant('collapse' as const) }) },
    { weight: 1, arbitrary: fc.record({ t: fc.constant('take' as const) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
      const backlog = new Backlog();
      let held: Held[] = [];
      let [now, durable, seq, groups] = [0, 0, 0, 0];
      for (const step of steps) {
        if (step.t === 'push') {
          seq += 1;
          backlog.push({ record: recordOf(seq), dueAt: now + step.delay });
          held.push({ seq, until: now + step.delay, group: null });
        } else if (step.t === 'release') {
          now += step.pass;
          durable = Math.min(seq, durable + step.store);
          backlog.release(now, { epoch: 1, seq: durable });
          const isFree = (each: Held) => each.until <= now && each.seq <= durable;
          const isGroupFree = (each: Held) => held.every((other) => other.group !== each.group || isFree(other));
          while (held[0] !== undefined && isFree(held[0]) && (held[0].group === null || isGroupFree(held[0]))) {
            const { group } = held[0];
            held = group === null ? held.slice(1) : held.filter((each) => each.group !== group);
          }
        } else if (step.t === 'collapse') {
          backlog.collapse();
          const fresh = held.filter((each) => each.group === null);
          const until = Math.max(...fresh.map((each) => each.until));
          groups += 1;
          for (const each of fresh) Object.assign(each, { until, group: groups });
        } else if (backlog.isWhole) {
          expect(backlog.takeAll().map((each) => each.record.version.seq)).toEqual(held.map((each) => each.seq));
          held = [];
        }
        const [first] = held;
        expect(backlog.before(1)).toEqual(first === undefined ? null : { epoch: 1, seq: first.seq - 1 });
        expect(backlog.firstDueAt()).toBe(first?.until ?? Number.POSITIVE_INFINITY);
        expect(backlog.isWhole).toBe(held.every((each) => each.group === null));
        expect(backlog.size).toBe(held.filter((each) => each.group === null).length);
        const whole = held.filter((each) => each.group === null);
        expect(backlog.bytes).toBe(whole.reduce((sum, each) => sum + sizeOf(recordOf(each.seq)), 0));
      }
    }),
    { numRuns: 500 },
  );
});

test('a backlog that overflows again and again still lets go of what is due', () => {
  const backlog = new Backlog();
  for (let seq = 1; seq <= 100; seq++) {
    backlog.push({ record: recordOf(seq), dueAt: seq + 20 });
    if (seq % 10 === 0) backlog.collapse();
    backlog.release(seq, { epoch: 1, seq });
  }
  expect(backlog.before(1)?.seq).toBeGreaterThanOrEqual(70);
});
