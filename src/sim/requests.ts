/**
 * What clients asked and were told: writes (client-writes.ts), reads (client-reads.ts), changes of the quorum, and the history of them all at the end.
 * Part of the oracle (oracle.ts).
 */
import type { Effect, Input, PutInput } from '../core/message.ts';
import type { Version } from '../core/version.ts';
import { ClientHistory } from './client-history.ts';
import { ClientReads } from './client-reads.ts';
import { ClientWrites } from './client-writes.ts';
import type { Accepted, EpochHistory } from './epoch-history.ts';
import type { Epochs } from './epochs.ts';
import type { Goals } from './goals.ts';
import type { Ledger } from './ledger.ts';
import type { ClusterView, SimNode } from './sim-node.ts';
import { must } from './violation.ts';

interface QuorumChange {
  readonly node: SimNode;
  readonly isForced: boolean;
}

export class Requests {
  readonly writes: ClientWrites;
  readonly #reads: ClientReads;
  readonly #history: ClientHistory;
  readonly #cluster: ClusterView;
  readonly #ledger: Ledger;
  readonly #epochs: Epochs;
  readonly #goals: Goals;
  readonly #quorums = new Map<number, QuorumChange>();

  constructor(cluster: ClusterView, ledger: Ledger, epochs: Epochs, goals: Goals) {
    this.#cluster = cluster;
    this.#ledger = ledger;
    this.#epochs = epochs;
    this.#goals = goals;
    this.#history = new ClientHistory(ledger);
    this.writes = new ClientWrites(cluster, ledger, epochs, this.#history, goals);
    this.#reads = new ClientReads(cluster, ledger, this.writes, this.#history, goals);
  }

  get isQuorumChanging(): boolean {
    return this.#quorums.size > 0;
  }

  input(node: SimNode, input: Input): void {
    if (input.t === 'read') this.#reads.asked(node, input.id, input.key, input.isLinearizable ?? false);
    else if (input.t === 'setQuorum') {
      this.#quorums.set(input.id, { node, isForced: input.isForced });
      this.writes.isForced ||= input.isForced;
    }
  }

  admitted(node: SimNode, input: PutInput, version: Version | null): void {
    this.writes.admitted(node, input, version);
  }

  effect(node: SimNode, effect: Effect): void {
    if (effect.t === 'reply') this.writes.replies(node, effect.id, effect.result);
    else if (effect.t === 'readReady') this.#reads.shows(node, effect.id, effect.record);
    else if (effect.t === 'readFailed') this.#reads.fails(effect);
    else if (effect.t === 'send' && effect.message.t === 'replicate') this.#reads.sent(effect.message.epoch, effect.message.order);
    else if (effect.t === 'quorumReply') this.#changes(node, effect);
  }

  /** A node that is not blank answered that request of the epoch's leader. */
  responded(node: SimNode, epoch: number, order: number): void {
    this.#reads.responded(node, epoch, order);
  }

  /** The node stopped: nobody hears of what it had not answered. */
  crashed(node: SimNode): void {
    this.#reads.crashed(node);
    for (const [id, change] of this.#quorums) if (change.node === node) this.#quorums.delete(id);
  }

  /** An epoch opened, and this was committed and is not in it. */
  opened(history: EpochHistory, lost: readonly Accepted[]): void {
    for (const accepted of lost) this.writes.loses(accepted, 'as the disks tell');
    this.#history.opened(history, this.#cluster.now);
  }

  /** When all is over: what only the whole history shows. */
  finish(): void {
    this.writes.finish();
    this.#history.judge();
  }

  #changes(node: SimNode, { id, result }: Extract<Effect, { t: 'quorumReply' }>): void {
    const asked = this.#quorums.get(id);
    must(asked !== undefined, 'I8', () => `change ${id} of the quorum is answered once`);
    this.#quorums.delete(id);
    if (!result.ok) {
      if (result.code === 'quorum_not_met') this.#goals.reach('a lower quorum was not recorded in time');
    } else if (result.quorum < result.previous && !asked.isForced && this.#ledger.lineage.newest?.leader === node)
      this.#epochs.lowered(node, result.quorum);
  }
}
