/**
 * What a report is made of besides the run's own document. Plain data, and one function that the report itself may not
 * import: the model's distribution belongs to measure, and reports take figures, they do not make them.
 */
import type { BenchResult } from '../measure/result.ts';
import type { RunResult } from '../measure/run-result.ts';

/** Of a benchmark. */
export interface ReportInput extends Circumstances {
  readonly result: BenchResult;
  /** One per row; without them the distributions are not drawn. */
  readonly shapes: readonly LatencyShape[];
}

/** Of a scenario's run. */
export interface RunReportInput extends Circumstances {
  readonly result: RunResult;
  /** Every request of every load, in any order; without them the time chart is not drawn. */
  readonly points: readonly TimePoint[];
  /** By the name of the sweep (BenchResult.name). */
  readonly shapes: ReadonlyMap<string, readonly LatencyShape[]>;
}

interface Circumstances {
  /** Name and value of what the run depended on (Node, operating system, processors, versions), in the order of reading. */
  readonly environment: Readonly<Record<string, string>>;
  /** Wall clock at the start, ISO 8601. */
  readonly startedAt: string;
  /** The command line that repeats the run; null if there is none. */
  readonly command: string | null;
}

/** One request on the run's time axis. */
export interface TimePoint {
  /** QuorumResult.row. */
  readonly row: string;
  readonly op: 'put' | 'get';
  /** When it was to start, since the run began. */
  readonly at_ms: number;
  /** From then to its answer, or to its being given up. */
  readonly latency_ms: number;
  readonly ok: boolean;
}

/** How the latencies of one row's writes are distributed, and how the delays alone would have been. */
export interface LatencyShape {
  /** QuorumResult.row. */
  readonly row: string;
  /** Of the successful writes, in ms, in any order. */
  readonly latencies: readonly number[];
  /** P(k-th smallest delay <= ms): measure's cdfKth; null where the model does not apply (simulated loss). */
  readonly modelCdf: ((ms: number) => number) | null;
}
