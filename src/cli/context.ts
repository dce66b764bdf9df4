/**
 * What every verb is given: which cluster, where its words go, and when to stop. Not a place for state: a verb that only asks
 * nodes finds the cluster by target.ts, one that needs their processes by `loadState(context.clusterName)`.
 */
import type { RemoteWish } from '../cluster/remote.ts';
import type { Output } from './output.ts';

export interface Context {
  /** Of -n, else of KVCTL_NAME, else `default`. */
  readonly clusterName: string;
  /** Of --leader: a cluster elsewhere, instead of the one of that name. Always null for verbs whose row says `isLocal`. */
  readonly remote: RemoteWish | null;
  readonly out: Output;
  /** Aborts at Ctrl-C and SIGTERM, and when nobody reads stdout any more. See verbs.ts for what a verb owes it. */
  readonly signal: AbortSignal;
  readonly stdin: NodeJS.ReadStream;
}
