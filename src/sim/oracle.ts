/**
 * The judge of a running simulation: it sees what is sent, answered and stored, and throws a Violation at the step that broke something.
 *
 * It believes disks (ledger.ts, lineage.ts, epochs.ts) and its own arithmetic, never what a replica thinks of itself: delays are drawn again from the seed, ackers
 * are counted on disks. What a leader tells its followers is in leadership.ts. What only shows at the end, linearizability and convergence, is asked for then (`finish`, `difference`). What clients asked and were told is in requests.ts.
 */
import type { Effect, Input, PeerAnswer, PeerRequest, PutInput, ReplicateAnswer, ReplicateRequest } from '../core/message.ts';
import { compareVersions, formatVersion, isNewer, type Version } from '../core/version.ts';
import { assert } from '../lib/assert.ts';
import type { Frame } from './disk.ts';
import { Epochs } from './epochs.ts';
import type { Goals } from './goals.ts';
import { Leadership } from './leadership.ts';
import { Ledger } from './ledger.ts';
import { sayVersion } from './lineage.ts';
import type { Observer } from './observer.ts';
import { Requests } from './requests.ts';
import type { ClusterView, SimNode } from './sim-node.ts';
import { must } from './violation.ts';
import type { World } from './world.ts';

export class Oracle implements Observer {
  readonly ledger: Ledger;
  readonly epochs: Epochs;
  readonly #world: World;
  readonly #goals: Goals;
  readonly #leaderships = new Map<number, Leadership>();
  #watched: { readonly cluster: ClusterView; readonly requests: Requests } | null = null;

  constructor(world: World, goals: Goals) {
    this.#world = world;
    this.#goals = goals;
    this.ledger = new Ledger(world.followers + 1, goals);
    this.epochs = new Epochs(world.followers + 1, goals);
  }

  watches(cluster: ClusterView): void {
    this.#watched = { cluster, requests: new Requests(cluster, this.ledger, this.epochs, this.#goals) };
  }

  get requests(): Requests {
    assert(this.#watched !== null, 'the oracle has a cluster');
    return this.#watched.requests;
  }

  get #it(): ClusterView {
    assert(this.#watched !== null, 'the oracle has a cluster');
    return this.#watched.cluster;
  }

  input(node: SimNode, input: Input): void {
    if (input.t === 'answer' && input.message.t === 'standing') this.epochs.heard(node, input.message);
    this.requests.input(node, input);
  }

  admitted(node: SimNode, put: PutInput, version: Version | null): void {
    this.requests.admitted(node, put, version);
  }

  effect(node: SimNode, effect: Effect): void {
    switch (effect.t) {
      case 'send':
        if (effect.message.t === 'replicate') this.#leadership(effect.message.epoch).sends(node, this.#it.node(effect.to), effect.message);
        return this.requests.effect(node, effect);
      case 'scan': {
        const durable = node.replica.leader?.durable ?? effect.until;
        if (isNewer(durable, effect.until)) this.#goals.reach('a page ended before a record that was not due');
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
    const { hard } = node.disk;
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
    this.#checkAnswer(node, request, answer);
  }

  kept(node: SimNode, frame: Frame, isLate: boolean): void {
    if (isLate) this.#goals.reach('a crash came after a commit and before its answer');
    const { commit, isLeaders } = frame;
    if (isLeaders && commit.t === 'persist')
      for (const record of commit.records) {
        this.requests.writes.stores(record);
        this.#leadership(record.version.epoch).moves(this.ledger.held(node, record.key));
      }
    const begun = this.ledger.kept(node, frame, this.#it.now);
    if (begun !== null) begun.keptNeed = this.epochs.needKeptBy(begun);
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
    if (what === 'crashed') {
      const isOpening = node.replica.role === 'leader' && node.replica.phase !== 'open';
      if (this.epochs.opened > 0 && isOpening) this.#goals.reach('a leader restarted in the middle of its opening');
      this.requests.crashed(node);
    } else if (what === 'started') this.requests.writes.started(node);
  }

  /** What keeps the healed cluster from being one; null if nothing does. */
  difference(): string | null {
    const { leader, nodes } = this.#it;
    if (leader === null) return 'nobody leads';
    if (leader.replica.phase !== 'open') return `${leader.id} is ${leader.replica.phase}: ${leader.replica.waitingFor}`;
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
      if (content !== expected) return `${node.id} holds ${content}, and ${leader.id} ${expected}`;
      if (node.disk.hard?.blank !== false) return `${node.id} is blank`;
    }
    return null;
  }

  /** When all is over: what only the whole history shows. */
  finish(): void {
    this.requests.finish();
  }

  #checkAnswer(node: SimNode, request: ReplicateRequest, answer: ReplicateAnswer): void {
    const { hard, store } = node.disk;
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
      if (!answer.isBlank) this.requests.responded(node, request.epoch, request.order);
    }
    if (answer.isCounted) {
      const isRight = hard !== null && !hard.blank && watermark.epoch === hard.promisedEpoch;
      must(isRight, 'I2', () => `${node.id} says that its acks count: blank ${hard?.blank}, at ${formatVersion(watermark)}`);
    }
    for (const record of request.records) {
      must(this.ledger.holds(node, record), 'I2', () => `${node.id} acks ${sayVersion(record)}, and its disk lacks it`);
      if (this.requests.writes.putOf(record)?.result?.ok && request.page === null)
        this.#goals.reach('a follower acked after the client had its answer');
    }
  }

  #leadership(epoch: number): Leadership {
    let leadership = this.#leaderships.get(epoch);
    if (leadership === undefined) {
      leadership = new Leadership(epoch, this.#it, this.ledger, this.#goals);
      this.#leaderships.set(epoch, leadership);
    }
    return leadership;
  }

  #opens(node: SimNode): void {
    this.epochs.open(node);
    const { lineage } = this.ledger;
    const history = lineage.epochs.get(node.replica.epoch);
    must(history !== undefined, 'I6', () => `${node.id} opens epoch ${node.replica.epoch}, which its disk did not begin`);
    this.requests.opened(history, lineage.opens(history));
    const isMore = node.life > 1 && [...history.start.values()].some((record) => this.requests.writes.putOf(record)?.result?.ok !== true);
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
