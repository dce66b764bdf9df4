/**
 * A run folder read again: by report, which draws it anew, and by compare.
 *
 * Nothing is written here. What is broken or foreign is an `io` error that names file, place and what to do; what a run that was
 * killed leaves behind (no end, a torn last line) is read, and told as a remark. How a file is read: kept-file.ts.
 */
import { realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DurabilityTrial } from '../measure/durability.ts';
import type { DurabilityEnding, DurabilityResult } from '../measure/durability-result.ts';
import type { RawData, RowSample, RowTrace } from '../measure/recompute.ts';
import type { BenchResult } from '../measure/result.ts';
import type { RunResult } from '../measure/run-result.ts';
import { durabilitySchema, planSchema, trialSchema } from './durability-schema.ts';
import { broken, checkDocument, readDocument, readJson, readRecords, readRows } from './kept-file.ts';
import { RUN_FILES } from './run.ts';
import { benchSchema, environmentSchema, outcomeSchema, runSchema, sampleSchema, staleReadSchema, traceSchema } from './schema.ts';

/** What was kept of one benchmark, of one scenario's run, or of one `bench --durability`. */
export type KeptRun = KeptBench | KeptScenario | KeptDurability;
export type KeptBench = KeptFolder & KeptRaw & { readonly kind: 'bench'; readonly result: BenchResult };
export type KeptScenario = KeptFolder & KeptRaw & { readonly kind: 'run'; readonly result: RunResult };
export type KeptDurability = KeptFolder & {
  readonly kind: 'durability';
  /** Without rows if it was killed before it could conclude: they follow from the trials. */
  readonly result: DurabilityResult;
  /** In the order in which they were made. */
  readonly trials: readonly DurabilityTrial[];
  readonly ended: DurabilityEnding;
};

interface KeptFolder {
  /** Absolute, and no link: `runs/latest` is the folder that it points at. */
  readonly dir: string;
  readonly environment: Readonly<Record<string, string>>;
  /** ISO 8601; empty if that was not kept. */
  readonly startedAt: string;
  /** The command line that repeats it; null if it was not kept. */
  readonly command: string | null;
  /** `running` also of one that was killed. */
  readonly ending: 'running' | 'complete' | 'interrupted' | 'failed';
  /** What ended a failed one; null if nothing did, or if that was not kept. */
  readonly error: { readonly message: string } | null;
  /** What a person should know of the folder, in sentences. */
  readonly remarks: readonly string[];
}

/** By the name of the row or step; empty where the file is missing. */
interface KeptRaw extends RawData {
  readonly samples: ReadonlyMap<string, readonly RowSample[]>;
  readonly trace: ReadonlyMap<string, readonly RowTrace[]>;
}

const RUNS = 'runs';
const LATEST = join(RUNS, 'latest');

/** The folder that a person means: a directory, or the name of one below `runs/`; undefined is the last run. Absolute. */
export async function findRun(text: string | undefined): Promise<string> {
  const candidates = text === undefined ? [LATEST] : [text, join(RUNS, text)];
  for (const candidate of candidates) {
    const found = await stat(candidate).catch(() => null);
    if (found?.isDirectory()) return realpath(candidate);
    if (found !== null) throw broken(candidate, 'expected the directory of a run, got a file: name the directory that it is in');
  }
  if (text === undefined) {
    throw broken(
      LATEST,
      `expected the last run at ${LATEST}, got none: \`kvctl bench\` and \`kvctl run\` keep theirs there, or name a folder`,
    );
  }
  throw broken(text, `expected the directory of a run, or a name below ${RUNS}/, got ${JSON.stringify(text)}, which is neither`);
}

/** Reads all of it. A million requests take some hundred MB. */
export async function readRun(dir: string): Promise<KeptRun> {
  const folder = await readFolder(dir);
  const summary = await readJson(dir, RUN_FILES.summary);
  if (summary !== null) return readMeasured(folder, summary);
  const durability = await readDurability(folder);
  if (durability !== null) return durability;
  throw broken(dir, await whyNoSummary(dir, folder.error?.message ?? null));
}

async function readFolder(dir: string): Promise<KeptFolder> {
  const outcome = await readDocument(dir, RUN_FILES.outcome, outcomeSchema);
  return {
    dir,
    environment: (await readDocument(dir, RUN_FILES.environment, environmentSchema)) ?? {},
    startedAt: outcome?.started_at ?? '',
    command: outcome?.command ?? null,
    ending: outcome?.ending ?? 'complete',
    error: outcome?.error ?? null,
    remarks: [
      ...(outcome === null ? [`${RUN_FILES.outcome} is missing, so how the run ended is not known`] : []),
      ...(outcome?.ending === 'running' ? ['this run has not ended, or was killed: what it had measured by then is shown'] : []),
    ],
  };
}

async function readMeasured(folder: KeptFolder, summary: object): Promise<KeptBench | KeptScenario> {
  const { dir } = folder;
  const remarks = [...folder.remarks];
  const raw = {
    ...folder,
    samples: await readRows(dir, RUN_FILES.samples, sampleSchema, remarks),
    trace: await readRows(dir, RUN_FILES.trace, traceSchema, remarks),
    staleReads: await readRows(dir, RUN_FILES.staleReads, staleReadSchema, remarks),
  };
  // The member that only a scenario's document has tells the two apart.
  if ('scenario' in summary) {
    const result = checkDocument(dir, RUN_FILES.summary, summary, runSchema);
    return { ...raw, kind: 'run', result, remarks: [...remarks, ...missingRaw(raw, result.sweeps)] };
  }
  const result = checkDocument(dir, RUN_FILES.summary, summary, benchSchema);
  return { ...raw, kind: 'bench', result, remarks: [...remarks, ...missingRaw(raw, [result])] };
}

/**
 * Null if it is none, or one that made no trial. What it was about is in its document, and in its plan if it was killed before that was
 * written.
 */
async function readDurability(folder: KeptFolder): Promise<KeptDurability | null> {
  const { dir } = folder;
  const remarks = [...folder.remarks];
  const trials: DurabilityTrial[] = [];
  await readRecords(dir, RUN_FILES.trials, trialSchema, remarks, (trial) => trials.push(trial));
  const document = await readDocument(dir, RUN_FILES.durability, durabilitySchema);
  if (trials.length === 0 && (document?.results.length ?? 0) === 0) return null;
  const result = document ?? (await readDocument(dir, RUN_FILES.spec, planSchema));
  if (result === null) {
    throw broken(
      dir,
      `expected ${RUN_FILES.durability} or ${RUN_FILES.spec} beside ${RUN_FILES.trials} in ${dir}, got neither, so what was tried is not known`,
    );
  }
  const without = result.results.filter(({ quorum }) => !trials.some((trial) => trial.quorum === quorum));
  if (without.length > 0) {
    const quorums = without.map(({ quorum }) => quorum).join(', ');
    remarks.push(`${RUN_FILES.trials} has no trials of quorum ${quorums}: figures are those of ${RUN_FILES.durability}`);
  }
  return { ...folder, kind: 'durability', result, trials, ended: endedOf(folder), remarks };
}

/** One that was killed is as good as interrupted. */
function endedOf({ ending, error }: KeptFolder): DurabilityEnding {
  const isInterrupted = ending === 'interrupted' || ending === 'running';
  return { isInterrupted, error: ending === 'failed' ? (error ?? { message: 'it ended with an error that was not kept' }) : null };
}

function missingRaw({ samples }: Pick<KeptRaw, 'samples'>, sweeps: readonly BenchResult[]): string[] {
  const rows = sweeps.flatMap((sweep) => sweep.results).filter((row) => row.requests > 0);
  const without = rows.filter((row) => !samples.has(row.row));
  if (without.length === 0) return [];
  const which = without.length === rows.length ? 'no row' : `${without.length} of ${rows.length} rows have no data`;
  return [
    which === 'no row'
      ? `${RUN_FILES.samples} has no requests of any row: figures are those of ${RUN_FILES.summary}`
      : `${which} in ${RUN_FILES.samples}: their figures are those of ${RUN_FILES.summary}`,
  ];
}

async function whyNoSummary(dir: string, error: string | null): Promise<string> {
  if (error !== null) return `expected a run with results in ${dir}, got one that ended before anything was measured: ${error}`;
  if ((await stat(join(dir, RUN_FILES.history)).catch(() => null)) !== null) {
    return `expected the run of a benchmark or a scenario in ${dir}, got one of chaos: \`kvctl check-history ${join(dir, RUN_FILES.history)}\` judges its history again`;
  }
  const hasSpec = (await stat(join(dir, RUN_FILES.spec)).catch(() => null)) !== null;
  return hasSpec
    ? `expected a run with results in ${dir}, got one that ended before anything was measured`
    : `expected the directory of a run, got ${dir}, which has no ${RUN_FILES.summary}`;
}
