/**
 * What a report needs of the raw data of a run: every request on the run's time axis, and per row the latencies with the
 * distribution that the delays alone would have. One way from samples to pictures, for a run that has just ended and for one that
 * is read again.
 */
import { listDelays } from '../../lib/delay-plan.ts';
import type { Distribution } from '../../lib/distribution.ts';
import { cdfKth, expectedKth } from '../../measure/order-statistic.ts';
import type { RowSample } from '../../measure/recompute.ts';
import type { BenchResult, QuorumResult } from '../../measure/result.ts';
import type { RunResult } from '../../measure/run-result.ts';
import { latencyOf, measured } from '../../measure/sample.ts';
import type { LatencyShape, RunReportInput, TimePoint } from '../../report/input.ts';
import type { Sample } from '../../workload/sample.ts';

/** By row. */
type Samples = ReadonlyMap<string, readonly Sample[]>;

/** Requests of rows that are not in the result (cut off) are left out: when they began is not known. */
export function rawInput(result: RunResult, samples: Iterable<RowSample>): Pick<RunReportInput, 'points' | 'shapes'> {
  const byRow = groupByRow(samples);
  return {
    points: result.sweeps.flatMap((sweep) => sweep.results.flatMap((row) => pointsOf(row, byRow.get(row.row) ?? []))),
    shapes: new Map(result.sweeps.map((sweep) => [sweep.name, shapesOf(sweep, byRow)])),
  };
}

export function groupByRow<T extends { readonly row: string }>(records: Iterable<T>): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const record of records) {
    const group = groups.get(record.row);
    if (group === undefined) groups.set(record.row, [record]);
    else group.push(record);
  }
  return groups;
}

export function shapesOf({ results }: BenchResult, samples: Samples): LatencyShape[] {
  return results.map((row) => ({
    row: row.row,
    latencies: measured(samples.get(row.row) ?? [], 'put')
      .filter((sample) => sample.ok)
      .map(latencyOf),
    modelCdf: modelCdfOf(row),
  }));
}

function pointsOf({ row, began_ms }: QuorumResult, samples: readonly Sample[]): TimePoint[] {
  return samples
    .filter((sample) => sample.phase === 'load')
    .map((sample) => ({
      row,
      op: sample.op,
      at_ms: began_ms + sample.intendedMs,
      latency_ms: latencyOf(sample),
      ok: sample.ok,
    }));
}

/** Relative; the same model computed twice, perhaps by two versions of the program. */
const SAME_MODEL = 1e-6;

/**
 * The distribution whose mean is the row's model. A row says its delays, but not of how many followers where they all have the
 * same: those that answered at the last ack are tried first, then all. None fits: no outline rather than a wrong one.
 */
function modelCdfOf({ quorum, delay, model_ms, parity_at_last_ack: looks }: QuorumResult): LatencyShape['modelCdf'] {
  if (model_ms === null) return null;
  const up = looks.match + looks.lag + looks.mismatch;
  const fits = (delays: readonly Distribution[]) =>
    quorum <= delays.length && Math.abs(expectedKth(delays, quorum) - model_ms) <= SAME_MODEL * Math.max(1, model_ms);
  const delays = [up, up + looks.unreachable].map((count) => listDelays(delay, count)).find(fits);
  return delays === undefined ? null : (ms) => cdfKth(delays, quorum, ms);
}
