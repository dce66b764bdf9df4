/**
 * Inverting a function that only rises, when all one can do is evaluate it: steps and flat stretches are welcome, which is
 * why it halves intervals and takes no derivative.
 */

/** From the widest interval of doubles to its smallest there are 1024 + 1074 halvings; the loop ends sooner, at neighbours. */
const MAX_HALVINGS = 2100;

/**
 * The smallest x in [low, high] for which `isReached(x)` holds, to the last bit of a double; `high` if it holds nowhere.
 * `isReached` must not fall back to false once it was true.
 */
export function smallestWhere(isReached: (x: number) => boolean, low: number, high: number): number {
  if (isReached(low)) return low;
  let below = low;
  let above = high;
  for (let i = 0; i < MAX_HALVINGS; i++) {
    const middle = below + (above - below) / 2;
    if (middle <= below || middle >= above) break;
    if (isReached(middle)) above = middle;
    else below = middle;
  }
  return above;
}
