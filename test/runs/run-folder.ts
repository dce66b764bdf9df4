// Run folders as bench and run leave them, made of the fixtures of the report's tests instead of minutes of measuring.
import { RUN_FILES, Run } from '../../src/runs/run.ts';

interface Kept {
  readonly result: object;
  readonly samples: readonly object[];
  readonly trace: readonly object[];
  readonly staleReads?: readonly object[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly outcome?: object;
}

/** `dir` is made if absent. */
export async function writeRunFolder(dir: string, { result, samples, trace, staleReads = [], environment, outcome }: Kept): Promise<void> {
  const run = new Run(dir, null);
  await run.writeJson(RUN_FILES.spec, { seed: 1 });
  await run.writeJson(RUN_FILES.environment, environment ?? { kvctl: '0.1.0', node: 'v24.0.0', processors: '2 x a test' });
  await run.writeJson(RUN_FILES.summary, result);
  await run.appendRows(RUN_FILES.samples, samples);
  await run.appendRows(RUN_FILES.trace, trace);
  if (staleReads.length > 0) await run.appendRows(RUN_FILES.staleReads, staleReads);
  const ended = { ended_at: '2025-11-21T01:46:01Z', exit_code: 0, error: null, remarks: [] };
  const begun = { command: 'kvctl bench --seed 1', started_at: '2025-11-21T01:45:01Z' };
  await run.writeJson(RUN_FILES.outcome, { ending: 'complete', ...begun, ...ended, ...outcome });
}
