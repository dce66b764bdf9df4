/**
 * What nodes need to remember of past changes of leader, so that one that was away finds out which of its rows the lineage may not have (SPEC 6).
 *
 * Followers have holes, so an epoch does not begin with a prefix of the one before. Its new leader gathers, per key, the newest version that any responder
 * holds; up to the highest watermark among them, the floor, nothing was missing, and above it the rest is void. Kafka cuts a log at the end offset of an
 * epoch (KIP-101); with holes that is not enough, so what is above the floor is compared row by row (install.ts, reconcile.ts).
 */
import type { EpochStart, History, Position } from './record.ts';
import { isNewer, type Version, ZERO } from './version.ts';

/** Older openings are forgotten; a node that was away for longer is compared from its first row. */
export const HISTORY_MAX = 64;

export interface Meeting {
  /** Up to here the node has everything that both lineages share. */
  readonly completeTo: Version;
  /** Its rows above this may be unknown to the other lineage; those at or below are in both. */
  readonly suspectsAbove: Version;
}

/** What was forced stays known: the oldest opening that is kept stands for those that are forgotten. */
export function extended(history: History, start: EpochStart): History {
  const all = [...history, start];
  const [first, ...rest] = all.slice(-HISTORY_MAX);
  const isForced = all.slice(0, -HISTORY_MAX).some((forgotten) => forgotten.isForced);
  return first !== undefined && isForced ? [{ ...first, isForced }, ...rest] : all.slice(-HISTORY_MAX);
}

/**
 * What became of a version, as far as the history of a node that reached the newest epoch tells: `kept`: it is in the lineage, or a newer one of its key is;
 * `void`: it is not, and never comes back; `doubtful`: one of both, since it lies above a floor, where only what was gathered was kept.
 */
export function fateOf(version: Version, reached: number, history: History): 'kept' | 'void' | 'doubtful' {
  if (version.epoch === reached) return 'kept';
  const leaving = history.find(({ floor }) => floor.epoch === version.epoch);
  if (leaving === undefined) {
    // An epoch that the lineage did not go through; one that is older than all that is remembered is given the benefit of the doubt.
    return version.epoch < (history[0]?.floor.epoch ?? 0) ? 'kept' : 'void';
  }
  if (!isNewer(version, leaving.floor)) return 'kept';
  return version.seq > leaving.seq ? 'void' : 'doubtful';
}

/** Where the ways of a node and of a leader's lineage part: the newest epoch that both went through. */
export function meetingOf({ watermark, history }: Position, theirs: History): Meeting {
  for (const { floor } of theirs.toReversed()) {
    if (floor.epoch === watermark.epoch) return { completeTo: watermark, suspectsAbove: floor };
    const own = history.find((start) => start.floor.epoch === floor.epoch);
    if (own !== undefined) return { completeTo: own.floor, suspectsAbove: floor };
  }
  return { completeTo: ZERO, suspectsAbove: ZERO };
}

/** The node's rows, up to `newest`, are all in the lineage, so that catching up is all it needs. */
export function isWithin(watermark: Version, newest: Version, theirs: History): boolean {
  const leaving = theirs.find(({ floor }) => floor.epoch === watermark.epoch);
  return leaving !== undefined && !isNewer(newest, leaving.floor);
}
