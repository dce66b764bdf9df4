/**
 * What must hold in a core cluster at every moment, judged from outside: by what went over the wire and what the disks hold, never by what
 * a replica thinks of itself. Every check throws, with what was expected, at the step that broke it.
 */

import type { NodeId, ReplicateAnswer, ReplicateRequest, WriteFailure, WriteSuccess } from '../../src/core/message.ts';
import type { HardState, KvRecord } from '../../src/core/record.ts';
import { compareVersions, formatVersion, isNewer, maxVersion, type Version, ZERO } from '../../src/core/version.ts';
import { assert } from '../../src/lib/assert.ts';
import type { CoreCluster, CoreNode, Message } from './core-cluster.ts';

interface Accepted {
  readonly record: KvRecord;
  readonly admittedAt: number;
}

interface Reading {
  readonly key: string;
  /** The newest version of the key that a client had heard of, by a success or a read, when the read began. */
  readonly atLeast: Version;
}

export class CoreChecks {
  readonly #cluster: CoreCluster;
  /** Every record that a leader ever made durable, oldest first: the history. */
  readonly #history: Accepted[] = [];
  /** Per node and key, the newest version that it ever held when it gave an ack that counts. */
  readonly #acked = new Map<NodeId, Map<string, Version>>();
  readonly #puts = new Map<number, { readonly key: string; readonly at: number; isAnswered: boolean; life: number }>();
  readonly #reads = new Map<number, Reading>();
  readonly #heard = new Map<string, Version>();
  readonly #hard = new Map<NodeId, HardState>();
  /** The head at the newest opening: everything up to it is on a majority. */
  #opened: Version = ZERO;
  successes = 0;

  constructor(cluster: CoreCluster) {
    this.#cluster = cluster;
    for (const { id } of cluster.nodes) this.#acked.set(id, new Map());
    cluster.watchers.push((node, effect, message) => {
      if (effect.t === 'send' && effect.message.t === 'replicate') this.#sends(node, effect.message);
      else if (effect.t === 'respond' && effect.message.t === 'replicated') this.#answers(node, effect.message, message);
      else if (effect.t === 'reply') this.#replies(node, effect.id, effect.result);
      else if (effect.t === 'readReady') this.#reading(node, effect.id, effect.record);
      else if (effect.t === 'note' && effect.event === 'open') this.#opened = node.replica.head;
    });
    cluster.keepers.push((node, kept) => {
      if (kept.t === 'saveHard') this.#promises(node, kept.state);
      else if (node.replica.leader !== null) this.#history.push(...kept.records.map((record) => ({ record, admittedAt: cluster.now })));
    });
  }

  put(id: number, key: string): void {
    this.#puts.set(id, { key, at: this.#cluster.now, isAnswered: false, life: this.#leader.life });
  }

  read(id: number, key: string): void {
    this.#reads.set(id, { key, atLeast: this.#heard.get(key) ?? ZERO });
  }

  /** Between two steps. */
  check(): void {
    for (const node of this.#cluster.nodes) {
      this.#honest(node);
      if (node.isRunning) this.#committed(node.id, node.replica.committedThrough);
    }
  }

  /** After everything was healed and came to rest. */
  checkHealed(): void {
    const leader = this.#leader;
    assert(leader.replica.phase === 'open', `n1 leads again, and is ${leader.replica.phase}: ${leader.replica.waitingFor}`);
    const { head } = leader.replica;
    const digest = digestOf(leader);
    for (const node of this.#cluster.nodes) {
      assert(digestOf(node) === digest, `${node.id} holds what n1 holds`);
      const { watermark } = node.store.position();
      assert(
        node === leader || compareVersions(watermark, head) === 0,
        `the watermark of ${node.id} is the head ${formatVersion(head)}, not ${formatVersion(watermark)}`,
      );
    }
    assert(compareVersions(leader.replica.committedThrough, head) === 0, 'everything is committed');
    const { writes } = leader.replica.leader ?? {};
    assert(writes?.waiting === 0 && writes.bytes === 0, 'nobody waits, and nothing is kept for anybody');
    for (const [id, { isAnswered, life }] of this.#puts) assert(isAnswered || life < leader.life, `write ${id} was answered`);
  }

  get #leader(): CoreNode {
    return this.#cluster.node('n1');
  }

  /** A promise is never taken back, and a blank node is so until it reached an open epoch. */
  #promises(node: CoreNode, state: HardState): void {
    const before = this.#hard.get(node.id);
    this.#hard.set(node.id, state);
    if (before === undefined || before.incarnation !== state.incarnation) return;
    assert(state.promisedEpoch >= before.promisedEpoch, `${node.id} promised epoch ${before.promisedEpoch} before`);
    const { watermark } = node.store.position();
    assert(
      !before.blank || state.blank || watermark.epoch === state.promisedEpoch,
      `${node.id} is blank until it reached epoch ${state.promisedEpoch}`,
    );
  }

  /** Nothing leaves before it is durable where it leaves. */
  #sends(node: CoreNode, { records, page }: ReplicateRequest): void {
    for (const { key, version } of records) {
      const held = node.store.get(key);
      assert(held !== null && !isNewer(version, held.version), `${node.id} holds ${key}@${formatVersion(version)} before it sends it`);
    }
    if (page === null) return;
    for (const { record } of this.#history) {
      const isInside = isNewer(record.version, page.since) && !isNewer(record.version, page.coversTo);
      if (isInside) assert(!isNewer(record.version, node.replica.head), 'a page has nothing that was not accepted');
    }
  }

  /** An answer speaks of what is durable. */
  #answers(node: CoreNode, answer: ReplicateAnswer, message: Message | null): void {
    const position = node.store.position();
    assert(compareVersions(answer.watermark, position.watermark) === 0, `${node.id} answers with the watermark that its disk holds`);
    if (!answer.isCounted) return;
    assert(node.hard !== null && !node.hard.blank, `${node.id} is blank and must not count`);
    assert(message !== null, 'an answer has a message');
    const acked = this.#acked.get(node.id);
    for (const { key, version } of node.store.dump({ tombstones: true }).rows())
      acked?.set(key, maxVersion(acked.get(key) ?? ZERO, version));
  }

  #replies(node: CoreNode, id: number, result: WriteSuccess | WriteFailure): void {
    const put = this.#puts.get(id);
    assert(put !== undefined && !put.isAnswered, `write ${id} is answered once`);
    put.isAnswered = true;
    if (!result.ok) return;
    this.successes += 1;
    const { version, need, acks } = result;
    assert(acks >= need, `${acks} acks are at least ${need}`);
    const held = node.store.get(put.key);
    assert(held !== null && !isNewer(version, held.version), `${node.id} holds ${formatVersion(version)} itself when it answers`);
    const holders = this.#holders(put.key, version);
    assert(holders >= acks, `${holders} followers acked ${put.key}@${formatVersion(version)}, and ${acks} were counted`);
    this.#heard.set(put.key, maxVersion(this.#heard.get(put.key) ?? ZERO, version));
  }

  /** Committed reads never go back, and see what was acknowledged before they began. */
  #reading(node: CoreNode, id: number, record: KvRecord | null | undefined): void {
    const reading = this.#reads.get(id);
    assert(reading !== undefined, `read ${id} was asked for, once`);
    this.#reads.delete(id);
    const { key, atLeast } = reading;
    const found = record === undefined ? node.store.get(key) : record;
    const version = found?.version ?? ZERO;
    assert(found === null || this.#isCommitted(key, version), `read ${id} shows ${key}@${formatVersion(version)}, which is pending`);
    assert(!isNewer(atLeast, version), `read ${id} goes back from ${key}@${formatVersion(atLeast)} to ${formatVersion(version)}`);
    this.#heard.set(key, maxVersion(this.#heard.get(key) ?? ZERO, version));
  }

  #holders(key: string, version: Version): number {
    return [...this.#acked].filter(([id, keys]) => id !== 'n1' && !isNewer(version, keys.get(key) ?? ZERO)).length;
  }

  #isCommitted(key: string, version: Version): boolean {
    if (!isNewer(version, this.#opened)) return true;
    const accepted = this.#history.find(({ record }) => record.key === key && compareVersions(record.version, version) === 0);
    return accepted !== undefined && this.#isSettled(accepted.record);
  }

  #isSettled({ key, version, need }: KvRecord): boolean {
    return !isNewer(version, this.#opened) || this.#holders(key, version) >= need;
  }

  /** For every key the node holds at least the newest version up to its watermark. */
  #honest(node: CoreNode): void {
    const { watermark } = node.store.position();
    for (const { record } of this.#history) {
      if (isNewer(record.version, watermark)) continue;
      const held = node.store.get(record.key);
      const isThere = held !== null && !isNewer(record.version, held.version);
      assert(isThere, `${node.id} says ${formatVersion(watermark)} and lacks ${record.key}@${formatVersion(record.version)}`);
    }
  }

  #committed(id: NodeId, through: Version): void {
    const settled = new Set<string>();
    // From the newest down: whatever is older than a committed record of its key is settled with it.
    for (const { record } of this.#history.toReversed()) {
      if (settled.has(record.key)) continue;
      if (this.#isSettled(record)) settled.add(record.key);
      else if (!isNewer(record.version, through)) {
        throw new Error(
          `${id} says that all is committed through ${formatVersion(through)}, and ${record.key}@${formatVersion(record.version)} is pending`,
        );
      }
    }
  }

  /**
   * Nothing is sent in the stream before its delay, and nothing is acked before it, but by a newer version of the key that was due earlier.
   * By the leader's trace, so it must be asked before the leader stops.
   */
  checkFloors(): void {
    const { leader } = this.#leader.replica;
    if (leader === null) return;
    const rows = leader.trace.rows(ZERO, 100_000);
    const keys = new Map(this.#history.map(({ record }) => [formatVersion(record.version), record.key]));
    const facts = rows.map((row) => ({
      row,
      key: keys.get(formatVersion(row.version)),
      at: leader.trace.admittedAt(row.version.seq) ?? 0,
    }));
    for (const { row, key, at } of facts) {
      for (const [follower, { delayMs, sentMs, ackedMs }] of row.followers.entries()) {
        assert(
          sentMs === null || sentMs >= delayMs - 1e-9,
          `${formatVersion(row.version)} was sent after ${sentMs} ms, and is due after ${delayMs}`,
        );
        if (ackedMs === null) continue;
        const newer = facts.filter((other) => other.key === key && !isNewer(row.version, other.row.version));
        const dueAt = Math.min(...newer.map((other) => other.at + (other.row.followers[follower]?.delayMs ?? 0)));
        assert(
          at + ackedMs >= dueAt - 1e-9,
          `${formatVersion(row.version)} was acked at ${at + ackedMs}, and nothing of its key was due before ${dueAt}`,
        );
      }
    }
  }
}

function digestOf(node: CoreNode): string {
  return [...node.store.dump({ tombstones: true }).rows()]
    .map(({ key, value, version }) => `${key}=${value}@${formatVersion(version)}`)
    .join(' ');
}
