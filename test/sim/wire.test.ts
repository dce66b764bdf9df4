import { expect, test } from 'vitest';
import { Prng } from '../../src/lib/prng.ts';
import { Wire } from '../../src/sim/wire.ts';
import { drawWorld, type World } from '../../src/sim/world.ts';

const WORLD: World = { ...drawWorld(1, 2), lossPercent: 0, duplicatePercent: 0, latencyMinMs: 1, latencyMeanMs: 2, isOrdered: false };
const wireOf = (world: Partial<World> = {}) => new Wire({ ...WORLD, ...world }, new Prng(5).fork('wire'));
const many = (wire: Wire, from = 0, to = 1) => Array.from({ length: 500 }, (_, i) => wire.arrivals(from, to, i));

test('a message arrives once, after the least latency, in any order', () => {
  const arrivals = many(wireOf());
  expect(arrivals.every((each, i) => each.length === 1 && (each[0] as number) >= i + 1)).toBe(true);
  expect(arrivals.some(([at], i) => (at as number) > (arrivals[i + 1]?.[0] ?? Number.POSITIVE_INFINITY))).toBe(true);
});

test('an ordered network keeps the order', () => {
  const arrivals = many(wireOf({ isOrdered: true })).map(([at]) => at as number);
  expect(arrivals).toEqual(arrivals.toSorted((a, b) => a - b));
});

test('what is blocked one way is lost, and does not move what comes after it', () => {
  const [calm, cut] = [wireOf(), wireOf()];
  many(calm);
  cut.block(0, 1);
  cut.block(0, 1);
  expect(many(cut).flat()).toEqual([]);
  expect(many(cut, 1, 0).flat()).toHaveLength(500);
  cut.unblock(0, 1);
  expect(cut.isBlocked(0, 1)).toBe(true);
  cut.unblock(0, 1);
  expect(many(cut)).toEqual(many(calm));
});

test('loss and copies are as frequent as said, and end with the healing', () => {
  const wire = wireOf({ lossPercent: 20, duplicatePercent: 30 });
  const counts = many(wire).map((each) => each.length);
  expect(counts.filter((count) => count === 0).length / 500).toBeCloseTo(0.2, 1);
  expect(counts.filter((count) => count === 2).length / 500).toBeCloseTo(0.24, 1);
  wire.heal();
  expect(many(wire).every((each) => each.length === 1)).toBe(true);
});

test('what is clogged arrives together, not before its time', () => {
  const wire = wireOf();
  wire.clog(0, 1, 1000);
  expect(
    new Set(
      many(wire)
        .flat()
        .filter((at) => at < 1001),
    ),
  ).toEqual(new Set([1000]));
});
