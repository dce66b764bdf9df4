/** The run folder of chaos, or of a durability run: what was meant before it begins, the raw data while it goes on, and what it showed. */
import { openRun, RUN_FILES, type Run } from '../../runs/run.ts';
import type { KvctlError } from '../../wire/errors.ts';
import { environmentOf } from '../environment.ts';

export interface ChaosFolder {
  readonly run: Run;
  /** The result, and how it ended; points `runs/latest` here. */
  finish(document: object, ending: 'complete' | 'interrupted' | 'failed', exitCode: number, error: KvctlError | null): Promise<void>;
  /** It ended before its first request, because of this. */
  fail(error: unknown, isInterrupted: boolean): Promise<void>;
}

/** `spec`: all that the run will do. Throws `io` if there is no place for the results. */
export async function openFolder(
  spec: object,
  out: string | null,
  command: string,
  kind: 'chaos' | 'durability' = 'chaos',
): Promise<ChaosFolder> {
  const now = new Date();
  const run = await openRun({ root: 'runs', out, name: kind, now });
  const tell = (ending: string, more: object = {}) =>
    run.writeJson(RUN_FILES.outcome, { ending, command, started_at: now.toISOString(), ...more });
  await run.writeJson(RUN_FILES.spec, spec);
  await run.writeJson(RUN_FILES.environment, environmentOf());
  await tell('running');
  return {
    run,
    finish: async (document, ending, exitCode, error) => {
      await run.writeJson(RUN_FILES[kind], document);
      await tell(ending, { ended_at: new Date().toISOString(), exit_code: exitCode, error: error?.toBody() ?? null });
      await run.finish();
    },
    fail: async (error, isInterrupted) => {
      const message = error instanceof Error ? error.message : String(error);
      await tell(isInterrupted ? 'interrupted' : 'failed', { ended_at: new Date().toISOString(), error: { message } });
    },
  };
}
