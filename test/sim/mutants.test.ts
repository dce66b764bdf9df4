import { expect, test } from 'vitest';
import { DEFAULT_EVENTS, simulate } from '../../src/sim/simulate.ts';
import { MUTANTS, type Mutant } from './mutants.ts';
import { PROMOTION_MUTANTS } from './promotion-mutants.ts';

/** Each was caught within 126 when this was written. */
const SEEDS = 200;
const OPTIONS = { events: DEFAULT_EVENTS, followers: null, faults: null };

test.each([...MUTANTS, ...PROMOTION_MUTANTS])(
  'a core is caught in which $name (failure 56)',
  ({ name, apply }: Mutant) => {
    const repair = apply();
    try {
      let seed = 1;
      while (seed <= SEEDS && simulate(seed, OPTIONS).failure === null) seed += 1;
      expect(seed, `${name}: not caught within ${SEEDS} seeds`).toBeLessThanOrEqual(SEEDS);
    } finally {
      repair();
    }
  },
  120_000,
);

test('every mutant was repaired', () => {
  expect(simulate(1, OPTIONS).failure).toBeNull();
});
