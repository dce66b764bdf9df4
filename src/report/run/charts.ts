/**
 * Every picture of a scenario's run, in the order in which its report shows them: the whole run on one time axis, each sweep, each
 * step of stale reads.
 *
 * Names: those of a sweep are a benchmark's if it is the only one with several rows, else with the sweep's name in front.
 */
import type { BenchResult } from '../../measure/result.ts';
import { charts } from '../charts/all.ts';
import type { Chart } from '../charts/spec.ts';
import { staleReadsChart } from '../charts/stale-reads.ts';
import { timeChart } from '../charts/time.ts';
import { factsOf } from '../facts.ts';
import type { RunReportInput } from '../input.ts';
import { slug } from '../wording.ts';

export interface RunCharts {
  /** Null if no request was made. */
  readonly time: Chart | null;
  /** Per sweep, in their order; the first of several is the overview. Empty where nothing was measured. */
  readonly sweeps: readonly (readonly Chart[])[];
  /** Per step of stale reads; null without an answered read. */
  readonly stale: readonly (Chart | null)[];
}

/** What is worth drawn of a load outside of a sweep: one bar is no bar chart. */
const OF_SINGLE_LOADS: readonly string[] = ['latency-distribution', 'counterfactual'];

export function runCharts({ result, points, shapes }: RunReportInput): RunCharts {
  const names = new Names();
  const wide = result.sweeps.filter((sweep) => sweep.results.length > 1);
  return {
    time: timeChart(result, points),
    sweeps: result.sweeps.map((sweep) => {
      const prefix = wide.length === 1 && sweep === wide[0] ? null : names.take(sweep.name);
      return sweepCharts(sweep, shapes.get(sweep.name) ?? []).map((chart) =>
        prefix === null ? chart : { ...chart, name: `${prefix}-${chart.name}` },
      );
    }),
    stale: result.stale_reads.map((reads) => staleReadsChart(`${names.take(reads.name)}-stale-reads`, reads)),
  };
}

/** The same in one list. */
export function allCharts({ time, sweeps, stale }: RunCharts): readonly Chart[] {
  return [...(time === null ? [] : [time]), ...sweeps.flat(), ...stale.filter((chart) => chart !== null)];
}

function sweepCharts(sweep: BenchResult, shapes: Parameters<typeof charts>[1]): readonly Chart[] {
  if (sweep.results.length === 0) return [];
  const all = charts(factsOf(sweep), shapes);
  return sweep.results.length > 1 ? all : all.filter((chart) => OF_SINGLE_LOADS.includes(chart.name));
}

/** Names of files out of names of steps: two that differ only in what a file name cannot have get a number. */
class Names {
  readonly #taken = new Set<string>();

  take(name: string): string {
    const wished = slug(name);
    let free = wished;
    for (let i = 2; this.#taken.has(free); i++) free = `${wished}-${i}`;
    this.#taken.add(free);
    return free;
  }
}
