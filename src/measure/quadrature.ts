/**
 * Integrals of functions that are smooth between known break points: five-point Gauss-Legendre on equal panels.
 * Why Gauss: its points lie inside a panel, so that a jump exactly at a break point is never evaluated on the wrong side.
 * Source: Abramowitz and Stegun 25.4.29.
 */

/** Panels between two break points; one panel is exact for polynomials up to degree 9. */
const PANELS = 4;

const INNER = Math.sqrt(5 - 2 * Math.sqrt(10 / 7)) / 3;
const OUTER = Math.sqrt(5 + 2 * Math.sqrt(10 / 7)) / 3;
const INNER_WEIGHT = (322 + 13 * Math.sqrt(70)) / 900;
const OUTER_WEIGHT = (322 - 13 * Math.sqrt(70)) / 900;
const MIDDLE_WEIGHT = 128 / 225;

/** The integral of `f` from the first to the last of the break points, which are ascending. */
export function integrateBetween(f: (x: number) => number, breakPoints: readonly number[]): number {
  let sum = 0;
  let from = breakPoints[0] ?? 0;
  for (const to of breakPoints) {
    for (let panel = 0; panel < PANELS; panel++) {
      const half = (to - from) / PANELS / 2;
      if (half > 0) sum += half * weighPanel(f, from + (2 * panel + 1) * half, half);
    }
    from = to;
  }
  return sum;
}

function weighPanel(f: (x: number) => number, middle: number, half: number): number {
  const inner = f(middle - INNER * half) + f(middle + INNER * half);
  const outer = f(middle - OUTER * half) + f(middle + OUTER * half);
  return MIDDLE_WEIGHT * f(middle) + INNER_WEIGHT * inner + OUTER_WEIGHT * outer;
}
