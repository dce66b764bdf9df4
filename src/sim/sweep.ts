/**
 * A cluster in which nothing breaks, measured instead of tested: what a quorum costs (latency) and leaves open (staleness), for sizes that no laptop can run.
 *
 * Nothing but the delays takes time, so a latency is the protocol's own: at need 3 of 5 the third smallest delay. The oracle watches here too.
 * Staleness is counted at the moment of the acknowledgement: the share of followers that do not hold the write yet, the chance that a read on one of them is stale.
 */
import type { Effect } from '../core/message.ts';
import type { Distribution } from '../lib/distribution.ts';
import { Prng } from '../lib/prng.ts';
import { percentile } from '../lib/quantile.ts';
import { expectedKth } from '../measure/order-statistic.ts';
import { Clients } from './clients.ts';
import { SimCluster } from './cluster.ts';
import { Goals } from './goals.ts';
import { Oracle } from './oracle.ts';
import type { SimNode } from './sim-node.ts';
import { must } from './violation.ts';
import type { World } from './world.ts';

export interface SweepPoint {
  readonly followers: number;
  readonly quorum: number;
  readonly delay: Distribution;
  readonly writes: number;
  readonly seed: number;
}

export interface SweepRow {
  readonly followers: number;
  readonly quorum: number;
  readonly writes: number;
  readonly mean_ms: number;
  /** What order statistics predict for the mean. */
  readonly model_ms: number;
  readonly p50_ms: number;
  readonly p95_ms: number;
  readonly p99_ms: number;
  /** Of the followers, at the acknowledgement. */
  readonly stale_share: number;
  /** (N - k) / N. */
  readonly stale_model: number;
}

const IN_FLIGHT = 10;
/** So many that hardly any write is overtaken by a newer one of its key. */
const KEYS = 10_000;

export function measurePoint(point: SweepPoint): SweepRow {
  const { followers, quorum, writes, seed } = point;
  const world = calmWorld(point);
  const goals = new Goals();
  const oracle = new Oracle(world, goals);
  const clients = new Clients(new Prng(seed).fork('clients'));
  const latencies: number[] = [];
  let stale = 0;
  const meter = {
    effect(_node: SimNode, effect: Effect): void {
      if (effect.t !== 'reply') return;
      must(effect.result.ok, 'I10', () => 'a write fails in a cluster in which nothing breaks');
      const { version, quorumMs } = effect.result;
      // By admission, not by answer: the first to be answered are the quick ones.
      if (version.seq > writes) return;
      const accepted = oracle.ledger.lineage.find(version);
      latencies.push(quorumMs);
      if (accepted !== undefined && followers > 0) stale += 1 - oracle.ledger.ackers(accepted) / followers;
    },
  };
  const cluster = new SimCluster(world, [oracle, meter, clients], goals);
  clients.join(cluster);
  for (const node of cluster.nodes) cluster.start(node);
  while (oracle.epochs.opened === 0 && cluster.next());
  clients.start();
  while (latencies.length < writes && cluster.next());
  const sorted = latencies.toSorted((a, b) => a - b);
  return {
    followers,
    quorum,
    writes,
    mean_ms: latencies.reduce((sum, ms) => sum + ms, 0) / writes,
    model_ms: quorum === 0 ? 0 : expectedKth(world.delays.slice(1), quorum),
    p50_ms: percentile(sorted, 50),
    p95_ms: percentile(sorted, 95),
    p99_ms: percentile(sorted, 99),
    stale_share: stale / writes,
    stale_model: followers === 0 ? 0 : (followers - quorum) / followers,
  };
}

function calmWorld({ followers, quorum, delay, seed }: SweepPoint): World {
  return {
    seed,
    followers,
    quorum,
    store: 'memory',
    delays: new Array<Distribution>(followers + 1).fill(delay),
    limits: {
      batchMax: 256,
      batchBytes: 4_194_304,
      pageRows: 256,
      window: 2,
      queueRecords: 10_000,
      queueBytes: 16_777_216,
      heartbeatMs: 500,
      backoffMinMs: 50,
      backoffMaxMs: 1000,
      retransmitMs: 200,
      waitingWrites: 10_000,
      unsettledBytes: 67_108_864,
      quorumTimeoutMs: 3_600_000,
      tombstoneKeepMs: 86_400_000,
      collectEveryMs: 1_000,
      failEarlyMs: 3_600_000,
    },
    latencyMinMs: 0,
    latencyMeanMs: 0,
    lossPercent: 0,
    duplicatePercent: 0,
    isOrdered: true,
    callTimeoutMs: 3_600_000,
    syncMeanMs: 0,
    scanMs: 0,
    turnMs: 0,
    keys: KEYS,
    clients: IN_FLIGHT,
    thinkMeanMs: 0,
    readPercent: 0,
    isPlain: true,
    faultGapMs: 1,
    faultKinds: [],
    isBornFaulty: false,
  };
}
