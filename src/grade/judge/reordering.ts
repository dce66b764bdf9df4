/**
 * How many replicas would have ended wrong if the last message to arrive won? That says what a clean result is worth: if chance never
 * made an old write late, nothing was tested.
 */
import type { Prng } from '../../lib/prng.ts';

/**
 * The expected number of followers and keys at which the last write to be sent is not the last to arrive.
 * @param sentMs per key, when its writes were sent, ascending
 * @param delaysMs what arrivals took elsewhere, one list per follower
 * @param rounds of the simulation; 200 gives it to a tenth
 */
export function expectedOvertakings(
  sentMs: readonly (readonly number[])[],
  delaysMs: readonly (readonly number[])[],
  prng: Prng,
  rounds = 200,
): number {
  let wrong = 0;
  for (let round = 0; round < rounds; round++) {
    for (const sends of sentMs) {
      for (const delays of delaysMs) {
        if (delays.length === 0 || sends.length < 2) continue;
        const arrivals = sends.map((at) => at + (delays[prng.int(delays.length)] as number));
        const last = arrivals.pop() as number;
        if (arrivals.some((at) => at > last)) wrong += 1;
      }
    }
  }
  return wrong / rounds;
}
