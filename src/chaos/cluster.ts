/** The cluster that chaos is brought to: one of its own, since nobody else's data may be in the way of a history that begins with absent keys. */
import type { KvClient } from '../client/kv-client.ts';

export interface ChaosCluster {
  readonly name: string;
  /** For admin calls; a node that is frozen must not hold one up for long. */
  readonly client: KvClient;
  /** Who leads, as far as is known here: a promotion moves it, and clients ask whom it names. */
  leader: NodeAddress;
  /** All nodes, the born leader first. */
  readonly nodes: readonly NodeAddress[];
  /** The nodes' program; undefined: the node of this package. */
  readonly entry: string | undefined;
  /** For nodes that are started again. */
  readonly waitTimeoutMs: number | undefined;
}

export interface NodeAddress {
  readonly id: string;
  readonly url: string;
}
