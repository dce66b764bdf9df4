/**
 * What a report needs of the raw data of a run: every request on the run's time axis, and per row the latencies with the
 * distribution that the delays alone would have. One way from samples to pictures, for a run that has just ended and for one that
 * is read again.
 */
import { listDelays } from '../../lib/delay-plan.ts';
import { cdfKth } from '../../measure/order-statistic.ts';
import type { BenchResult, QuorumResult } from '../../measure/result.ts';
import type { RunResult } from '../../measure/run-result.ts';
import { latencyOf, measured } from '../../measure/sample.ts';
import type { LatencyShape, RunReportInput, TimePoint } from '../../report/input.ts';
import { followersOf } from '../../report/sweep.ts';
import type { Sample } from '../../workload/sample.ts';

/** By row (QuorumResult.row). */
type Samples = ReadonlyMap<string, readonly Sample[]>;

/** Requests of rows that are not in the result (cut off) are left out: when they began is not known. */
export function rawInput(result: RunResult, samples: Samples): Pick<RunReportInput, 'points' | 'shapes'> {
  return {
    points: result.sweeps.flatMap((sweep) => sweep.results.flatMap((row) => pointsOf(row, samples.get(row.row) ?? []))),
    shapes: new Map(result.sweeps.map((sweep) => [sweep.name, shapesOf(sweep, samples)])),
  };
}

export function shapesOf({ results }: BenchResult, samples: Samples): LatencyShape[] {
  return results.map((row) => shapeOf(row, samples.get(row.row) ?? []));
}

export function shapeOf(row: QuorumResult, samples: readonly Sample[]): LatencyShape {
  const latencies = measured(samples, 'put')
    .filter((sample) => sample.ok)
    .map(latencyOf);
  return { row: row.row, latencies, modelCdf: modelCdfOf(row) };
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

/** Where the row has a model, the distribution whose mean that is; its text names each follower that was up, or speaks of all. */
function modelCdfOf(row: QuorumResult): LatencyShape['modelCdf'] {
  if (row.model_ms === null) return null;
  const delays = listDelays(row.delay, followersOf(row));
  return row.quorum > delays.length ? null : (ms) => cdfKth(delays, row.quorum, ms);
}
