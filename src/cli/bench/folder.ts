/**
 * The run folder of a benchmark: made before anything is measured, filled after each step, closed with how it ended.
 * Which file holds what: runs/run.ts. What is in the report: report/.
 */
import type { ExperimentPlan } from '../../experiment/plan.ts';
import type { ExecuteOptions, Outcome } from '../../experiment/run.ts';
import { formatDistribution } from '../../lib/distribution.ts';
import type { WriteTrace } from '../../measure/trace.ts';
import { openRun, RUN_FILES, type Run } from '../../runs/run.ts';
import { environmentOf } from '../environment.ts';

/** How the run ended; until it has, the file says `running`, and so it does for ever after a kill. */
const OUTCOME_FILE = 'outcome.json';

export interface BenchFolder {
  readonly run: Run;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly keep: NonNullable<ExecuteOptions['keep']>;
  /** Results and how the run ended; points `runs/latest` here. */
  finish(outcome: Outcome, exitCode: number): Promise<void>;
  /** Nothing was measured, because of this. */
  fail(error: unknown, isInterrupted: boolean): Promise<void>;
}

type Ending = 'running' | 'complete' | 'interrupted' | 'failed';

/** Throws `io` if there is no place for the results. `out` null: a new folder below `runs/`. */
export async function openFolder(plan: ExperimentPlan, out: string | null): Promise<BenchFolder> {
  const now = new Date();
  const startedAt = now.toISOString();
  const run = await openRun({ root: 'runs', out, name: 'bench', now });
  const environment = environmentOf();
  const tell = (ending: Ending, more: object = {}) => run.writeJson(OUTCOME_FILE, { ending, started_at: startedAt, ...more });
  await run.writeJson(RUN_FILES.spec, specOf(plan));
  await run.writeJson(RUN_FILES.environment, environment);
  await tell('running');
  return {
    run,
    startedAt,
    environment,
    keep: async ({ quorum, samples, trace }, resultSoFar) => {
      await run.appendRows(RUN_FILES.samples, samples);
      await run.appendRows(RUN_FILES.trace, rowsOf(quorum, trace));
      await run.writeJson(RUN_FILES.summary, resultSoFar);
    },
    finish: async ({ result, isInterrupted, error, remarks }, exitCode) => {
      await run.writeJson(RUN_FILES.summary, result);
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
function* rowsOf(quorum: number, trace: readonly WriteTrace[]): Generator<object> {
  for (const write of trace) yield { quorum, ...write };
}

/** The plan as plain JSON: maps become objects of texts. */
function specOf({ target, followers, seed, delays, load, steps }: ExperimentPlan): object {
  const texts = Object.fromEntries([...delays].map(([id, delay]) => [id, formatDistribution(delay)]));
  return {
    target: target.kind === 'own' ? target : { ...target, view: { ...target.view, delays: texts } },
    followers,
    seed,
    delays: texts,
    load,
    steps,
  };
}
