// Run folders as bench and run leave them, made of the fixtures of the report's tests instead of minutes of measuring.
import type { DurabilityTrial } from '../../src/measure/durability.ts';
import type { DurabilityResult } from '../../src/measure/durability-result.ts';
import { RUN_FILES, Run } from '../../src/runs/run.ts';

interface Kept {
  readonly result: object;
  readonly samples: readonly object[];
  readonly trace: readonly object[];
  readonly staleReads?: readonly object[];
  readonly environment?: Readonly<Record<string, string>> | undefined;
  readonly outcome?: object | undefined;
}

/** `dir` is made if absent. */
export async function writeRunFolder(dir: string, { result, samples, trace, staleReads = [], environment, outcome }: Kept): Promise<void> {
  const run = new Run(dir, null);
  await writeCircumstances(run, { spec: { seed: 1 }, command: 'kvctl bench --seed 1', environment, outcome });
  await run.writeJson(RUN_FILES.summary, result);
  await run.appendRows(RUN_FILES.samples, samples);
  await run.appendRows(RUN_FILES.trace, trace);
  if (staleReads.length > 0) await run.appendRows(RUN_FILES.staleReads, staleReads);
}

interface KeptTrials {
  /** Null: the run was killed before it had one. */
  readonly result: DurabilityResult | null;
  readonly trials: readonly DurabilityTrial[];
  readonly outcome?: object | undefined;
}

/** As `bench --durability` leaves it, of five followers. */
export async function writeDurabilityFolder(dir: string, { result, trials, outcome }: KeptTrials): Promise<void> {
  const run = new Run(dir, null);
  const spec = { spec: { followers: 5, store: 'sqlite', seed: 1 }, delay: '0-500', trials: 20 };
  await writeCircumstances(run, { spec, command: 'kvctl bench --durability --seed 1', outcome });
  await run.appendRows(RUN_FILES.trials, trials);
  if (result !== null) await run.writeJson(RUN_FILES.durability, result);
}

interface Circumstances extends Pick<Kept, 'environment' | 'outcome'> {
  readonly spec: object;
  readonly command: string;
}

async function writeCircumstances(run: Run, { spec, command, environment, outcome }: Circumstances): Promise<void> {
  await run.writeJson(RUN_FILES.spec, spec);
  await run.writeJson(RUN_FILES.environment, environment ?? { kvctl: '0.1.0', node: 'v24.0.0', processors: '2 x a test' });
  const ended = { ended_at: '2025-11-21T01:46:01Z', exit_code: 0, error: null, remarks: [] };
  await run.writeJson(RUN_FILES.outcome, { ending: 'complete', command, started_at: '2025-11-21T01:45:01Z', ...ended, ...outcome });
}
