/**
 * What the leader noted about each write (`GET /admin/trace`), and what follows from it: how long replication took, and
 * what the same write would have cost under another quorum. All times in ms since the write's admission, on the leader's clock.
 */
export interface WriteTrace {
  /** `epoch.seq`. */
  readonly version: string;
  readonly need: number;
  /** When the leader's own copy was durable; null if not yet. */
  readonly storedMs: number | null;
  /** By follower id. `delayMs` is the first delay drawn; `ackedMs` is null if the ack had not come when the trace was read. */
  readonly followers: Readonly<
    Record<string, { readonly delayMs: number; readonly sentMs: number | null; readonly ackedMs: number | null }>
  >;
}

export interface ReplicationTimes {
  /** Admission to ack of every (write, follower) pair that acked, late ones too. */
  readonly ackedMs: readonly number[];
  /** Pairs without an ack: while there are any, the times of the rest look better than replication was. */
  readonly unacked: number;
}

export function replicationTimes(trace: readonly WriteTrace[]): ReplicationTimes {
  const acks = trace.flatMap((write) => Object.values(write.followers).map((follower) => follower.ackedMs));
  const ackedMs = acks.filter((ms) => ms !== null);
  return { ackedMs, unacked: acks.length - ackedMs.length };
}

/**
 * When this write could have been answered under quorum k: the later of the leader's own durable copy and the k-th ack.
 * Infinity while either is missing.
 */
export function answerTime(write: WriteTrace, k: number): number {
  const stored = write.storedMs ?? Number.POSITIVE_INFINITY;
  if (k === 0) return stored;
  const acks = Object.values(write.followers).map((follower) => follower.ackedMs ?? Number.POSITIVE_INFINITY);
  acks.sort((a, b) => a - b);
  return Math.max(stored, acks[k - 1] ?? Number.POSITIVE_INFINITY);
}
