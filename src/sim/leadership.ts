/**
 * What the leader of one epoch sends to its followers: only what its disk holds and what is due, and nothing about commits and needs that is not so.
 * Part of the oracle (oracle.ts).
 */
import type { NodeId, ReplicateRequest } from '../core/peer.ts';
import type { KvRecord } from '../core/record.ts';
import { formatVersion, isNewer } from '../core/version.ts';
import type { Accepted } from './epoch-history.ts';
import type { Goals } from './goals.ts';
import { type Ledger, ROUNDING_MS } from './ledger.ts';
import { sayVersion } from './lineage.ts';
import { type Ordinal, ordinalOf } from './ordinal.ts';
import type { ClusterView, SimNode } from './sim-node.ts';
import { must } from './violation.ts';

export class Leadership {
  readonly #epoch: number;
  readonly #cluster: ClusterView;
  readonly #ledger: Ledger;
  readonly #goals: Goals;
  readonly #isOwnChoice: (record: KvRecord) => boolean;
  /** Every write of the epoch up to this seq is committed, if it was told so. */
  #settledTo = 0;
  /** As last told. */
  #kMin = Number.POSITIVE_INFINITY;
  /** The needs of so many writes of the epoch were looked at with this k_min or a greater one. */
  #checked = 0;
  /** By follower: the scan that is not at its end, and the state in which its link last sent. */
  readonly #scans = new Map<NodeId, { readonly coversTo: Ordinal; readonly head: Ordinal }>();
  readonly #linkStates = new Map<NodeId, string>();

  /** @param isOwnChoice its client asked for less than the quorum in force, or that was forced, which nobody but the leader that took it needs to know */
  constructor(epoch: number, cluster: ClusterView, ledger: Ledger, goals: Goals, isOwnChoice: (record: KvRecord) => boolean) {
    this.#epoch = epoch;
    this.#cluster = cluster;
    this.#ledger = ledger;
    this.#goals = goals;
    this.#isOwnChoice = isOwnChoice;
  }

  sends(node: SimNode, to: SimNode, message: ReplicateRequest): void {
    this.#checkRecords(node, to, message);
    this.#checkCommitted(node, message);
    this.#checkSmallestNeed(node, message);
    const { page } = message;
    if (page !== null && isNewer(page.head, page.coversTo))
      this.#scans.set(to.id, { coversTo: ordinalOf(page.coversTo), head: ordinalOf(page.head) });
    else if (page !== null) this.#scans.delete(to.id);
    const state = node.replica.leader?.links.find((link) => link.node === to.id)?.state ?? '';
    if (this.#linkStates.get(to.id) === 'snapshot' && state === 'probe') this.#goals.reach('a snapshot was interrupted');
    if (state === 'catch-up' && this.#linkStates.get(to.id) === 'stream') this.#goals.reach('a stream broke off into catch-up');
    this.#linkStates.set(to.id, state);
  }

  /** The row that the leader is about to replace by a new one. */
  moves(row: Ordinal): void {
    for (const { coversTo, head } of this.#scans.values())
      if (row > coversTo && row <= head) this.#goals.reach('a row moved while a scan was running');
  }

  #checkRecords(node: SimNode, to: SimNode, message: ReplicateRequest): void {
    const { now, world } = this.#cluster;
    for (const record of message.records) {
      const { version } = record;
      must(this.#ledger.holds(node, record), 'I2', () => `${node.id} sends ${sayVersion(record)} before its own disk has it`);
      // What a snapshot holds is held by the follower with its last part: the disks tell when (ledger.ts).
      if (version.epoch !== this.#epoch || message.snapshot !== null) continue;
      const dueAt = this.#ledger.mayHearAt(to, version);
      must(now >= dueAt - ROUNDING_MS, 'floor', () => `${formatVersion(version)} leaves for ${to.id} at ${now}, and is due at ${dueAt}`);
      const isAgain = message.page === null && now >= dueAt + world.limits.retransmitMs;
      if (isAgain && (node.replica.network.settings.get(to.id)?.loss ?? 0) > 0) this.#goals.reach('a lost record was sent again');
    }
  }

  #checkCommitted(node: SimNode, { committedThrough }: ReplicateRequest): void {
    if (committedThrough.epoch === 0) return;
    const history = this.#ledger.lineage.epochs.get(this.#epoch);
    const isOpened = history?.isOpen === true && committedThrough.epoch === this.#epoch;
    must(
      isOpened,
      'I8',
      () => `${node.id} says that all is committed through ${formatVersion(committedThrough)}, and did not open that epoch`,
    );
    for (let seq = Math.max(this.#settledTo, history.head) + 1; seq <= committedThrough.seq; seq++) {
      const accepted = history.at(seq);
      const isSettled = accepted !== undefined && history.isSettled(accepted);
      must(
        isSettled,
        'I8',
        () =>
          `${node.id} says that all is committed through ${formatVersion(committedThrough)}, and ${accepted === undefined ? 'no disk has' : 'pending is'} ${this.#epoch}.${seq}`,
      );
      this.#settledTo = seq;
    }
  }

  /** SPEC 6: k_min is at most the need of every write above the lowest durable watermark, and at most the quorum in force. */
  #checkSmallestNeed(node: SimNode, { kMin, quorum }: ReplicateRequest): void {
    must(kMin <= quorum, 'k_min', () => `${node.id} tells k_min ${kMin} with a quorum of ${quorum}`);
    const history = this.#ledger.lineage.epochs.get(this.#epoch);
    if (history === undefined) return;
    const lowest = this.#ledger.lowestWatermark(node);
    if (kMin > this.#kMin) this.#checked = 0;
    this.#kMin = kMin;
    for (; this.#checked < history.accepted.length; this.#checked++) {
      const { record, ordinal } = history.accepted[this.#checked] as Accepted;
      const isTold = record.need >= kMin || ordinal <= lowest;
      must(isTold, 'k_min', () => `${node.id} tells k_min ${kMin}, and ${sayVersion(record)} needs ${record.need}`);
    }
    const isCarried = kMin < quorum && history.accepted.every(({ record }) => record.need > kMin) && history.base?.leader !== node;
    if (isCarried) this.#goals.reach('the smallest need was carried over to another leader');
    // What an open epoch began with is on a majority, and every promotion finds it.
    for (let next = history; !next.isOpen && next.base !== null; next = next.base)
      for (const { record, ordinal } of next.base.accepted) {
        const isTold = record.need >= kMin || ordinal <= lowest || ordinal > next.startOf(record.key) || this.#isOwnChoice(record);
        must(isTold, 'k_min', () => `${node.id} tells k_min ${kMin}, and ${sayVersion(record)}, which it took over, needs ${record.need}`);
      }
  }
}
