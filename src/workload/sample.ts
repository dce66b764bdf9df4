/**
 * The raw record of one request of a benchmark, as the generator saw it: what is kept in a run folder, and all that
 * measuring starts from. Plain data; nothing here is computed from more than one request.
 */
export interface Sample {
  /** The write quorum in force when the request was sent. */
  readonly quorum: number;
  /** Number of the request within its phase, from 0, in the order of intended starts. */
  readonly index: number;
  /** Warm-up requests are kept and never counted. */
  readonly phase: 'warmup' | 'load';
  readonly op: 'put' | 'get';
  readonly key: string;
  /** When the request should have been sent, in ms since the load began on the generator's monotonic clock; closed loop: startMs. */
  readonly intendedMs: number;
  readonly startMs: number;
  /** When the answer was parsed, or given up. */
  readonly endMs: number;
  readonly ok: boolean;
  /** HTTP status; 0 without an answer. */
  readonly status: number;
  /** Code of the error registry, or of the connection's failure; null for a success. */
  readonly error: string | null;
  /** `epoch.seq` of a successful write or read. */
  readonly version: string | null;
  /** Followers that held the write at the moment of the answer. */
  readonly acks: number | null;
  /** From Server-Timing, ms since admission: locally durable, committed, and the need-th smallest delay drawn. */
  readonly storeMs: number | null;
  readonly quorumMs: number | null;
  readonly floorMs: number | null;
}
