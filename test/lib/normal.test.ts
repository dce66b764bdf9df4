import { expect, test } from 'vitest';
import { normalCdf, normalQuantile } from '../../src/lib/normal.ts';

// Abramowitz and Stegun, tables 26.1 and 26.2, and the tail by mpmath-style expansions to 15 digits.
test.each([
  [0, 0.5],
  [1, 0.841344746068543],
  [1.959963984540054, 0.975],
  [-1, 0.158655253931457],
  [-2.5, 0.00620966532577613],
  [-3.5, 0.000232629079035525],
  [-5, 2.86651571879194e-7],
  [-8, 6.22096057427178e-16],
])('the area below %d is %d', (z, p) => {
  expect(Math.abs(normalCdf(z) / p - 1)).toBeLessThan(1e-13);
});

test('the area is the integral of the density, added up in small steps', () => {
  const step = 1e-4;
  let area = normalCdf(-6);
  for (let i = 0; i < 120_000; i++) {
    const middle = -6 + (i + 0.5) * step;
    area += (step * Math.exp((-middle * middle) / 2)) / Math.sqrt(2 * Math.PI);
    if (i % 5000 === 4999) expect(Math.abs(area - normalCdf(-6 + (i + 1) * step))).toBeLessThan(1e-9);
  }
});

test('the quantile undoes the area in the middle and far out in the lower tail', () => {
  for (let z = -37; z <= 5; z += 0.037) expect(Math.abs(normalQuantile(normalCdf(z)) - z)).toBeLessThan(1e-9);
});

test('the ends are infinite', () => {
  expect([normalQuantile(0), normalQuantile(1)]).toEqual([-Infinity, Infinity]);
  expect([normalCdf(-Infinity), normalCdf(Infinity)]).toEqual([0, 1]);
});
