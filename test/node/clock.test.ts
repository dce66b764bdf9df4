/** Real time. Never early is asserted, because it must hold on any machine; how late is printed, because that is the machine's. */
import { expect, test } from 'vitest';
import { percentile } from '../../src/lib/quantile.ts';
import { Clock } from '../../src/node/clock.ts';

const NEVER = Number.POSITIVE_INFINITY;

/** A clock, and the next wake: resolves to the time at which it came. */
function watched(): { clock: Clock; wakes: number[]; next: () => Promise<number> } {
  const wakes: number[] = [];
  let tell: (at: number) => void = () => {};
  const clock: Clock = new Clock(() => {
    const at = clock.now();
    wakes.push(at);
    tell(at);
  });
  const next = () =>
    new Promise<number>((resolve) => {
      tell = resolve;
    });
  return { clock, wakes, next };
}

test.each([
  ['precise', [0.1, 0.3, 0.7, 1, 1.5, 2, 2.6, 3.3, 5.05]],
  ['lax', [0, 0.4, 1, 1.01, 1.9, 2, 2.99, 3.5]],
] as const)('a %s wake is never early', async (kind, delays) => {
  const { clock, next } = watched();
  const lateness: number[] = [];
  for (let round = 0; round < 60; round += 1) {
    for (const delay of delays) {
      const woken = next();
      const at = clock.now() + delay;
      if (kind === 'precise') clock.arm(at, NEVER);
      else clock.arm(NEVER, at);
      lateness.push((await woken) - at);
    }
  }
  lateness.sort((a, b) => a - b);
  const mean = lateness.reduce((sum, each) => sum + each, 0) / lateness.length;
  console.log(`${kind} wakes: mean ${mean.toFixed(3)} ms late, p99 ${percentile(lateness, 99).toFixed(3)} ms, of ${lateness.length}`);
  expect(lateness[0]).toBeGreaterThanOrEqual(0);
});

test('the earlier of the two times counts', async () => {
  const { clock, next } = watched();
  const woken = next();
  const soon = clock.now() + 3;
  clock.arm(soon + 60_000, soon);
  expect(await woken).toBeGreaterThanOrEqual(soon);
  const again = next();
  const sooner = clock.now() + 2;
  clock.arm(sooner, sooner + 60_000);
  expect(await again).toBeGreaterThanOrEqual(sooner);
});

test('a new time replaces the old one, an earlier and a later one', async () => {
  const { clock, wakes, next } = watched();
  const woken = next();
  const start = clock.now();
  clock.arm(start + 60_000, NEVER);
  clock.arm(NEVER, start + 1);
  clock.arm(start + 4, NEVER);
  expect(await woken).toBeGreaterThanOrEqual(start + 4);
  // Long enough for the replaced wake to come, if it came.
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(wakes).toHaveLength(1);
});

test('a time that is over wakes soon, and not from inside of the call', async () => {
  const { clock, wakes, next } = watched();
  const woken = next();
  clock.arm(clock.now() - 5, NEVER);
  expect(wakes).toEqual([]);
  await woken;
  expect(wakes).toHaveLength(1);
});

test('the same time twice wakes once, and a wake may set the next', async () => {
  let count = 0;
  const done = new Promise<void>((resolve) => {
    const clock: Clock = new Clock(() => {
      count += 1;
      if (count === 5) resolve();
      else {
        const at = clock.now() + 0.5;
        clock.arm(at, NEVER);
        clock.arm(at, NEVER);
      }
    });
    clock.arm(clock.now() + 0.5, NEVER);
  });
  await done;
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(count).toBe(5);
});

test.each([
  ['disarmed', (clock: Clock) => clock.disarm()],
  ['told that nothing is due', (clock: Clock) => clock.arm(NEVER, NEVER)],
])('a clock that was %s does not wake', async (_how, stop) => {
  const { clock, wakes } = watched();
  clock.arm(clock.now() + 1, NEVER);
  stop(clock);
  clock.arm(NEVER, clock.now() + 5);
  stop(clock);
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(wakes).toEqual([]);
});

test('its time grows and is finer than a millisecond', () => {
  const { clock } = watched();
  const times = Array.from({ length: 1_000 }, () => clock.now());
  expect([...times].sort((a, b) => a - b)).toEqual(times);
  expect(times.some((time) => !Number.isInteger(time))).toBe(true);
});
