/**
 * What a candidate may conclude from those who answered: is it a majority, and is every acknowledged write among what they hold (SPEC 6)?
 *
 * A write with need k is on k followers and its leader: on k + 1 of N + 1 nodes. R responders miss at most N + 1 - R of them, so R >= N - k + 1 is enough
 * (BookKeeper fences (Qw - Qa) + 1 for the same reason; Flexible Paxos is the theory). The leader of the newest epoch holds everything by itself.
 */
import type { NodeId, StandingAnswer } from './peer.ts';
import { majorityOf } from './quorum.ts';
import type { Member } from './record.ts';
import { isNewer, maxVersion, type Version, ZERO } from './version.ts';

export interface Assessment {
  /** Those that count, the candidate among them; blank nodes do not. */
  readonly responders: readonly NodeId[];
  readonly missing: readonly NodeId[];
  readonly isMajority: boolean;
  /** The newest epoch that one of them reached. */
  readonly reached: number;
  /** Who reached it. */
  readonly sources: readonly NodeId[];
  /** The smallest need that those know of; null: none was ever told. */
  readonly kMin: number | null;
  /** N - R + 1, or 0 with the leader of the newest epoch and its store among them. */
  readonly losslessForQuorum: number;
  readonly isLossless: boolean;
  /** The highest among those who reached that epoch: below it deleted keys are not told any more. */
  readonly purgeFloor: Version;
}

/** @param standings one for each node that answered, the candidate's own among them */
export function assess(standings: readonly StandingAnswer[], members: readonly Member[]): Assessment {
  const counted = standings.filter(({ isBlank }) => !isBlank);
  const responders = members.map(({ id }) => id).filter((id) => counted.some(({ node }) => node === id));
  const reached = Math.max(0, ...counted.map(({ watermark }) => watermark.epoch));
  const sources = counted.filter(({ watermark }) => watermark.epoch === reached);
  const kMins = sources.flatMap(({ kMin }) => (kMin === null ? [] : [kMin]));
  const kMin = kMins.length === 0 ? null : Math.min(...kMins);
  const followers = members.length - 1;
  const losslessForQuorum = sources.some(({ ledEpoch }) => ledEpoch === reached) ? 0 : followers - responders.length + 1;
  return {
    responders,
    missing: members.map(({ id }) => id).filter((id) => !responders.includes(id)),
    isMajority: responders.length >= majorityOf(followers),
    reached,
    sources: responders.filter((id) => sources.some(({ node }) => node === id)),
    kMin,
    losslessForQuorum,
    isLossless: kMin === null || losslessForQuorum <= kMin,
    purgeFloor: sources.reduce((highest, each) => maxVersion(highest, each.purgeFloor), ZERO),
  };
}

/** `own` may not lead `other`'s lineage: it did not reach its epoch, or lacks what its tombstones would have told. */
export function isAhead(other: StandingAnswer, own: StandingAnswer): boolean {
  if (other.isBlank) return false;
  const isForgotten = other.watermark.epoch === own.watermark.epoch && isNewer(other.purgeFloor, own.watermark);
  return other.watermark.epoch > own.watermark.epoch || isForgotten;
}
