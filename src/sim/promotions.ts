/**
 * What operators asked for and were told: each promotion is answered once, a success names an epoch that is open, and nobody forces what was not
 * to be forced. Part of the oracle (oracle.ts).
 */
import type { PromoteInput, PromoteResult } from '../core/message.ts';
import type { EpochHistory } from './epoch-history.ts';
import type { Goals } from './goals.ts';
import type { Lineage } from './lineage.ts';
import type { SimNode } from './sim-node.ts';
import { must } from './violation.ts';

interface Asked {
  readonly node: SimNode;
  readonly input: PromoteInput;
}

export class Promotions {
  readonly #lineage: Lineage;
  readonly #goals: Goals;
  readonly results = new Map<number, PromoteResult>();
  readonly #asked = new Map<number, Asked>();
  /** Nodes that somebody asked by force, or alone, since they started; what has begun goes on after its answer. */
  readonly #forced = new Set<SimNode>();
  readonly #alone = new Set<SimNode>();

  constructor(lineage: Lineage, goals: Goals) {
    this.#lineage = lineage;
    this.#goals = goals;
  }

  get isPending(): boolean {
    return this.#asked.size > 0;
  }

  asked(node: SimNode, input: PromoteInput): void {
    this.#asked.set(input.id, { node, input });
    if (!input.isForced || input.isDryRun) return;
    this.#forced.add(node);
    if (!input.gathers) this.#alone.add(node);
  }

  started(node: SimNode): void {
    this.#forced.delete(node);
    this.#alone.delete(node);
  }

  crashed(node: SimNode): void {
    for (const [id, asked] of this.#asked) if (asked.node === node) this.#asked.delete(id);
  }

  /** The node was asked to lead with its own data. */
  isAlone(node: SimNode): boolean {
    return this.#alone.has(node);
  }

  /** The epoch began on a disk that says whether it was by force. */
  begun(history: EpochHistory, isForced: boolean): void {
    const { leader, epoch } = history;
    must(!isForced || this.#forced.has(leader), 'I1', () => `${leader.id} forces epoch ${epoch}, and nobody asked for that`);
    history.isForced = isForced;
    // What others rolled back for somebody who led alone since is not theirs to give any more, also if that one never came to open.
    if (history.isAlone || history.isPatchySince(history.base?.epoch ?? history.epoch)) history.keptNeed = Number.POSITIVE_INFINITY;
  }

  replied(node: SimNode, id: number, result: PromoteResult): void {
    const asked = this.#asked.get(id);
    must(asked !== undefined && asked.node === node, 'I8', () => `promotion ${id} is answered once`);
    this.#asked.delete(id);
    this.results.set(id, result);
    if (!result.ok) {
      if (result.code === 'not_lossless') this.#goals.reach('a promotion was refused as not lossless');
      return;
    }
    if (asked.input.isDryRun) return;
    const history = this.#lineage.epochs.get(result.epoch);
    must(
      history !== undefined && history.leader === node && node.replica.leader?.isOpen === true,
      'I6',
      () => `promotion ${id} of ${node.id} succeeds with epoch ${result.epoch}, which it did not open`,
    );
    // One who leads already is told so, of whatever it rests on.
    if (result.recovered > 0) this.#goals.reach('a hole was gathered from another node');
  }
}
