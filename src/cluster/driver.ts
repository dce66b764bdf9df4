/**
 * What the life of a cluster needs of the place where its nodes run: processes of this machine (local-driver.ts) or containers
 * (compose/driver.ts); drivers.ts chooses. Not here: what is asked of the nodes themselves, over HTTP, which is the same everywhere.
 *
 * Invariant: a driver touches only what belongs to the cluster whose state it is given. Who changes something holds the
 * cluster's lock. Every call throws KvctlError.
 */
import type { ClusterPaths } from './home.ts';
import type { LogLine } from './log-lines.ts';
import type { NodePlan } from './plan.ts';
import type { ProcessIdentity } from './process.ts';
import type { ClusterState, ObservedNode } from './state.ts';

export interface DriverOptions {
  readonly signal?: AbortSignal | undefined;
  /** Progress, one sentence each. */
  readonly onStep?: ((text: string) => void) | undefined;
}

export interface StartOrder extends DriverOptions {
  readonly state: ClusterState;
  readonly paths: ClusterPaths;
  /** The nodes to start; none of them runs, and their ports are free. */
  readonly nodes: readonly NodePlan[];
  /** The nodes' program; default: the node of this package. Processes only. */
  readonly entry?: string | undefined;
  /** Told of each process at once, so that it can be written down before anything waits for it. */
  readonly onStarted: (id: string, identity: ProcessIdentity) => void;
}

export interface StartedNode {
  readonly id: string;
  /** How it ended, once it has; such a node failed, because nobody told it to. */
  exit(): Promise<NodeExit | null>;
}

export interface NodeExit {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** What the nodes logged until now, and from now on. */
export interface LogView {
  /** The last lines of each node, in the order of the nodes, oldest first. */
  readonly tails: readonly (readonly LogLine[])[];
  /** Whole lines that came after the tails, until aborted. */
  follow(onLines: (lines: LogLine[]) => void, signal: AbortSignal): Promise<void>;
}

export interface Driver {
  /** What takes long and comes before any node starts: finding the engine, making the image. Touches nothing of any cluster. */
  prepare(options: DriverOptions): Promise<void>;

  /** Compares the state with what runs: one look, nothing is signalled or asked. */
  observe(state: ClusterState): Promise<ObservedNode[]>;

  /** True if there is data that the next start would go on with. */
  hasData(state: ClusterState, paths: ClusterPaths): Promise<boolean>;

  /** Returns when the nodes are started, not when they are of use. */
  start(order: StartOrder): Promise<readonly StartedNode[]>;

  /** SIGTERM to all, and after `graceMs` SIGKILL to those that are still there, paused ones too. Returns when all are gone. */
  stop(living: readonly ObservedNode[], graceMs: number): Promise<void>;

  /** Returns when all are gone. Throws `node_failed` for one that outlives the signal. */
  kill(living: readonly ObservedNode[], signal: NodeJS.Signals): Promise<void>;

  /** Returns when all are frozen, or run on. */
  setPaused(living: readonly ObservedNode[], isPaused: boolean): Promise<void>;

  /** Pulls or plugs in the nodes' network, whole: nobody reaches a node without it, and it reaches nobody. */
  setConnected(state: ClusterState, nodes: readonly ObservedNode[], isConnected: boolean): Promise<void>;

  /** Lets go of everything but the data (with `purge` of that, too) and the files in the cluster's directory. Nothing runs any more. */
  release(state: ClusterState, paths: ClusterPaths, purge: boolean): Promise<void>;

  /** `count` last lines of each of the nodes. */
  logs(state: ClusterState, ids: readonly string[], count: number): Promise<LogView>;
}
