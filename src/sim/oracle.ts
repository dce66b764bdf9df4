/**
 * The judge of a running simulation: it sees what is sent, answered and stored, and throws a Violation at the step that broke something.
 *
 * It believes disks (ledger.ts, epochs.ts) and its own arithmetic, never what a replica thinks of itself: delays are drawn again from the seed, ackers are
 * counted on disks. What only shows at the end, linearizability and convergence, is asked for then (`finish`, `difference`). What clients asked and were told is in requests.ts.
 */
import type { Effect, Input, PeerAnswer, PeerRequest, PutInput, ReplicateRequest } from '../core/message.ts';
import type { KvRecord } from '../core/record.ts';
import { compareVersions, formatVersion, isNewer } from '../core/version.ts';
import { assert } from '../lib/assert.ts';
import type { Frame } from './disk.ts';
import { Epochs } from './epochs.ts';
import type { Goals } from './goals.ts';
import { type Accepted, Ledger, ROUNDING_MS, sayVersion } from './ledger.ts';
import type { Observer } from './observer.ts';
import { Requests } from './requests.ts';
import type { ClusterView, SimNode } from './sim-node.ts';
import { must } from './violation.ts';
import type { World } from './world.ts';

export class Oracle implements Observer {
  readonly ledger: Ledger;
  readonly epochs: Epochs;
  readonly requests: Requests;
  #cluster: ClusterView | null = null;
  readonly #world: World;
  readonly #goals: Goals;
  /** Up to here every write that was told to be committed is so. */
  readonly #settledTo = { seq: 0 };
  readonly #kMin = { last: Number.POSITIVE_INFINITY, checkedTo: 0 };
  /** By follower: the scan that is not at its end, and the state in which its link last sent. */
  readonly #scans: ({ coversTo: number; head: number } | null)[];
  readonly #linkStates: string[];

  constructor(world: World, goals: Goals) {
    this.#world = world;
    this.#goals = goals;
    this.ledger = new Ledger(world.followers + 1, goals);
    this.epochs = new Epochs(world.followers + 1, goals);
    this.requests = new Requests(world, this.ledger, this.epochs, goals);
    this.#scans = new Array(world.followers + 1).fill(null);
    this.#linkStates = new Array(world.followers + 1).fill('');
  }

  watches(cluster: ClusterView): void {
    this.#cluster = cluster;
    this.requests.watches(cluster);
  }

  get #it(): ClusterView {
    assert(this.#cluster !== null, 'the oracle has a cluster');
    return this.#cluster;
  }

  input(node: SimNode, input: Input): void {
    this.requests.input(node, input);
  }

  admitted(node: SimNode, put: PutInput, seq: number | null): void {
    this.requests.admitted(node, put, seq);
  }

  effect(node: SimNode, effect: Effect): void {
    switch (effect.t) {
      case 'send':
        if (effect.message.t === 'replicate') this.#sends(node, this.#it.node(effect.to), effect.message);
        return this.requests.effect(node, effect);
      case 'scan': {
        const head = node.replica.leader?.durable.seq ?? 0;
        if (effect.until.seq < head) this.#goals.reach('a page ended before a record that was not due');
        return;
      }
      case 'note':
        if (effect.event === 'open') this.#opens(node);
        return;
      default:
        return this.requests.effect(node, effect);
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
    if (answer.t !== 'replicated') return;
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
    if (hard !== null && request.from === this.#it.leader.id && request.epoch === this.#it.leader.replica.epoch)
      this.requests.responded(node, request.order, answer.isBlank);
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
      const put = this.requests.putOf(version.seq);
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
      this.requests.crashed();
    } else if (what === 'started') {
      this.requests.started();
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
    if (this.requests.isQuorumChanging) return 'a change of the quorum is not answered';
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
    this.requests.finish();
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

  /** A leader made it durable. */
  #stores(record: KvRecord): void {
    this.requests.stores(record);
    const before = this.ledger.holder(this.#it.leader).held.get(record.key) ?? 0;
    for (const scan of this.#scans)
      if (scan !== null && before > scan.coversTo && before <= scan.head) this.#goals.reach('a row moved while a scan was running');
  }

  #opens(node: SimNode): void {
    this.epochs.open(node);
    this.ledger.openedSeq = Math.max(this.ledger.openedSeq, node.replica.head.seq);
    this.requests.opened(node);
    const isMore = node.life > 1 && this.ledger.history.some(({ seq }) => this.requests.putOf(seq)?.result?.ok !== true);
    if (isMore) this.#goals.reach('a restarted leader found more than it had acknowledged');
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
