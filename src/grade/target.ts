/**
 * What is graded: somebody's leader and followers, the API that they speak, and what their owner told of them. Plain data; whether it
 * is true is what the checks find out.
 */
import type { Dialect } from '../labs/dialect.ts';
import type { Distribution } from '../lib/distribution.ts';
import type { Ms } from '../lib/units.ts';

export interface Peer {
  /** What stands for it in --stop-cmd and in reports: the name in `name=URL`, else host:port. */
  readonly name: string;
  /** `http://host:port`, nothing after it. */
  readonly url: string;
}

export interface Target {
  readonly dialect: Dialect;
  readonly leader: Peer;
  readonly followers: readonly Peer[];
  /** The write quorum that the servers were started with; null if nobody told. */
  readonly quorum: number | null;
  /** The delays that they were started with, one distribution for all followers; null if nobody told. */
  readonly delay: Distribution | null;
  /** Data are promised to survive a restart of all nodes. */
  readonly isDurable: boolean;
  /** How long one request may take before it counts as unanswered. */
  readonly timeoutMs: Ms;
  /** Sent as a bearer token with the call that sets the quorum, and with no other; null: none. It is never part of the evidence. */
  readonly token: string | null;
}

/** How nodes are stopped and started: by the user's own commands, or by Compose. */
export interface NodeControl {
  /** Returns when the command has ended; whether the node is down is asked of the node. Throws a KvctlError with what the command said. */
  stop(nodes: readonly Peer[]): Promise<void>;
  start(nodes: readonly Peer[]): Promise<void>;
}
