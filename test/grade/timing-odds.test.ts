/**
 * What the judges of timed writes say of thousands of simulated servers, right ones and wrong ones, on a quiet and on a busy machine. A right
 * server is never failed; a mistake is caught on a quiet machine.
 */
import { describe, expect, test } from 'vitest';
import { judgeDelays, judgeSending } from '../../src/grade/judge/arrival-order.ts';
import { judgeRange } from '../../src/grade/judge/delay-range.ts';
import { diagnoseTiming } from '../../src/grade/judge/quorum-timing.ts';
import type { Distribution } from '../../src/lib/distribution.ts';
import { Prng } from '../../src/lib/prng.ts';
import { BUSY, type Machine, type Mistake, measured, QUIET, SLOW } from './simulated-server.ts';

const MARGIN_MS = 6;
const OVERHEAD_MS = 12;
const uniform = (max: number): Distribution => ({ kind: 'uniform', min: 0, max });

/** Of each kind of verdict, how many of the runs had it. */
function verdicts(mistake: Mistake, machine: Machine, runs: number, { max = 100, stated = 100 } = {}) {
  const counts = {
    timing: new Map<string, number>(),
    sending: new Map<string, number>(),
    delays: new Map<string, number>(),
    range: new Map<string, number>(),
  };
  const add = (map: Map<string, number>, kind: string) => map.set(kind, (map.get(kind) ?? 0) + 1);
  for (let seed = 0; seed < runs; seed++) {
    const writes = measured({ mistake, followers: 5, delay: uniform(max), machine }, new Prng(seed).fork(mistake));
    add(counts.timing, diagnoseTiming(writes, MARGIN_MS).kind);
    add(counts.sending, judgeSending(writes).kind);
    add(counts.delays, judgeDelays(writes).kind);
    add(counts.range, judgeRange(writes, uniform(stated), OVERHEAD_MS).kind);
  }
  return counts;
}

describe('a right server', () => {
  test.each([
    ['a quiet machine', QUIET, 60],
    ['a busy machine', BUSY, 60],
    ['a slow server', SLOW, 60],
  ] as const)('on %s fails nothing', (_name, machine, runs) => {
    for (const max of [20, 100]) {
      const { timing, sending, delays, range } = verdicts('none', machine, runs / 2, { max, stated: max });
      expect([...timing.keys()].filter((kind) => kind !== 'at-quorum' && kind !== 'unclear')).toEqual([]);
      expect([...sending.keys()].filter((kind) => kind !== 'together' && kind !== 'unclear')).toEqual([]);
      expect([...delays.keys()].filter((kind) => kind !== 'own' && kind !== 'unclear')).toEqual([]);
      expect([...range.keys()].filter((kind) => kind !== 'in-range' && kind !== 'unclear')).toEqual([]);
    }
  });

  test('on a quiet machine passes everything', () => {
    const { timing, sending, delays, range } = verdicts('none', QUIET, 20);
    expect([timing.get('at-quorum'), sending.get('together'), delays.get('own'), range.get('in-range')]).toEqual([20, 20, 20, 20]);
  });
});

describe('a mistake is caught by its judge', () => {
  test.each([
    ['waits for all', 'timing', 'late'],
    ['waits for one more', 'timing', 'late'],
    ['counts itself', 'timing', 'early'],
    ['acks before the delay', 'timing', 'early'],
    ['delays the ack', 'timing', 'slow-acks'],
    ['ignores the switch', 'timing', 'ignores-switch'],
    ['one by one', 'sending', 'one-by-one'],
    ['one by one, early return', 'sending', 'one-by-one'],
    ['shared delay', 'delays', 'shared'],
  ] as const)('%s: %s is %s', (mistake, judge, kind) => {
    expect(verdicts(mistake, QUIET, 15)[judge].get(kind)).toBe(15);
  });

  test('replication that is cancelled changes nothing but what arrives', () => {
    const { timing, delays } = verdicts('cancelled at the quorum', QUIET, 15);
    expect([timing.get('at-quorum'), delays.get('own')]).toEqual([15, 15]);
  });

  test.each([50, 200])('delays to %i ms are not those that were stated, 0-100', (max) => {
    expect(verdicts('none', QUIET, 15, { max }).range.get('other')).toBe(15);
  });
});
