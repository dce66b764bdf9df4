/**
 * Many seeds one after the other, and what came of them together. The caller decides between two seeds whether to go on, so that it can show progress and be
 * interrupted.
 */
import { RollingHash } from '../lib/rolling-hash.ts';
import { GOALS, type Goal } from './goals.ts';
import { Play } from './play.ts';
import { shrink } from './shrink.ts';
import { type SimFailure, type SimOptions, type SimRun, simulate } from './simulate.ts';
import { describeWorld, drawWorld } from './world.ts';

/** A failure, made small. */
export interface Found extends SimFailure {
  readonly seed: number;
  /** That repeats it. */
  readonly command: string;
  /** The last scenes before it. */
  readonly play: string;
}

const SHRINK_TRIES = 200;
const EXPLAINED = 3;
const PLAY_LINES = 40;

export class Batch {
  readonly failures: Found[] = [];
  seeds = 0;
  events = 0;
  successes = 0;
  readonly #options: SimOptions;
  readonly #counts = new Map<Goal, number>();
  readonly #hash = new RollingHash();

  constructor(options: SimOptions) {
    this.#options = options;
  }

  /** Over all seeds so far, in their order. */
  get hash(): string {
    return this.#hash.digest();
  }

  /** In how many seeds each goal was reached, in the order of GOALS. */
  get goals(): readonly { readonly goal: Goal; readonly seeds: number }[] {
    return GOALS.map((goal) => ({ goal, seeds: this.#counts.get(goal) ?? 0 }));
  }

  run(seed: number): SimRun {
    const run = simulate(seed, this.#options);
    this.seeds += 1;
    this.events += run.events;
    this.successes += run.successes;
    this.#hash.text(run.hash);
    for (const goal of run.goals) this.#counts.set(goal, (this.#counts.get(goal) ?? 0) + 1);
    if (run.failure !== null) {
      // The first few are worth the time; after them it is the same bug.
      const tries = this.failures.length < EXPLAINED ? SHRINK_TRIES : 0;
      this.failures.push(explain(run, run.failure, this.#options, tries));
    }
    return run;
  }
}

/** Shrinks the failure, and tells it. */
function explain(run: SimRun, failure: SimFailure, options: SimOptions, tries: number): Found {
  const { seed } = run;
  const { invariant } = failure;
  const again = (faults: readonly number[]) => simulate(seed, { ...options, faults }).failure?.invariant === invariant;
  const faults = tries === 0 ? run.faults : shrink(run.faults, again, tries);
  const play = new Play(PLAY_LINES);
  const small = simulate(seed, { ...options, faults }, play);
  const world = drawWorld(seed, options.followers);
  const message = small.failure?.message ?? failure.message;
  return {
    invariant,
    message,
    seed,
    command: commandFor(seed, { ...options, faults }),
    play: `${describeWorld(world)}\n${play.render(world.followers + 1)}\n${invariant}: ${message}`,
  };
}

/** One line that runs the same again, in a checkout and where kvctl is installed. */
export function commandFor(seed: number, { events, followers, faults }: SimOptions): string {
  const more = [
    ...(followers === null ? [] : [`--followers ${followers}`]),
    ...(faults === null ? [] : [`--faults ${faults.length === 0 ? 'none' : faults.join(',')}`]),
  ];
  return ['kvctl sim --seeds 1', `--seed ${seed}`, `--events ${events}`, ...more].join(' ');
}
