/**
 * What this node's network table stops, and how often it did: of its internal calls, requests and answers alike are messages.
 *
 * A partition stops what goes out to a node and what comes in from it; one way, only one of the two. A message that goes out is dropped here (a request
 * fails at once, an answer's connection is reset), one that comes in is dropped on arrival (a request is not read, an answer counts for nothing).
 * So with everything from B to A stopped, A's requests still reach B and are carried out there, and only their answers are lost.
 */
import type { Network } from '../core/network.ts';

export type Direction = 'in' | 'out';

export class Blocks {
  readonly #network: Network;
  readonly #counts = new Map<string, number>();

  constructor(network: Network) {
    this.#network = network;
  }

  /** Whether a message that goes out to the node, or comes in from it, is stopped; if so, it counts. */
  stops(direction: Direction, node: string): boolean {
    const isStopped = direction === 'in' ? this.#network.blocksIn(node) : this.#network.blocksOut(node);
    if (isStopped) this.#counts.set(node, this.count(node) + 1);
    return isStopped;
  }

  /** Messages stopped between this node and that one, both ways together, since the start. */
  count(node: string): number {
    return this.#counts.get(node) ?? 0;
  }
}
