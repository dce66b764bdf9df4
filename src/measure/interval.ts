/**
 * Intervals of differences: how much of a change between two sets of measurements is more than their noise.
 *
 * All of them hold one level of confidence and answer null where the data cannot bound the change. Paired: item i of both sets met
 * the same chance (the same simulated delays), so that its difference is free of it: common random numbers, the oldest way to
 * compare two systems by simulation.
 * Sources: B. L. Welch, Biometrika 34, 1947 (means of unequal variances, degrees of freedom by Satterthwaite); A. M. Law, Simulation
 * Modeling and Analysis, 5th ed., 11.2 (common random numbers) and 9.5 (batch means); B. Efron and R. Tibshirani, An Introduction
 * to the Bootstrap, 1993, ch. 13 (percentile interval); R. G. Newcombe, Stat. Med. 17, 1998, method 10 (two proportions).
 */
import { normalQuantile } from '../lib/normal.ts';
import type { Prng } from '../lib/prng.ts';
import { percentileRank } from '../lib/quantile.ts';
import { mean, standardDeviation } from './statistics.ts';
import { studentQuantile } from './student-t.ts';

export type Interval = readonly [low: number, high: number];

/** Of mean(b) - mean(a), the two independent; null with fewer than two values in either. */
export function welchInterval(a: readonly number[], b: readonly number[], confidence: number): Interval | null {
  if (a.length < 2 || b.length < 2) return null;
  const [va, vb] = [standardDeviation(a) ** 2 / a.length, standardDeviation(b) ** 2 / b.length];
  const centre = mean(b) - mean(a);
  if (va + vb === 0) return [centre, centre];
  const df = (va + vb) ** 2 / (va ** 2 / (a.length - 1) + vb ** 2 / (b.length - 1));
  const half = studentQuantile((1 + confidence) / 2, df) * Math.sqrt(va + vb);
  return [centre - half, centre + half];
}

/** Of the mean of b[i] - a[i]; null with fewer than two pairs. */
export function pairedInterval(a: readonly number[], b: readonly number[], confidence: number): Interval | null {
  if (a.length < 2) return null;
  const differences = a.map((value, i) => (b[i] as number) - value);
  const centre = mean(differences);
  const half = (studentQuantile((1 + confidence) / 2, a.length - 1) * standardDeviation(differences)) / Math.sqrt(a.length);
  return [centre - half, centre + half];
}

/** Of the difference of two shares, hits of trials each; null without trials. */
export function newcombeInterval(a: Trials, b: Trials, confidence: number): Interval | null {
  if (a.trials === 0 || b.trials === 0) return null;
  const z = normalQuantile((1 + confidence) / 2);
  const [pa, pb] = [a.hits / a.trials, b.hits / b.trials];
  const [wa, wb] = [wilson(a, z), wilson(b, z)];
  const centre = pb - pa;
  return [centre - Math.hypot(pb - wb[0], wa[1] - pa), centre + Math.hypot(wb[1] - pb, pa - wa[0])];
}

export interface Trials {
  readonly hits: number;
  readonly trials: number;
}

/** Of one share, for trials > 0 (E. B. Wilson, J. Am. Stat. Assoc. 22, 1927); `z` is the normal quantile of its confidence. */
export function wilson({ hits, trials }: Trials, z: number): Interval {
  const share = hits / trials;
  const centre = share + z ** 2 / (2 * trials);
  const half = z * Math.sqrt((share * (1 - share)) / trials + z ** 2 / (4 * trials ** 2));
  const scale = 1 + z ** 2 / trials;
  return [Math.max(0, (centre - half) / scale), Math.min(1, (centre + half) / scale)];
}

/** Resamples; fewer of very large sets, whose percentiles vary little. */
const RESAMPLES = 2_000;
const MIN_RESAMPLES = 200;
/** Values drawn in all: a few seconds. */
const MAX_DRAWS = 1e8;

/**
 * Of percentile p of b minus percentile p of a, for each p of `ps`, by the percentile bootstrap: resampled together if they are
 * paired (then both have the same length), else apart. Null of an empty set. The caller leaves out percentiles of too few values: beyond its
 * largest value a sample knows nothing.
 * Deterministic for one `prng`. O(resamples * (a + b)).
 */
export function percentileIntervals(
  a: readonly number[],
  b: readonly number[],
  ps: readonly number[],
  { isPaired, confidence, prng }: { readonly isPaired: boolean; readonly confidence: number; readonly prng: Prng },
): readonly (Interval | null)[] {
  if (a.length === 0 || b.length === 0) return ps.map(() => null);
  const [left, right] = [new Resampled(a, ps), new Resampled(b, ps)];
  const times = Math.max(MIN_RESAMPLES, Math.min(RESAMPLES, Math.floor(MAX_DRAWS / (a.length + b.length))));
  const changes = ps.map(() => new Float64Array(times));
  for (let i = 0; i < times; i++) {
    const counts = draw(a.length, prng);
    const from = left.percentiles(counts);
    const to = right.percentiles(isPaired ? counts : draw(b.length, prng));
    for (const [k, change] of changes.entries()) change[i] = (to[k] as number) - (from[k] as number);
  }
  const tail = (1 - confidence) / 2;
  return changes.map((change) => {
    change.sort();
    const low = Math.floor(times * tail);
    return [change[low] as number, change[times - 1 - low] as number];
  });
}

/** How often each of n values is in one resample of them. */
function draw(n: number, prng: Prng): Uint32Array {
  const counts = new Uint32Array(n);
  for (let i = 0; i < n; i++) {
    const chosen = prng.int(n);
    counts[chosen] = (counts[chosen] as number) + 1;
  }
  return counts;
}

/** A set that is sorted once, and then resampled by counting. */
class Resampled {
  readonly #values: readonly number[];
  readonly #order: Uint32Array;
  readonly #ranks: readonly number[];

  constructor(values: readonly number[], ps: readonly number[]) {
    this.#values = values;
    this.#order = Uint32Array.from(values, (_, i) => i).sort((a, b) => (values[a] as number) - (values[b] as number));
    this.#ranks = ps.map((p) => percentileRank(values.length, p));
  }

  /** By counting, as everywhere: the value at which the resample holds enough. In the order of `ps`. */
  percentiles(counts: Uint32Array): readonly number[] {
    const found = new Array<number>(this.#ranks.length);
    const open = new Set(this.#ranks.keys());
    let seen = 0;
    for (const index of this.#order) {
      seen += counts[index] as number;
      for (const k of open) {
        if (seen < (this.#ranks[k] as number)) continue;
        found[k] = this.#values[index] as number;
        open.delete(k);
      }
      if (open.size === 0) break;
    }
    return found;
  }
}

/** Windows of equal length that a load is cut into, and answers that each should have at least. */
const MAX_WINDOWS = 10;
const MIN_PER_WINDOW = 5;
const MIN_WINDOWS = 4;

interface Answered {
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * Answers per second of each window of the load at its height, from the first answer to the last request's start, for the noise of a
 * throughput (batch means): neighbouring answers depend on each other, windows hardly do. Before and after, a load of few writes is
 * mostly its own beginning and end, which both runs have alike. Empty where there are fewer than 20 answers in between.
 */
export function windowRates(answers: readonly Answered[]): readonly number[] {
  const fromMs = answers.reduce((first, { endMs }) => Math.min(first, endMs), Number.POSITIVE_INFINITY);
  const toMs = answers.reduce((last, { startMs }) => Math.max(last, startMs), 0);
  const within = answers.filter(({ endMs }) => endMs >= fromMs && endMs < toMs);
  const windows = Math.min(MAX_WINDOWS, Math.floor(within.length / MIN_PER_WINDOW));
  if (windows < MIN_WINDOWS) return [];
  const counts = new Array<number>(windows).fill(0);
  for (const { endMs } of within) {
    const window = Math.min(windows - 1, Math.floor(((endMs - fromMs) / (toMs - fromMs)) * windows));
    counts[window] = (counts[window] as number) + 1;
  }
  return counts.map((count) => (count * windows * 1000) / (toMs - fromMs));
}
