/**
 * The judge of a running simulation: it sees what is sent, answered and stored, and throws a Violation at the step that broke something.
 *
 * It believes disks (ledger.ts, lineage.ts, epochs.ts) and its own arithmetic, never what a replica thinks of itself: delays are drawn again from the seed, ackers
 * are counted on disks. What a leader tells its followers is in leadership.ts. What only shows at the end, linearizability and convergence, is asked for then (`finish`, `difference`). What clients asked and were told is in requests.ts.
 */
import type { Effect, Input, PutInput } from '../core/message.ts';
import type { PeerAnswer, PeerRequest } from '../core/peer.ts';
import type { KvRecord } from '../core/record.ts';
import { compareVersions, formatVersion, isNewer, type Version } from '../core/version.ts';
import { assert } from '../lib/assert.ts';
import { Answers } from './answers.ts';
import type { Frame } from './disk.ts';
import { Epochs } from './epochs.ts';
import type { Goals } from './goals.ts';
import { Leadership } from './leadership.ts';
import { Ledger } from './ledger.ts';
import type { Observer } from './observer.ts';
import { Promotions } from './promotions.ts';
import { Requests } from './requests.ts';
import type { ClusterView, SimNode } from './sim-node.ts';
import { Snapshots } from './snapshots.ts';
import { must } from './violation.ts';
import type { World } from './world.ts';

interface Watched {
  readonly cluster: ClusterView;
  readonly requests: Requests;
  readonly answers: Answers;
}

export class Oracle implements Observer {
  readonly ledger: Ledger;
  readonly epochs: Epochs;
  readonly promotions: Promotions;
  readonly #world: World;
  readonly #goals: Goals;
  readonly #leaderships = new Map<number, Leadership>();
  readonly #snapshots: Snapshots;
  #watched: Watched | null = null;

  constructor(world: World, goals: Goals) {
    this.#world = world;
    this.#goals = goals;
    this.ledger = new Ledger(world.followers + 1, goals, (node) => this.promotions.isAlone(node));
    this.epochs = new Epochs(world.followers + 1, goals);
    this.promotions = new Promotions(this.ledger.lineage, goals);
    this.#snapshots = new Snapshots(goals);
  }

  watches(cluster: ClusterView): void {
    const requests = new Requests(cluster, this.ledger, this.epochs, this.#goals);
    this.#watched = { cluster, requests, answers: new Answers(cluster, this.ledger, requests, this.#goals) };
  }

  get requests(): Requests {
    return this.#all.requests;
  }

  get #it(): ClusterView {
    return this.#all.cluster;
  }

  get #all(): Watched {
    assert(this.#watched !== null, 'the oracle has a cluster');
    return this.#watched;
  }

  input(node: SimNode, input: Input): void {
    if (input.t === 'answer') this.epochs.candidacies.answered(node, input.request, input.message);
    else if (input.t === 'promote') this.promotions.asked(node, input);
    this.requests.input(node, input);
  }

  admitted(node: SimNode, put: PutInput, version: Version | null): void {
    this.requests.admitted(node, put, version);
  }

  effect(node: SimNode, effect: Effect): void {
    switch (effect.t) {
      case 'send':
        if (effect.message.t === 'replicate') {
          const to = this.#it.node(effect.to);
          this.#leadership(effect.message.epoch).sends(node, to, effect.message);
          this.#snapshots.sent(to, effect.message);
        }
        this.epochs.candidacies.asks(node, effect.to, effect.request, effect.message);
        return this.requests.effect(node, effect);
      case 'saveHard':
        if (effect.state.ledEpoch > (node.disk.hard?.ledEpoch ?? 0)) this.epochs.wants(node, effect.state.ledEpoch);
        return;
      case 'promoteReply':
        return this.promotions.replied(node, effect.id, effect.result);
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
    this.#all.answers.responded(node, request, answer);
  }

  kept(node: SimNode, frame: Frame, isLate: boolean): void {
    if (isLate) this.#goals.reach('a crash came after a commit and before its answer');
    if (isLate && isRollback(frame)) this.#goals.reach('a crash came in the middle of a rollback');
    const { commit, isLeaders } = frame;
    if (isLeaders && commit.t === 'persist')
      for (const record of commit.records) {
        this.requests.writes.stores(record);
        this.#leadership(record.version.epoch).moves(this.ledger.held(node, record.key));
      }
    const begun = this.ledger.kept(node, frame, this.#it.now);
    if (begun !== null && commit.t === 'persist') {
      const isForced = commit.position?.history.at(-1)?.isForced === true;
      this.epochs.begun(begun, isForced);
      this.promotions.begun(begun, isForced);
    }
    this.epochs.kept(node, frame);
  }

  lost(_node: SimNode, frame: Frame, isTorn: boolean): void {
    if (isRollback(frame)) this.#goals.reach('a crash came in the middle of a rollback');
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
      this.#snapshots.stopped(node);
      this.promotions.crashed(node);
      this.epochs.crashed(node);
    } else if (what === 'started') {
      this.requests.writes.started(node);
      this.promotions.started(node);
    }
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
    if (this.promotions.isPending) return 'a promotion is not answered';
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

  #leadership(epoch: number): Leadership {
    let leadership = this.#leaderships.get(epoch);
    if (leadership === undefined) {
      const { writes } = this.requests;
      const isOwnChoice = (record: KvRecord) => writes.isForced || writes.putOf(record)?.isLessThanQuorum === true;
      leadership = new Leadership(epoch, this.#it, this.ledger, this.#goals, isOwnChoice);
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
    if (history.base !== null && history.base.leader !== node) this.#goals.reach('a promotion moved the leadership');
    const isMore = node.life > 1 && [...history.start.values()].some((record) => this.requests.writes.putOf(record)?.result?.ok !== true);
    if (isMore) this.#goals.reach('a restarted leader found more than it had acknowledged');
  }
}

function isRollback({ commit }: Frame): boolean {
  return commit.t === 'persist' && (commit.replacements ?? []).length > 0;
}

/** Live rows and tombstones in key order. */
function contentOf(node: SimNode): string {
  let text = '';
  for (const { key, value, version } of node.disk.store.dump({ tombstones: true }).rows())
    text += `${key}=${value}@${formatVersion(version)} `;
  return text;
}
