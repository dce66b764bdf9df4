/** What the parts of the core share while one step runs: the list of effects, fresh numbers, and a little chance. */
import type { Ms } from '../lib/units.ts';
import type { Effect } from './message.ts';
import type { NodeId, PeerRequest } from './peer.ts';

export interface Host {
  /** The time of the running step, on the node's monotonic clock. */
  now(): Ms;
  out(effect: Effect): void;
  /** A fresh number for a commit, a scan or a save. */
  token(): number;
  /** False while a commit or a save is outstanding: there is one writer, and one queue. */
  isStoreFree(): boolean;
  /** Calls the node, and answers the request's number. */
  send(to: NodeId, message: PeerRequest): number;
  /** From 0.5 to 1.5, for backoff. */
  jitter(): number;
}
