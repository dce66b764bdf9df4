/**
 * A run folder read again: by report, which draws it anew, and by compare.
 *
 * Nothing is written here. What is broken or foreign is an `io` error that names file, place and what to do; what a run that was
 * killed leaves behind (no end, a torn last line) is read, and told as a remark.
 */
import { open, readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import type { RowSample, RowTrace } from '../measure/recompute.ts';
import type { BenchResult } from '../measure/result.ts';
import type { RunResult } from '../measure/run-result.ts';
import type { StaleRead } from '../measure/stale.ts';
import { KvctlError } from '../wire/errors.ts';
import { RUN_FILES } from './run.ts';
import { benchSchema, environmentSchema, outcomeSchema, runSchema, sampleSchema, staleReadSchema, traceSchema } from './schema.ts';

/** What was kept of one benchmark, or of one scenario's run. */
export type KeptRun = KeptRaw &
  ({ readonly kind: 'bench'; readonly result: BenchResult } | { readonly kind: 'run'; readonly result: RunResult });

interface KeptRaw {
  /** Absolute, and no link: `runs/latest` is the folder that it points at. */
  readonly dir: string;
  readonly environment: Readonly<Record<string, string>>;
  /** ISO 8601; empty if that was not kept. */
  readonly startedAt: string;
  /** The command line that repeats it; null if it was not kept. */
  readonly command: string | null;
  /** `running` also of one that was killed. */
  readonly ending: 'running' | 'complete' | 'interrupted' | 'failed';
  /** By the name of the row or step; empty where the file is missing. */
  readonly samples: ReadonlyMap<string, readonly RowSample[]>;
  readonly trace: ReadonlyMap<string, readonly RowTrace[]>;
  readonly staleReads: ReadonlyMap<string, readonly StaleRead[]>;
  /** What a person should know of the folder, in sentences. */
  readonly remarks: readonly string[];
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
  const remarks: string[] = [];
  const outcome = await readDocument(dir, RUN_FILES.outcome, outcomeSchema);
  const summary = await readJson(dir, RUN_FILES.summary);
  if (summary === null) throw broken(dir, await whyNoSummary(dir, outcome?.error?.message ?? null));
  if (outcome === null) remarks.push(`${RUN_FILES.outcome} is missing, so how the run ended is not known`);
  if (outcome?.ending === 'running') remarks.push('this run has not ended, or was killed: what it had measured by then is shown');
  const raw = {
    dir,
    environment: (await readDocument(dir, RUN_FILES.environment, environmentSchema)) ?? {},
    startedAt: outcome?.started_at ?? '',
    command: outcome?.command ?? null,
    ending: outcome?.ending ?? 'complete',
    samples: await readRows(dir, RUN_FILES.samples, sampleSchema, remarks),
    trace: await readRows(dir, RUN_FILES.trace, traceSchema, remarks),
    staleReads: await readRows(dir, RUN_FILES.staleReads, staleReadSchema, remarks),
  } as const;
  // The member that only a scenario's document has tells the two apart.
  const isScenario = typeof summary === 'object' && 'scenario' in summary;
  if (isScenario) {
    const result = check(dir, RUN_FILES.summary, summary, runSchema);
    return { ...raw, kind: 'run', result, remarks: [...remarks, ...missingRaw(raw, result.sweeps)] };
  }
  const result = check(dir, RUN_FILES.summary, summary, benchSchema);
  return { ...raw, kind: 'bench', result, remarks: [...remarks, ...missingRaw(raw, [result])] };
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
  if ((await stat(join(dir, RUN_FILES.trials)).catch(() => null)) !== null) {
    return `expected the run of a benchmark or a scenario in ${dir}, got one of \`kvctl bench --durability\`, which is drawn once: its report.html is there`;
  }
  const hasSpec = (await stat(join(dir, RUN_FILES.spec)).catch(() => null)) !== null;
  return hasSpec
    ? `expected a run with results in ${dir}, got one that ended before anything was measured`
    : `expected the directory of a run, got ${dir}, which has no ${RUN_FILES.summary}`;
}

async function readDocument<T>(dir: string, file: string, schema: z.ZodType<T>): Promise<T | null> {
  const value = await readJson(dir, file);
  return value === null ? null : check(dir, file, value, schema);
}

/** null if there is no such file. */
async function readJson(dir: string, file: string): Promise<object | null> {
  const path = join(dir, file);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw broken(path, `expected to read ${path}, got ${error.message}`, error);
  });
  if (text === null) return null;
  const value = parseJson(text);
  if (typeof value === 'object' && value !== null) return value;
  throw broken(path, `expected a JSON document in ${path}, got ${text === '' ? 'an empty file' : 'text that is none'}`);
}

function check<T>(dir: string, file: string, value: unknown, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const path = join(dir, file);
  throw broken(
    path,
    `expected ${path} as kvctl writes it, got another document: ${firstIssue(parsed.error)}. Was it edited, or is it of another version?`,
  );
}

/** Path and complaint of the first thing that is wrong. */
function firstIssue({ issues: [issue] }: z.ZodError): string {
  if (issue === undefined) return 'something is wrong';
  const where = issue.path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return `${where.replace(/^\./, '') || 'the whole'}: ${issue.message}`;
}

/**
 * Lines of one file by row, in their order; none if there is no file. A last line that does not parse is torn, because the writer
 * died within it; any other is a mistake.
 */
async function readRows<T extends { readonly row: string }>(
  dir: string,
  file: string,
  schema: z.ZodType<T>,
  remarks: string[],
): Promise<ReadonlyMap<string, readonly T[]>> {
  const path = join(dir, file);
  const rows = new Map<string, T[]>();
  let number = 0;
  let torn: number | null = null;
  const handle = await open(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw broken(path, `expected to read ${path}, got ${error.message}`, error);
  });
  if (handle === null) return rows;
  try {
    for await (const line of handle.readLines({ autoClose: false })) {
      number += 1;
      if (line === '') continue;
      if (torn !== null) throw broken(path, `expected one JSON document per line in ${path}, got something else in line ${torn}`);
      const value = parseJson(line);
      if (value === undefined) {
        torn = number;
        continue;
      }
      const record = check(dir, `${file}, line ${number},`, value, schema);
      const group = rows.get(record.row);
      if (group === undefined) rows.set(record.row, [record]);
      else group.push(record);
    }
  } finally {
    await handle.close();
  }
  if (torn !== null) remarks.push(`the last line of ${file} is torn and left out: the run died while it was written`);
  return rows;
}

/** undefined: it is none. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function broken(path: string, message: string, cause?: unknown): KvctlError {
  return new KvctlError('io', message, { path }, cause);
}
