import { expect, test } from 'vitest';
import { runRandomly } from '../support/core-random.ts';

/** One seed again: KVCTL_CORE_SEED=17 npx vitest run test/core/random-run */
const ONE = process.env.KVCTL_CORE_SEED;
const SEEDS = ONE === undefined ? Array.from({ length: 500 }, (_, seed) => seed) : [Number(ONE)];

test('whatever is lost, late, repeated or stopped, no promise is broken, and in the end all replicas agree', () => {
  const total = { successes: 0, crashes: 0, openings: 0 };
  for (const seed of SEEDS) {
    const run = runRandomly(seed);
    total.successes += run.successes;
    total.crashes += run.crashes;
    total.openings += run.openings;
  }
  if (ONE !== undefined) return;
  // The runs are worth something only if things happened in them.
  expect(total.successes).toBeGreaterThan(SEEDS.length * 5);
  expect(total.crashes).toBeGreaterThan(SEEDS.length);
  expect(total.openings).toBeGreaterThan(SEEDS.length * 1.2);
});
