/**
 * Which key and which value request i of a load uses.
 *
 * Invariant: both depend on the index (and the stream's seed) alone, not on the order in which requests are made, so that
 * every quorum of a benchmark gets the same load, whatever its latencies do to the order of things.
 */
import type { Prng } from '../lib/prng.ts';

/** `key0` to `key<count-1>`, evenly by chance: with fewer keys than requests in flight, concurrent writes meet on a key. */
export function keyOf(index: number, count: number, keys: Prng): string {
  return `key${keys.fork(`${index}`).int(count)}`;
}

/**
 * The JSON text of a string of `bytes` ASCII characters (the quotes not counted) that names its load and its request, so
 * that no two requests write the same value as long as label and index fit into it.
 */
export function valueTextOf(label: string, index: number, bytes: number): string {
  const name = `${label}.${index.toString(36)}`;
  // Cut from the left: the index tells requests apart better than the label.
  const value = bytes === 0 ? '' : name.slice(-bytes).padStart(bytes, '-');
  return JSON.stringify(value);
}
