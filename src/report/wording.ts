/** Small pieces of text that tables, charts and sentences share: figures, lists, counts. English, and no unit is left out. */
import { formatMs } from '../lib/units.ts';

/** Three significant digits without a unit, for columns and labels whose heading names it. */
export function figure(value: number): string {
  return value === 0 ? '0' : value.toFixed(decimalsFor(Math.abs(value)));
}

/** Digits after the point that show three significant ones of a number of this size; one column uses those of its largest. */
export function decimalsFor(largest: number): number {
  if (largest >= 99.95) return 0;
  if (largest >= 9.995) return 1;
  return largest >= 0.9995 ? 2 : 3;
}

/** `18 ms`, also where a number is negative only by rounding. */
export function ms(value: number): string {
  return formatMs(Math.abs(value) < 0.0005 ? 0 : value);
}

/** `1 write`, `2 writes`. */
export function count(n: number, singular: string, plural = `${singular}s`): string {
  return `${n} ${n === 1 ? singular : plural}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function list(items: readonly string[]): string {
  return items.length < 2 ? (items[0] ?? '') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}

/** `quorum 3`, `quorums 1 to 3 and 5`: runs of three or more are drawn together. */
export function quorums(values: readonly number[]): string {
  const sorted = [...new Set(values)].sort((a, b) => a - b);
  const runs: number[][] = [];
  for (const value of sorted) {
    const run = runs.at(-1);
    if (run !== undefined && run.at(-1) === value - 1) run.push(value);
    else runs.push([value]);
  }
  const texts = runs.flatMap((run) => (run.length < 3 ? run.map(String) : [`${run[0]} to ${run.at(-1)}`]));
  return `${sorted.length === 1 ? 'quorum' : 'quorums'} ${list(texts)}`;
}

export function percent(share: number): string {
  const value = share * 100;
  return `${value >= 9.95 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(1)} %`;
}

/** `1.70 to 1.94 ms`, or one figure where both ends read the same. */
export function msRange(values: readonly number[]): string {
  const [low, high] = [ms(Math.min(...values)), ms(Math.max(...values))];
  if (low === high) return high;
  const [lowUnit, highUnit] = [low, high].map((text) => text.slice(text.indexOf(' ')));
  return `${lowUnit === highUnit ? low.slice(0, low.indexOf(' ')) : low} to ${high}`;
}

/** At most so many characters, the last an ellipsis where some are left out: for labels, which have no second line. */
export function short(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

/** Words as a part of a file's name: small letters, digits and hyphens; never empty. */
export function slug(text: string): string {
  const words = text.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase();
  return words.replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-+|-+$/g, '') || 'unnamed';
}

/** Sentences begin with a capital letter, whatever was put first. */
export function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
