/**
 * The standard normal distribution to nearly double precision, without a table of fitted coefficients for the cdf.
 * Sources: G. Marsaglia, Evaluating the Normal Distribution, J. Stat. Software 11(4), 2004 (series);
 * Abramowitz and Stegun 26.2.14 (continued fraction of the tail); M. J. Wichura, Algorithm AS 241, Applied Statistics
 * 37(3), 1988 (quantile, relative error about 1e-16).
 */

const SQRT_2PI = Math.sqrt(2 * Math.PI);

/** P(Z <= z). Absolute error below 1e-15; the lower tail keeps its relative accuracy. */
export function normalCdf(z: number): number {
  if (Number.isNaN(z)) return Number.NaN;
  if (Math.abs(z) < 3) return 0.5 + density(z) * oddSeries(z);
  return z < 0 ? upperTail(-z) : 1 - upperTail(z);
}

function density(z: number): number {
  return Math.exp((-z * z) / 2) / SQRT_2PI;
}

/** z + z^3/3 + z^5/(3*5) + ..., which times the density is the area between 0 and z. */
function oddSeries(z: number): number {
  let term = z;
  let sum = z;
  for (let odd = 3; Math.abs(term) > Number.EPSILON * Math.abs(sum) * 0.1; odd += 2) {
    term *= (z * z) / odd;
    sum += term;
  }
  return sum;
}

/** P(Z > z) for z >= 3: density / (z + 1/(z + 2/(z + 3/(z + ...)))), evaluated from the inside. */
function upperTail(z: number): number {
  if (z > 39) return 0;
  let fraction = z;
  // 60 levels give full precision at z = 3, and fewer would do above.
  for (let level = 60; level >= 1; level--) fraction = z + level / fraction;
  return density(z) / fraction;
}

/** z with P(Z <= z) = p; -Infinity at 0 and Infinity at 1. */
export function normalQuantile(p: number): number {
  if (p <= 0) return -Infinity;
  if (p >= 1) return Infinity;
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q;
    return (q * polynomial(CENTRE_TOP, r)) / polynomial(CENTRE_BOTTOM, r);
  }
  const r = Math.sqrt(-Math.log(q < 0 ? p : 1 - p));
  const size =
    r <= 5
      ? polynomial(MIDDLE_TOP, r - 1.6) / polynomial(MIDDLE_BOTTOM, r - 1.6)
      : polynomial(TAIL_TOP, r - 5) / polynomial(TAIL_BOTTOM, r - 5);
  return q < 0 ? -size : size;
}

/** Horner's scheme; coefficients from the highest power down. */
function polynomial(coefficients: readonly number[], x: number): number {
  let sum = 0;
  for (const coefficient of coefficients) sum = sum * x + coefficient;
  return sum;
}

// AS 241, PPND16: rational approximations for |q| <= 0.425, for r <= 5, and beyond; digits that a double holds.
const CENTRE_TOP = [
  2509.0809287301227, 33430.57558358813, 67265.7709270087, 45921.95393154987, 13731.69376550946, 1971.5909503065513, 133.14166789178438,
  3.3871328727963665,
];
const CENTRE_BOTTOM = [
  5226.495278852546, 28729.085735721943, 39307.89580009271, 21213.794301586597, 5394.196021424751, 687.1870074920579, 42.31333070160091, 1,
];
const MIDDLE_TOP = [
  0.0007745450142783414, 0.022723844989269184, 0.2417807251774506, 1.2704582524523684, 3.6478483247632045, 5.769497221460691,
  4.630337846156546, 1.4234371107496835,
];
const MIDDLE_BOTTOM = [
  1.0507500716444169e-9, 0.0005475938084995345, 0.015198666563616457, 0.14810397642748008, 0.6897673349851, 1.6763848301838038,
  2.053191626637759, 1,
];
const TAIL_TOP = [
  2.0103343992922881e-7, 2.7115555687434876e-5, 0.0012426609473880784, 0.026532189526576124, 0.29656057182850487, 1.7848265399172913,
  5.463784911164114, 6.657904643501103,
];
const TAIL_BOTTOM = [
  2.0442631033899397e-15, 1.421511758316446e-7, 1.8463183175100548e-5, 0.0007868691311456133, 0.014875361290850615, 0.1369298809227358,
  0.599832206555888, 1,
];
