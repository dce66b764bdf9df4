/**
 * The distributions of a simulated delay: what they are called, their cdf, quantile and mean, and how one uniform draw
 * becomes one delay. All values are milliseconds and never negative.
 *
 * Not here: which node has which distribution (delay-plan.ts), the stream of draws (prng.ts).
 * Invariant: a sample is the quantile of exactly one uniform draw, so that draw i of a substream is always delay i, and
 * the same seed under another distribution keeps its order: a lucky write stays lucky.
 */
import { unreachable } from './assert.ts';
import { normalCdf, normalQuantile } from './normal.ts';
import { fail, ok, type Result } from './result.ts';

export type Distribution =
  /** 0 <= min <= max. */
  | { readonly kind: 'uniform'; readonly min: number; readonly max: number }
  /** value >= 0. */
  | { readonly kind: 'constant'; readonly value: number }
  /** mean >= 0 and sd > 0 of the normal before what lies below 0 is cut off and the rest renormalised; see meanOf. */
  | { readonly kind: 'normal'; readonly mean: number; readonly sd: number }
  /** median > 0; sigma > 0, without unit, is the standard deviation of the logarithm. */
  | { readonly kind: 'lognormal'; readonly median: number; readonly sigma: number }
  /** mean > 0. */
  | { readonly kind: 'exponential'; readonly mean: number };

/** Above an hour a delay is a mistake of units, and beyond what timers hold. */
const MAX_MS = 3_600_000;
/** At sigma 5 one delay in a hundred is 100,000 times the median; nothing is left to simulate above that. */
const MAX_SIGMA = 5;

const EXPECTED =
  'expected a delay in ms: 0-1000 (uniform), 50 (constant), normal:50,10 (mean, sd), lognormal:20,0.5 (median, sigma) or exponential:20 (mean)';
const NUMBER = String.raw`\d+(?:\.\d+)?(?:e[+-]?\d+)?`;
const RANGE = new RegExp(`^(${NUMBER})-(${NUMBER})$`);
const NAMED = new RegExp(`^([a-z]+):(${NUMBER})(?:,(${NUMBER}))?$`);
const PLAIN = new RegExp(`^${NUMBER}$`);

/**
 * `0-1000` and `uniform:0,1000`, `50` and `constant:50`, `normal:50,10`, `lognormal:20,0.5`, `exponential:20`.
 * Real numbers (`0.1-1.0`), at most an hour.
 */
export function parseDistribution(text: string): Result<Distribution> {
  const trimmed = text.trim();
  const parsed = readShape(trimmed);
  if (parsed === null) return fail(`${EXPECTED}, got ${JSON.stringify(text)}`);
  const mistake = mistakeIn(parsed);
  return mistake === null ? ok(parsed) : fail(`${mistake}, got ${JSON.stringify(text)}`);
}

/** The text that parses to the same distribution; the short form where there is one. */
export function formatDistribution(distribution: Distribution): string {
  switch (distribution.kind) {
    case 'uniform':
      return `${distribution.min}-${distribution.max}`;
    case 'constant':
      return `${distribution.value}`;
    case 'normal':
      return `normal:${distribution.mean},${distribution.sd}`;
    case 'lognormal':
      return `lognormal:${distribution.median},${distribution.sigma}`;
    case 'exponential':
      return `exponential:${distribution.mean}`;
    default:
      return unreachable(distribution);
  }
}

function readShape(text: string): Distribution | null {
  if (PLAIN.test(text)) return { kind: 'constant', value: Number(text) };
  const range = RANGE.exec(text);
  if (range !== null) return { kind: 'uniform', min: Number(range[1]), max: Number(range[2]) };
  const named = NAMED.exec(text);
  if (named === null) return null;
  const [first, second] = [Number(named[2]), named[3] === undefined ? null : Number(named[3])];
  if (second === null) {
    if (named[1] === 'constant') return { kind: 'constant', value: first };
    return named[1] === 'exponential' ? { kind: 'exponential', mean: first } : null;
  }
  if (named[1] === 'uniform') return { kind: 'uniform', min: first, max: second };
  if (named[1] === 'normal') return { kind: 'normal', mean: first, sd: second };
  return named[1] === 'lognormal' ? { kind: 'lognormal', median: first, sigma: second } : null;
}

/** What is wrong with the parameters, or null. Negative numbers do not get past the patterns. */
function mistakeIn(distribution: Distribution): string | null {
  const { kind, ...parameters } = distribution;
  if (Object.values(parameters).some((value) => value > MAX_MS)) return `expected a delay of at most ${MAX_MS} ms`;
  switch (kind) {
    case 'uniform':
      return distribution.min <= distribution.max ? null : 'expected the smaller delay first';
    case 'constant':
      return null;
    case 'normal':
      return distribution.sd > 0 ? null : 'expected a standard deviation above 0 (without spread it is a constant)';
    case 'lognormal':
      if (distribution.sigma > MAX_SIGMA) return `expected sigma, the standard deviation of the logarithm, to be at most ${MAX_SIGMA}`;
      return distribution.median > 0 && distribution.sigma > 0 ? null : 'expected a median and a sigma above 0';
    case 'exponential':
      return distribution.mean > 0 ? null : 'expected a mean above 0';
    default:
      return unreachable(kind);
  }
}

/** P(delay <= x). */
export function cdfOf(distribution: Distribution, x: number): number {
  switch (distribution.kind) {
    case 'uniform':
      if (x < distribution.min) return 0;
      return x >= distribution.max ? 1 : (x - distribution.min) / (distribution.max - distribution.min);
    case 'constant':
      return x >= distribution.value ? 1 : 0;
    case 'normal': {
      if (x < 0) return 0;
      const below = massBelowZero(distribution);
      return clampProbability((normalCdf((x - distribution.mean) / distribution.sd) - below) / (1 - below));
    }
    case 'lognormal':
      return x <= 0 ? 0 : normalCdf(Math.log(x / distribution.median) / distribution.sigma);
    case 'exponential':
      return x <= 0 ? 0 : -Math.expm1(-x / distribution.mean);
    default:
      return unreachable(distribution);
  }
}

/** P(delay > x), to its own relative accuracy far out where 1 - cdfOf has no digits left. */
export function survivalOf(distribution: Distribution, x: number): number {
  switch (distribution.kind) {
    case 'uniform':
    case 'constant':
      return 1 - cdfOf(distribution, x);
    case 'normal':
      return x < 0 ? 1 : Math.min(1, normalCdf((distribution.mean - x) / distribution.sd) / (1 - massBelowZero(distribution)));
    case 'lognormal':
      return x <= 0 ? 1 : normalCdf(Math.log(distribution.median / x) / distribution.sigma);
    case 'exponential':
      return x <= 0 ? 1 : Math.exp(-x / distribution.mean);
    default:
      return unreachable(distribution);
  }
}

/** The smallest x with P(delay <= x) >= p, for p in [0, 1]; Infinity at 1 where the distribution has no upper end. */
export function quantileOf(distribution: Distribution, p: number): number {
  switch (distribution.kind) {
    case 'uniform':
      // Both ends by this form are exact: min * 1 + max * 0 and the other way round.
      return distribution.min * (1 - p) + distribution.max * p;
    case 'constant':
      return distribution.value;
    case 'normal': {
      const kept = 1 - massBelowZero(distribution);
      // From the nearer end: counted from below, the last draw before 1 would round to 1, which has no finite quantile.
      const z = p < 0.5 ? normalQuantile(1 - kept + p * kept) : -normalQuantile((1 - p) * kept);
      return Math.max(0, distribution.mean + distribution.sd * z);
    }
    case 'lognormal':
      return distribution.median * Math.exp(distribution.sigma * normalQuantile(p));
    case 'exponential':
      return -distribution.mean * Math.log1p(-p) + 0;
    default:
      return unreachable(distribution);
  }
}

/** The mean of what is drawn; for `normal` therefore the mean after the cut at 0, which is above the parameter. */
export function meanOf(distribution: Distribution): number {
  switch (distribution.kind) {
    case 'uniform':
      return (distribution.min + distribution.max) / 2;
    case 'constant':
      return distribution.value;
    case 'normal': {
      const cut = -distribution.mean / distribution.sd;
      const density = Math.exp((-cut * cut) / 2) / Math.sqrt(2 * Math.PI);
      return distribution.mean + (distribution.sd * density) / (1 - massBelowZero(distribution));
    }
    case 'lognormal':
      return distribution.median * Math.exp(distribution.sigma ** 2 / 2);
    case 'exponential':
      return distribution.mean;
    default:
      return unreachable(distribution);
  }
}

/** The delay that one uniform draw `u` in [0, 1) stands for; finite. */
export function sampleOf(distribution: Distribution, u: number): number {
  return quantileOf(distribution, u);
}

/** What of the plain normal lies below 0; at most one half, because its mean is not negative. */
function massBelowZero(normal: { readonly mean: number; readonly sd: number }): number {
  return normalCdf(-normal.mean / normal.sd);
}

function clampProbability(p: number): number {
  return Math.min(1, Math.max(0, p));
}
