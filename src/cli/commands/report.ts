/**
 * `kvctl report [RUN]`: draws the report of a run again, offline, from what its folder keeps, and prints the result as the verb did
 * that made it. Raw data is only read; what is written is what follows from it.
 */
import { join } from 'node:path';
import type { Command } from 'commander';
import { visible } from '../../lib/text.ts';
import { recompute, recomputeRun } from '../../measure/recompute.ts';
import type { BenchResult, QuorumResult } from '../../measure/result.ts';
import { findRun, type KeptRun, readRun } from '../../runs/kept.ts';
import { openRun, Run } from '../../runs/run.ts';
import { openReport } from '../bench/open.ts';
import { REPORT_FILE, writeReport } from '../bench/report.ts';
import { showResult } from '../bench/view.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit.ts';
import { examples } from '../options.ts';
import type { Result } from '../output.ts';
import { rawInput, shapesOf } from '../run/raw.ts';
import { writeRunReport } from '../run/report.ts';
import { showRun } from '../run/view.ts';

interface ReportOptions {
  readonly out?: string;
  readonly open?: boolean;
}

export function describe(command: Command): void {
  command
    .argument('[run]', 'a directory, or the name of one below runs/ (default: runs/latest)')
    .option('--out <dir>', 'write the report to this directory, and leave the run’s own as it is')
    .option('--open', 'open the report in the browser')
    .addHelpText(
      'after',
      `${examples('kvctl report', 'kvctl report 20251121T014501Z-bench --open', 'kvctl report old/run --out redrawn')}

Recomputed from samples.ndjson and trace.ndjson: counts, latencies, intervals, throughput, floor, overhead, replication, stale reads.
Kept as they were: the model, the looks at the replicas, steps, marks, expectations, how busy generator and leader were.
spec.json, environment.json, outcome.json and the raw data are never written.`,
    );
}

export async function run(context: Context, options: ReportOptions, named: string | undefined): Promise<number> {
  const { out } = context;
  const kept = await readRun(await findRun(named));
  const target =
    options.out === undefined ? new Run(kept.dir, null) : await openRun({ root: '', out: options.out, name: '', now: new Date(0) });
  for (const remark of kept.remarks) out.warn(visible(remark));
  const { result, failures, changed } = await draw(context, kept, target);
  for (const failure of failures) out.warn(failure);
  if (changed.length > 0) out.note(`this version computes other figures than the run itself did: ${visible(changed.join(', '))}`);
  out.result(result);
  if (options.open) await openReport(context, join(target.dir, REPORT_FILE));
  return EXIT.ok;
}

interface Drawn {
  readonly result: Result;
  readonly failures: readonly string[];
  /** Rows whose figures came out differently. */
  readonly changed: readonly string[];
}

async function draw({ out }: Context, kept: KeptRun, target: Run): Promise<Drawn> {
  const { environment, startedAt, command } = kept;
  const circumstances = { environment, startedAt, command };
  // A run that may still be under way writes its summary itself, and must find nothing older there.
  const keepsSummary = kept.ending === 'running' && target.dir === kept.dir;
  if (kept.kind === 'bench') {
    const result = recompute(kept.result, kept);
    const shapes = shapesOf(result, kept.samples);
    const written = await writeReport(target, { ...circumstances, result, shapes }, { keepsSummary });
    return {
      result: showResult(out, { result: written.result, folder: target.dir, hasReport: true }),
      failures: written.failures,
      changed: changedRows([kept.result], [result]),
    };
  }
  const result = recomputeRun(kept.result, kept);
  const written = await writeRunReport(target, { ...circumstances, result, ...rawInput(result, kept.samples) }, { keepsSummary });
  return {
    result: showRun(out, { result: written.result, folder: target.dir, hasReport: true }),
    failures: written.failures,
    changed: changedRows(kept.result.sweeps, result.sweeps),
  };
}

/** By their names. The order of members does not count; figures do, to nine digits. */
function changedRows(before: readonly BenchResult[], after: readonly BenchResult[]): string[] {
  const rows = after.flatMap((sweep) => sweep.results);
  const old = new Map(before.flatMap((sweep) => sweep.results.map((row) => [row.row, digest(row)] as const)));
  return rows.filter((row) => old.get(row.row) !== digest(row)).map((row) => row.row);
}

function digest(row: QuorumResult): string {
  const members = Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(members, (_name, value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(9)) : value));
}
