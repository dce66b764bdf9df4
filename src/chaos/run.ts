/**
 * Chaos from its first request to its last read: clients and nemesis together, then everything is healed, and once the replicas are equal
 * every key is read on every node. What it meant is not judged here: the history is a file.
 */
import { KvctlError } from '../wire/errors.ts';
import { type Answered, Clients, type LoadWish } from './clients.ts';
import type { ChaosCluster, NodeAddress } from './cluster.ts';
import type { Deed } from './deed.ts';
import { HistoryFile, startClock } from './history-file.ts';
import { Nemesis } from './nemesis.ts';
import type { Schedule } from './plan.ts';

export interface ChaosOptions {
  readonly cluster: ChaosCluster;
  readonly load: LoadWish;
  readonly schedule: Schedule;
  readonly forMs: number;
  /** Where the histories are kept. */
  readonly files: { readonly history: string; readonly local: string };
  readonly signal: AbortSignal;
  /** Each stage as it begins, and each deed. */
  readonly onStage: (stage: 'load' | 'heal' | 'settle') => void;
  readonly onDeed: (text: string) => void;
  /** Waits until the replicas are equal; answers whether they are. */
  readonly settle: (leader: NodeAddress) => Promise<boolean>;
}

export interface ChaosOutcome {
  readonly answered: readonly Answered[];
  readonly deeds: readonly Deed[];
  /** Why it ended before its end; null: it did not. */
  readonly error: KvctlError | null;
}

/** Throws what the cluster throws before the first request. */
export async function runChaos(options: ChaosOptions): Promise<ChaosOutcome> {
  const { cluster, load, files, signal, onStage } = options;
  const clock = startClock();
  const nowMs = () => clock() / 1e6;
  const [history, localHistory] = [new HistoryFile(files.history, clock), new HistoryFile(files.local, clock)];
  const { nodes } = cluster;
  const clients = new Clients({ ...load, leader: () => cluster.leader, nodes, history, localHistory, nowMs, signal });
  const onDeed = (kind: string, text: string) => {
    history.mark(kind, text);
    options.onDeed(`${kind} ${text}`);
  };
  let nemesis: Nemesis | null = null;
  let error: KvctlError | null = null;
  try {
    nemesis = await Nemesis.begin({ cluster, schedule: options.schedule, nowMs, signal, onDeed });
    onStage('load');
    clients.begin();
    try {
      await nemesis.run(options.forMs);
    } finally {
      await clients.end();
    }
    if (!signal.aborted) {
      onStage('heal');
      await nemesis.heal();
      onStage('settle');
      const isSettled = await options.settle(cluster.leader);
      if (!signal.aborted) await clients.readFinally(isSettled ? nodes : [cluster.leader]);
    }
  } catch (thrown) {
    if (!(thrown instanceof KvctlError) && !signal.aborted) throw thrown;
    error = thrown instanceof KvctlError ? thrown : null;
  } finally {
    await clients.close();
    history.close();
    localHistory.close();
  }
  const deeds = (nemesis?.deeds ?? []).toSorted((a, b) => a.planned_ms - b.planned_ms);
  return { answered: clients.answered, deeds, error: signal.aborted ? null : error };
}
