/**
 * `kvctl sim`: the protocol's own code on virtual time, network and disks, under faults that the seed draws, judged as it goes (src/sim). It needs no cluster
 * and touches nothing: what fails can be run again, event by event, on any machine.
 */
import { setImmediate } from 'node:timers/promises';
import type { Command } from 'commander';
import { type Distribution, parseDistribution } from '../../lib/distribution.ts';
import { fail, ok, type Result as Parsed } from '../../lib/result.ts';
import { Batch, type Found } from '../../sim/batch.ts';
import { DEFAULT_EVENTS } from '../../sim/simulate.ts';
import { measurePoint, type SweepPoint, type SweepRow } from '../../sim/sweep.ts';
import { INVARIANTS } from '../../sim/violation.ts';
import { MAX_FOLLOWERS } from '../../sim/world.ts';
import { KvctlError } from '../../wire/errors.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit.ts';
import { examples, integer, option } from '../options.ts';
import type { Output, Result } from '../output.ts';
import type { Progress } from '../progress.ts';
import { parseQuorumRule, parseSweep, planSweep, type QuorumRule, type Sweep, showSweep } from '../sim/sweep.ts';

interface SimCommandOptions {
  readonly seeds: number;
  readonly seed: number;
  readonly events: number;
  readonly followers?: number;
  readonly faults?: readonly number[];
  readonly sweep?: Sweep;
  readonly quorum: QuorumRule;
  readonly delay: Distribution;
  readonly writes: number;
}

const DEFAULT_SEEDS = 1000;
/** With --sweep, as the course's labs have them. */
const DEFAULT_FOLLOWERS = 5;
const LAB_DELAY: Distribution = { kind: 'uniform', min: 0, max: 1000 };
const DEFAULT_WRITES = 500;
/** How often progress is shown, and Ctrl-C heard. */
const BREATHE_MS = 100;

export function describe(command: Command): void {
  command
    .addOption(option('--seeds <n>', 'how many seeds', integer(1)).default(DEFAULT_SEEDS))
    .addOption(option('--seed <n>', 'the first of them', integer(0)).default(1))
    .addOption(option('--events <n>', 'of each seed before its faults are healed', integer(1)).default(DEFAULT_EVENTS))
    .addOption(option('--followers <n>', 'of every cluster (default: each seed draws 0 to 7)', integer(0)))
    .addOption(option('--faults <list>', 'with one seed: only the faults of these numbers, like 3,9, or none', faultNumbers))
    .addOption(option('--sweep <values>', 'measure instead of testing: followers=1..50 or quorum=1..5', parseSweep))
    .addOption(option('--quorum <k>', 'with --sweep: acks per write, or majority or all', parseQuorumRule).default('majority'))
    .addOption(option('--delay <delay>', 'with --sweep: of replication, in ms', parseDistribution).default(LAB_DELAY, '0-1000'))
    .addOption(option('--writes <n>', 'with --sweep: per cluster', integer(1, 100_000)).default(DEFAULT_WRITES))
    .addHelpText(
      'after',
      `${examples('kvctl sim', 'kvctl sim --seeds 10000 --seed 5000', 'kvctl sim --seeds 1 --seed 17 --faults 3,9', 'kvctl sim --sweep followers=1..50 --quorum majority')}

A seed draws the cluster (followers, quorum, delays, limits, kind of store), its clients, and its faults: crashes, lost disks, full, slow and failing
disks, frozen nodes, partitions (one way, whole, ring), clogged, slow and lossy links, copies, old messages, strangers, changes of the quorum.
Exit codes: 0 no violation, 3 a violation, 105 interrupted.`,
    );
}

export async function run({ out, signal }: Context, options: SimCommandOptions): Promise<number> {
  const { sweep, followers = null } = options;
  if (sweep !== undefined) return measure(out, signal, planSweep(sweep, { ...options, followers: followers ?? DEFAULT_FOLLOWERS }));
  if (followers !== null && followers > MAX_FOLLOWERS)
    throw new KvctlError('usage', `expected at most ${MAX_FOLLOWERS} followers without --sweep, got ${followers}`);
  if (options.faults !== undefined && options.seeds !== 1)
    throw new KvctlError(
      'usage',
      `expected --seeds 1 with --faults, because faults are numbered within a seed, got --seeds ${options.seeds}`,
    );
  const batch = new Batch({ events: options.events, followers, faults: options.faults ?? null });
  const begunMs = performance.now();
  const secondsSoFar = () => (performance.now() - begunMs) / 1000;
  await out.step(`${options.seeds} seeds from ${options.seed} on`, (progress) =>
    simulateAll(batch, options, signal, progress, secondsSoFar),
  );
  out.result(show(out, batch, options.seed, secondsSoFar()));
  return batch.failures.length > 0 ? EXIT.violation : EXIT.ok;
}

async function measure(out: Output, signal: AbortSignal, points: readonly SweepPoint[]): Promise<number> {
  const rows: SweepRow[] = [];
  await out.step(`${points.length} clusters`, async (progress) => {
    for (const point of points) {
      if (signal.aborted) return;
      progress.detail(`${point.followers} followers, quorum ${point.quorum}`);
      rows.push(measurePoint(point));
      await setImmediate();
    }
  });
  out.result(showSweep(out, rows));
  return EXIT.ok;
}

async function simulateAll(
  batch: Batch,
  { seeds, seed }: SimCommandOptions,
  signal: AbortSignal,
  progress: Progress,
  secondsSoFar: () => number,
): Promise<void> {
  let breathedMs = performance.now();
  for (let i = 0; i < seeds && !signal.aborted; i++) {
    batch.run(seed + i);
    if (performance.now() - breathedMs < BREATHE_MS) continue;
    const rate = Math.round(batch.seeds / secondsSoFar());
    progress.detail(`${batch.seeds} of ${seeds}, ${rate} seeds/s, ${sayGoals(batch)}, ${sayViolations(batch.failures)}`);
    await setImmediate();
    breathedMs = performance.now();
  }
}

function show(out: Output, batch: Batch, firstSeed: number, seconds: number): Result {
  const { seeds, events, successes, failures, goals, hash } = batch;
  const reached = goals.filter((each) => each.seeds > 0).map(({ goal }) => goal);
  const missed = goals.filter((each) => each.seeds === 0).map(({ goal }) => goal);
  const facts = { seeds, first_seed: firstSeed, events, violations: failures.length };
  const summary = [
    out.paint(
      'bold',
      `${count(seeds)} seeds, ${count(events)} events, ${count(successes)} writes acknowledged: ${sayViolations(failures)}`,
    ),
    `${seconds.toFixed(1)} s, ${Math.round(seeds / seconds)} seeds/s, ${count(Math.round(events / seconds))} events/s; ${sayGoals(batch)}; hash ${hash}`,
  ];
  return {
    table: () =>
      [
        out.table(
          ['happened', '>in seeds'],
          goals.map(({ goal, seeds: many }) => [goal, many]),
        ),
        ...failures.map(sayFailure),
        summary.join('\n'),
      ].join('\n\n'),
    json: {
      ...facts,
      failures: failures.map(({ seed, invariant, message, command }) => ({ seed, invariant, message, command })),
      goals_reached: reached,
      goals_missed: missed,
      hash,
      seconds,
    },
    rows: goals.map(({ goal, seeds: many }) => ({ goal, seeds: many })),
  };
}

function sayFailure({ invariant, play, command }: Found): string {
  return `${play}\n${invariant} is that ${INVARIANTS[invariant]}\nagain: ${command}`;
}

function sayViolations(failures: readonly Found[]): string {
  return failures.length === 0 ? 'no violation' : failures.length === 1 ? '1 violation' : `${failures.length} violations`;
}

function sayGoals({ goals }: Batch): string {
  return `${goals.filter(({ seeds }) => seeds > 0).length} of ${goals.length} goals reached`;
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}

function faultNumbers(text: string): Parsed<readonly number[]> {
  if (text === 'none') return ok([]);
  const numbers = text.split(',').map((part) => (/^[1-9]\d*$/.test(part) ? Number(part) : Number.NaN));
  return numbers.every((number) => Number.isSafeInteger(number))
    ? ok(numbers)
    : fail(`expected numbers of faults from 1, like 3,9, or none, got ${JSON.stringify(text)}`);
}
