/**
 * The documents of a benchmark, in the words and the snake_case of SPEC 9: what `-o json` prints, what a run folder keeps,
 * and what reports are drawn from. Data only, JSON-safe: a figure that does not exist is null, never NaN.
 * All `_ms` are milliseconds; a percentile p of n is the ceil(p n / 100)-th smallest.
 */
import type { Counterfactual } from './counterfactual.ts';

export interface BenchResult {
  readonly schema_version: 1;
  /** `bench`, or the name of the step of a scenario. */
  readonly name: string;
  /** What distinguishes the rows, and each row's value of it, as it was written. A load outside of a sweep has one row, by its quorum. */
  readonly sweep: Sweep;
  readonly leader_url: string;
  readonly seed: number;
  readonly workload: Workload;
  readonly cluster: BenchCluster;
  /** In the order in which they ran. */
  readonly results: readonly QuorumResult[];
  /** After settling, one row per node that does not lead. */
  readonly parity: readonly ParityRow[];
  /** Neighbouring quorums whose intervals of the mean overlap: their order is not shown by this run. */
  readonly overlaps: readonly (readonly [number, number])[];
  readonly counterfactual: readonly Counterfactual[];
  /** Path of the picture; null if none was drawn. */
  readonly plot: string | null;
}

export interface Sweep {
  /** Of the cluster (`quorum`, `delay`, `loss`, `followers`) or of the load (`concurrency`, `rate`, `keys`, ...). */
  readonly parameter: string;
  /** One per row, in the order in which they ran; a row that was cut off has none in the results. */
  readonly values: readonly string[];
}

export interface Workload {
  /** By k6's name: `shared-iterations`, `constant-arrival-rate`, … */
  readonly executor: string;
  /** Per quorum; warm-up is not counted and reads come on top. Null if only the duration ends a row. */
  readonly writes: number | null;
  readonly concurrency: number;
  readonly keys: number;
  readonly value_bytes: number;
  /** 0 to 1. */
  readonly read_share: number;
  /** Requests per second of the open loop; null in a closed one. */
  readonly rate: number | null;
  readonly duration_ms: number | null;
  /** Writes before each row that are not counted. */
  readonly warmup: number;
  readonly loop: 'closed' | 'open';
}

export interface BenchCluster {
  readonly name: string;
  readonly followers: number;
  readonly store: 'sqlite' | 'memory';
  /** As in `--delay`. */
  readonly delay: string;
  /** Probability per record and attempt, 0 to 1. */
  readonly loss: number;
  readonly nodes: readonly { readonly id: string; readonly url: string }[];
  readonly leader: string;
}

/** One row of the table: everything about the writes under one quorum. Latencies are of successes, as the client saw them. */
export interface QuorumResult {
  /** Unique in its run: `quorum=3`, and with the step's name in front of it in a scenario, `three-down quorum=3`. */
  readonly row: string;
  /** The quorum that was in force when the load began. */
  readonly quorum: number;
  /** Delays of the followers that were up when the load began, as in `--delay`, each by name unless all were: the model's input. */
  readonly delay: string;
  /** The load's beginning and its last answer, in ms since the run began: where the row lies on the run's time axis. */
  readonly began_ms: number;
  readonly ended_ms: number;
  readonly requests: number;
  readonly successes: number;
  readonly fails: number;
  readonly avg_latency_ms: number | null;
  /** 95 % interval of the mean, by Student's t. */
  readonly ci95_ms: readonly [low: number, high: number] | null;
  readonly median_latency_ms: number | null;
  readonly p95_latency_ms: number | null;
  readonly p99_latency_ms: number | null;
  readonly max_latency_ms: number | null;
  readonly writes_per_s: number;
  /**
   * Mean of the k-th order statistic of the delays of the followers that were up; null with simulated loss, which the model does
   * not know, with fewer followers up than the quorum asks for, and where quorum, network or followers changed within the load.
   */
  readonly model_ms: number | null;
  readonly model_quantiles_ms: { readonly median: number; readonly p95: number; readonly p99: number } | null;
  /** Mean of the need-th smallest delay that was really drawn. */
  readonly floor_ms: number | null;
  /** Per write, latency minus floor; null with simulated loss. */
  readonly overhead_ms: { readonly mean: number; readonly p99: number } | null;
  /** Admission to ack, the delay included, of all followers, late acks too. */
  readonly replication_ms: { readonly mean: number; readonly median: number; readonly p95: number; readonly p99: number } | null;
  readonly parity_at_last_ack: ParityTotals;
  /** Last answer to all replicas equal; null if they were not in time. */
  readonly settle_ms: number | null;
  /** `inconclusive`: the mean cannot be trusted, and `reasons` say why, in sentences. */
  readonly verdict: 'ok' | 'inconclusive';
  readonly reasons: readonly string[];
  /** Fields (`p99_latency_ms`, `replication_ms.p99`) that rest on so few values that they are hardly more than the maximum. */
  readonly thin: readonly string[];
  /** Share of the time that the event loop was busy, 0 to 1; null if the leader could not be asked. */
  readonly generator_busy: number;
  readonly leader_busy: number | null;
  readonly latency_samples: number;
  readonly replication_samples: number;
  /** (write, follower) pairs that had no ack yet when the trace was read. */
  readonly replication_unacked: number;
  /** Null without reads. */
  readonly reads: ReadResult | null;
}

export interface ReadResult {
  readonly requests: number;
  readonly successes: number;
  readonly fails: number;
  readonly avg_latency_ms: number | null;
  readonly median_latency_ms: number | null;
  readonly p95_latency_ms: number | null;
  readonly p99_latency_ms: number | null;
}

export interface ParityRow {
  readonly url: string;
  readonly node: string;
  /** `lag`: behind, but by nothing that it claims to have; `mismatch`: replication got something wrong. */
  readonly status: 'match' | 'lag' | 'mismatch' | 'unreachable';
  /** Keys that it lacks, holds too old, holds though the leader does not, holds with another value of the same version. */
  readonly missing: number;
  readonly stale: number;
  readonly extra: number;
  readonly corrupt: number;
  /** Up to five of the keys that differ, the worst first. */
  readonly keys: readonly string[];
  /** Up to twenty of them in the same order, each with why. */
  readonly reasons: readonly ParityReason[];
  /** `digest`: both sides hold as much and say that it comes to the same; `rows`: every row was read; null: the node could not be asked. */
  readonly compared_by: 'digest' | 'rows' | null;
  /** Which side's rows do not fit the digest that it keeps of them: they were changed on disk behind the node. Only known from `rows`. */
  readonly altered: readonly string[];
}

export interface ParityReason {
  readonly key: string;
  /**
   * `lag`: the replica never claimed to have it, no fault; `lost-update`: it claims to, and has an older version or none;
   * `corruption`: another value of the same version; `phantom`: a version that the leader never wrote.
   */
  readonly reason: 'lag' | 'lost-update' | 'corruption' | 'phantom';
  /** Their versions of the key, tombstones included; null: it has none. */
  readonly leader: string | null;
  readonly replica: string | null;
}

/** Nodes per status, and their missing and stale keys added up. */
export interface ParityTotals {
  readonly match: number;
  readonly lag: number;
  readonly mismatch: number;
  readonly unreachable: number;
  readonly missing: number;
  readonly stale: number;
}
