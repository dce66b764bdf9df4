/** Who watches a simulated cluster from outside: the oracle, which judges, the clients, who wait, and the play, which tells. */
import type { Effect, Input, PutInput } from '../core/message.ts';
import type { PeerAnswer, PeerRequest } from '../core/peer.ts';
import type { Version } from '../core/version.ts';
import type { Frame } from './disk.ts';
import type { ClusterView, SimNode } from './sim-node.ts';

export interface Observer {
  /** Before everything else. */
  watches?(cluster: ClusterView): void;
  /** A node is about to take the input. */
  input?(node: SimNode, input: Input): void;
  /** A node took a write. `version` is the one it took for it, null if it refused. */
  admitted?(node: SimNode, put: PutInput, version: Version | null): void;
  effect?(node: SimNode, effect: Effect): void;
  /** The node answers this request of another; everything it speaks of must be durable. */
  responded?(node: SimNode, request: PeerRequest, answer: PeerAnswer): void;
  /** The disk finished something; `isLate`: in a crash, so that the node never heard of it. */
  kept?(node: SimNode, frame: Frame, isLate: boolean): void;
  /** A crash took it. */
  lost?(node: SimNode, frame: Frame, isTorn: boolean): void;
  /** `wiped`: with everything on its disk. */
  lived?(node: SimNode, what: 'started' | 'crashed' | 'wiped'): void;
  /** For people: a fault, a phase. */
  said?(text: string): void;
}
