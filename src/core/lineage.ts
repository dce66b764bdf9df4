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

export function extended(history: History, start: EpochStart): History {
  return [...history, start].slice(-HISTORY_MAX);
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
