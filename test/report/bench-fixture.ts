// Benchmarks to draw and explain, made the way real ones are: a small simulation of clients, delays and acks gives samples and traces,
// and the real measure room summarises them. `override` then bends single figures where a test needs a case that is hard to simulate.

import { formatDelays, parseDelays } from '../../src/lib/delay-plan.ts';
import { type Distribution, sampleOf } from '../../src/lib/distribution.ts';
import { Prng } from '../../src/lib/prng.ts';
import { counterfactual } from '../../src/measure/counterfactual.ts';
import { cdfKth } from '../../src/measure/order-statistic.ts';
import type { RowSample, RowTrace } from '../../src/measure/recompute.ts';
import type { BenchResult, ParityTotals, QuorumResult } from '../../src/measure/result.ts';
import { latencyOf, measured, type Sample } from '../../src/measure/sample.ts';
import { summariseQuorum } from '../../src/measure/summary.ts';
import type { WriteTrace } from '../../src/measure/trace.ts';
import { overlappingQuorums } from '../../src/measure/verdict.ts';
import type { LatencyShape } from '../../src/report/input.ts';
import { parityRow } from '../support/parity-row.ts';

export interface Lab {
  readonly quorums?: readonly number[];
  readonly delay?: string;
  readonly followers?: number;
  readonly writes?: number;
  readonly concurrency?: number;
  readonly keys?: number;
  readonly seed?: number;
  readonly loss?: number;
  readonly rate?: number | null;
  readonly readShare?: number;
  readonly store?: 'sqlite' | 'memory';
  /** Mean of the cost that is added to each floor. */
  readonly overheadMs?: number;
  /** What a row waits for instead of its quorum: the lab that waits for everybody says `() => followers`. */
  readonly waitsFor?: (quorum: number) => number;
  /** Share of the writes of a quorum that fail. */
  readonly failShare?: (quorum: number) => number;
  readonly busy?: { readonly generator?: number; readonly leader?: number };
  readonly override?: (row: QuorumResult) => Partial<QuorumResult>;
}

/** The course lab: 1 leader and 5 followers, 100 writes, 10 in flight, 10 keys, 0-1000 ms. */
export function makeBench(lab: Lab = {}): MadeBench {
  const { quorums = [1, 2, 3, 4, 5] } = lab;
  const values = quorums.map(String);
  return makeSweep({ ...lab, parameter: 'quorum', values, each: (value) => ({ ...lab, quorums: [Number(value)] }) });
}

export interface SweptLab extends Lab {
  readonly name?: string;
  readonly parameter: string;
  readonly values: readonly string[];
  /** The lab of one row; its only quorum is that of the row. */
  readonly each: (value: string) => Lab;
  /** When the first row began. */
  readonly beganMs?: number;
}

export interface MadeBench {
  readonly result: BenchResult;
  readonly shapes: LatencyShape[];
  /** As a run folder keeps them. */
  readonly samples: readonly RowSample[];
  readonly trace: readonly RowTrace[];
}

/** The same load once per value of anything; rows follow each other with half a second between them. */
export function makeSweep(lab: SweptLab): MadeBench {
  const { name = 'bench', parameter, values, delay = '0-1000', followers = 5, concurrency = 10, keys = 10, seed = 1, loss = 0 } = lab;
  const { writes = 100, rate = null, readShare = 0 } = lab;
  const nodes = nodesOf(followers);
  const loop = rate === null ? 'closed' : 'open';
  let beganMs = lab.beganMs ?? 0;
  const runs = values.map((value) => {
    const row = `${name === 'bench' ? '' : `${name} `}${parameter}=${value}`;
    const made = simulate(lab.each(value), row, beganMs);
    beganMs = made.row.ended_ms + 500;
    return made;
  });
  const results = runs.map(({ row }) => ({ ...row, ...lab.override?.(row) }));
  const result: BenchResult = {
    schema_version: 1,
    name,
    sweep: { parameter, values },
    leader_url: nodes[0]!.url,
    seed,
    workload: {
      executor: loop === 'open' ? 'constant-arrival-rate' : 'shared-iterations',
      writes,
      concurrency,
      keys,
      value_bytes: 16,
      read_share: readShare,
      rate,
      duration_ms: null,
      warmup: 0,
      loop,
    },
    cluster: { name: 'bench', followers, store: lab.store ?? 'sqlite', delay, loss, nodes, leader: 'n1' },
    results,
    parity: nodes.slice(1).map(({ id, url }) => parityRow({ url, node: id })),
    overlaps: parameter === 'quorum' ? overlappingQuorums(results) : [],
    counterfactual: runs.map(({ row, trace }) => counterfactual(row.quorum, trace, followers, loop)),
    plot: 'charts/overview.png',
  };
  return {
    result,
    shapes: runs.map(({ shape }) => shape),
    samples: runs.flatMap(({ row, samples }) => samples.map((sample) => ({ ...sample, row: row.row }))),
    trace: runs.flatMap(({ row, trace }) => trace.map((write) => ({ ...write, row: row.row }))),
  };
}

function nodesOf(followers: number) {
  return Array.from({ length: followers + 1 }, (_, i) => ({ id: `n${i + 1}`, url: `http://127.0.0.1:${8000 + i}` }));
}

function distributionsOf(delay: string, followers: readonly { id: string }[]): Distribution[] {
  const parsed = parseDelays(delay);
  if (!parsed.ok) throw new Error(parsed.message);
  return followers.map(({ id }) => parsed.value.perNode.get(id) ?? parsed.value.all!);
}

interface Simulated {
  readonly row: QuorumResult;
  readonly samples: Sample[];
  readonly trace: WriteTrace[];
  readonly shape: LatencyShape;
}

/** Clients in a closed loop (an open one only changes when a write starts); every follower acks its delay after admission. */
function simulate(lab: Lab, name: string, beganMs: number): Simulated {
  const { quorums: [quorum = 3] = [], delay = '0-1000', followers = 5, concurrency = 10, keys = 10, seed = 1, writes = 100 } = lab;
  const distributions = distributionsOf(delay, nodesOf(followers).slice(1));
  const streams = distributions.map((_, f) => new Prng(seed).fork(`n${f + 2}`));
  const noise = new Prng(seed).fork(`overhead ${quorum}`);
  const freeAt = new Array<number>(concurrency).fill(0);
  const samples: Sample[] = [];
  const trace: WriteTrace[] = [];
  for (let index = 0; index < writes; index++) {
    const client = freeAt.indexOf(Math.min(...freeAt));
    const startMs = lab.rate == null ? freeAt[client]! : (index * 1000) / lab.rate;
    const key = `key${index % keys}`;
    const base = { quorum, index, phase: 'load', key, intendedMs: startMs, startMs, storeMs: 0.4, quorumMs: null, acks: null } as const;
    if (noise.next() < (lab.readShare ?? 0)) {
      freeAt[client] = startMs + 0.8;
      samples.push({ ...base, op: 'get', endMs: startMs + 0.8, ok: true, status: 200, error: null, version: null, floorMs: null });
      continue;
    }
    const delays = distributions.map((distribution, f) => sampleOf(distribution, streams[f]!.next()));
    const ascending = [...delays].sort((a, b) => a - b);
    const kth = (k: number) => (k === 0 ? 0 : ascending[k - 1]!);
    const overhead = (lab.overheadMs ?? 1.8) * (0.6 - 0.4 * Math.log(1 - noise.next()));
    const isFailed = noise.next() < (lab.failShare?.(quorum) ?? 0);
    const endMs = startMs + (isFailed ? 5000 : kth(lab.waitsFor?.(quorum) ?? quorum) + overhead);
    const version = `1.${index + 1}`;
    freeAt[client] = endMs;
    samples.push({
      ...base,
      op: 'put',
      endMs,
      ok: !isFailed,
      status: isFailed ? 503 : 200,
      error: isFailed ? 'quorum_not_met' : null,
      version: isFailed ? null : version,
      floorMs: isFailed || (lab.loss ?? 0) > 0 ? null : kth(quorum),
    });
    const acks = delays.map((delayMs, f) => [`n${f + 2}`, { delayMs, sentMs: delayMs, ackedMs: delayMs + 0.7 * overhead }] as const);
    trace.push({ version, need: quorum, storedMs: 0.3 * overhead, followers: Object.fromEntries(acks) });
  }
  const elapsedMs = Math.max(...samples.map((sample) => sample.endMs));
  const row = summariseQuorum({
    row: name,
    quorum,
    delay: formatDelays({ all: null, perNode: new Map(distributions.map((each, f) => [`n${f + 2}`, each])) }),
    beganMs,
    samples,
    trace,
    distributions,
    followersUp: distributions.map((_, f) => `n${f + 2}`),
    isSteady: true,
    hasLoss: (lab.loss ?? 0) > 0,
    parityAtLastAck: parityAt(elapsedMs, samples, trace, followers),
    settleMs: 1200 - 180 * quorum,
    generatorBusy: lab.busy?.generator ?? 0.06,
    leaderBusy: lab.busy?.leader ?? 0.04,
    elapsedMs,
  });
  const latencies = measured(samples, 'put')
    .filter((sample) => sample.ok)
    .map(latencyOf);
  const modelCdf = (lab.loss ?? 0) > 0 ? null : (ms: number) => cdfKth(distributions, quorum, ms);
  return { row, samples, trace, shape: { row: name, latencies, modelCdf } };
}

/** What a look at all followers finds at this moment: per key the newest write, and the newest that arrived. */
function parityAt(now: number, samples: readonly Sample[], trace: readonly WriteTrace[], followers: number): ParityTotals {
  const puts = samples.filter((sample) => sample.op === 'put');
  const totals = { match: 0, lag: 0, mismatch: 0, unreachable: 0, missing: 0, stale: 0 };
  for (let f = 0; f < followers; f++) {
    const newest = new Map<string, number>();
    const held = new Map<string, number>();
    puts.forEach((put, i) => {
      newest.set(put.key, i);
      if (put.startMs + (trace[i]!.followers[`n${f + 2}`]?.ackedMs ?? Number.POSITIVE_INFINITY) <= now) held.set(put.key, i);
    });
    const missing = [...newest].filter(([key]) => !held.has(key)).length;
    const stale = [...newest].filter(([key, i]) => held.has(key) && held.get(key) !== i).length;
    totals.missing += missing;
    totals.stale += stale;
    if (missing + stale > 0) totals.lag++;
    else totals.match++;
  }
  return totals;
}
