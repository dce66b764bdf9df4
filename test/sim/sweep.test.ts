import { expect, test } from 'vitest';
import { measurePoint } from '../../src/sim/sweep.ts';

const UNIFORM = { kind: 'uniform', min: 0, max: 1000 } as const;

test.each([
  [1, 1],
  [5, 1],
  [5, 3],
  [5, 5],
  [40, 21],
])('of %d followers a quorum of %d costs and leaves stale what the model says', (followers, quorum) => {
  const row = measurePoint({ followers, quorum, delay: UNIFORM, writes: 800, seed: 3 });
  // Five standard errors of the k-th of n uniform delays.
  const sd = 1000 * Math.sqrt((quorum * (followers + 1 - quorum)) / ((followers + 1) ** 2 * (followers + 2)));
  expect(Math.abs(row.mean_ms - row.model_ms)).toBeLessThan((5 * sd) / Math.sqrt(800));
  expect(row.p50_ms).toBeLessThanOrEqual(row.p95_ms);
  expect(row.p95_ms).toBeLessThanOrEqual(row.p99_ms);
  expect(Math.abs(row.stale_share - row.stale_model)).toBeLessThan(0.02);
});

test('nothing waits for nobody, and the same point is the same row', () => {
  const point = { followers: 3, quorum: 0, delay: UNIFORM, writes: 100, seed: 3 };
  const row = measurePoint(point);
  expect(row).toMatchObject({ mean_ms: 0, model_ms: 0, stale_share: 1, stale_model: 1 });
  expect(measurePoint(point)).toEqual(row);
});
