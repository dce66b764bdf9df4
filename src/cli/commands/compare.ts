/**
 * `kvctl compare A B`: what changed from one run to the other, figure by figure, with intervals: better, worse, the same, or not to
 * be told. With --fail-on it is a gate for scripts.
 */
import { type Command, Option } from 'commander';
import { fail, ok, type Result as Parsed } from '../../lib/result.ts';
import { visible } from '../../lib/text.ts';
import { type CompareOptions, compareRows, type RunData, totalsOf } from '../../measure/compare.ts';
import { compareDurability } from '../../measure/compare-durability.ts';
import { judgeLimit, type Limit, parseLimit } from '../../measure/compare-limit.ts';
import type { ComparedRow, ComparedSide, Comparison, LimitResult } from '../../measure/compare-result.ts';
import { type Circumstances, settingOfDurability, settingOfSweeps, warningsOf } from '../../measure/compare-warnings.ts';
import { recomputeDurability } from '../../measure/durability-result.ts';
import { recompute, recomputeRun } from '../../measure/recompute.ts';
import type { BenchResult } from '../../measure/result.ts';
import { comparisonRows, comparisonTable, explainComparison, limitsTable } from '../../report/compare.ts';
import { markdownTable } from '../../report/markdown.ts';
import { findRun, type KeptBench, type KeptRun, type KeptScenario, readRun } from '../../runs/kept.ts';
import { KvctlError } from '../../wire/errors.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit.ts';
import { layOut } from '../lay-out.ts';
import { examples, option, parsedBy } from '../options.ts';
import type { Output, Result } from '../output.ts';

interface Options {
  readonly failOn: readonly Limit[];
  readonly minChange: number;
  readonly confidence: number;
  readonly strict?: boolean;
}

export function describe(command: Command): void {
  const limit = parsedBy(parseLimit);
  command
    .argument('<a>', 'the run to compare against: a directory, or the name of one below runs/')
    .argument('<b>', 'the run that is judged; `latest` is the last')
    .addOption(option('--min-change <percent>', 'changes below this do not count', percent(0, 100)).default(0.01, '1%'))
    .addOption(option('--confidence <percent>', 'of the intervals', percent(50, 99.9)).default(0.95, '95%'))
    .addOption(
      new Option('--fail-on <limit>', 'exit with 99 if a figure changed by more than this for certain: "p(95)>+10%" (repeatable)')
        .argParser((text: string, before: readonly Limit[]) => [...before, limit(text)])
        .default([], 'none'),
    )
    .option('--strict', 'exit with 5 if a limit of --fail-on could not be decided')
    .addHelpText(
      'after',
      `${examples(
        'kvctl compare 20251121T014501Z-bench latest',
        'kvctl compare before after --fail-on "p(95)>+10%" --fail-on "rate{quorum=3}<-5%"',
      )}

A limit: a figure (mean, p(50), p(95), p(99), rate, failed_share, overhead, replication, lost_alone), perhaps a row in braces, > or <,
and a signed change in % of a (of a share: percentage points), ms or /s. It fails where the whole interval of the change is beyond it.
Intervals: of means by Student and Welch, of percentiles by bootstrap, of shares by Newcombe, of rates over windows of the load. Rows
that drew the same delays in both runs are compared write by write. Two runs of \`bench --durability\` have, per quorum, the shares of
acknowledged writes that were lost (lost_alone, lost_safely), and mean, p(50), p(95) and p(99).
Exit codes: 0 no limit failed, 99 a limit failed, 5 with --strict: one could not be decided.`,
    );
}

export async function run(context: Context, options: Options, nameA: string, nameB: string): Promise<number> {
  const { out } = context;
  const [a, b] = [await load(nameA), await load(nameB)];
  const comparison = compareRuns(a, b, options);
  for (const remark of [...a.remarks.map((each) => `a: ${each}`), ...b.remarks.map((each) => `b: ${each}`), ...comparison.warnings]) {
    out.warn(visible(remark));
  }
  out.result(show(out, comparison));
  for (const each of comparison.limits) if (each.verdict !== 'ok') out.warn(visible(sayLimit(each)));
  return exitCodeOf(comparison.limits, options.strict ?? false);
}

/** A failed limit outweighs one that nobody can tell. */
function exitCodeOf(limits: readonly LimitResult[], isStrict: boolean): number {
  if (limits.some((each) => each.verdict === 'failed')) return EXIT.threshold;
  return isStrict && limits.some((each) => each.verdict === 'undecided') ? EXIT.inconclusive : EXIT.ok;
}

function sayLimit({ limit, row, verdict, reason }: LimitResult): string {
  return `limit ${verdict}: ${limit} in ${row}${reason === null ? '' : `: ${reason}`}`;
}

/** Recomputed, so that both runs are measured by the same version. Read one after the other: raw data may be large. */
async function load(name: string): Promise<KeptRun> {
  const kept = await readRun(await findRun(name));
  switch (kept.kind) {
    case 'bench':
      return { ...kept, result: recompute(kept.result, kept) };
    case 'run':
      return { ...kept, result: recomputeRun(kept.result, kept) };
    case 'durability':
      return { ...kept, result: recomputeDurability(kept.result, kept.trials, kept.ended) };
  }
}

function compareRuns(a: KeptRun, b: KeptRun, options: Options & CompareOptions): Comparison {
  const rows = rowsOf(a, b, options);
  return {
    schema_version: 1,
    a: sideOf(a),
    b: sideOf(b),
    confidence: options.confidence,
    min_change: options.minChange,
    warnings: warningsOf(circumstancesOf(a), circumstancesOf(b)),
    rows,
    totals: totalsOf(rows),
    limits: options.failOn.flatMap((limit) => resultsOf(limit, rows)),
  };
}

/** Throws `usage` of two runs that measured different things. */
function rowsOf(a: KeptRun, b: KeptRun, options: CompareOptions): readonly ComparedRow[] {
  if (a.kind === 'durability' && b.kind === 'durability') return compareDurability(a, b, options);
  if (a.kind === 'bench' && b.kind === 'bench') return compareRows(measuredOf(a), measuredOf(b), options);
  if (a.kind === 'run' && b.kind === 'run') return compareRows(measuredOf(a), measuredOf(b), options);
  throw new KvctlError(
    'usage',
    `expected two benchmarks, two runs of scenarios or two runs of \`bench --durability\`, got ${KINDS[a.kind]} and ${KINDS[b.kind]}`,
  );
}

const KINDS: Readonly<Record<KeptRun['kind'], string>> = {
  bench: 'a benchmark',
  run: 'a run of a scenario',
  durability: 'a run of `bench --durability`',
};

function measuredOf(kept: KeptBench | KeptScenario): RunData {
  const { samples, trace, staleReads } = kept;
  return { samples, trace, staleReads, sweeps: sweepsOf(kept), stale: kept.kind === 'run' ? kept.result.stale_reads : [] };
}

function sweepsOf(kept: KeptBench | KeptScenario): readonly BenchResult[] {
  return kept.kind === 'run' ? kept.result.sweeps : [kept.result];
}

/** A limit that speaks of nothing checks nothing, which must not look like success. */
function resultsOf(limit: Limit, rows: readonly ComparedRow[]): readonly LimitResult[] {
  const results = judgeLimit(limit, rows);
  if (results.length > 0) return results;
  const known = rows.map(({ row }) => row).join(', ') || 'none';
  throw new KvctlError('usage', `--fail-on: expected a figure and a row that the runs have, got ${limit.text}; rows: ${known}`);
}

function sideOf(kept: KeptRun): ComparedSide {
  return { run: kept.dir, started_at: kept.startedAt, scenario: scenarioOf(kept), seed: kept.result.seed };
}

function circumstancesOf(kept: KeptRun): Circumstances {
  const { dir, ending, environment, result } = kept;
  const setting = kept.kind === 'durability' ? settingOfDurability(kept.result) : settingOfSweeps(sweepsOf(kept));
  return { run: dir, scenario: scenarioOf(kept), seed: result.seed, ending, environment, ...setting };
}

function scenarioOf(kept: KeptRun): string | null {
  return kept.kind === 'run' ? kept.result.scenario : null;
}

function show(out: Output, comparison: Comparison): Result {
  const limits = limitsTable(comparison);
  return {
    table: () =>
      [
        `a  ${comparison.a.run}\nb  ${comparison.b.run}`,
        layOut(out, comparisonTable(comparison)),
        ...(limits === null ? [] : [layOut(out, limits)]),
        explainComparison(comparison)
          .map((text) => visible(text))
          .map((text, i) => (i === 0 ? out.paint('bold', text) : text))
          .join('\n'),
      ].join('\n\n'),
    json: comparison,
    rows: comparisonRows(comparison),
    md: () => [comparisonTable(comparison), ...(limits === null ? [] : [limits])].map(markdownTable).join('\n\n'),
  };
}

/** `5`, `5%` or `0.5%` of [min, max], as a share. */
function percent(min: number, max: number): (text: string) => Parsed<number> {
  return (text) => {
    const value = /^\d+(\.\d+)?%?$/.test(text) ? Number(text.replace('%', '')) : Number.NaN;
    return value >= min && value <= max
      ? ok(value / 100)
      : fail(`expected a percentage from ${min} to ${max}, like 1%, got ${JSON.stringify(text)}`);
  };
}
