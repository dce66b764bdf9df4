/**
 * The follower's side of a snapshot: which part comes next. The store builds it beside the data; what a restart interrupts is begun anew, since nothing
 * here is remembered.
 *
 * Invariant: a snapshot is swapped in only if each of its parts was stored once and in order. The network may repeat and delay any of them.
 */
import type { ReplicateRequest, SnapshotPart } from './peer.ts';

export type Verdict =
  /** It is the next one. */
  | 'next'
  /** It is stored already. */
  | 'known'
  /** Others that belong before it are not here. */
  | 'lost';

export class Staging {
  #epoch = 0;
  #id = 0;
  #parts = 0;

  take({ epoch }: ReplicateRequest, { id, part }: SnapshotPart): Verdict {
    const isSame = epoch === this.#epoch && id === this.#id;
    if (isSame && part < this.#parts) return 'known';
    const isFirst = part === 0 && (epoch > this.#epoch || id > this.#id);
    if (!isFirst && !(isSame && part === this.#parts)) return 'lost';
    this.#epoch = epoch;
    this.#id = id;
    this.#parts = part + 1;
    return 'next';
  }

  /** It was thrown away: no part of it is known any more. */
  spoil(): void {
    this.#parts = Number.NEGATIVE_INFINITY;
  }
}
