import { expect, test } from 'vitest';
import { describeFault, drawFault, FAULT_KINDS } from '../../src/sim/fault.ts';
import { describeWorld, drawWorld, MAX_FOLLOWERS } from '../../src/sim/world.ts';

test('the n-th fault of a seed is the same but for its time, whatever came before it', () => {
  const world = { seed: 7, followers: 4, faultKinds: FAULT_KINDS, faultGapMs: 50 };
  const [early, late] = [drawFault(world, 9, 100), drawFault(world, 9, 5000)];
  expect({ ...late, at: 0 }).toEqual({ ...early, at: 0 });
  expect((late?.at ?? 0) - (early?.at ?? 0)).toBeCloseTo(4900);
  expect(drawFault(world, 10, 100)).not.toEqual({ ...early, number: 10 });
});

test('a fault is about two nodes, if there are two', () => {
  for (let number = 1; number <= 200; number++) {
    const fault = drawFault({ seed: 1, followers: 2, faultKinds: FAULT_KINDS, faultGapMs: 50 }, number, 0);
    expect(fault?.a).not.toBe(fault?.b);
  }
  expect(drawFault({ seed: 1, followers: 0, faultKinds: FAULT_KINDS, faultGapMs: 50 }, 1, 0)).toMatchObject({ a: 0, b: 0 });
  expect(drawFault({ seed: 1, followers: 2, faultKinds: [], faultGapMs: 50 }, 1, 0)).toBeNull();
});

test('every kind of fault and every world can be told', () => {
  for (const kind of FAULT_KINDS) expect(describeFault({ number: 3, kind, at: 0, forMs: 20, a: 0, b: 1, x: 0 })).toMatch(/^fault 3: \S/);
  expect(describeWorld(drawWorld(1, 3))).toMatch(
    /^seed 1: 1 leader \+ 3 followers, quorum \d, (memory|sqlite), \d clients? on \d+ keys?, /,
  );
});

test('over the seeds every size and both kinds of store come up', () => {
  const worlds = Array.from({ length: 200 }, (_, seed) => drawWorld(seed, null));
  expect(new Set(worlds.map(({ followers }) => followers)).size).toBe(MAX_FOLLOWERS + 1);
  expect(new Set(worlds.map(({ store }) => store))).toEqual(new Set(['memory', 'sqlite']));
  expect(worlds.every(({ quorum, followers }) => quorum <= followers)).toBe(true);
});
