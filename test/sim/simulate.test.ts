import { describe, expect, test } from 'vitest';
import { Writes } from '../../src/core/writes.ts';
import { Batch, commandFor } from '../../src/sim/batch.ts';
import { drawFault, FAULT_KINDS, type FaultKind } from '../../src/sim/fault.ts';
import { DEFAULT_EVENTS, simulate } from '../../src/sim/simulate.ts';
import { drawWorld } from '../../src/sim/world.ts';
import { patch } from './mutants.ts';

/** More of them, or others: KVCTL_SIM_SEEDS=5000 KVCTL_SIM_SEED=1000 npx vitest run test/sim/simulate */
const FIRST = Number(process.env['KVCTL_SIM_SEED'] ?? 1);
const SEEDS = Number(process.env['KVCTL_SIM_SEEDS'] ?? 300);
const OPTIONS = { events: DEFAULT_EVENTS, followers: null, faults: null };

test('under every fault no invariant breaks, and everything that can happen does (failures 8, 12, 15, 16, 17, 18, 19, 35, 36, 55)', () => {
  const batch = new Batch(OPTIONS);
  const kinds = new Set<FaultKind | undefined>();
  for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
    const world = drawWorld(seed, null);
    for (const number of batch.run(seed).faults) kinds.add(drawFault(world, number, 0)?.kind);
  }
  expect(batch.failures.map(({ play, command }) => `${play}\nagain: ${command}`)).toEqual([]);
  expect(batch.events).toBeGreaterThanOrEqual(SEEDS * DEFAULT_EVENTS);
  expect(batch.successes).toBeGreaterThan(SEEDS * 50);
  if (SEEDS < 300) return;
  expect(batch.goals.filter(({ seeds }) => seeds === 0)).toEqual([]);
  expect(FAULT_KINDS.filter((kind) => !kinds.has(kind))).toEqual([]);
}, 60_000);

describe('the same seed', () => {
  test('gives the same run, whatever ran before it', () => {
    const seeds = [3, 17, 42];
    const first = seeds.map((seed) => simulate(seed, OPTIONS));
    const again = seeds.toReversed().map((seed) => simulate(seed, OPTIONS));
    expect(again.toReversed()).toEqual(first);
    expect(new Set(first.map(({ hash }) => hash)).size).toBe(seeds.length);
  });

  test('is another run with fewer faults', () => {
    const { faults, hash } = simulate(3, OPTIONS);
    expect(faults.length).toBeGreaterThan(3);
    const without = simulate(3, { ...OPTIONS, faults: faults.slice(0, 3) });
    expect(without.faults).toEqual(faults.slice(0, 3));
    expect(without.hash).not.toBe(hash);
  });
});

test('a canary: a core that loses an ack in forty is found, shrunk, and told with the command that repeats it', () => {
  let count = 0;
  const repair = patch(
    Writes.prototype,
    'isCommitted',
    (right) =>
      function (write) {
        count += 1;
        return count % 40 === 0 ? write.storedAt !== null : right.call(this, write);
      },
  );
  const batch = new Batch(OPTIONS);
  let seed = 0;
  try {
    while (batch.failures.length === 0 && seed < 20) batch.run(++seed);
  } finally {
    repair();
  }
  expect(batch.failures).toHaveLength(1);
  const { invariant, play, command } = batch.failures[0]!;
  expect(['I14', 'I2', 'I3', 'core']).toContain(invariant);
  expect(command).toMatch(new RegExp(`^kvctl sim --seeds 1 --seed ${seed} --events 2000 --faults `));
  expect(play).toMatch(new RegExp(`^seed ${seed}: 1 leader \\+ \\d followers`));
  expect(play).toMatch(/\n +ms {2}n1 +n2/);
});

test('a command names what is not the default', () => {
  expect(commandFor(7, { ...OPTIONS, followers: 2 })).toBe('kvctl sim --seeds 1 --seed 7 --events 2000 --followers 2');
  expect(commandFor(7, { ...OPTIONS, faults: [] })).toBe('kvctl sim --seeds 1 --seed 7 --events 2000 --faults none');
});
