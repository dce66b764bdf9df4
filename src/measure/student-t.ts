/**
 * The quantile of Student's t, which makes a mean of few values an honest interval.
 * The cdf is a regularised incomplete beta function by its continued fraction; the quantile inverts it by bisection, which
 * costs microseconds and is called once per row of a table.
 * Sources: Abramowitz and Stegun 26.7.1 (t and beta), 26.5.8 (continued fraction, by W. J. Lentz's method), 6.1.41 (gamma).
 */
import { assert } from '../lib/assert.ts';
import { smallestWhere } from '../lib/bisection.ts';
import { normalQuantile } from '../lib/normal.ts';

/** Above this many degrees of freedom t and normal quantiles agree to 1e-6, and gamma functions have no digits left for more. */
const NORMAL_ABOVE = 1e7;

/** t with P(T <= t) = p, for p in (0, 1) and df > 0, Infinity included. Relative error below 1e-9, above 10,000 df 1e-6. */
export function studentQuantile(p: number, df: number): number {
  assert(p > 0 && p < 1, `expected a probability in (0, 1), got ${p}`);
  assert(df > 0, `expected degrees of freedom above 0, got ${df}`);
  if (df > NORMAL_ABOVE) return normalQuantile(p);
  if (p === 0.5) return 0;
  if (p < 0.5) return -studentQuantile(1 - p, df);
  const tail = 1 - p;
  // Searched on a scale of octaves, because with one degree of freedom the quantile is beyond any fixed bound.
  const octave = smallestWhere((x) => upperTail(2 ** x, df) <= tail, -1074, 1023);
  return 2 ** octave;
}

/** P(T > t) for t > 0. */
function upperTail(t: number, df: number): number {
  return incompleteBeta(df / (df + t * t), df / 2, 0.5) / 2;
}

/** I_x(a, b), the cdf of Beta(a, b) at x. */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  // The fraction converges fast only on its own side of the mean; the other side is its mirror image.
  if (x < (a + 1) / (a + b + 2)) return (front * betaFraction(x, a, b)) / a;
  return 1 - (front * betaFraction(1 - x, b, a)) / b;
}

/** Lentz's method: numerator and denominator of the fraction kept as ratios, so that neither overflows. */
function betaFraction(x: number, a: number, b: number): number {
  let c = 1;
  let d = 1 / awayFromZero(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m <= 10_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / awayFromZero(1 + even * d);
    c = awayFromZero(1 + even / c);
    fraction *= c * d;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / awayFromZero(1 + odd * d);
    c = awayFromZero(1 + odd / c);
    fraction *= c * d;
    if (Math.abs(c * d - 1) < 1e-15) break;
  }
  return fraction;
}

function awayFromZero(value: number): number {
  return Math.abs(value) < 1e-300 ? 1e-300 : value;
}

/** ln Gamma(x) for x > 0: Stirling's series, after moving x to where five terms are exact to a double. */
function logGamma(x: number): number {
  let shift = 0;
  let at = x;
  for (; at < 12; at++) shift += Math.log(at);
  const square = 1 / (at * at);
  const series = (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188)))) / at;
  return (at - 0.5) * Math.log(at) - at + Math.log(2 * Math.PI) / 2 + series - shift;
}
