/**
 * Whether promises are kept: what every disk promised, which epochs were claimed and opened, and who knows the smallest need (SPEC 6).
 *
 * Judged by disks alone. What a node promised before it lost its disk is remembered here, because others may have counted it.
 */
import { majorityOf } from '../core/quorum.ts';
import type { HardState } from '../core/record.ts';
import { formatVersion } from '../core/version.ts';
import { Candidacies, needKeptBy, type Support } from './candidacies.ts';
import type { Frame } from './disk.ts';
import type { EpochHistory } from './epoch-history.ts';
import type { Goals } from './goals.ts';
import type { ClusterView, SimNode } from './sim-node.ts';
import { must } from './violation.ts';

interface Promises {
  hard: HardState | null;
  /** The highest that it ever made; a wiped disk has made it all the same. */
  epoch: number;
  /** The highest epoch that it reached while not blank. */
  reached: number;
  /** Promised when its disk was lost, and possibly needed by an epoch that is open. */
  lost: number;
  /** As last written down. */
  kMin: number | null;
}

interface Claim {
  readonly node: SimNode;
  readonly support: Support;
  /** The smallest need on the disks of those who were fenced for it, by index. */
  readonly kMins: ReadonlyMap<number, number | null>;
}

export class Epochs {
  /** The newest that is open. */
  opened = 0;
  readonly candidacies: Candidacies;
  readonly #claims = new Map<number, Claim>();
  /** As each epoch was claimed, before that was durable: what comes meanwhile is no part of it. */
  readonly #wanted = new Map<number, Claim>();
  /** Who promised an epoch to itself and has not claimed it. */
  readonly #candidates = new Set<SimNode>();
  /** The newest epoch that others had promised to a candidate when it crashed. */
  #abandoned: { readonly epoch: number; readonly by: SimNode } | null = null;
  readonly #promises: readonly Promises[];
  readonly #majority: number;
  readonly #goals: Goals;

  constructor(nodes: number, goals: Goals) {
    this.#promises = Array.from({ length: nodes }, () => ({ hard: null, epoch: 0, reached: 0, lost: 0, kMin: null }));
    this.candidacies = new Candidacies(nodes);
    this.#majority = majorityOf(nodes - 1);
    this.#goals = goals;
  }

  /** The last node that claimed an epoch. */
  get claimant(): SimNode | null {
    return this.#claims.get(Math.max(0, ...this.#claims.keys()))?.node ?? null;
  }

  /** The epoch began: how much it certainly found, and whether that is enough for what those it rests on know to be needed. */
  begun(history: EpochHistory, isForced: boolean): void {
    const { epoch, base, leader } = history;
    const claim = this.#claims.get(epoch);
    must(claim?.node === leader, 'I6', () => `${leader.id} begins epoch ${epoch}, which ${claim?.node.id ?? 'nobody'} claimed`);
    const { support } = claim;
    history.keptNeed = needKeptBy(history, support, this.#promises.length);
    if (support.hasHeardBlank) this.#goals.reach('a blank node did not count for a promotion');
    if (isForced || base === null) return;
    for (const [index, kMin] of claim.kMins) {
      const isSource = index === leader.index || support.responders.get(`n${index + 1}`)?.watermark.epoch === base.epoch;
      must(
        !isSource || kMin === null || history.keptNeed <= kMin,
        'k_min',
        () => `${leader.id} begins epoch ${epoch}, which keeps what needed ${history.keptNeed} acks, and n${index + 1} knows of ${kMin}`,
      );
    }
  }

  /** The node asks its disk to claim the epoch. */
  wants(node: SimNode, epoch: number): void {
    const fenced = [...this.#promises.entries()].filter(([, { hard }]) => hard?.promisedEpoch === epoch && !hard.blank);
    const kMins = new Map(fenced.map(([index, { kMin }]) => [index, kMin]));
    this.#wanted.set(epoch, { node, support: this.candidacies.supportOf(node, epoch), kMins });
  }

  kept(node: SimNode, { commit }: Frame): void {
    const promises = this.#of(node);
    if (commit.t === 'saveHard') this.#saved(node, promises, commit.state);
    else if (commit.position !== null) promises.kMin = commit.position.kMin;
    const { hard, store } = node.disk;
    if (hard !== null && !hard.blank) promises.reached = Math.max(promises.reached, store.position().watermark.epoch);
  }

  crashed(node: SimNode): void {
    const epoch = this.#of(node).hard?.promisedEpoch ?? 0;
    const isFenced = this.#candidates.delete(node) && this.candidacies.supportOf(node, epoch).responders.size > 0;
    if (isFenced && epoch > (this.#abandoned?.epoch ?? 0)) this.#abandoned = { epoch, by: node };
    this.candidacies.crashed(node);
  }

  wiped(node: SimNode): void {
    const promises = this.#of(node);
    promises.lost = Math.min(promises.hard?.promisedEpoch ?? 0, this.opened);
    promises.hard = null;
  }

  /** The node says that its epoch is open. */
  open(node: SimNode): void {
    const { epoch } = node.replica;
    const claimant = this.#claims.get(epoch)?.node;
    must(claimant === node, 'I6', () => `${node.id} opens epoch ${epoch}, which ${claimant?.id ?? 'nobody'} claimed`);
    const installed = this.#promises.filter(({ reached }) => reached >= epoch).length;
    must(installed >= this.#majority, 'I6', () => `${node.id} opens epoch ${epoch}, which ${installed} of ${this.#majority} nodes reached`);
    this.opened = Math.max(this.opened, epoch);
    const isFinished = this.#abandoned !== null && epoch > this.#abandoned.epoch;
    if (isFinished && this.#abandoned?.by !== node)
      this.#goals.reach('a candidate crashed after it had fenced others, and another one finished');
    if (isFinished) this.#abandoned = null;
  }

  /** A lower quorum is in force, and not by force. */
  lowered(node: SimNode, quorum: number): void {
    const recorded = this.#promises.filter(({ kMin }) => kMin !== null && kMin <= quorum).length;
    must(
      recorded >= this.#majority,
      'k_min',
      () => `${node.id} lowered its quorum to ${quorum}, which ${recorded} of ${this.#majority} disks know`,
    );
    this.#goals.reach('a lower quorum was recorded by a majority');
  }

  /** Disks, wiped ones aside, that know of a need this small. */
  isSmallestNeedKnown(need: number, cluster: ClusterView): boolean {
    if (cluster.world.store === 'memory') return true;
    return this.#promises.filter(({ kMin }) => kMin !== null && kMin <= need).length >= this.#majority;
  }

  #saved(node: SimNode, promises: Promises, state: HardState): void {
    const before = promises.hard;
    const { promisedEpoch, ledEpoch, blank } = state;
    if (before === null) {
      if (this.opened > 0) {
        must(blank, 'I6', () => `${node.id} lost its memory, and is not blank`);
        const { lost } = promises;
        must(
          promisedEpoch >= lost,
          'I6',
          () => `${node.id} lost a promise of epoch ${lost}, and took over ${promisedEpoch} from the others`,
        );
        this.#goals.reach('a node lost its disk and came back blank');
      }
    } else {
      must(
        promisedEpoch >= before.promisedEpoch,
        'I6',
        () => `${node.id} promised epoch ${before.promisedEpoch}, and now ${promisedEpoch}`,
      );
      // Who claimed the epoch has a majority, so that a promise to somebody else is worth nothing any more.
      const isOneLeader =
        promisedEpoch > before.promisedEpoch ||
        state.promisedTo === before.promisedTo ||
        state.promisedTo === this.#claims.get(promisedEpoch)?.node.id;
      must(isOneLeader, 'I6', () => `${node.id} promised epoch ${promisedEpoch} to ${before.promisedTo}, and now to ${state.promisedTo}`);
      const { watermark } = node.disk.store.position();
      const isFilled = !before.blank || blank || watermark.epoch === promisedEpoch;
      must(isFilled, 'I6', () => `${node.id} is blank until it reached epoch ${promisedEpoch}, and is at ${formatVersion(watermark)}`);
    }
    if (promisedEpoch > (before?.promisedEpoch ?? 0)) {
      this.#candidates.delete(node);
      if (state.promisedTo === node.id) this.#candidates.add(node);
      if (this.#candidates.size > 1) this.#goals.reach('two candidates were under way at once');
    }
    promises.hard = state;
    promises.epoch = Math.max(promises.epoch, promisedEpoch);
    if (ledEpoch > (before?.ledEpoch ?? 0)) this.#claim(node, ledEpoch);
  }

  #claim(node: SimNode, epoch: number): void {
    const other = this.#claims.get(epoch)?.node;
    must(other === undefined, 'I6', () => `${node.id} claims epoch ${epoch}, and ${other?.id} did before`);
    this.#candidates.delete(node);
    const wanted = this.#wanted.get(epoch);
    must(wanted?.node === node, 'I6', () => `${node.id} claims epoch ${epoch}, which it did not ask for`);
    this.#claims.set(epoch, wanted);
    const promised = this.#promises.filter((each) => each.epoch >= epoch).length;
    must(promised >= this.#majority, 'I6', () => `${node.id} claims epoch ${epoch}, which ${promised} of ${this.#majority} nodes promised`);
  }

  #of(node: SimNode): Promises {
    return this.#promises[node.index] as Promises;
  }
}
