import { describe, expect, test } from 'vitest';
import {
  checkLoad,
  connectionsOf,
  describeLoad,
  durationOf,
  expectedLoadMs,
  isOpenLoop,
  LAB_LOAD,
  type LoadOptions,
  totalWrites,
} from '../../src/experiment/load.ts';

const load = (more: Partial<LoadOptions>): LoadOptions => ({ ...LAB_LOAD, ...more });
const check = (more: Partial<LoadOptions>) => {
  const checked = checkLoad(load(more), (field) => field);
  return checked.ok ? null : checked.message;
};

const RAMP = [
  { durationMs: 2000, target: 20 },
  { durationMs: 1000, target: 0 },
];
const OF_EACH: Readonly<Record<LoadOptions['executor'], LoadOptions>> = {
  'shared-iterations': load({}),
  'per-vu-iterations': load({ executor: 'per-vu-iterations', writes: 5 }),
  'constant-vus': load({ executor: 'constant-vus', writes: null, durationMs: 4000 }),
  'ramping-vus': load({ executor: 'ramping-vus', writes: null, stages: RAMP }),
  'constant-arrival-rate': load({ executor: 'constant-arrival-rate', writes: null, durationMs: 4000, rate: 50 }),
  'ramping-arrival-rate': load({ executor: 'ramping-arrival-rate', writes: null, stages: RAMP }),
};

describe('every executor', () => {
  test.each(Object.entries(OF_EACH))('%s takes what it needs', (_name, each) => {
    expect(checkLoad(each, (field) => field)).toEqual({ ok: true, value: each });
  });

  test('says in one line what it sends', () => {
    expect(Object.fromEntries(Object.entries(OF_EACH).map(([name, each]) => [name, describeLoad(each)]))).toEqual({
      'shared-iterations': '100 writes, 10 keys, values of 16 bytes, closed loop, 10 in flight',
      'per-vu-iterations': '5 writes of each client, 10 keys, values of 16 bytes, closed loop, 10 in flight',
      'constant-vus': '4.00 s, 10 keys, values of 16 bytes, closed loop, 10 in flight',
      'ramping-vus': '10 keys, values of 16 bytes, closed loop, in flight from 0 to 20 within 2.00 s, 0 within 1.00 s',
      'constant-arrival-rate': '4.00 s, 10 keys, values of 16 bytes, open loop, 50 requests/s, timed from the intended start',
      'ramping-arrival-rate':
        '10 keys, values of 16 bytes, open loop, requests/s from 0 to 20 within 2.00 s, 0 within 1.00 s, timed from the intended start',
    });
    expect(describeLoad(load({ durationMs: 5000, readShare: 0.25, warmup: 3 }))).toBe(
      '100 writes, at most 5.00 s, 10 keys, values of 16 bytes, closed loop, 10 in flight, reads 25 %, 3 writes of warm-up',
    );
  });

  test('has an end, a number of writes, connections, and an expected time', () => {
    const figures = Object.entries(OF_EACH).map(([name, each]) => [
      name,
      [isOpenLoop(each), durationOf(each), totalWrites(each), connectionsOf(each, 100), expectedLoadMs(each, 100)],
    ]);
    expect(Object.fromEntries(figures)).toEqual({
      'shared-iterations': [false, null, 100, 10, 1000],
      'per-vu-iterations': [false, null, 50, 10, 500],
      'constant-vus': [false, 4000, null, 10, 4100],
      'ramping-vus': [false, 3000, null, 20, 3100],
      // 50/s for 100 ms: 5 at once, and no fewer than there are to begin with.
      'constant-arrival-rate': [true, 4000, null, 10, 4100],
      'ramping-arrival-rate': [true, 3000, null, 10, 3100],
    });
  });
});

test.each<[Partial<LoadOptions>, string]>([
  [{ writes: null }, 'shared-iterations: expected writes, got none'],
  [{ rate: 5 }, 'shared-iterations: expected no rate, which it has no use for'],
  [{ start: 1 }, 'shared-iterations: expected no start, which it has no use for'],
  [{ stages: RAMP }, 'shared-iterations: expected no stages, which it has no use for'],
  [{ executor: 'constant-vus' }, 'constant-vus: expected duration, got none'],
  [{ executor: 'constant-arrival-rate', durationMs: 1 }, 'constant-arrival-rate: expected rate, got none'],
  [{ executor: 'constant-arrival-rate', rate: 5, writes: null }, 'expected writes or duration, got neither'],
  [{ executor: 'ramping-vus' }, 'ramping-vus: expected stages, got none'],
  [{ executor: 'ramping-vus', stages: RAMP, durationMs: 1 }, 'ramping-vus: expected no duration, which it has no use for'],
  [{ executor: 'ramping-arrival-rate', stages: RAMP, rate: 1 }, 'ramping-arrival-rate: expected no rate, which it has no use for'],
  [
    { executor: 'ramping-vus', stages: [{ durationMs: 9, target: 0.9 }] },
    'ramping-vus: expected stages that reach 1 to 5000 requests in flight, got 0.9',
  ],
  [
    { executor: 'ramping-arrival-rate', stages: [{ durationMs: 0, target: 9 }] },
    'ramping-arrival-rate: expected stages that last longer than 0 ms',
  ],
  [{ readShare: 1 }, 'read_share: expected less than 1, or a duration, because a load without writes never makes its writes'],
])('%j is refused', (more, message) => {
  expect(check(more)).toBe(message);
});

test('a load of reads alone ends with its time', () => {
  expect(check({ executor: 'constant-vus', readShare: 1, writes: null, durationMs: 1000 })).toBeNull();
  expect(check({ executor: 'ramping-vus', readShare: 1, writes: null, stages: RAMP })).toBeNull();
});

test('an open loop opens what Little’s law says, for its peak, but not thousands ahead', () => {
  const at = (rate: number) => connectionsOf({ ...OF_EACH['constant-arrival-rate'], rate }, 200);
  expect([at(10), at(1000), at(1e6)]).toEqual([10, 200, 500]);
  expect(connectionsOf({ ...OF_EACH['ramping-arrival-rate'], stages: [{ durationMs: 1, target: 1000 }] }, 200)).toBe(200);
});
