/** Whom an outage takes away, and which quorums are asked for meanwhile. Pure. */

export interface OutagePlan {
  /** How many followers are stopped first. */
  readonly first: number;
  /** The quorum that can just be met then; null if there is none. */
  readonly met: number | null;
  /** How many more are stopped then. */
  readonly more: number;
  /** The quorum that cannot be met any more; null if it is not known, or if there is none. */
  readonly unmet: number | null;
}

/** @param quorum the fixed one, if it cannot be set; null if nobody told */
export function planOutage(followers: number, quorum: number | null, canSwitch: boolean): OutagePlan {
  if (canSwitch) {
    // A majority of the nodes stays up: some need one to change their quorum, or to do anything at all.
    const first = Math.min(2, Math.max(1, Math.floor(followers / 2)));
    return { first, met: followers - first > 0 ? followers - first : null, more: 0, unmet: followers - first + 1 };
  }
  // With every follower away no quorum can be met, whatever it is.
  if (quorum === null) return { first: followers, met: null, more: 0, unmet: null };
  if (quorum >= followers || quorum === 0) return { first: 1, met: quorum === 0 ? 0 : null, more: 0, unmet: quorum === 0 ? null : quorum };
  return { first: followers - quorum, met: quorum, more: 1, unmet: quorum };
}
