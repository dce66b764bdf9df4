/**
 * The simulated network of one node: delay, loss and partition by the other node's id, and the seeded draws.
 *
 * Invariant: delay i of a follower is the i-th number of that follower's own substream since the seed was set, whatever happens to the
 * others; so a benchmark that sets the seed again gives every quorum the same draws. Loss and the delays of lost records come from other substreams.
 */
import { type Distribution, sampleOf } from '../lib/distribution.ts';
import { Prng } from '../lib/prng.ts';
import type { Ms } from '../lib/units.ts';
import type { NetworkChange } from './message.ts';
import type { NodeId } from './peer.ts';

export interface LinkSetting {
  readonly delay: Distribution;
  /** Probability, from 0 to 1, that one attempt to send one record is lost. */
  readonly loss: number;
  /** Nothing passes, neither way. */
  readonly isPartitioned: boolean;
  /** Nothing comes in from the node, or nothing goes out to it, while the other way is open; null, or not given: neither. */
  readonly oneWay?: 'in' | 'out' | null;
}

interface Streams {
  readonly delay: Prng;
  readonly loss: Prng;
  readonly again: Prng;
}

export class Network {
  readonly #settings = new Map<NodeId, LinkSetting>();
  readonly #streams = new Map<NodeId, Streams>();
  #seed: number;
  #drawn = 0;

  constructor(seed: number, settings: ReadonlyMap<NodeId, LinkSetting>) {
    this.#seed = seed;
    for (const [node, setting] of settings) this.#settings.set(node, setting);
    this.#restart();
  }

  get seed(): number {
    return this.#seed;
  }

  /** Writes admitted since the seed was set. */
  get writesSinceSeed(): number {
    return this.#drawn;
  }

  get settings(): ReadonlyMap<NodeId, LinkSetting> {
    return this.#settings;
  }

  /** Nodes that the change names must be in the table; the gateway sees to it. */
  change(change: NetworkChange): void {
    for (const [node, part] of change.nodes ?? []) {
      const setting = this.#settings.get(node);
      if (setting !== undefined) this.#settings.set(node, { ...setting, ...part });
    }
    if (change.seed !== undefined) {
      this.#seed = change.seed;
      this.#restart();
    }
  }

  isPartitioned(node: NodeId): boolean {
    return this.#settings.get(node)?.isPartitioned ?? false;
  }

  /** Whether messages of that node, requests and answers, are stopped here. */
  blocksIn(node: NodeId): boolean {
    return this.isPartitioned(node) || this.#settings.get(node)?.oneWay === 'in';
  }

  /** Whether messages to that node, requests and answers, are stopped here. */
  blocksOut(node: NodeId): boolean {
    return this.isPartitioned(node) || this.#settings.get(node)?.oneWay === 'out';
  }

  /** One delay per follower for the next write, in the followers' order, whatever their state. */
  drawDelays(followers: readonly NodeId[]): Float64Array {
    this.#drawn += 1;
    const delays = new Float64Array(followers.length);
    for (const [index, node] of followers.entries()) {
      const setting = this.#settings.get(node);
      const streams = this.#streams.get(node);
      if (setting !== undefined && streams !== undefined) delays[index] = sampleOf(setting.delay, streams.delay.next());
    }
    return delays;
  }

  /** Whether this attempt to send one record is lost. */
  losesNext(node: NodeId): boolean {
    const loss = this.#settings.get(node)?.loss ?? 0;
    return loss > 0 && (this.#streams.get(node)?.loss.next() ?? 1) < loss;
  }

  /** The delay of a record that was lost and is sent again. */
  drawAgain(node: NodeId): Ms {
    const setting = this.#settings.get(node);
    const streams = this.#streams.get(node);
    return setting === undefined || streams === undefined ? 0 : sampleOf(setting.delay, streams.again.next());
  }

  #restart(): void {
    this.#drawn = 0;
    const root = new Prng(this.#seed);
    for (const node of this.#settings.keys()) {
      this.#streams.set(node, { delay: root.fork(`delay:${node}`), loss: root.fork(`loss:${node}`), again: root.fork(`again:${node}`) });
    }
  }
}
