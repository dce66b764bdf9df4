/**
 * What a write quorum buys, from trials: in each a write is acknowledged, its leader dies at that very moment, a follower is promoted, and the write is
 * there or lost. Pure: a table is computed from the trials of a run folder alone.
 *
 * The expected shares need no more than the definition of a quorum: the k followers that acknowledged hold the write, so of N followers, asked at random
 * and alone, N - k have nothing of it; and whoever gathers from all of them finds it, if k is at least 1.
 * Source of the interval: interval.ts (Wilson).
 */
import type { Distribution } from '../lib/distribution.ts';
import { normalQuantile } from '../lib/normal.ts';
import { type Interval, type Trials, wilson } from './interval.ts';
import { expectedKth } from './order-statistic.ts';
import { mean, meanInterval95 } from './statistics.ts';

/** alone: promoted by force, with its own data only; safely: it gathers from every other node that answers. */
export const WAYS = ['alone', 'safe'] as const;
export type Way = (typeof WAYS)[number];

/** refused: the promotion did not take place, because it could have lost an acknowledged write. */
export type Fate = 'kept' | 'lost' | 'refused';

/** One line of trials.ndjson. */
export interface DurabilityTrial {
  readonly quorum: number;
  readonly way: Way;
  /** From 0; the two of a quorum and a number, one of each way, share delays and follower. */
  readonly trial: number;
  /** Of the delays of its write. */
  readonly seed: number;
  /** The follower that was promoted, or was to be. */
  readonly promoted: string;
  readonly key: string;
  readonly version: string;
  /** From the call to the parsed acknowledgement. */
  readonly latency_ms: number;
  /** Followers that held the write once its leader was dead: k, and more where a record had left for them already. */
  readonly held_by: readonly string[];
  readonly fate: Fate;
  /** Of refused ones: whether the leader had the write when it was started again. */
  readonly is_back: boolean | null;
  /** Records that the promoted node got from others; null if it was refused. */
  readonly recovered: number | null;
  /** From the call to the answer. */
  readonly promote_ms: number;
}

export interface DurabilityRow {
  readonly quorum: number;
  /** Latencies of all its trials, of both ways. */
  readonly writes: number;
  readonly avg_latency_ms: number | null;
  readonly ci95_ms: Interval | null;
  readonly model_ms: number;
  /** Mean number of followers that held the write when its leader was dead. */
  readonly held_by: number | null;
  readonly alone: LossRow;
  readonly safe: LossRow & { readonly refused: number };
  readonly verdict: 'ok' | 'inconclusive' | 'violation';
  readonly reasons: readonly string[];
}

export interface LossRow {
  readonly trials: number;
  readonly lost: number;
  /** null without trials. */
  readonly share: number | null;
  readonly ci95: Interval | null;
  readonly expected: number;
  /** Whether the interval holds what is expected; null without trials. In one row of twenty it does not by chance. */
  readonly is_expected: boolean | null;
}

const Z95 = normalQuantile(0.975);
/** Beyond this nobody speaks of chance: once in 2,000 rows. */
const Z_BEYOND = normalQuantile(1 - 0.0005 / 2);
/** Followers on average that held a write without having been waited for; from here on the figures are of another quorum. */
const MAX_SURPLUS = 0.25;

/** The share of acknowledged writes that one of N followers, alone and drawn at random, does not have: (N - k) / N. */
export function expectedLoss(quorum: number, followers: number): number {
  return (followers - quorum) / followers;
}

/** @param trials of this quorum, complete ones */
export function durabilityRow(quorum: number, trials: readonly DurabilityTrial[], delays: readonly Distribution[]): DurabilityRow {
  const followers = delays.length;
  const of = (way: Way) => trials.filter((trial) => trial.way === way);
  const latencies = trials.map((trial) => trial.latency_ms);
  const aloneTrials = of('alone');
  const alone = lossOf(aloneTrials, expectedLoss(quorum, followers));
  const refused = of('safe').filter(({ fate }) => fate === 'refused').length;
  const safe = { ...lossOf(of('safe'), 0), refused };
  const held = trials.length === 0 ? null : mean(trials.map((trial) => trial.held_by.length));
  const violations = violationsOf(quorum, followers, trials);
  const doubts = [
    ...(held !== null && held - quorum > MAX_SURPLUS
      ? [
          `${held.toFixed(1)} followers held a write on average, not ${quorum}: delays lie too close to each other, so that records had left already`,
        ]
      : []),
    ...(isBeyond(alone) ? [`${alone.lost} of ${alone.trials} lost is far from the expected ${(alone.expected * 100).toFixed(0)} %`] : []),
  ];
  return {
    quorum,
    writes: latencies.length,
    avg_latency_ms: latencies.length === 0 ? null : mean(latencies),
    ci95_ms: meanInterval95(latencies),
    model_ms: expectedKth(delays, quorum),
    held_by: held,
    alone,
    safe,
    verdict: violations.length > 0 ? 'violation' : doubts.length > 0 ? 'inconclusive' : 'ok',
    reasons: [...violations, ...doubts],
  };
}

/** Losses that no chance explains. */
function violationsOf(quorum: number, followers: number, trials: readonly DurabilityTrial[]): string[] {
  const lost = trials.filter(({ fate }) => fate === 'lost');
  const gone = trials.filter((trial) => trial.is_back === false);
  return [
    ...lost
      .filter(({ way }) => way === 'safe')
      .map(
        ({ key, version, promoted }) =>
          `${promoted} was promoted safely and lost the acknowledged write ${version} of ${JSON.stringify(key)}`,
      ),
    ...lost
      .filter(({ way }) => way === 'alone' && quorum === followers)
      .map(({ key, version, promoted }) => `${promoted} lost the write ${version} of ${JSON.stringify(key)}, which it had acknowledged`),
    ...gone.map(({ key, version }) => `the leader lost its own acknowledged write ${version} of ${JSON.stringify(key)} by a restart`),
  ];
}

function lossOf(trials: readonly DurabilityTrial[], expected: number): LossRow {
  const hits = trials.filter(({ fate }) => fate === 'lost').length;
  if (trials.length === 0) return { trials: 0, lost: 0, share: null, ci95: null, expected, is_expected: null };
  const counted = { hits, trials: trials.length };
  const ci95 = shareInterval(counted, Z95);
  return { trials: trials.length, lost: hits, share: hits / trials.length, ci95, expected, is_expected: holds(ci95, expected) };
}

/** Wilson's; all or nothing reaches its end exactly, whatever the rounding. */
export function shareInterval(counted: Trials, z: number = Z95): Interval {
  const [low, high] = wilson(counted, z);
  return [counted.hits === 0 ? 0 : low, counted.hits === counted.trials ? 1 : high];
}

function isBeyond({ lost, trials, expected }: LossRow): boolean {
  return trials > 0 && !holds(shareInterval({ hits: lost, trials }, Z_BEYOND), expected);
}

function holds([low, high]: Interval, value: number): boolean {
  return value >= low && value <= high;
}
