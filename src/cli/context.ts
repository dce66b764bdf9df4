/**
 * What every verb is given: which cluster, where its words go, and when to stop. Not a place for state: a verb finds the
 * cluster itself by `loadState(context.clusterName)`.
 */
import type { Output } from './output.ts';

export interface Context {
  /** Of -n, else of KVCTL_NAME, else `default`. */
  readonly clusterName: string;
  readonly out: Output;
  /** Aborts at Ctrl-C and SIGTERM, and when nobody reads stdout any more. See verbs.ts for what a verb owes it. */
  readonly signal: AbortSignal;
  readonly stdin: NodeJS.ReadStream;
}
