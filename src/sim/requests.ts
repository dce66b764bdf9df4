/**
 * What clients asked and were told: every write, read and change of the quorum, judged when it is answered, and the history of them all at the end.
 *
 * Part of the oracle (oracle.ts). Delays are drawn again from the seed, so that a floor is known without believing the replica's.
 */
import type { Effect, Input, PutInput, WriteFailure, WriteSuccess } from '../core/message.ts';
import { floorOf, majorityOf } from '../core/quorum.ts';
import type { KvRecord } from '../core/record.ts';
import { formatVersion } from '../core/version.ts';
import { assert } from '../lib/assert.ts';
import { sampleOf } from '../lib/distribution.ts';
import { Prng } from '../lib/prng.ts';
import type { Ms } from '../lib/units.ts';
import { checkReads, type RegisterOp } from './check-reads.ts';
import type { Epochs } from './epochs.ts';
import type { Goals } from './goals.ts';
import { type Ledger, ROUNDING_MS, sayVersion } from './ledger.ts';
import { Retried } from './retries.ts';
import { askJudge } from './second-opinion.ts';
import type { ClusterView, SimNode } from './sim-node.ts';
import { must } from './violation.ts';
import type { World } from './world.ts';

interface Put {
  readonly input: PutInput;
  readonly life: number;
  readonly startedAt: Ms;
  /** Null: it was refused. */
  readonly seq: number | null;
  /** What it must not be answered with fewer acks than. */
  readonly need: number;
  readonly floorMs: Ms;
  /** Its need is the quorum that everybody knows. */
  readonly isDefault: boolean;
  result: WriteSuccess | WriteFailure | null;
  endedAt: Ms;
}

/** Errors after which a write certainly did not and will not happen, as the wire's registry has them. */
const DEFINITE = new Set(['not_leader', 'not_open', 'invalid_quorum', 'overloaded', 'draining', 'storage_failed', 'idempotency_mismatch']);

export class Requests {
  readonly puts = new Map<number, Put>();
  readonly #world: World;
  readonly #ledger: Ledger;
  readonly #epochs: Epochs;
  readonly #goals: Goals;
  readonly #retried: Retried;
  readonly #reads = new Map<
    number,
    { readonly key: string; readonly startedAt: Ms; readonly atLeast: number; readonly after: number | null }
  >();
  readonly #ops: RegisterOp[] = [];
  /** By key, the newest that a client had heard of. */
  readonly #heard = new Map<string, number>();
  readonly #pendingNewest = new Map<string, number>();
  readonly #quorums = new Map<number, { readonly quorum: number; readonly isForced: boolean }>();
  /** Someone lowered the quorum by force, so nobody needs to know of it. */
  #isForced = false;
  /** Of the running leadership, one stream per follower. */
  #draws: readonly Prng[] = [];
  /** The newest request that the running leader sent, and the newest of them that each follower answered although it could know of a newer epoch. */
  #lastOrder = 0;
  readonly #answered: number[];
  #cluster: ClusterView | null = null;

  constructor(world: World, ledger: Ledger, epochs: Epochs, goals: Goals) {
    this.#world = world;
    this.#ledger = ledger;
    this.#epochs = epochs;
    this.#goals = goals;
    this.#retried = new Retried(ledger, goals);
    this.#answered = new Array(world.followers + 1).fill(0);
  }

  watches(cluster: ClusterView): void {
    this.#cluster = cluster;
  }

  get #it(): ClusterView {
    assert(this.#cluster !== null, 'requests have a cluster');
    return this.#cluster;
  }

  get isQuorumChanging(): boolean {
    return this.#quorums.size > 0;
  }

  input(_node: SimNode, input: Input): void {
    if (input.t === 'read') {
      const after = input.isLinearizable ? this.#lastOrder : null;
      this.#reads.set(input.id, { key: input.key, startedAt: this.#it.now, atLeast: this.#heard.get(input.key) ?? 0, after });
    } else if (input.t === 'setQuorum') {
      this.#quorums.set(input.id, input);
      this.#isForced ||= input.isForced;
    }
  }

  admitted(node: SimNode, input: PutInput, seq: number | null): void {
    const { now } = this.#it;
    const quorum = node.replica.leader?.quorum ?? 0;
    const delays = seq === null ? [] : this.#draws.map((prng, i) => sampleOf(this.#world.delays[i]!, prng.next()));
    const need = input.need ?? quorum;
    const floorMs = seq === null ? 0 : floorOf(delays, need);
    const put = { input, life: node.life, startedAt: now, seq, need, floorMs, isDefault: input.need === null, result: null, endedAt: 0 };
    this.puts.set(input.id, { ...put, endedAt: Number.POSITIVE_INFINITY });
    this.#retried.admitted(input, seq);
    if (seq === null) return;
    this.#pendingNewest.set(input.key, seq);
    this.#ledger.dueAt.set(
      seq,
      delays.map((delay) => now + delay),
    );
  }

  effect(node: SimNode, effect: Effect): void {
    if (effect.t === 'reply') this.#replies(node, effect.id, effect.result);
    else if (effect.t === 'readReady') this.#shows(node, effect.id, effect.record);
    else if (effect.t === 'readFailed') {
      this.#reads.delete(effect.id);
      if (effect.result.code === 'not_caught_up') this.#goals.reach('a linearizable read was not confirmed in time');
    } else if (effect.t === 'send' && effect.message.t === 'replicate') this.#lastOrder = effect.message.order;
    else if (effect.t === 'quorumReply') this.#changes(node, effect);
  }

  /** The follower answered that request of the leader. */
  responded(node: SimNode, order: number, isBlank: boolean): void {
    if (!isBlank) this.#answered[node.index] = Math.max(order, this.#answered[node.index] as number);
  }

  /** The leader stopped: nobody hears of what it had not answered. */
  crashed(): void {
    this.#reads.clear();
    this.#quorums.clear();
    this.#lastOrder = 0;
    this.#answered.fill(0);
    this.#ledger.dueAt.clear();
  }

  /** The leader starts, and draws its delays from their beginning. */
  started(): void {
    const root = new Prng(this.#world.seed);
    this.#draws = this.#world.delays.map((_, i) => root.fork(`delay:n${i + 2}`));
  }

  /** The leader opened its epoch: nothing that a client knew of is missing. */
  opened(node: SimNode): void {
    for (const [key, seq] of this.#heard)
      must(
        this.#ledger.holds(node, key, seq),
        'I1',
        () => `${node.id} opens epoch ${node.replica.epoch} without ${key}@seq ${seq}, which a client knew of`,
      );
  }

  /** A leader made it durable. */
  stores(record: KvRecord): void {
    const put = this.puts.get(record.timestampMs);
    must(
      put !== undefined && put.seq === record.version.seq && put.input.value === record.value && put.input.key === record.key,
      'I7',
      () => `${sayVersion(record)} is stored, and no client's write took that version`,
    );
    this.#retried.stores(record);
  }

  putOf(seq: number): Put | undefined {
    const accepted = this.#ledger.history[seq - 1];
    return accepted === undefined ? undefined : this.puts.get(accepted.record.timestampMs);
  }

  /** When all is over: what only the whole history shows. */
  finish(): void {
    const { leader } = this.#it;
    for (const [id, put] of this.puts) {
      must(put.result !== null || put.life < leader.life, 'I8', () => `write ${id} was never answered`);
      const accepted = put.seq === null ? undefined : this.#ledger.history[put.seq - 1];
      if (put.seq === null || accepted?.record.timestampMs !== put.input.timestampMs) continue;
      const isOk = put.result?.ok === true;
      if (put.result?.ok === false && put.result.code === 'quorum_not_met' && accepted.isSettled)
        this.#goals.reach('a write timed out and committed later');
      const endedAt = isOk ? put.endedAt : Number.POSITIVE_INFINITY;
      this.#ops.push({ id, f: 'write', key: put.input.key, order: put.seq, startedAt: put.startedAt, endedAt });
    }
    for (const judge of [checkReads, askJudge]) {
      const mistake = judge(this.#ops);
      must(mistake === null, 'I3', () => `key ${mistake?.key}: ${mistake?.message}`);
    }
  }

  #changes(node: SimNode, { id, result }: Extract<Effect, { t: 'quorumReply' }>): void {
    const asked = this.#quorums.get(id);
    must(asked !== undefined, 'I8', () => `change ${id} of the quorum is answered once`);
    this.#quorums.delete(id);
    if (!result.ok) {
      if (result.code === 'quorum_not_met') this.#goals.reach('a lower quorum was not recorded in time');
    } else if (result.quorum < result.previous && !asked.isForced) this.#epochs.lowered(node, result.quorum);
  }

  #replies(node: SimNode, id: number, result: WriteSuccess | WriteFailure): void {
    const put = this.puts.get(id);
    must(put !== undefined && put.result === null, 'I8', () => `write ${id} is answered once`);
    put.result = result;
    put.endedAt = this.#it.now;
    if (!result.ok) return this.#fails(put, result);
    const { version, need, acks, quorumMs } = result;
    const { key } = put.input;
    if (result.isReplayed) {
      this.#retried.replayed(put.input, result);
      return this.#hears(key, version.seq);
    }
    must(put.seq === version.seq, 'I8', () => `write ${id} took seq ${put.seq}, and is answered with ${formatVersion(version)}`);
    must(
      need === put.need && acks >= need,
      'I14',
      () => `write ${id} needed ${put.need} acks when it was admitted, and succeeds with ${acks} of ${need}`,
    );
    must(
      this.#ledger.holds(node, key, version.seq),
      'I2',
      () => `${node.id} answers write ${id} before its own disk has ${formatVersion(version)}`,
    );
    const ackers = this.#ledger.ackers(key, version.seq);
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
    if (put.isDefault && !this.#isForced) {
      const isKnown = this.#epochs.isSmallestNeedKnown(need, this.#it);
      must(isKnown, 'k_min', () => `write ${id} succeeds with a quorum of ${need}, which no majority of the disks knows`);
    }
    this.#hears(key, version.seq);
    if (this.#world.followers > 0 && need === 0) this.#goals.reach('a write that nobody had to ack succeeded');
    if (need > 1 && need === this.#world.followers) this.#goals.reach('a write that everybody had to ack succeeded');
  }

  #fails(put: Put, { code, message }: WriteFailure): void {
    this.#retried.refused(put.input, code);
    const isWrong = put.input.need !== null && (put.input.need < 0 || put.input.need > this.#world.followers);
    if (code === 'invalid_quorum') must(isWrong, 'I12', () => `write ${put.input.id} is refused: ${message}`);
    if (code === 'overloaded') this.#goals.reach('a write was refused because too many waited');
    if (code === 'deposed' && message.includes('shuts down'))
      this.#goals.reach('a leader that was to stop refused writes, and answered those that waited');
    if (message.includes('too few followers answer')) this.#goals.reach('a write failed early, too few followers being there');
    const isSeen = put.seq !== null && this.#ledger.history[put.seq - 1]?.record.timestampMs === put.input.timestampMs;
    must(
      !DEFINITE.has(code) || (put.seq === null && !isSeen),
      'I7',
      () => `write ${put.input.id} fails for certain (${code}), and took seq ${put.seq}`,
    );
  }

  #shows(node: SimNode, id: number, record: KvRecord | null | undefined): void {
    const read = this.#reads.get(id);
    must(read !== undefined, 'I8', () => `read ${id} is answered once`);
    this.#reads.delete(id);
    const { key, atLeast, startedAt, after } = read;
    if (after !== null) this.#checkConfirmed(id, after);
    const found = record === undefined ? node.disk.store.get(key) : record;
    const seq = found?.version.seq ?? 0;
    if (found !== null) {
      const accepted = this.#ledger.history[seq - 1];
      const isKnown = accepted !== undefined && found.key === key && this.#ledger.isKnown(found);
      must(isKnown, 'I3', () => `read ${id} of ${key} shows ${sayVersion(found)}, which nobody wrote`);
      must(this.#ledger.isSettled(accepted), 'I3', () => `read ${id} shows ${sayVersion(found)}, which is pending`);
    }
    must(seq >= atLeast, 'I3', () => `read ${id} of ${key} shows seq ${seq}, and ${atLeast} was known before it began`);
    if (seq < (this.#pendingNewest.get(key) ?? 0)) this.#goals.reach('a read saw the value before a pending one');
    this.#hears(key, seq);
    this.#ops.push({ id, f: 'read', key, order: seq, startedAt, endedAt: this.#it.now });
  }

  /** SPEC 4: after the read arrived, a majority said that no newer epoch exists. */
  #checkConfirmed(id: number, after: number): void {
    const needed = majorityOf(this.#world.followers);
    const confirmed = 1 + this.#answered.filter((order) => order > after).length;
    must(
      confirmed >= needed,
      'I3',
      () => `linearizable read ${id} is answered, and ${confirmed} of ${needed} nodes confirmed the leader since it arrived`,
    );
    if (needed > 1) this.#goals.reach('a majority confirmed a linearizable read');
  }

  #hears(key: string, seq: number): void {
    if (seq > (this.#heard.get(key) ?? 0)) this.#heard.set(key, seq);
  }
}
