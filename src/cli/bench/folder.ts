/**
 * The run folder of a benchmark or a scenario: made before anything is measured, filled after each step, closed with how it ended.
 * Which file holds what: runs/run.ts. What is in the report: report/.
 */
import type { ExperimentPlan } from '../../experiment/plan.ts';
import type { ExecuteOptions, Outcome } from '../../experiment/run.ts';
import { type Distribution, formatDistribution } from '../../lib/distribution.ts';
import type { RunResult } from '../../measure/run-result.ts';
import { openRun, RUN_FILES, type Run } from '../../runs/run.ts';
import { environmentOf } from '../environment.ts';

export interface FolderOptions {
  readonly plan: ExperimentPlan;
  /** A directory that the user named; null: a new one below `runs/`. */
  readonly out: string | null;
  /** The command line that repeats the run. */
  readonly command: string;
  /** The document that is kept as the run's summary. */
  readonly documentOf: (result: RunResult) => object;
}

export interface RunFolder {
  readonly run: Run;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly keep: NonNullable<ExecuteOptions['keep']>;
  /** Results and how the run ended; points `runs/latest` here. */
  finish(outcome: Outcome, document: object, exitCode: number): Promise<void>;
  /** Nothing was measured, because of this. */
  fail(error: unknown, isInterrupted: boolean): Promise<void>;
}

type Ending = 'running' | 'complete' | 'interrupted' | 'failed';

/** Throws `io` if there is no place for the results. */
export async function openFolder({ plan, out, command, documentOf }: FolderOptions): Promise<RunFolder> {
  const now = new Date();
  const startedAt = now.toISOString();
  const run = await openRun({ root: 'runs', out, name: plan.name, now });
  const environment = environmentOf();
  // Until the run has ended the file says `running`, and so it does for ever after a kill.
  const tell = (ending: Ending, more: object = {}) => run.writeJson(RUN_FILES.outcome, { ending, command, started_at: startedAt, ...more });
  await run.writeJson(RUN_FILES.spec, specOf(plan));
  await run.writeJson(RUN_FILES.environment, environment);
  await tell('running');
  return {
    run,
    startedAt,
    environment,
    keep: async ({ row, quorum, samples, trace, staleReads }, resultSoFar) => {
      await run.appendRows(RUN_FILES.samples, withRow({ row }, samples));
      await run.appendRows(RUN_FILES.trace, withRow({ row, quorum }, trace));
      if (staleReads.length > 0) await run.appendRows(RUN_FILES.staleReads, withRow({ row }, staleReads));
      await run.writeJson(RUN_FILES.summary, documentOf(resultSoFar));
    },
    finish: async ({ isInterrupted, error, remarks }, document, exitCode) => {
      await run.writeJson(RUN_FILES.summary, document);
      const ending = isInterrupted ? 'interrupted' : error === null ? 'complete' : 'failed';
      await tell(ending, { ended_at: new Date().toISOString(), exit_code: exitCode, error: error?.toBody() ?? null, remarks });
      await run.finish();
    },
    fail: async (error, isInterrupted) => {
      const message = error instanceof Error ? error.message : String(error);
      await tell(isInterrupted ? 'interrupted' : 'failed', { ended_at: new Date().toISOString(), error: { message } });
    },
  };
}

/** A million writes are never in memory twice. */
function* withRow(row: object, items: readonly object[]): Generator<object> {
  for (const item of items) yield { ...row, ...item };
}

/** The plan as plain JSON: maps become objects of texts. */
function specOf(plan: ExperimentPlan): object {
  return JSON.parse(JSON.stringify(plan, (_name, value: unknown) => (value instanceof Map ? textsOf(value) : value))) as object;
}

function textsOf(delays: ReadonlyMap<string, Distribution>): Readonly<Record<string, string>> {
  return Object.fromEntries([...delays].map(([id, delay]) => [id, formatDistribution(delay)]));
}
