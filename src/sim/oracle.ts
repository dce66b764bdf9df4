/**
 * The judge of a running simulation: it sees what is sent, answered and stored, and throws a Violation at the step that broke something.
 *
 * It believes disks (ledger.ts, epochs.ts) and its own arithmetic, never what a replica thinks of itself: delays are drawn again from the seed, ackers are
 * counted on disks. What only shows at the end, linearizability and convergence, is asked for then (`finish`, `difference`).
 */
import type { Effect, Input, PeerAnswer, PeerRequest, PutInput, ReplicateRequest, WriteFailure, WriteSuccess } from '../core/message.ts';
import { floorOf } from '../core/quorum.ts';
import type { KvRecord } from '../core/record.ts';
import { compareVersions, formatVersion, isNewer } from '../core/version.ts';
import { assert } from '../lib/assert.ts';
import { sampleOf } from '../lib/distribution.ts';
import { Prng } from '../lib/prng.ts';
import type { Ms } from '../lib/units.ts';
import { checkReads, type RegisterOp } from './check-reads.ts';
import type { Frame } from './disk.ts';
import { Epochs } from './epochs.ts';
import type { Goals } from './goals.ts';
import { type Accepted, Ledger } from './ledger.ts';
import type { Observer } from './observer.ts';
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

const ROUNDING_MS = 1e-6;
/** Errors after which a write certainly did not and will not happen, as the wire's registry has them. */
const DEFINITE = new Set(['not_leader', 'not_open', 'invalid_quorum', 'overloaded', 'draining', 'storage_failed']);

export class Oracle implements Observer {
  readonly ledger: Ledger;
  readonly epochs: Epochs;
  readonly puts = new Map<number, Put>();
  #cluster: ClusterView | null = null;
  readonly #world: World;
  readonly #goals: Goals;
  readonly #reads = new Map<number, { readonly key: string; readonly startedAt: Ms; readonly atLeast: number }>();
  readonly #ops: RegisterOp[] = [];
  /** By key, the newest that a client had heard of. */
  readonly #heard = new Map<string, number>();
  readonly #pendingNewest = new Map<string, number>();
  readonly #quorums = new Map<number, { readonly quorum: number; readonly isForced: boolean }>();
  /** By the value's own number of the write that made it. */
  readonly #settledTo = { seq: 0 };
  readonly #kMin = { last: Number.POSITIVE_INFINITY, checkedTo: 0 };
  /** Someone lowered the quorum by force, so nobody needs to know of it. */
  #isForced = false;
  #draws: readonly Prng[] = [];
  /** By follower: the scan that is not at its end, and the state in which its link last sent. */
  readonly #scans: ({ coversTo: number; head: number } | null)[];
  readonly #linkStates: string[];

  constructor(world: World, goals: Goals) {
    this.#world = world;
    this.#goals = goals;
    this.ledger = new Ledger(world.followers + 1, goals);
    this.epochs = new Epochs(world.followers + 1, goals);
    this.#scans = new Array(world.followers + 1).fill(null);
    this.#linkStates = new Array(world.followers + 1).fill('');
  }

  watches(cluster: ClusterView): void {
    this.#cluster = cluster;
  }

  get #it(): ClusterView {
    assert(this.#cluster !== null, 'the oracle has a cluster');
    return this.#cluster;
  }

  input(_node: SimNode, input: Input): void {
    if (input.t === 'read')
      this.#reads.set(input.id, { key: input.key, startedAt: this.#it.now, atLeast: this.#heard.get(input.key) ?? 0 });
    else if (input.t === 'setQuorum') {
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
    if (seq === null) return;
    this.#pendingNewest.set(input.key, seq);
    this.ledger.dueAt.set(
      seq,
      delays.map((delay) => now + delay),
    );
  }

  effect(node: SimNode, effect: Effect): void {
    switch (effect.t) {
      case 'send':
        if (effect.message.t === 'replicate') this.#sends(node, this.#it.node(effect.to), effect.message);
        return;
      case 'reply':
        return this.#replies(node, effect.id, effect.result);
      case 'readReady':
        return this.#shows(node, effect.id, effect.record);
      case 'readFailed':
        this.#reads.delete(effect.id);
        return;
      case 'quorumReply': {
        const asked = this.#quorums.get(effect.id);
        must(asked !== undefined, 'I8', () => `change ${effect.id} of the quorum is answered once`);
        this.#quorums.delete(effect.id);
        const { result } = effect;
        if (!result.ok) {
          if (result.code === 'quorum_not_met') this.#goals.reach('a lower quorum was not recorded in time');
        } else if (result.quorum < result.previous && !asked.isForced) this.epochs.lowered(node, result.quorum);
        return;
      }
      case 'scan': {
        const head = node.replica.leader?.durable.seq ?? 0;
        if (effect.until.seq < head) this.#goals.reach('a page ended before a record that was not due');
        return;
      }
      case 'note':
        if (effect.event === 'open') this.#opens(node);
        return;
      default:
    }
  }

  responded(node: SimNode, request: PeerRequest, answer: PeerAnswer): void {
    const { hard, store } = node.disk;
    if (answer.t === 'refused') {
      if (answer.code === 'stale_epoch') this.#goals.reach('a stale epoch was refused');
      else if (answer.code === 'wrong_lineage') this.#goals.reach('another lineage was refused');
      else if (answer.code === 'wrong_incarnation') this.#goals.reach('another incarnation was refused');
      return;
    }
    if (answer.t === 'standing') {
      // A look may be answered with less, while the node has not heard yet that its promise is durable.
      const isDurable = answer.promisedEpoch <= (hard?.promisedEpoch ?? 0) && (answer.lineage === null || answer.lineage === hard?.lineage);
      must(
        isDurable,
        'I6',
        () => `${node.id} says that it promised epoch ${answer.promisedEpoch}, and its disk has ${hard?.promisedEpoch}`,
      );
      return;
    }
    must(request.t === 'replicate', 'core', () => `${node.id} answers a ${request.t} with what belongs to replication`);
    const { watermark } = store.position();
    must(
      compareVersions(answer.watermark, watermark) === 0,
      'I2',
      () => `${node.id} answers with the watermark ${formatVersion(answer.watermark)}, and its disk holds ${formatVersion(watermark)}`,
    );
    if (hard !== null) {
      must(request.lineage === hard.lineage, 'I13', () => `${node.id} of ${hard.lineage} takes a request of ${request.lineage}`);
      const isPromised = request.epoch === hard.promisedEpoch && request.from === hard.promisedTo;
      must(isPromised, 'I6', () => `${node.id} promised epoch ${hard.promisedEpoch}, and takes a request of ${request.epoch}`);
    }
    if (answer.isCounted) {
      const isRight = hard !== null && !hard.blank && watermark.epoch === hard.promisedEpoch;
      must(isRight, 'I2', () => `${node.id} says that its acks count: blank ${hard?.blank}, at ${formatVersion(watermark)}`);
    }
    for (const { key, version } of request.records) {
      must(
        this.ledger.holds(node, key, version.seq),
        'I2',
        () => `${node.id} acks ${key}@${formatVersion(version)}, and its disk lacks it`,
      );
      const put = this.#putOf(version.seq);
      if (put?.result?.ok && request.page === null) this.#goals.reach('a follower acked after the client had its answer');
    }
  }

  kept(node: SimNode, frame: Frame, isLate: boolean): void {
    if (isLate) this.#goals.reach('a crash came after a commit and before its answer');
    const { commit, isLeaders } = frame;
    if (isLeaders && commit.t === 'persist') for (const record of commit.records) this.#stores(record);
    this.ledger.kept(node, frame, this.#it.now);
    this.epochs.kept(node, frame);
  }

  lost(_node: SimNode, _frame: Frame, isTorn: boolean): void {
    this.#goals.reach(isTorn ? 'a crash tore a commit' : 'a crash lost a commit that was under way');
  }

  lived(node: SimNode, what: 'started' | 'crashed' | 'wiped'): void {
    const isForgotten = what === 'wiped' || (what === 'crashed' && this.#world.store === 'memory');
    if (isForgotten) {
      this.ledger.wiped(node);
      this.epochs.wiped(node);
    }
    if (node !== this.#it.leader) return;
    if (what === 'crashed') {
      if (this.epochs.opened > 0 && node.replica.phase !== 'open') this.#goals.reach('a leader restarted in the middle of its opening');
      this.#reads.clear();
      this.#quorums.clear();
      this.ledger.dueAt.clear();
    } else if (what === 'started') {
      const root = new Prng(this.#world.seed);
      this.#draws = this.#world.delays.map((_, i) => root.fork(`delay:n${i + 2}`));
      this.#kMin.last = Number.POSITIVE_INFINITY;
    }
  }

  /** What keeps the healed cluster from being one; null if nothing does. */
  difference(): string | null {
    const { leader, nodes } = this.#it;
    if (leader.replica.phase !== 'open') return `n1 is ${leader.replica.phase}: ${leader.replica.waitingFor}`;
    const { head, committedThrough } = leader.replica;
    const { writes } = leader.replica.leader ?? {};
    if (writes === undefined || writes.waiting > 0) return `${writes?.waiting} writes wait for their quorum`;
    for (const node of nodes) {
      const { watermark } = node.disk.store.position();
      if (node !== leader && compareVersions(watermark, head) !== 0)
        return `the watermark of ${node.id} is ${formatVersion(watermark)}, and the head is ${formatVersion(head)}`;
    }
    if (compareVersions(committedThrough, head) !== 0) return `all is committed through ${formatVersion(committedThrough)} only`;
    if (writes.bytes > 0) return `${writes.bytes} bytes are kept for nobody`;
    if (leader.replica.leader?.quorum !== undefined && this.#quorums.size > 0) return 'a change of the quorum is not answered';
    const expected = contentOf(leader);
    for (const node of nodes) {
      const content = contentOf(node);
      if (content !== expected) return `${node.id} holds ${content}, and n1 ${expected}`;
      if (node.disk.hard?.blank !== false) return `${node.id} is blank`;
    }
    return null;
  }

  /** When all is over: what only the whole history shows. */
  finish(): void {
    const { leader } = this.#it;
    for (const [id, put] of this.puts) {
      must(put.result !== null || put.life < leader.life, 'I8', () => `write ${id} was never answered`);
      const accepted = put.seq === null ? undefined : this.ledger.history[put.seq - 1];
      if (put.seq === null || accepted?.record.timestampMs !== put.input.timestampMs) continue;
      const isOk = put.result?.ok === true;
      if (put.result?.ok === false && put.result.code === 'quorum_not_met' && accepted.isSettled)
        this.#goals.reach('a write timed out and committed later');
      const endedAt = isOk ? put.endedAt : Number.POSITIVE_INFINITY;
      this.#ops.push({ id, f: 'write', key: put.input.key, order: put.seq, startedAt: put.startedAt, endedAt });
    }
    const mistake = checkReads(this.#ops);
    must(mistake === null, 'I3', () => `key ${mistake?.key}: ${mistake?.message}`);
  }

  #sends(node: SimNode, to: SimNode, message: ReplicateRequest): void {
    const { ledger } = this;
    const { now } = this.#it;
    for (const { key, version } of message.records) {
      must(
        ledger.holds(node, key, version.seq),
        'I2',
        () => `${node.id} sends ${key}@${formatVersion(version)} before its own disk has it`,
      );
      const dueAt = ledger.dueAt.get(version.seq)?.[to.index - 1] ?? 0;
      must(now >= dueAt - ROUNDING_MS, 'floor', () => `${formatVersion(version)} leaves for ${to.id} at ${now}, and is due at ${dueAt}`);
      const isAgain = message.page === null && now >= dueAt + this.#world.limits.retransmitMs;
      if (isAgain && (node.replica.network.settings.get(to.id)?.loss ?? 0) > 0) this.#goals.reach('a lost record was sent again');
    }
    const through = message.committedThrough.seq;
    for (; this.#settledTo.seq < through; this.#settledTo.seq++) {
      const accepted = ledger.history[this.#settledTo.seq];
      const isSettled = accepted !== undefined && ledger.isSettled(accepted);
      must(isSettled, 'I8', () => `${node.id} says that all is committed through seq ${through}, and ${sayRecord(accepted)} is pending`);
    }
    this.#checkSmallestNeed(node, message);
    const { page } = message;
    if (page !== null)
      this.#scans[to.index] = isNewer(page.head, page.coversTo) ? { coversTo: page.coversTo.seq, head: page.head.seq } : null;
    const state = node.replica.leader?.links[to.index - 1]?.state ?? '';
    if (state === 'catch-up' && this.#linkStates[to.index] === 'stream') this.#goals.reach('a stream broke off into catch-up');
    this.#linkStates[to.index] = state;
  }

  /** SPEC 6: k_min is at most the need of every write above the lowest durable watermark, and at most the quorum in force. */
  #checkSmallestNeed(node: SimNode, { kMin, quorum }: ReplicateRequest): void {
    must(kMin <= quorum, 'k_min', () => `${node.id} tells k_min ${kMin} with a quorum of ${quorum}`);
    const { history } = this.ledger;
    const check = this.#kMin;
    const lowest = this.ledger.lowestWatermark();
    check.checkedTo = kMin > check.last ? lowest : Math.max(check.checkedTo, lowest);
    check.last = kMin;
    for (; check.checkedTo < history.length; check.checkedTo++) {
      const accepted = history[check.checkedTo] as Accepted;
      const isTold = accepted.record.need >= kMin || accepted.seq <= this.ledger.openedSeq;
      must(isTold, 'k_min', () => `${node.id} tells k_min ${kMin}, and ${sayRecord(accepted)} needs ${accepted.record.need}`);
    }
  }

  #replies(node: SimNode, id: number, result: WriteSuccess | WriteFailure): void {
    const put = this.puts.get(id);
    must(put !== undefined && put.result === null, 'I8', () => `write ${id} is answered once`);
    put.result = result;
    put.endedAt = this.#it.now;
    if (!result.ok) return this.#fails(put, result);
    const { version, need, acks, quorumMs } = result;
    const { key } = put.input;
    must(put.seq === version.seq, 'I8', () => `write ${id} took seq ${put.seq}, and is answered with ${formatVersion(version)}`);
    must(
      need === put.need && acks >= need,
      'I14',
      () => `write ${id} needed ${put.need} acks when it was admitted, and succeeds with ${acks} of ${need}`,
    );
    must(
      this.ledger.holds(node, key, version.seq),
      'I2',
      () => `${node.id} answers write ${id} before its own disk has ${formatVersion(version)}`,
    );
    const ackers = this.ledger.ackers(key, version.seq);
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
      const isKnown = this.epochs.isSmallestNeedKnown(need, this.#it);
      must(isKnown, 'k_min', () => `write ${id} succeeds with a quorum of ${need}, which no majority of the disks knows`);
    }
    this.#hears(key, version.seq);
    if (this.#world.followers > 0 && need === 0) this.#goals.reach('a write that nobody had to ack succeeded');
    if (need > 1 && need === this.#world.followers) this.#goals.reach('a write that everybody had to ack succeeded');
  }

  #fails(put: Put, { code, message }: WriteFailure): void {
    const isWrong = put.input.need !== null && (put.input.need < 0 || put.input.need > this.#world.followers);
    if (code === 'invalid_quorum') must(isWrong, 'I12', () => `write ${put.input.id} is refused: ${message}`);
    if (code === 'overloaded') this.#goals.reach('a write was refused because too many waited');
    if (message.includes('too few followers answer')) this.#goals.reach('a write failed early, too few followers being there');
    const isSeen = put.seq !== null && this.ledger.history[put.seq - 1]?.record.timestampMs === put.input.timestampMs;
    must(
      !DEFINITE.has(code) || (put.seq === null && !isSeen),
      'I7',
      () => `write ${put.input.id} fails for certain (${code}), and took seq ${put.seq}`,
    );
  }

  /** A leader made it durable. */
  #stores(record: KvRecord): void {
    const put = this.puts.get(record.timestampMs);
    must(
      put !== undefined && put.seq === record.version.seq && put.input.value === record.value && put.input.key === record.key,
      'I7',
      () => `${sayVersion(record)} is stored, and no client's write took that version`,
    );
    const before = this.ledger.holder(this.#it.leader).held.get(record.key) ?? 0;
    for (const scan of this.#scans)
      if (scan !== null && before > scan.coversTo && before <= scan.head) this.#goals.reach('a row moved while a scan was running');
  }

  #shows(node: SimNode, id: number, record: KvRecord | null | undefined): void {
    const read = this.#reads.get(id);
    must(read !== undefined, 'I8', () => `read ${id} is answered once`);
    this.#reads.delete(id);
    const { key, atLeast, startedAt } = read;
    const found = record === undefined ? node.disk.store.get(key) : record;
    const seq = found?.version.seq ?? 0;
    if (found !== null) {
      const accepted = this.ledger.history[seq - 1];
      const isKnown = accepted !== undefined && found.key === key && this.ledger.isKnown(found);
      must(isKnown, 'I3', () => `read ${id} of ${key} shows ${sayVersion(found)}, which nobody wrote`);
      must(this.ledger.isSettled(accepted), 'I3', () => `read ${id} shows ${sayVersion(found)}, which is pending`);
    }
    must(seq >= atLeast, 'I3', () => `read ${id} of ${key} shows seq ${seq}, and ${atLeast} was known before it began`);
    if (seq < (this.#pendingNewest.get(key) ?? 0)) this.#goals.reach('a read saw the value before a pending one');
    this.#hears(key, seq);
    this.#ops.push({ id, f: 'read', key, order: seq, startedAt, endedAt: this.#it.now });
  }

  #opens(node: SimNode): void {
    this.epochs.open(node);
    this.ledger.openedSeq = Math.max(this.ledger.openedSeq, node.replica.head.seq);
    for (const [key, seq] of this.#heard)
      must(
        this.ledger.holds(node, key, seq),
        'I1',
        () => `${node.id} opens epoch ${node.replica.epoch} without ${key}@seq ${seq}, which a client knew of`,
      );
    for (let i = this.ledger.history.length - 1; i >= 0 && node.life > 1; i--) {
      if (this.#putOf(i + 1)?.result?.ok === true) continue;
      this.#goals.reach('a restarted leader found more than it had acknowledged');
      break;
    }
  }

  #putOf(seq: number): Put | undefined {
    const accepted = this.ledger.history[seq - 1];
    return accepted === undefined ? undefined : this.puts.get(accepted.record.timestampMs);
  }

  #hears(key: string, seq: number): void {
    if (seq > (this.#heard.get(key) ?? 0)) this.#heard.set(key, seq);
  }
}

/** Live rows and tombstones in key order. */
function contentOf(node: SimNode): string {
  let text = '';
  for (const { key, value, version } of node.disk.store.dump({ tombstones: true }).rows())
    text += `${key}=${value}@${formatVersion(version)} `;
  return text;
}

function sayRecord(accepted: Accepted | undefined): string {
  return accepted === undefined ? 'a write that no disk has' : sayVersion(accepted.record);
}

function sayVersion({ key, version }: KvRecord): string {
  return `${key}@${formatVersion(version)}`;
}
