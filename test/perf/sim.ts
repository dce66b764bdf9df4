/**
 * `npm run bench:sim`: how many seeds and events a second the simulator judges on one core: the goal
 * is 1,000 seeds of at least 2,000 events in 60 s. `npm run bench:sim 5000` runs more.
 */
import { performance } from 'node:perf_hooks';
import { Batch } from '../../src/sim/batch.ts';
import { DEFAULT_EVENTS } from '../../src/sim/simulate.ts';

const GOAL_SECONDS = 60;
const SEEDS = Number(process.argv[2] ?? 1000);
/** The first seeds pay for compiling; they are measured too, and shown apart. */
const WARM_UP = 50;

const options = { events: DEFAULT_EVENTS, followers: null, faults: null };
const cold = measure(new Batch(options), 1, WARM_UP);
const warm = measure(new Batch(options), 1, SEEDS);
console.log(`first ${WARM_UP} seeds   ${show(cold)}`);
console.log(`${SEEDS} seeds      ${show(warm)}`);
const isMet = warm.failures === 0 && warm.seconds <= (GOAL_SECONDS * SEEDS) / 1000;
console.log(`goal: 1,000 seeds in ${GOAL_SECONDS} s, no violation: ${isMet ? 'met' : 'MISSED'} (${warm.failures} violations)`);
process.exitCode = isMet ? 0 : 1;

interface Measured {
  readonly seeds: number;
  readonly events: number;
  readonly seconds: number;
  readonly failures: number;
}

function measure(batch: Batch, first: number, seeds: number): Measured {
  const begun = performance.now();
  for (let seed = first; seed < first + seeds; seed++) batch.run(seed);
  return { seeds, events: batch.events, seconds: (performance.now() - begun) / 1000, failures: batch.failures.length };
}

function show({ seeds, events, seconds }: Measured): string {
  const [perSeed, rate] = [Math.round(events / seeds), Math.round(events / seconds)];
  return `${seconds.toFixed(2)} s  ${(seeds / seconds).toFixed(0)} seeds/s  ${rate.toLocaleString('en-US')} events/s  ${perSeed} events/seed`;
}
