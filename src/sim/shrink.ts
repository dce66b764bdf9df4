/**
 * Makes a failing run small: the fewest faults with which the same invariant still breaks.
 *
 * Delta debugging (Zeller and Hildebrandt, TSE 2002) over the numbers of the faults, which is possible because they are data: fault 7 is the same without fault 3.
 */

/** A subset of `faults` that still fails, from which no single one can be left out. At most `tries` runs. */
export function shrink(faults: readonly number[], stillFails: (faults: readonly number[]) => boolean, tries: number): readonly number[] {
  let kept = faults;
  let left = tries;
  const fails = (candidate: readonly number[]) => left-- > 0 && stillFails(candidate);
  if (fails([])) return [];
  for (let parts = 2; kept.length > 1 && left > 0; ) {
    const size = Math.ceil(kept.length / parts);
    const chunks = Array.from({ length: Math.ceil(kept.length / size) }, (_, i) => kept.slice(i * size, (i + 1) * size));
    const without = chunks.map((chunk) => kept.filter((fault) => !chunk.includes(fault)));
    const smaller = without.find((candidate) => fails(candidate));
    if (smaller !== undefined) {
      kept = smaller;
      parts = Math.max(2, parts - 1);
    } else if (size === 1) break;
    else parts = Math.min(kept.length, parts * 2);
  }
  return kept;
}
