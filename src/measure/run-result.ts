/**
 * The document of a scenario's run: what `-o json` prints, what its run folder keeps, and what its report is drawn from.
 * Data only, JSON-safe. Times ending in `_ms` are milliseconds; `at_ms`, `began_ms` and their kin count from the beginning of
 * the run's first step, on one monotonic clock.
 */
import type { BenchResult, ParityRow } from './result.ts';

export interface RunResult {
  readonly schema_version: 1;
  /** Name of the scenario. */
  readonly scenario: string;
  readonly why: string;
  readonly target: string;
  readonly seed: number;
  /** Every sweep, and every load outside of one as a sweep of one row, in the order in which they ran. */
  readonly sweeps: readonly BenchResult[];
  readonly stale_reads: readonly StaleReads[];
  /** Every step in order, those that a failure or Ctrl-C kept from running too. */
  readonly steps: readonly StepResult[];
  readonly marks: readonly Mark[];
  /** The parity table: a column per look, a row per node that does not lead. */
  readonly parity: readonly ParityColumn[];
  readonly expectations: readonly ExpectationResult[];
}

export interface StepResult {
  /** Unique in the run: the name given in the file, else made of kind and place, like `kill-2`. */
  readonly step: string;
  readonly kind: string;
  /** What it does, for people. */
  readonly title: string;
  /** `failed`: it did not come to its end, or found something else than it expected; `detail` says what. `skipped`: never begun. */
  readonly status: 'done' | 'failed' | 'skipped';
  readonly began_ms: number | null;
  readonly ended_ms: number | null;
  readonly detail: string;
}

/** Something that was done to the cluster: a line on the time chart, or a shade as long as it lasted. */
export interface Mark {
  /** quorum, network, kill, pause, resume, restart, partition, heal. */
  readonly kind: string;
  /** `kill n6`, `quorum 3 -> 5`: short, for a label. */
  readonly text: string;
  readonly nodes: readonly string[];
  /** When it had taken effect. */
  readonly at_ms: number;
  /** When it was undone (kill by restart, pause by resume, partition by heal), or the run's end; null for what is over at once. */
  readonly until_ms: number | null;
}

export interface ParityColumn {
  /** The row (`quorum=3`) or step that looked. */
  readonly step: string;
  readonly moment: 'last ack' | 'settled' | 'looked';
  readonly at_ms: number;
  readonly rows: readonly ParityRow[];
}

/** How often a read at a follower, so long after the acknowledgement of a write, did not see that write. */
export interface StaleReads {
  /** Name of the step. */
  readonly name: string;
  readonly quorum: number;
  readonly followers: number;
  readonly delay: string;
  readonly points: readonly StalePoint[];
}

export interface StalePoint {
  /** `after=50ms` with the step's name in front, unique in the run. */
  readonly row: string;
  /** When the read was to be sent, after the answer to the write. */
  readonly after_ms: number;
  /** Mean of when the reads really were sent. */
  readonly sent_ms: number;
  readonly reads: number;
  readonly stale: number;
  /** 0 to 1; null without reads. */
  readonly share: number | null;
  /** 95 % interval of the share (Wilson). */
  readonly ci95: readonly [low: number, high: number] | null;
  /** The share that the delays really drawn for these writes predict at the times when the reads were sent. */
  readonly model: number | null;
}

export interface ExpectationResult {
  /** The row or step that it speaks of. */
  readonly step: string;
  /** As it was written: `p(95)<900`. */
  readonly threshold: string;
  /** The figure or word that was compared; null: there was none, which fails. */
  readonly got: number | string | null;
  readonly is_met: boolean;
}
