/**
 * `kvctl bench --durability`: what a quorum buys, by killing the leader at the acknowledgement. The trials are experiment's, the figures measure's, the
 * picture report's; here they are put together, shown while they go on, and kept.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeIds, parseSpec } from '../../cluster/spec.ts';
import { loadState } from '../../cluster/state.ts';
import { type DurabilityHooks, type DurabilityOutcome, runDurability } from '../../experiment/durability.ts';
import { type DurabilityPlan, describeDurability, planDurability } from '../../experiment/durability-plan.ts';
import { type DurabilityResult, durabilityResult } from '../../measure/durability-result.ts';
import type { DurabilityInput } from '../../report/durability/bundle.ts';
import { RUN_FILES, type Run } from '../../runs/run.ts';
import { KvctlError } from '../../wire/errors.ts';
import { openFolder } from '../chaos/folder.ts';
import type { Context } from '../context.ts';
import { environmentOf } from '../environment.ts';
import { EXIT } from '../exit.ts';
import { nodeEntry } from '../node-entry.ts';
import { commandOf } from './command.ts';
import { showTrials } from './durability-progress.ts';
import { type WrittenReport, writeDurabilityReport } from './durability-report.ts';
import { showDurability } from './durability-view.ts';
import { openReport } from './open.ts';
import { REPORT_FILE } from './report.ts';
import type { ClusterOptions } from './target.ts';

export interface DurabilityOptions extends ClusterOptions {
  readonly quorums?: readonly number[];
  readonly trials?: number;
  readonly waitTimeout?: number;
  readonly out?: string;
  readonly open?: boolean;
}

export const DEFAULT_TRIALS = 20;
/** Half of the course lab's: a round trip on a busy machine is short beside them, so that few records leave besides those that are waited for. */
export const DURABILITY_DELAY = '0-500';

export async function benchDurability(context: Context, options: DurabilityOptions): Promise<number> {
  const { out, signal } = context;
  const plan = planOf(context, options);
  const command = commandOf(process.argv.slice(2), plan.spec.seed);
  const startedAt = new Date().toISOString();
  const folder = await openFolder(plan, options.out ?? null, command, 'durability');
  out.note(describeDurability(plan).join('\n'));
  let outcome: DurabilityOutcome;
  try {
    outcome = await makeTrials(context, options, plan, folder.run);
  } catch (error) {
    await folder.fail(error, signal.aborted);
    throw error;
  }
  const found = resultOf(plan, outcome);
  const { result, failures } = await report(folder.run, found, { environment: environmentOf(), startedAt, command });
  const exitCode = exitCodeOf(result, outcome);
  const ending = outcome.isInterrupted ? 'interrupted' : outcome.error === null ? 'complete' : 'failed';
  await folder.finish(result, ending, exitCode, outcome.error);
  for (const remark of [...outcome.remarks, ...failures]) out.warn(remark);
  out.result(showDurability(out, { result, folder: folder.run.dir }));
  if (outcome.error !== null) out.failure(outcome.error);
  if (options.open) await openReport(context, join(folder.run.dir, REPORT_FILE));
  return exitCode;
}

/** Throws `usage`. The pid keeps two runs apart; the name shows in `kvctl ls` whose the cluster is. */
function planOf({ remote }: Context, { quorums, trials = DEFAULT_TRIALS, ...wish }: DurabilityOptions): DurabilityPlan {
  if (remote !== null)
    throw new KvctlError('usage', '--durability: expected no --leader, because it kills the leader of a cluster of its own');
  const { followers, delay = DURABILITY_DELAY, store, port, seed, target } = wish;
  const spec = parseSpec({ name: `durability-${process.pid}`, followers, delay, store, port, seed, target });
  if (spec.target !== 'local')
    throw new KvctlError('usage', `--durability: expected --target local, got ${spec.target}: a node dies by a variable of its process`);
  const plan = planDurability({ spec, quorums: quorums ?? null, trials }, nodeIds(spec.followers).slice(1));
  if (!plan.ok) throw new KvctlError('usage', plan.message);
  return plan.value;
}

function makeTrials(
  { out, signal }: Context,
  { waitTimeout }: DurabilityOptions,
  plan: DurabilityPlan,
  run: Run,
): Promise<DurabilityOutcome> {
  return showTrials(out, plan, (progress) => {
    const hooks: DurabilityHooks = {
      signal,
      entry: nodeEntry(),
      waitTimeoutMs: waitTimeout,
      onReady: progress.onReady,
      onStep: progress.onStep,
      keep: async (trial) => {
        await run.appendRows(RUN_FILES.trials, [trial]);
        progress.onTrial(trial);
      },
      onFailure: (name) => keepLogs(name, run),
    };
    return runDurability(plan, hooks);
  });
}

/** They go with the cluster; what a node said may be the only trace of what went wrong. */
async function keepLogs(name: string, run: Run): Promise<void> {
  for (const { id, log } of loadState(name).nodes) {
    if (existsSync(log)) await run.write(`logs/${id}.log`, readFileSync(log));
  }
}

function resultOf({ spec, delay, trials }: DurabilityPlan, outcome: DurabilityOutcome): DurabilityResult {
  const { followers, store, seed } = spec;
  return durabilityResult({ seed, trials, cluster: { followers, store, delay } }, outcome.trials, outcome);
}

/** Nothing is drawn of nothing. */
async function report(run: Run, result: DurabilityResult, circumstances: Omit<DurabilityInput, 'result'>): Promise<WrittenReport> {
  return result.results.length === 0 ? { result, failures: [] } : writeDurabilityReport(run, { ...circumstances, result });
}

function exitCodeOf({ verdict }: DurabilityResult, { error }: DurabilityOutcome): number {
  switch (verdict) {
    case 'ok':
      return EXIT.ok;
    case 'violation':
      return EXIT.violation;
    case 'inconclusive':
      return EXIT.inconclusive;
    case 'interrupted':
      return EXIT.interrupted;
    case 'failed':
      return error?.exitCode ?? EXIT.error;
  }
}
