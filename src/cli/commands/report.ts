/**
 * `kvctl report [RUN]`: draws the report of a run again, offline, from what its folder keeps, and prints the result as the verb did
 * that made it. Raw data is only read; what is written is what follows from it.
 */
import { join } from 'node:path';
import type { Command } from 'commander';
import { visible } from '../../lib/text.ts';
import { type DurabilityResult, recomputeDurability } from '../../measure/durability-result.ts';
import { recompute, recomputeRun } from '../../measure/recompute.ts';
import type { BenchResult } from '../../measure/result.ts';
import { findRun, type KeptBench, type KeptDurability, type KeptRun, type KeptScenario, readRun } from '../../runs/kept.ts';
import { openRun, RUN_FILES, Run } from '../../runs/run.ts';
import { writeDurabilityReport } from '../bench/durability-report.ts';
import { showDurability } from '../bench/durability-view.ts';
import { openReport } from '../bench/open.ts';
import { REPORT_FILE, writeReport } from '../bench/report.ts';
import { showResult } from '../bench/view.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit.ts';
import { examples } from '../options.ts';
import type { Output, Result } from '../output.ts';
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
Of \`bench --durability\` everything is recomputed from trials.ndjson.
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

function draw({ out }: Context, kept: KeptRun, target: Run): Promise<Drawn> {
  switch (kept.kind) {
    case 'bench':
      return drawBench(out, kept, target);
    case 'run':
      return drawScenario(out, kept, target);
    case 'durability':
      return drawDurability(out, kept, target);
  }
}

async function drawBench(out: Output, kept: KeptBench, target: Run): Promise<Drawn> {
  const result = recompute(kept.result, kept);
  const input = { ...circumstancesOf(kept), result, shapes: shapesOf(result, kept.samples) };
  const written = await writeReport(target, input, { keepsSummary: keepsResult(kept, target) });
  return {
    result: showResult(out, { result: written.result, folder: target.dir, hasReport: true }),
    failures: written.failures,
    changed: changedRows(rowsOf([kept.result]), rowsOf([result])),
  };
}

async function drawScenario(out: Output, kept: KeptScenario, target: Run): Promise<Drawn> {
  const result = recomputeRun(kept.result, kept);
  const input = { ...circumstancesOf(kept), result, ...rawInput(result, kept.samples) };
  const written = await writeRunReport(target, input, { keepsSummary: keepsResult(kept, target) });
  return {
    result: showRun(out, { result: written.result, folder: target.dir, hasReport: true }),
    failures: written.failures,
    changed: changedRows(rowsOf(kept.result.sweeps), rowsOf(result.sweeps)),
  };
}

async function drawDurability(out: Output, kept: KeptDurability, target: Run): Promise<Drawn> {
  const drawn = recomputeDurability(kept.result, kept.trials, kept.ended);
  const { result, failures } = await writeDurabilityReport(target, { ...circumstancesOf(kept), result: drawn });
  if (!keepsResult(kept, target)) await target.writeJson(RUN_FILES.durability, result);
  const named = ({ results }: DurabilityResult) => results.map((row) => ({ ...row, row: `quorum=${row.quorum}` }));
  return { result: showDurability(out, { result, folder: target.dir }), failures, changed: changedRows(named(kept.result), named(drawn)) };
}

function circumstancesOf({ environment, startedAt, command }: KeptRun) {
  return { environment, startedAt, command };
}

/** A run that may still be under way writes its result itself, and must find nothing older there. */
function keepsResult(kept: KeptRun, target: Run): boolean {
  return kept.ending === 'running' && target.dir === kept.dir;
}

interface NamedRow {
  readonly row: string;
}

function rowsOf(sweeps: readonly BenchResult[]): readonly NamedRow[] {
  return sweeps.flatMap((sweep) => sweep.results);
}

/** Names of the rows that were there before with other figures. The order of members does not count; figures do, to nine digits. */
function changedRows(before: readonly NamedRow[], after: readonly NamedRow[]): string[] {
  const old = new Map(before.map((row) => [row.row, digest(row)]));
  return after.filter((row) => old.has(row.row) && old.get(row.row) !== digest(row)).map((row) => row.row);
}

function digest(row: NamedRow): string {
  const members = Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(members, (_name, value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(9)) : value));
}
