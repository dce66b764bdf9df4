/**
 * `kvctl bench`: the main job. Measures every write quorum on the same load and the same delays, compares the replicas, and
 * keeps everything in a run folder. What it does is a plan (experiment/plan) that is printed before anything starts.
 */
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { DEFAULT_DELAY, DEFAULT_FOLLOWERS, DEFAULT_SEED, TARGETS } from '../../cluster/spec.ts';
import { describePlan, parseQuorums, planExperiment } from '../../experiment/bench.ts';
import { executorOf, LAB_LOAD, type LoadOptions } from '../../experiment/load.ts';
import type { ExperimentPlan } from '../../experiment/plan.ts';
import { execute, type Outcome } from '../../experiment/run.ts';
import type { StepData } from '../../experiment/stage.ts';
import { fail, ok, type Result } from '../../lib/result.ts';
import type { BenchResult } from '../../measure/result.ts';
import type { RunResult } from '../../measure/run-result.ts';
import type { LatencyShape } from '../../report/input.ts';
import { KvctlError } from '../../wire/errors.ts';
import { commandOf } from '../bench/command.ts';
import { benchDurability, DEFAULT_TRIALS, DURABILITY_DELAY } from '../bench/durability.ts';
import { openFolder, type RunFolder } from '../bench/folder.ts';
import { openReport } from '../bench/open.ts';
import { showExperiment } from '../bench/progress.ts';
import { REPORT_FILE, writeReport } from '../bench/report.ts';
import { type ChosenTarget, type ClusterOptions, chooseTarget } from '../bench/target.ts';
import { exitCodeOf } from '../bench/verdict.ts';
import { showResult } from '../bench/view.ts';
import type { Context } from '../context.ts';
import { duration, examples, integer, option, share } from '../options.ts';
import { shapeOf } from '../run/raw.ts';

interface BenchOptions extends ClusterOptions {
  readonly quorums?: readonly number[];
  readonly writes?: number;
  readonly duration?: number;
  readonly concurrency: number;
  readonly keys: number;
  readonly valueBytes: number;
  readonly readShare: number;
  readonly rate?: number;
  readonly warmup: number;
  readonly out?: string;
  readonly open?: boolean;
  readonly waitTimeout?: number;
  readonly durability?: boolean;
  readonly trials?: number;
}

/** More sockets than this in a closed loop is a mistake of units. */
const MAX_CONCURRENCY = 5_000;
/** About a second each. */
const MAX_TRIALS = 10_000;
/** MAX_VALUE_BYTES of a node without the quotes of a JSON string. */
const MAX_VALUE_BYTES = 2 ** 20 - 2;

export function describe(command: Command): void {
  const integerOption = (flags: string, text: string, min: number, value: number, max?: number) =>
    option(flags, text, integer(min, max)).default(value);
  command
    .addOption(
      option('--quorums <list>', 'quorums to measure, in this order: 1-5 or 1,3,5 (default: 1 to the number of followers)', parseQuorums),
    )
    .addOption(option('--writes <n>', `writes per quorum (default: ${LAB_LOAD.writes}, or no limit with --duration)`, integer(1)))
    .addOption(option('--duration <duration>', 'end each quorum after this time, like 30s', duration))
    .addOption(integerOption('--concurrency <n>', 'requests in flight', 1, LAB_LOAD.concurrency, MAX_CONCURRENCY))
    .addOption(option('--rate <n>', 'requests per second, timed from the intended start, whatever the latency (open loop)', rate))
    .addOption(integerOption('--keys <n>', 'keys that are written', 1, LAB_LOAD.keys))
    .addOption(integerOption('--value-bytes <n>', 'bytes of each value', 0, LAB_LOAD.valueBytes, MAX_VALUE_BYTES))
    .addOption(
      option('--read-share <share>', 'share of requests that read, 0 to 1; they come on top of the writes', share).default(
        LAB_LOAD.readShare,
      ),
    )
    .addOption(integerOption('--warmup <n>', 'writes before each quorum that are not counted', 0, LAB_LOAD.warmup))
    .addOption(option('--followers <n>', `followers of a cluster made for the run (default: ${DEFAULT_FOLLOWERS})`, integer(0)))
    .option(
      '--delay <delays>',
      `simulated delay of replication in ms: 0-1000, 50, lognormal:20,0.5, n2=5;n3=50 (default: ${DEFAULT_DELAY}, or as it is)`,
    )
    .addOption(new Option('--store <kind>', 'of a cluster made for the run (default: sqlite)').choices(['sqlite', 'memory']))
    .addOption(option('--port <port>', 'port of n1 of a cluster made for the run', integer(0)))
    .addOption(new Option('--target <kind>', 'where a cluster made for the run runs (default: local)').choices(TARGETS))
    .addOption(option('--seed <n>', `seed of keys and delays (default: ${DEFAULT_SEED}, or the cluster's)`, integer(0)))
    .addOption(option('--wait-timeout <duration>', 'how long the nodes may take to be ready (default: 30s)', duration))
    .option(
      '--durability',
      `what the quorum buys: kill the leader at the ack, promote a follower, look for the write (delay: ${DURABILITY_DELAY})`,
    )
    .addOption(option('--trials <n>', `with --durability: per quorum and way (default: ${DEFAULT_TRIALS})`, integer(1, MAX_TRIALS)))
    .option('--out <dir>', 'keep the run in this directory (default: runs/<time>-bench)')
    .option('--open', 'open the report in the browser')
    .addHelpText(
      'after',
      examples(
        'kvctl bench --quorums 1-5',
        'kvctl bench --quorums 1-5 --delay 0-200',
        'kvctl bench --quorums 3 --rate 50 --duration 30s',
        'kvctl bench --durability --quorums 0-5',
      ) +
        '\n\nWithout a running cluster one is brought up for the run and removed after it.' +
        '\nWith --durability always: a cluster that runs is left alone.' +
        '\nExit codes: 0 ok, 1 writes failed, 3 a replica is wrong or a safe promotion lost a write, 5 a mean cannot be trusted, 105 interrupted.',
    );
}

export async function run(context: Context, options: BenchOptions): Promise<number> {
  const { out } = context;
  if (options.durability) {
    refuseLoad(options);
    return benchDurability(context, options);
  }
  if (options.trials !== undefined) throw new KvctlError('usage', '--trials: expected only with --durability');
  const chosen = await chooseTarget(context, options);
  const plan = planOf(chosen, options);
  const command = commandOf(process.argv.slice(2), plan.seed);
  const folder = await openFolder({ plan, out: options.out ?? null, command, documentOf: benchOf });
  out.note(describePlan(plan).join('\n'));
  const { outcome, shapes } = await measure(context, chosen, plan, options.waitTimeout, folder);
  const result = benchOf(outcome.result);
  const exitCode = exitCodeOf({ ...outcome, result });
  const hasReport = result.results.length > 0;
  const report = hasReport ? await writeReport(folder.run, { ...folder, result, shapes, command }) : { result, failures: [] };
  await folder.finish(outcome, report.result, exitCode);
  for (const remark of [...outcome.remarks, ...report.failures]) out.warn(remark);
  out.result(showResult(out, { result: report.result, folder: folder.run.dir, hasReport }));
  if (outcome.error !== null) out.failure(outcome.error);
  if (options.open && hasReport) await openReport(context, join(folder.run.dir, REPORT_FILE));
  return exitCode;
}

interface Measured {
  readonly outcome: Outcome;
  /** Of the steps that came to their end. */
  readonly shapes: readonly LatencyShape[];
}

/** If it throws nothing was measured, and the folder says so. */
async function measure(
  { out, signal }: Context,
  chosen: ChosenTarget,
  plan: ExperimentPlan,
  waitTimeoutMs: number | undefined,
  folder: RunFolder,
): Promise<Measured> {
  const shapes: LatencyShape[] = [];
  const keep = async (data: StepData, soFar: RunResult) => {
    await folder.keep(data, soFar);
    const row = benchOf(soFar).results.find((each) => each.row === data.row);
    if (row !== undefined) shapes.push(shapeOf(row, data.samples));
  };
  try {
    const outcome = await showExperiment(out, plan, ({ onEvent, onClusterStep }) =>
      execute(plan, () => chosen.open({ signal, waitTimeoutMs, onStep: onClusterStep }), { signal, onEvent, keep }),
    );
    return { outcome, shapes };
  } catch (error) {
    await folder.fail(error, signal.aborted);
    throw error;
  }
}

/** A benchmark is a plan of one sweep. */
function benchOf({ sweeps }: RunResult): BenchResult {
  return sweeps[0] as BenchResult;
}

/** Throws `usage`. */
function planOf(chosen: ChosenTarget, options: BenchOptions): ExperimentPlan {
  const { target, seed, delay } = chosen;
  const plan = planExperiment({ target, seed, delay, quorums: options.quorums ?? null, load: loadOf(options) });
  if (plan.ok) return plan.value;
  throw new KvctlError('usage', plan.message);
}

/** A trial is one write: what describes a load would be ignored. Throws `usage`. */
function refuseLoad({ writes, duration, rate, ...options }: BenchOptions): void {
  const defaults = (['concurrency', 'keys', 'valueBytes', 'readShare', 'warmup'] as const).filter(
    (name) => options[name] !== LAB_LOAD[name],
  );
  const given = Object.entries({ writes, duration, rate }).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  const [first] = [...given, ...defaults];
  if (first === undefined) return;
  const name = first.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new KvctlError('usage', `--${name}: expected none with --durability, where a trial is one write; --trials says how many`);
}

function loadOf(options: BenchOptions): LoadOptions {
  const { concurrency, keys, valueBytes, readShare, warmup } = options;
  const durationMs = options.duration ?? null;
  const writes = options.writes ?? (durationMs === null ? LAB_LOAD.writes : null);
  const rate = options.rate ?? null;
  const executor = executorOf({ rate, writes });
  return { ...LAB_LOAD, executor, writes, durationMs, concurrency, keys, valueBytes, readShare, rate, warmup };
}

/** Requests per second: a real number above 0, so that one every ten seconds can be said. */
function rate(text: string): Result<number> {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  return value > 0 && value <= 1e6 ? ok(value) : fail(`expected requests per second above 0, like 50 or 0.5, got ${JSON.stringify(text)}`);
}
