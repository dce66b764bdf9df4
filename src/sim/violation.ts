/**
 * What must hold, and the error that says it did not. Numbered as in the list of invariants that README's "The simulator" shows.
 *
 * I12 is the gateway's, but for quorums that are none.
 */
export const INVARIANTS = {
  I1: 'an acknowledged write survives every crash, restart and promotion that had to keep it',
  I2: 'a success speaks of what the leader and enough distinct followers hold durably; nothing leaves before it is durable',
  I3: 'committed reads and writes of a key are linearizable',
  I4: "no replica's version of a key ever goes back but by a recorded rollback, and versions grow by one",
  I5: 'once everything is healed, all replicas become equal',
  I6: 'one leader per epoch; a promise is kept, and an epoch opens on a majority',
  I7: 'a write that failed with a definite error is never seen',
  I8: 'a write takes effect at most once, is answered once, what was committed stays so, and what an epoch opened without never returns',
  I9: 'a node holds everything up to its watermark',
  I10: 'with enough healthy followers a write succeeds, whatever the others do',
  I11: 'an Idempotency-Key takes one version at most, and a write that is sent again is told that one',
  I12: 'a request that is wrong is refused as such',
  I13: 'nothing of another lineage is stored or counted',
  I14: 'a success never reports fewer acks than the write needed when it was admitted',
  floor: "no follower hears of a write before that write's own delay to it is over",
  k_min: 'every message and a majority of the disks know the smallest need that must be honoured',
  core: "no assertion of the core's own fails",
} as const;

export type Invariant = keyof typeof INVARIANTS;

export class Violation extends Error {
  override readonly name = 'Violation';
  readonly invariant: Invariant;

  constructor(invariant: Invariant, message: string) {
    super(message);
    this.invariant = invariant;
  }
}

/** Throws unless the condition holds; the message, made only then, says what should have been true. */
export function must(condition: unknown, invariant: Invariant, message: () => string): asserts condition {
  if (!condition) throw new Violation(invariant, message());
}
