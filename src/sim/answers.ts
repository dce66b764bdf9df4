/**
 * What a node answers another: only what its disk says, and nothing to those whom it did not promise to accept. Part of the oracle (oracle.ts).
 */
import type { PeerAnswer, PeerRequest, Refusal, ReplicateAnswer, ReplicateRequest } from '../core/peer.ts';
import { compareVersions, formatVersion } from '../core/version.ts';
import type { Goals } from './goals.ts';
import type { Ledger } from './ledger.ts';
import { sayVersion } from './lineage.ts';
import type { Requests } from './requests.ts';
import type { ClusterView, SimNode } from './sim-node.ts';
import { must } from './violation.ts';

export class Answers {
  readonly #cluster: ClusterView;
  readonly #ledger: Ledger;
  readonly #requests: Requests;
  readonly #goals: Goals;

  constructor(cluster: ClusterView, ledger: Ledger, requests: Requests, goals: Goals) {
    this.#cluster = cluster;
    this.#ledger = ledger;
    this.#requests = requests;
    this.#goals = goals;
  }

  responded(node: SimNode, request: PeerRequest, answer: PeerAnswer): void {
    const { hard } = node.disk;
    switch (answer.t) {
      case 'refused':
        return this.#refused(request, answer);
      case 'standing': {
        // A look may be answered with less, while the node has not heard yet that its promise is durable.
        const isDurable =
          answer.promisedEpoch <= (hard?.promisedEpoch ?? 0) && (answer.lineage === null || answer.lineage === hard?.lineage);
        return must(
          isDurable,
          'I6',
          () => `${node.id} says that it promised epoch ${answer.promisedEpoch}, and its disk has ${hard?.promisedEpoch}`,
        );
      }
      case 'changes':
        must(request.t === 'changes', 'core', () => `${node.id} answers a ${request.t} with changes`);
        // What was read for one candidate may arrive when the node has promised to another; it was all there all the same.
        for (const record of answer.rows)
          must(this.#ledger.lineage.isKnown(record), 'I13', () => `${node.id} hands over ${sayVersion(record)}, which nobody wrote`);
        return;
      case 'installed':
        must(request.t === 'install', 'core', () => `${node.id} answers a ${request.t} with what belongs to an install`);
        return this.#checkPosition(node, answer.answer);
      default:
        must(request.t === 'replicate', 'core', () => `${node.id} answers a ${request.t} with what belongs to replication`);
        this.#checkPromise(node, request);
        this.#checkPosition(node, answer);
        if (hard !== null && !answer.isBlank) this.#requests.responded(node, request.epoch, request.order);
        // A part of a snapshot is built beside what the disk shows, and acks nothing.
        for (const record of request.snapshot === null ? request.records : []) {
          must(this.#ledger.holds(node, record), 'I2', () => `${node.id} acks ${sayVersion(record)}, and its disk lacks it`);
          if (this.#requests.writes.putOf(record)?.result?.ok && request.page === null)
            this.#goals.reach('a follower acked after the client had its answer');
        }
    }
  }

  #refused(request: PeerRequest, { code }: Refusal): void {
    if (code === 'wrong_lineage') this.#goals.reach('another lineage was refused');
    if (code === 'wrong_incarnation') this.#goals.reach('another incarnation was refused');
    if (code !== 'stale_epoch') return;
    this.#goals.reach('a stale epoch was refused');
    const { leader } = this.#cluster.node(request.from).replica;
    const isLeaders = request.t === 'replicate' && leader?.epoch === request.epoch;
    if (isLeaders) this.#goals.reach('a leader that did not know that it was deposed was refused');
  }

  #checkPromise(node: SimNode, request: ReplicateRequest): void {
    const { hard } = node.disk;
    if (hard === null) return;
    must(request.lineage === hard.lineage, 'I13', () => `${node.id} of ${hard.lineage} takes a request of ${request.lineage}`);
    const isPromised = request.epoch === hard.promisedEpoch && request.from === hard.promisedTo;
    must(isPromised, 'I6', () => `${node.id} promised epoch ${hard.promisedEpoch}, and takes a request of ${request.epoch}`);
  }

  #checkPosition(node: SimNode, answer: ReplicateAnswer): void {
    const { hard, store } = node.disk;
    const { watermark } = store.position();
    must(
      compareVersions(answer.watermark, watermark) === 0,
      'I2',
      () => `${node.id} answers with the watermark ${formatVersion(answer.watermark)}, and its disk holds ${formatVersion(watermark)}`,
    );
    const isRight = hard !== null && !hard.blank && watermark.epoch === hard.promisedEpoch;
    must(
      !answer.isCounted || isRight,
      'I2',
      () => `${node.id} says that its acks count: blank ${hard?.blank}, at ${formatVersion(watermark)}`,
    );
  }
}
