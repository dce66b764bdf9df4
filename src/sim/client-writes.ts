/**
 * What clients were told when they wrote, judged as it is answered: success only with the acks and the delays that the write needed, a definite error
 * only for what never was, and nothing lost but what its own need did not protect.
 *
 * Delays are drawn again from the seed, so that a floor is known without believing the replica's. Part of the oracle (requests.ts).
 */
import type { PutInput, WriteFailure, WriteSuccess } from '../core/message.ts';
import { floorOf } from '../core/quorum.ts';
import type { KvRecord } from '../core/record.ts';
import { formatVersion, type Version } from '../core/version.ts';
import { sampleOf } from '../lib/distribution.ts';
import { Prng } from '../lib/prng.ts';
import type { Ms } from '../lib/units.ts';
import type { ClientHistory } from './client-history.ts';
import type { Accepted } from './epoch-history.ts';
import type { Epochs } from './epochs.ts';
import type { Goals } from './goals.ts';
import { type Ledger, ROUNDING_MS } from './ledger.ts';
import { sayVersion } from './lineage.ts';
import { type Ordinal, ordinalOf } from './ordinal.ts';
import { Retried } from './retries.ts';
import type { ClusterView, SimNode } from './sim-node.ts';
import { must } from './violation.ts';

interface Put {
  readonly input: PutInput;
  readonly node: SimNode;
  readonly life: number;
  readonly startedAt: Ms;
  /** Null: it was refused. */
  readonly version: Version | null;
  /** What it must not be answered with fewer acks than. */
  readonly need: number;
  readonly floorMs: Ms;
  /** Its client asked for less than the quorum in force. */
  readonly isLessThanQuorum: boolean;
  result: WriteSuccess | WriteFailure | null;
  endedAt: Ms;
}

/** Errors after which a write certainly did not and will not happen, as the wire's registry has them. */
const DEFINITE = new Set(['not_leader', 'not_open', 'invalid_quorum', 'overloaded', 'draining', 'storage_failed', 'idempotency_mismatch']);

export class ClientWrites {
  readonly puts = new Map<number, Put>();
  /** Someone lowered the quorum by force, so nobody needs to know of it. */
  isForced = false;
  readonly #cluster: ClusterView;
  readonly #ledger: Ledger;
  readonly #epochs: Epochs;
  readonly #history: ClientHistory;
  readonly #goals: Goals;
  readonly #retried: Retried;
  readonly #newest = new Map<string, Ordinal>();
  /** By node, of its running life: one stream per other node, in their order. */
  readonly #draws: (readonly { readonly index: number; readonly prng: Prng }[])[] = [];

  constructor(cluster: ClusterView, ledger: Ledger, epochs: Epochs, history: ClientHistory, goals: Goals) {
    this.#cluster = cluster;
    this.#ledger = ledger;
    this.#epochs = epochs;
    this.#history = history;
    this.#goals = goals;
    this.#retried = new Retried(ledger, goals, (record) => this.putOf(record)?.result?.ok === true);
  }

  /** The newest that a leader took for the key, be it pending, lost or committed. */
  newestOf(key: string): Ordinal {
    return this.#newest.get(key) ?? 0;
  }

  /** The node starts, and draws its delays from their beginning. */
  started(node: SimNode): void {
    const root = new Prng(this.#cluster.world.seed);
    const others = this.#cluster.nodes.filter((each) => each !== node);
    this.#draws[node.index] = others.map(({ id, index }) => ({ index, prng: root.fork(`delay:${id}`) }));
  }

  admitted(node: SimNode, input: PutInput, version: Version | null): void {
    const { now, world } = this.#cluster;
    const quorum = node.replica.leader?.quorum ?? 0;
    const draws = version === null ? [] : (this.#draws[node.index] ?? []);
    const delays = draws.map(({ index, prng }) => sampleOf(world.delays[index]!, prng.next()));
    const need = input.need ?? quorum;
    const floorMs = version === null ? 0 : floorOf(delays, need);
    const put = { input, node, life: node.life, startedAt: now, version, need, floorMs, isLessThanQuorum: need < quorum };
    this.puts.set(input.id, { ...put, result: null, endedAt: Number.POSITIVE_INFINITY });
    this.#retried.admitted(input, version !== null);
    if (version === null) return;
    this.#newest.set(input.key, Math.max(this.newestOf(input.key), ordinalOf(version)));
    const dueAt: Ms[] = [];
    for (const [i, { index }] of draws.entries()) dueAt[index] = now + (delays[i] as Ms);
    this.#ledger.dueAt.set(ordinalOf(version), dueAt);
  }

  /** A leader made it durable. */
  stores(record: KvRecord): void {
    const put = this.puts.get(record.timestampMs);
    const { version } = put ?? {};
    must(
      put !== undefined &&
        version &&
        ordinalOf(version) === ordinalOf(record.version) &&
        put.input.value === record.value &&
        put.input.key === record.key,
      'I7',
      () => `${sayVersion(record)} is stored, and no client's write took that version`,
    );
    this.#retried.stores(record);
  }

  putOf({ timestampMs }: KvRecord): Put | undefined {
    return this.puts.get(timestampMs);
  }

  /**
   * It was committed, and a newer epoch opened without it. Legal only for a write that needed so few acks that those who were asked could miss all of them,
   * by its own client's wish or by force.
   */
  loses(accepted: Accepted, circumstances: string): void {
    const { record, voidedBy } = accepted;
    // Only superseded by one that was committed: that one is judged itself.
    if (this.#ledger.ackers(accepted) < record.need) return;
    const put = this.putOf(record);
    const keptNeed = voidedBy?.keptNeed ?? 0;
    const isOwnChoice = put?.isLessThanQuorum === true || this.isForced || voidedBy?.isForced === true || voidedBy?.isAlone === true;
    must(
      record.need < keptNeed && isOwnChoice,
      'I1',
      () =>
        `${sayVersion(record)} needed ${record.need} acks and had them (${circumstances}), and epoch ${voidedBy?.epoch}, which keeps what needed ${keptNeed}, opened without it`,
    );
    this.#goals.reach('a committed write was lost, as its need or force allowed');
  }

  replies(node: SimNode, id: number, result: WriteSuccess | WriteFailure): void {
    const put = this.puts.get(id);
    must(put !== undefined && put.result === null, 'I8', () => `write ${id} is answered once`);
    put.result = result;
    put.endedAt = this.#cluster.now;
    if (!result.ok) return this.#fails(put, result);
    const { version, need, acks, quorumMs } = result;
    const { lineage } = this.#ledger;
    if (result.isReplayed) {
      this.#retried.replayed(node, put.input, result);
      return this.#history.hears(put.input.key, ordinalOf(version));
    }
    must(
      put.version !== null && ordinalOf(put.version) === ordinalOf(version),
      'I8',
      () =>
        `write ${id} took ${put.version === null ? 'no version' : formatVersion(put.version)}, and is answered with ${formatVersion(version)}`,
    );
    must(
      need === put.need && acks >= need,
      'I14',
      () => `write ${id} needed ${put.need} acks when it was admitted, and succeeds with ${acks} of ${need}`,
    );
    const accepted = lineage.find(version);
    must(
      accepted !== undefined && this.#ledger.holds(node, accepted.record),
      'I2',
      () => `${node.id} answers write ${id} before its own disk has ${formatVersion(version)}`,
    );
    const ackers = this.#ledger.ackers(accepted);
    must(
      ackers >= acks,
      'I2',
      () => `write ${id} succeeds with ${acks} acks, and ${ackers} followers that count hold ${formatVersion(version)}`,
    );
    must(
      quorumMs >= put.floorMs - ROUNDING_MS,
      'floor',
      () => `write ${id} is answered after ${quorumMs} ms, and its floor is ${put.floorMs}`,
    );
    if (accepted.voidedBy !== null) this.loses(accepted, 'a deposed leader says so');
    // Once a newer epoch began, its leader's own k_min is what disks know.
    if (put.input.need === null && !this.isForced && lineage.newest?.epoch === version.epoch) {
      const isKnown = this.#epochs.isSmallestNeedKnown(need, this.#cluster);
      must(isKnown, 'k_min', () => `write ${id} succeeds with a quorum of ${need}, which no majority of the disks knows`);
    }
    this.#history.hears(put.input.key, accepted.ordinal);
    const { followers } = this.#cluster.world;
    if (followers > 0 && need === 0) this.#goals.reach('a write that nobody had to ack succeeded');
    if (need > 1 && need === followers) this.#goals.reach('a write that everybody had to ack succeeded');
  }

  /** When all is over: who lives has answered, and every write that a disk took is part of the history. */
  finish(): void {
    for (const [id, put] of this.puts) {
      const { node, input, version, result, startedAt } = put;
      must(result !== null || put.life < node.life, 'I8', () => `write ${id} was never answered`);
      const accepted = this.#acceptedOf(put);
      if (version === null || accepted === undefined) continue;
      if (result?.ok === false && result.code === 'quorum_not_met' && accepted.isSettled)
        this.#goals.reach('a write timed out and committed later');
      const endedAt = result?.ok === true ? put.endedAt : Number.POSITIVE_INFINITY;
      this.#history.add({ id, f: 'write', key: input.key, order: accepted.ordinal, startedAt, endedAt });
    }
  }

  #fails(put: Put, { code, message }: WriteFailure): void {
    this.#retried.refused(put.input, code);
    const { need, id } = put.input;
    const isWrong = need !== null && (need < 0 || need > this.#cluster.world.followers);
    if (code === 'invalid_quorum') must(isWrong, 'I12', () => `write ${id} is refused: ${message}`);
    if (code === 'overloaded') this.#goals.reach('a write was refused because too many waited');
    if (code === 'deposed' && message.includes('shuts down'))
      this.#goals.reach('a leader that was to stop refused writes, and answered those that waited');
    if (message.includes('too few followers answer')) this.#goals.reach('a write failed early, too few followers being there');
    must(
      !DEFINITE.has(code) || (put.version === null && this.#acceptedOf(put) === undefined),
      'I7',
      () => `write ${id} fails for certain (${code}), and took ${put.version === null ? 'no version' : formatVersion(put.version)}`,
    );
  }

  /** Undefined: no disk took it. */
  #acceptedOf({ version, input }: Put): Accepted | undefined {
    const accepted = version === null ? undefined : this.#ledger.lineage.find(version);
    return accepted?.record.timestampMs === input.timestampMs ? accepted : undefined;
  }
}
