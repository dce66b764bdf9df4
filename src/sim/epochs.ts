/**
 * Whether promises are kept: what every disk promised, which epochs were claimed and opened, and who knows the smallest need (SPEC 6).
 *
 * Judged by disks alone. What a node promised before it lost its disk is remembered here, because others may have counted it.
 */
import type { StandingAnswer } from '../core/message.ts';
import { majorityOf } from '../core/quorum.ts';
import type { HardState } from '../core/record.ts';
import { formatVersion } from '../core/version.ts';
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
  /** Those who promised the epoch to it before, and are not blank, by id; itself aside. */
  readonly responders: ReadonlyMap<string, StandingAnswer>;
}

export class Epochs {
  /** The newest that is open. */
  opened = 0;
  readonly #claims = new Map<number, Claim>();
  /** By candidate: what those answered who promised it its newest epoch. */
  readonly #answers: { epoch: number; readonly heard: Map<string, StandingAnswer> }[];
  readonly #promises: readonly Promises[];
  readonly #majority: number;
  readonly #goals: Goals;

  constructor(nodes: number, goals: Goals) {
    this.#promises = Array.from({ length: nodes }, () => ({ hard: null, epoch: 0, reached: 0, lost: 0, kMin: null }));
    this.#answers = Array.from({ length: nodes }, () => ({ epoch: 0, heard: new Map() }));
    this.#majority = majorityOf(nodes - 1);
    this.#goals = goals;
  }

  /** The last node that claimed an epoch. */
  get claimant(): SimNode | null {
    return this.#claims.get(Math.max(0, ...this.#claims.keys()))?.node ?? null;
  }

  /** A candidate hears where another node stands. */
  heard(node: SimNode, standing: StandingAnswer): void {
    const answers = this.#answers[node.index] as { epoch: number; heard: Map<string, StandingAnswer> };
    if (standing.isBlank || standing.promisedTo !== node.id || standing.promisedEpoch < answers.epoch) return;
    if (standing.promisedEpoch > answers.epoch) answers.heard.clear();
    answers.epoch = standing.promisedEpoch;
    answers.heard.set(standing.node, standing);
  }

  /** SPEC 6: from which need on a write was certain to be found by those who were asked; 0 if the leader of that epoch was one of them. */
  needKeptBy({ epoch, base }: EpochHistory): number {
    const claim = this.#claims.get(epoch);
    if (base === null || claim === undefined) return 0;
    const led = claim.responders.get(base.leader.id);
    const hasLeader = base.leader === claim.node || (led?.ledEpoch === base.epoch && led.watermark.epoch === base.epoch);
    return hasLeader ? 0 : this.#promises.length - 1 - (claim.responders.size + 1) + 1;
  }

  kept(node: SimNode, { commit }: Frame): void {
    const promises = this.#of(node);
    if (commit.t === 'saveHard') this.#saved(node, promises, commit.state);
    else if (commit.position !== null) promises.kMin = commit.position.kMin;
    const { hard, store } = node.disk;
    if (hard !== null && !hard.blank) promises.reached = Math.max(promises.reached, store.position().watermark.epoch);
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
      const isOneLeader = promisedEpoch > before.promisedEpoch || state.promisedTo === before.promisedTo;
      must(isOneLeader, 'I6', () => `${node.id} promised epoch ${promisedEpoch} to ${before.promisedTo}, and now to ${state.promisedTo}`);
      const { watermark } = node.disk.store.position();
      const isFilled = !before.blank || blank || watermark.epoch === promisedEpoch;
      must(isFilled, 'I6', () => `${node.id} is blank until it reached epoch ${promisedEpoch}, and is at ${formatVersion(watermark)}`);
    }
    promises.hard = state;
    promises.epoch = Math.max(promises.epoch, promisedEpoch);
    if (ledEpoch > (before?.ledEpoch ?? 0)) this.#claim(node, ledEpoch);
  }

  #claim(node: SimNode, epoch: number): void {
    const other = this.#claims.get(epoch)?.node;
    must(other === undefined, 'I6', () => `${node.id} claims epoch ${epoch}, and ${other?.id} did before`);
    const answers = this.#answers[node.index];
    this.#claims.set(epoch, { node, responders: new Map(answers?.epoch === epoch ? answers.heard : []) });
    const promised = this.#promises.filter((each) => each.epoch >= epoch).length;
    must(promised >= this.#majority, 'I6', () => `${node.id} claims epoch ${epoch}, which ${promised} of ${this.#majority} nodes promised`);
  }

  #of(node: SimNode): Promises {
    return this.#promises[node.index] as Promises;
  }
}
