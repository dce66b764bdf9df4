/**
 * What the leader of the promised epoch last told: how far it is, and the quorum in force.
 *
 * Invariant: a request that a later one overtook says nothing new of the quorum and of k_min. What is said of versions only ever grows.
 */
import type { ReplicateRequest } from './peer.ts';
import type { RunningIdentity } from './record.ts';
import { maxVersion, type Version, ZERO } from './version.ts';

export class Told {
  head: Version = ZERO;
  committedThrough: Version = ZERO;
  /** null: nobody told yet. */
  quorum: number | null = null;
  readonly #self: RunningIdentity;
  /** The newest request of the promised epoch that was heard. */
  #order = 0;

  constructor(self: RunningIdentity) {
    this.#self = self;
  }

  /** Another leader counts its requests from the beginning. */
  enterEpoch(): void {
    this.#order = 0;
  }

  /**
   * What every message of a leader tells.
   * @param kMin as it is known so far
   * @returns the smallest need to be written down
   */
  hear(message: ReplicateRequest, kMin: number | null): number | null {
    this.head = maxVersion(this.head, message.head);
    this.committedThrough = maxVersion(this.committedThrough, message.committedThrough);
    if (message.order <= this.#order) return kMin;
    this.#order = message.order;
    this.quorum = message.quorum;
    // What was on its way before this node's last start has an order that nobody here remembers: it may lower k_min, which is always safe, and not raise it.
    return message.start === this.#self.start || kMin === null ? message.kMin : Math.min(kMin, message.kMin);
  }
}
