/**
 * `kvctl run SCENARIO`: a scenario file becomes a plan, the plan is printed and carried out like a benchmark's, and what it has
 * to show is judged.
 */
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import type { ExperimentPlan } from '../../experiment/plan.ts';
import { execute, type OpenVenue, type Outcome } from '../../experiment/run.ts';
import type { StepData } from '../../experiment/stage.ts';
import { openOwn } from '../../experiment/venue.ts';
import type { RunResult } from '../../measure/run-result.ts';
import { planScenario } from '../../scenario/plan.ts';
import { KvctlError } from '../../wire/errors.ts';
import { commandOf } from '../bench/command.ts';
import { openFolder, type RunFolder } from '../bench/folder.ts';
import { openReport } from '../bench/open.ts';
import { showExperiment } from '../bench/progress.ts';
import { REPORT_FILE } from '../bench/report.ts';
import type { Context } from '../context.ts';
import { nodeEntry } from '../node-entry.ts';
import { duration, examples, integer, option } from '../options.ts';
import { describeScenario, planDocument } from '../run/describe.ts';
import { rawInput } from '../run/raw.ts';
import { writeRunReport } from '../run/report.ts';
import { inFile, readScenario, type ScenarioFile } from '../run/scenario-files.ts';
import { describeUnmet, runExitCode, unmet } from '../run/verdict.ts';
import { showRun } from '../run/view.ts';

interface RunOptions {
  readonly set: readonly string[];
  readonly target?: 'local' | 'compose';
  readonly seed?: number;
  readonly dryRun?: boolean;
  readonly out?: string;
  readonly open?: boolean;
  /** False: with --no-report. */
  readonly report?: boolean;
  readonly waitTimeout?: number;
}

export function describe(command: Command): void {
  command
    .argument('<scenario>', 'a name of `kvctl scenarios`, or the path of a file')
    .addOption(
      new Option('--set <path=value>', 'put a value in place of the file’s: cluster.followers=3, steps.0.load.writes=20 (repeatable)')
        .argParser((value: string, before: readonly string[]) => [...before, value])
        .default([], 'none'),
    )
    .addOption(new Option('--target <target>', 'where the cluster runs, instead of the file’s').choices(['local', 'compose']))
    .addOption(option('--seed <n>', 'seed of keys and delays, instead of the file’s', integer(0)))
    .option('--dry-run', 'print the plan and do nothing')
    .addOption(option('--wait-timeout <duration>', 'how long the nodes may take to be ready (default: 30s)', duration))
    .option('--out <dir>', 'keep the run in this directory (default: runs/<time>-<scenario>)')
    .option('--no-report', 'keep the data only: `kvctl report` draws pictures and page later')
    .option('--open', 'open the report in the browser')
    .addHelpText(
      'after',
      `${examples('kvctl run lab-2', 'kvctl run lab-2 --dry-run', 'kvctl run my.yaml --set steps.0.load.writes=20')}

The cluster is made for the run and removed after it.
Exit codes: 0 ok, 99 a threshold failed, 104 invalid scenario, 3 a replica is wrong, 5 a mean cannot be trusted, 105 interrupted.`,
    );
}

export async function run(context: Context, options: RunOptions, nameOrPath: string): Promise<number> {
  const { out } = context;
  const file = readScenario(nameOrPath, options.set);
  const plan = planOf(file, options);
  if (options.dryRun) {
    out.result({ table: () => describeScenario(plan).join('\n'), json: planDocument(plan), rows: planDocument(plan).steps });
    return 0;
  }
  const command = commandOf(process.argv.slice(2), plan.seed);
  const folder = await openFolder({ plan, out: options.out ?? null, command, documentOf: (result) => result });
  out.note(describeScenario(plan).join('\n'));
  const { outcome, samples } = await carryOut(context, plan, options.waitTimeout, folder);
  const exitCode = runExitCode(outcome, plan.acceptsInconclusive);
  const hasReport = options.report !== false && outcome.result.steps.some(({ status }) => status === 'done');
  const raw = rawInput(outcome.result, new Map(samples.map((data) => [data.row, data.samples])));
  const report = hasReport
    ? await writeRunReport(folder.run, { ...folder, ...raw, result: outcome.result, command })
    : { result: outcome.result, failures: [] };
  await folder.finish(outcome, report.result, exitCode);
  for (const remark of [...outcome.remarks, ...report.failures]) out.warn(remark);
  out.result(showRun(out, { result: report.result, folder: folder.run.dir, hasReport }));
  if (!outcome.isInterrupted) for (const expectation of unmet(outcome.result)) out.warn(`threshold failed: ${describeUnmet(expectation)}`);
  if (outcome.error !== null) out.failure(outcome.error);
  if (options.open && hasReport) await openReport(context, join(folder.run.dir, REPORT_FILE));
  return exitCode;
}

/** Throws `invalid_scenario`. The pid keeps two runs apart; the name shows in `kvctl ls` whose the cluster is. */
function planOf(file: ScenarioFile, { target, seed }: RunOptions): ExperimentPlan {
  const plan = planScenario(file, { clusterName: `run-${process.pid}`, target: target ?? null, seed: seed ?? null });
  if (plan.ok) return plan.value;
  throw new KvctlError('invalid_scenario', inFile(file.file, plan.message), { file: file.file });
}

interface CarriedOut {
  readonly outcome: Outcome;
  readonly samples: readonly StepData[];
}

/** If it throws nothing was measured, and the folder says so. */
async function carryOut(
  { out, signal }: Context,
  plan: ExperimentPlan,
  waitTimeoutMs: number | undefined,
  folder: RunFolder,
): Promise<CarriedOut> {
  const samples: StepData[] = [];
  const keep = async (data: StepData, soFar: RunResult) => {
    await folder.keep(data, soFar);
    samples.push(data);
  };
  try {
    const outcome = await showExperiment(out, plan, ({ onEvent, onClusterStep }) =>
      execute(plan, venueOf(plan, { signal, waitTimeoutMs, onStep: onClusterStep, entry: nodeEntry() }), { signal, onEvent, keep }),
    );
    return { outcome, samples };
  } catch (error) {
    await folder.fail(error, signal.aborted);
    throw error;
  }
}

/** The cluster of the plan, or one that differs in what a step asks for. */
function venueOf(plan: ExperimentPlan, how: Parameters<typeof openOwn>[1]): OpenVenue {
  return (instead) => {
    if (plan.target.kind !== 'own') throw new Error('a scenario has a cluster of its own');
    const { spec } = plan.target;
    if (instead === null) return openOwn(spec, how);
    const { followers, store, quorum } = instead;
    return openOwn({ ...spec, followers, store, quorum }, how);
  };
}
