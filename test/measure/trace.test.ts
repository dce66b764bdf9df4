import fc from 'fast-check';
import { expect, test } from 'vitest';
import { counterfactual } from '../../src/measure/counterfactual.ts';
import { answerTime, replicationTimes, type WriteTrace } from '../../src/measure/trace.ts';

function write(storedMs: number | null, ...ackedMs: (number | null)[]): WriteTrace {
  const followers = Object.fromEntries(ackedMs.map((acked, i) => [`n${i + 2}`, { delayMs: acked ?? 0, sentMs: acked, ackedMs: acked }]));
  return { version: '1.1', need: 1, storedMs, followers };
}

const maybeMs = fc.option(fc.integer({ min: 0, max: 20 }));
const writes = fc.tuple(maybeMs, fc.array(maybeMs, { minLength: 3, maxLength: 3 })).map(([stored, acks]) => write(stored, ...acks));

test('a write is answered at the first moment with its own copy and k acks, found by looking at every moment', () => {
  fc.assert(
    fc.property(writes, fc.integer({ min: 0, max: 3 }), (item, k) => {
      const acks = Object.values(item.followers).map((follower) => follower.ackedMs);
      const moments = Array.from({ length: 21 }, (_, ms) => ms);
      const first = moments.find(
        (now) => item.storedMs !== null && item.storedMs <= now && acks.filter((ack) => ack !== null && ack <= now).length >= k,
      );
      expect(answerTime(item, k)).toBe(first ?? Infinity);
    }),
  );
});

test('the leader that stores last sets the time, whatever the quorum', () => {
  expect([0, 1, 2].map((k) => answerTime(write(50, 10, 60), k))).toEqual([50, 50, 60]);
});

test('other quorums are costed from one trace: exactly in an open loop, approximately in a closed one', () => {
  const trace = [write(1, 10, 30), write(1, 20, 40)];
  expect(counterfactual(1, trace, 2, 'open')).toEqual({
    measured_quorum: 1,
    accuracy: 'exact',
    costs: [
      { quorum: 0, answered: 2, unanswered: 0, mean_ms: 1, p95_ms: 1 },
      { quorum: 1, answered: 2, unanswered: 0, mean_ms: 15, p95_ms: 20 },
      { quorum: 2, answered: 2, unanswered: 0, mean_ms: 35, p95_ms: 40 },
    ],
  });
  expect(counterfactual(1, trace, 2, 'closed').accuracy).toBe('approximate');
});

test('a write that another quorum would not have answered is counted, not averaged away', () => {
  const trace = [...Array.from({ length: 18 }, () => write(1, 10)), write(1, null), write(1, null)];
  expect(counterfactual(0, trace, 1, 'open').costs[1]).toEqual({ quorum: 1, answered: 18, unanswered: 2, mean_ms: 10, p95_ms: null });
  expect(counterfactual(0, [], 1, 'open').costs[1]).toEqual({ quorum: 1, answered: 0, unanswered: 0, mean_ms: null, p95_ms: null });
});

test('replication counts every follower that acked, late ones too, and says how many did not', () => {
  expect(replicationTimes([write(1, 10, 900), write(1, 20, null)])).toEqual({ ackedMs: [10, 900, 20], unacked: 1 });
});
