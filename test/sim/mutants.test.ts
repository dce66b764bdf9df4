import { expect, test } from 'vitest';
import { DEFAULT_EVENTS, simulate } from '../../src/sim/simulate.ts';
import { COLLECTION_MUTANTS } from './collection-mutants.ts';
import { MUTANTS, type Mutant } from './mutants.ts';
import { PROMOTION_MUTANTS } from './promotion-mutants.ts';

/** Each was caught within 126 when this was written. */
const SEEDS = 200;
const OPTIONS = { events: DEFAULT_EVENTS, followers: null, faults: null };

test.each([...MUTANTS, ...PROMOTION_MUTANTS, ...COLLECTION_MUTANTS])(
  'a core is caught in which $name (failure 56)',
  ({ name, seed: first = 1, apply }: Mutant) => {
    const repair = apply();
    try {
      let seed = first;
      while (seed < first + SEEDS && simulate(seed, OPTIONS).failure === null) seed += 1;
      expect(seed, `${name}: not caught within ${SEEDS} seeds from ${first} on`).toBeLessThan(first + SEEDS);
    } finally {
      repair();
    }
  },
  120_000,
);

test('every mutant was repaired', () => {
  expect(simulate(1, OPTIONS).failure).toBeNull();
});
