/** Snapshots on their way, as the network carries them: goals of a batch that only several of them, or several leaders, reach. */
import type { ReplicateRequest } from '../core/peer.ts';
import type { Goals } from './goals.ts';
import type { SimNode } from './sim-node.ts';

export class Snapshots {
  readonly #goals: Goals;
  /** By the follower that builds it: the epoch of its leader. */
  readonly #underWay = new Map<SimNode, number>();

  constructor(goals: Goals) {
    this.#goals = goals;
  }

  sent(to: SimNode, { epoch, snapshot }: ReplicateRequest): void {
    if (snapshot === null) return;
    if ((snapshot.entries ?? []).length > 0) this.#goals.reach('a key of a write came with a snapshot');
    if ((this.#underWay.get(to) ?? epoch) < epoch)
      this.#goals.reach('a leader began a snapshot for a node that had begun to build one of another leader');
    if (snapshot.end === null) this.#underWay.set(to, epoch);
    else this.#underWay.delete(to);
    if (this.#underWay.size > 1) this.#goals.reach('two snapshots were under way at once');
  }

  /** What it had built is gone. */
  stopped(node: SimNode): void {
    this.#underWay.delete(node);
  }
}
