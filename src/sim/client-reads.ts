/**
 * What clients were told when they read: only what is committed, nothing older than what was known before, and for linearizable reads only after a
 * majority confirmed the leader.
 *
 * A leader that does not know that it was deposed may answer `committed` with what is stale (SPEC 4: as strong as the need of its write), so such
 * reads are judged by what they show alone; linearizable ones may never be stale. Part of the oracle (requests.ts).
 */
import type { Effect } from '../core/message.ts';
import { majorityOf } from '../core/quorum.ts';
import type { KvRecord } from '../core/record.ts';
import type { Ms } from '../lib/units.ts';
import type { ClientHistory } from './client-history.ts';
import type { ClientWrites } from './client-writes.ts';
import type { Goals } from './goals.ts';
import type { Ledger } from './ledger.ts';
import { sayVersion } from './lineage.ts';
import { type Ordinal, sayOrdinal } from './ordinal.ts';
import type { ClusterView, SimNode } from './sim-node.ts';
import { must } from './violation.ts';

interface Read {
  readonly node: SimNode;
  readonly key: string;
  readonly startedAt: Ms;
  /** The newest that was known before it began. */
  readonly atLeast: Ordinal;
  /** Linearizable: the epoch whose leader took it, and the newest request that this leader had sent before. */
  readonly confirmed: { readonly epoch: number; readonly after: number } | null;
}

/** Of one leader: the newest request that it sent, and the newest of them that each node answered although it could know of a newer epoch. */
interface Round {
  lastOrder: number;
  readonly answered: number[];
}

export class ClientReads {
  readonly #ledger: Ledger;
  readonly #writes: ClientWrites;
  readonly #history: ClientHistory;
  readonly #goals: Goals;
  readonly #cluster: ClusterView;
  readonly #reads = new Map<number, Read>();
  readonly #rounds = new Map<number, Round>();

  constructor(cluster: ClusterView, ledger: Ledger, writes: ClientWrites, history: ClientHistory, goals: Goals) {
    this.#cluster = cluster;
    this.#ledger = ledger;
    this.#writes = writes;
    this.#history = history;
    this.#goals = goals;
  }

  asked(node: SimNode, id: number, key: string, isLinearizable: boolean): void {
    const { epoch } = node.replica;
    const confirmed = isLinearizable ? { epoch, after: this.#round(epoch).lastOrder } : null;
    this.#reads.set(id, { node, key, startedAt: this.#cluster.now, atLeast: this.#history.heard(key), confirmed });
  }

  sent(epoch: number, order: number): void {
    this.#round(epoch).lastOrder = order;
  }

  /** The node answered that request of the epoch's leader. */
  responded(node: SimNode, epoch: number, order: number): void {
    const { answered } = this.#round(epoch);
    answered[node.index] = Math.max(order, answered[node.index] ?? 0);
  }

  /** Nobody hears of what the node had not answered. */
  crashed(node: SimNode): void {
    for (const [id, read] of this.#reads) if (read.node === node) this.#reads.delete(id);
  }

  fails({ id, result }: Extract<Effect, { t: 'readFailed' }>): void {
    this.#reads.delete(id);
    if (result.code === 'not_caught_up') this.#goals.reach('a linearizable read was not confirmed in time');
  }

  shows(node: SimNode, id: number, record: KvRecord | null | undefined): void {
    const read = this.#reads.get(id);
    must(read !== undefined, 'I8', () => `read ${id} is answered once`);
    this.#reads.delete(id);
    const { key, startedAt, confirmed } = read;
    if (confirmed !== null) this.#checkConfirmed(id, confirmed);
    const found = record === undefined ? node.disk.store.get(key) : record;
    const order = this.#ledger.shown(node, key, found);
    if (found !== null) this.#checkShown(id, key, found);
    const isNewest = node.replica.epoch === this.#ledger.lineage.open?.epoch;
    if (confirmed === null && !isNewest) return;
    must(
      order >= read.atLeast,
      'I3',
      () => `read ${id} of ${key} shows ${sayOrdinal(order)}, and ${sayOrdinal(read.atLeast)} was known before it began`,
    );
    if (order < this.#writes.newestOf(key)) this.#goals.reach('a read saw the value before a pending one');
    this.#history.hears(key, order);
    this.#history.add({ id, f: 'read', key, order, startedAt, endedAt: this.#cluster.now });
  }

  #checkShown(id: number, key: string, found: KvRecord): void {
    const { lineage } = this.#ledger;
    const accepted = lineage.find(found.version);
    const isKnown = accepted !== undefined && found.key === key && lineage.isKnown(found);
    must(isKnown, 'I3', () => `read ${id} of ${key} shows ${sayVersion(found)}, which nobody wrote`);
    must(lineage.isSettled(accepted), 'I3', () => `read ${id} shows ${sayVersion(found)}, which is pending`);
    if (accepted.voidedBy !== null) this.#writes.loses(accepted, `read ${id} showed it`);
  }

  /** SPEC 4: after the read arrived, a majority said that no newer epoch exists. */
  #checkConfirmed(id: number, { epoch, after }: { readonly epoch: number; readonly after: number }): void {
    const needed = majorityOf(this.#cluster.nodes.length - 1);
    const confirmed = 1 + this.#round(epoch).answered.filter((order) => order > after).length;
    must(
      confirmed >= needed,
      'I3',
      () => `linearizable read ${id} is answered, and ${confirmed} of ${needed} nodes confirmed the leader since it arrived`,
    );
    if (needed > 1) this.#goals.reach('a majority confirmed a linearizable read');
  }

  #round(epoch: number): Round {
    let round = this.#rounds.get(epoch);
    if (round === undefined) {
      round = { lastOrder: 0, answered: [] };
      this.#rounds.set(epoch, round);
    }
    return round;
  }
}
