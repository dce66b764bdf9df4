import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Prng } from '../../src/lib/prng.ts';
import { keyOf, valueTextOf } from '../../src/workload/keys.ts';

test('all keys are used, about equally', () => {
  const keys = new Prng(1);
  const uses = new Map<string, number>();
  for (let i = 0; i < 10_000; i++) uses.set(keyOf(i, 10, keys), (uses.get(keyOf(i, 10, keys)) ?? 0) + 1);
  expect([...uses.keys()].sort()).toEqual(Array.from({ length: 10 }, (_, i) => `key${i}`));
  // Fixed seed; four standard errors of 1000 of 10,000 are 120.
  for (const count of uses.values()) expect(Math.abs(count - 1000)).toBeLessThan(120);
});

test('a value is a JSON string of the asked size', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(200), (index, bytes) => {
      const text = valueTextOf('q3', index, bytes);
      expect(text).toHaveLength(bytes + 2);
      expect(JSON.stringify(JSON.parse(text))).toBe(text);
    }),
  );
});

test('values differ from request to request and from load to load', () => {
  const values = new Set<string>();
  for (const label of ['q1', 'q2', 'warmup-q1']) for (let i = 0; i < 2000; i++) values.add(valueTextOf(label, i, 16));
  expect(values.size).toBe(3 * 2000);
  expect(valueTextOf('q3', 35, 8)).toBe('"----q3.z"');
  expect(valueTextOf('warmup-q3', 35, 4)).toBe('"q3.z"');
});
