/**
 * The world that a seed means: how large the cluster is, how its network and disks are, who writes what, and which faults there are.
 *
 * Swarm testing (Groce et al., ISSTA 2012): each seed leaves kinds of faults out, because one that drowns everything hides the others.
 */
import type { LeaderLimits } from '../core/leader.ts';
import type { Distribution } from '../lib/distribution.ts';
import { Prng } from '../lib/prng.ts';
import type { Ms } from '../lib/units.ts';
import { FAULT_KINDS, type FaultKind } from './fault.ts';

export interface World {
  readonly seed: number;
  readonly followers: number;
  readonly quorum: number;
  readonly store: 'memory' | 'sqlite';
  /** Of replication to each node, as the product simulates it, in the nodes' order; the same for all or one each. */
  readonly delays: readonly Distribution[];
  readonly limits: LeaderLimits;
  /** One way over the real network below: a minimum and the mean of what an exponential draw adds. */
  readonly latencyMinMs: Ms;
  readonly latencyMeanMs: Ms;
  /** Per cent of messages. */
  readonly lossPercent: number;
  readonly duplicatePercent: number;
  /** Messages of one direction arrive in order. */
  readonly isOrdered: boolean;
  readonly callTimeoutMs: Ms;
  readonly syncMeanMs: Ms;
  /** Between reading a page and handing it over. */
  readonly scanMs: Ms;
  /** How long inputs gather before their turn; 0: each has its own. */
  readonly turnMs: Ms;
  readonly keys: number;
  readonly clients: number;
  readonly thinkMeanMs: Ms;
  /** Per cent of the clients' requests. */
  readonly readPercent: number;
  /** Clients write with the quorum in force and no time of their own, and delete nothing. */
  readonly isPlain: boolean;
  readonly faultGapMs: Ms;
  readonly faultKinds: readonly FaultKind[];
  /** Faults begin with the birth of the cluster, not after it. */
  readonly isBornFaulty: boolean;
}

export const MAX_FOLLOWERS = 7;

/** The seed decides everything; `followers` only where it is given. */
export function drawWorld(seed: number, followers: number | null): World {
  const prng = new Prng(seed).fork('world');
  const pick = <T>(...values: readonly T[]): T => values[prng.int(values.length)] as T;
  const drawn = prng.int(MAX_FOLLOWERS + 1);
  const n = followers ?? drawn;
  const store = pick('sqlite', 'sqlite', 'sqlite', 'memory' as const);
  const quorum = pick(Math.min(3, n), prng.int(n + 1));
  const one = drawDelay(prng);
  const isEach = prng.int(4) === 0;
  const delays = Array.from({ length: n + 1 }, () => (isEach ? drawDelay(prng) : one));
  const limits: LeaderLimits = {
    batchMax: pick(1, 3, 256),
    batchBytes: pick(200, 4_194_304),
    pageRows: pick(1, 2, 4, 256),
    window: pick(1, 2),
    queueRecords: pick(2, 5, 1000),
    queueBytes: pick(500, 16_777_216, 16_777_216),
    heartbeatMs: pick(50, 500),
    backoffMinMs: pick(5, 50),
    backoffMaxMs: pick(100, 1000),
    retransmitMs: pick(20, 200),
    waitingWrites: pick(3, 10_000, 10_000),
    unsettledBytes: pick(20_000, 67_108_864),
    quorumTimeoutMs: pick(200, 1000, 5000),
    failEarlyMs: pick(50, 250),
    ...drawCollection(seed),
  };
  const kinds = FAULT_KINDS.filter(() => prng.int(10) < 6);
  return {
    seed,
    followers: n,
    quorum,
    store,
    delays,
    limits,
    latencyMinMs: pick(0, 0.1, 1),
    latencyMeanMs: pick(0.1, 1, 10),
    lossPercent: pick(0, 0, 1, 5),
    duplicatePercent: pick(0, 1, 10),
    isOrdered: prng.int(3) === 0,
    callTimeoutMs: pick(50, 300, 2000),
    syncMeanMs: pick(0.1, 1, 5),
    scanMs: pick(0, 0, 2),
    turnMs: pick(0, 0, 0.25, 2),
    keys: pick(1, 2, 4, 8, 12),
    clients: pick(1, 2, 4, 8),
    thinkMeanMs: pick(0.5, 3, 15),
    readPercent: pick(10, 30, 50),
    isPlain: false,
    faultGapMs: pick(15, 60, 200),
    faultKinds: kinds,
    isBornFaulty: prng.int(5) === 0,
  };
}

/** Out of draws of its own: what else a seed means stays as it is. */
function drawCollection(seed: number): Pick<LeaderLimits, 'tombstoneKeepMs' | 'collectEveryMs'> {
  const prng = new Prng(seed).fork('collection');
  const tombstoneKeepMs = [Number.POSITIVE_INFINITY, 1000, 300, 100][prng.int(4)] as number;
  const collectEveryMs = [5, 50, 500][prng.int(3)] as number;
  return { tombstoneKeepMs, collectEveryMs };
}

function drawDelay(prng: Prng): Distribution {
  const max = [10, 40, 150][prng.int(3)] as number;
  const shapes: readonly Distribution[] = [
    { kind: 'constant', value: 0 },
    { kind: 'constant', value: max / 4 },
    { kind: 'uniform', min: 0, max },
    { kind: 'uniform', min: max / 2, max },
    { kind: 'exponential', mean: max / 4 },
    { kind: 'lognormal', median: max / 8, sigma: 1 },
  ];
  return shapes[prng.int(shapes.length)] as Distribution;
}

/** The world in one line, for people. */
export function describeWorld(world: World): string {
  const { followers, quorum, store, keys, clients, lossPercent, duplicatePercent } = world;
  const network = `${world.isOrdered ? 'ordered' : 'unordered'} network, ${lossPercent} % lost, ${duplicatePercent} % twice`;
  return `seed ${world.seed}: 1 leader + ${followers} followers, quorum ${quorum}, ${store}, ${clients} clients on ${keys} keys, ${network}`;
}
