// The nemesis' schedule: pure, seeded, and never with more nodes away than can be spared.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type Episode,
  FAULT_KINDS,
  type FaultKind,
  faultText,
  planSchedule,
  type Schedule,
  sparable,
  victimsOf,
  type Wish,
} from '../../src/chaos/plan.ts';
import { nodeIds } from '../../src/cluster/spec.ts';

const WISH: Wish = { seed: 1, forMs: 60_000, kinds: FAULT_KINDS, nodes: nodeIds(5), quorum: 3, returnMs: 1_000 };

function schedule(wish: Partial<Wish> = {}): Schedule {
  const planned = planSchedule({ ...WISH, ...wish });
  if (!planned.ok) throw new Error(planned.message);
  return planned.value;
}

const wishes = fc.record({
  seed: fc.integer({ min: 0, max: 1_000_000 }),
  forMs: fc.integer({ min: 3_000, max: 120_000 }),
  kinds: fc.uniqueArray(fc.constantFrom<FaultKind>(...FAULT_KINDS), { minLength: 1 }),
  nodes: fc.integer({ min: 2, max: 9 }).map(nodeIds),
  quorum: fc.constant(1),
  returnMs: fc.integer({ min: 0, max: 3_000 }),
});

const overlap = (a: Episode, b: Episode) => a.atMs <= b.atMs + b.forMs && b.atMs <= a.atMs + a.forMs;

test('the same wish is the same schedule, another seed another one', () => {
  expect(schedule()).toEqual(schedule());
  expect(schedule({ seed: 2 })).not.toEqual(schedule());
});

test('at most a minority of the nodes is away at any time, and a node has one fault at a time', () => {
  fc.assert(
    fc.property(wishes, (wish) => {
      const { episodes, maxAway } = schedule(wish);
      for (const episode of episodes) {
        const meanwhile = episodes.filter((other) => overlap(other, { ...episode, forMs: 0 })).flatMap(({ fault }) => victimsOf(fault));
        expect(new Set(meanwhile).size).toBe(meanwhile.length);
        expect(meanwhile.length).toBeLessThanOrEqual(maxAway);
      }
    }),
  );
});

test('every fault begins in order, names nodes that there are, and ends within the run', () => {
  fc.assert(
    fc.property(wishes, (wish) => {
      const { episodes } = schedule(wish);
      expect(episodes.map(({ atMs }) => atMs)).toEqual(episodes.map(({ atMs }) => atMs).toSorted((a, b) => a - b));
      for (const { atMs, forMs, fault } of episodes) {
        expect(atMs + forMs).toBeLessThanOrEqual(wish.forMs);
        expect(wish.kinds).toContain(fault.kind);
        for (const id of victimsOf(fault)) expect(wish.nodes).toContain(id);
      }
    }),
  );
});

test('only the kinds that were asked for happen, each of them, also in a short run', () => {
  for (let seed = 0; seed < 50; seed++) {
    const all = new Set(schedule({ seed, forMs: 12_000 }).episodes.map(({ fault }) => fault.kind));
    expect([...all].sort(), `seed ${seed}`).toEqual([...FAULT_KINDS].sort());
    const { episodes } = schedule({ seed, kinds: ['kill', 'quorum'] });
    expect([...new Set(episodes.map(({ fault }) => fault.kind))].sort()).toEqual(['kill', 'quorum']);
  }
});

test('the leader is hit, and followers are, by every fault of nodes', () => {
  const kinds = FAULT_KINDS.filter((kind) => kind !== 'promote');
  const texts = Array.from({ length: 20 }, (_, seed) => schedule({ seed, kinds }).episodes.map(({ fault }) => faultText(fault))).flat();
  for (const text of [
    'kill n1',
    'pause n1',
    'restart n1',
    'partition n1 | the rest',
    'kill n4',
    'kill n2, n3',
    'pause n2',
    'partition n5 | n1',
    'one-way n1 ↛ the rest',
    'one-way the rest ↛ n1',
    'one-way n3 ↛ n1',
    'one-way n1 ↛ n3',
    'disk n1 fail-write',
    'disk n1 fail-fsync',
    'disk n4 fail-fsync',
    'clock n1 +1 h',
    'clock n1 -1 h',
    'clock n1 strobe ±1 h',
    'clock n6 strobe ±1 h',
  ]) {
    expect(texts).toContain(text);
  }
});

test('who is promoted is there and does not lead yet, and is the leader that later faults hit', () => {
  fc.assert(
    fc.property(wishes, (wish) => {
      let leader = wish.nodes[0];
      const { episodes } = schedule({ ...wish, kinds: ['promote', 'kill'] });
      for (const [index, { fault, atMs }] of episodes.entries()) {
        if (fault.kind !== 'promote') continue;
        const away = episodes.slice(0, index).filter((other) => other.atMs + other.forMs + wish.returnMs > atMs);
        expect(away.flatMap((other) => victimsOf(other.fault))).not.toContain(fault.node);
        expect(fault.node).not.toBe(leader);
        leader = fault.node;
      }
    }),
  );
  const hit = Array.from({ length: 20 }, (_, seed) => schedule({ seed, kinds: ['promote', 'partition'] }).episodes).flat();
  const single = hit.flatMap(({ fault }) => (fault.kind === 'partition' && fault.others.length === 1 ? fault.others : []));
  expect(new Set(single).size).toBeGreaterThan(1);
});

test('one disk fails at a time and by fault, and a clock that is off takes nobody away', () => {
  fc.assert(
    fc.property(wishes, (wish) => {
      const { episodes } = schedule({ ...wish, kinds: ['disk', 'clock'] });
      const clocks = episodes.filter(({ fault }) => fault.kind === 'clock');
      expect(clocks.flatMap(({ fault }) => victimsOf(fault))).toEqual([]);
      for (const [index, each] of clocks.entries()) for (const other of clocks.slice(index + 1)) expect(overlap(each, other)).toBe(false);
      for (const { fault } of episodes) if (fault.kind === 'disk') expect(victimsOf(fault)).toHaveLength(1);
    }),
  );
});

test('a change of the quorum changes it, to one that can mostly be met', () => {
  fc.assert(
    fc.property(wishes, fc.nat(), (wish, nth) => {
      const quorum = nth % wish.nodes.length;
      for (const { fault } of schedule({ ...wish, quorum, kinds: ['quorum'] }).episodes) {
        if (fault.kind !== 'quorum') continue;
        expect(fault.quorum).not.toBe(quorum);
        expect(fault.quorum).toBeGreaterThanOrEqual(1);
        expect(fault.quorum).toBeLessThanOrEqual(Math.min(wish.nodes.length - 1, wish.nodes.length - sparable(wish.nodes.length)));
      }
    }),
  );
});

test('two nodes can spare none, and that is said', () => {
  expect(planSchedule({ ...WISH, nodes: nodeIds(1) })).toMatchObject({
    ok: false,
    message: expect.stringContaining('expected at least 3 nodes'),
  });
});
