/**
 * Why an epoch cannot be opened, as things are, and what an operator can do about it: pure functions of those who answered.
 *
 * Not here: what their answers are worth (assess.ts), and who is asked again because of it (opening.ts).
 * Invariant: a candidate that nothing hinders and nothing forces has a majority, reached the newest epoch among it, was told every deletion
 * that others have forgotten, and cannot miss an acknowledged write.
 */
import type { Assessment } from './assess.ts';
import type { NodeId, StandingAnswer } from './peer.ts';
import { majorityOf } from './quorum.ts';
import type { Member } from './record.ts';
import { compareVersions, formatVersion, isNewer } from './version.ts';

export interface Hindrance {
  readonly code: 'not_open' | 'not_lossless';
  readonly message: string;
}

/** Who wants to lead, and how. */
export interface Candidate {
  readonly nodeId: NodeId;
  readonly members: readonly Member[];
  /** An operator wants it; null: the node was the last that it promised to, and goes on. */
  readonly wish: { readonly isForced: boolean; readonly gathers: boolean } | null;
}

/**
 * Of an epoch that is no birth; null: it can be opened.
 * @param own where the candidate stands itself
 * @param others those that `assessment` was made of, or more
 * @param what they did, for people: `answer`
 */
export function hindranceOf(
  { nodeId, members, wish }: Candidate,
  own: StandingAnswer,
  others: Iterable<StandingAnswer>,
  assessment: Assessment,
  what: string,
): Hindrance | null {
  const { responders, missing, isMajority, reached, sources, kMin, purgeFloor, losslessForQuorum, isLossless } = assessment;
  const needed = majorityOf(members.length - 1);
  if (!isMajority)
    return notOpen(`${responders.length} of the ${needed} nodes of a majority ${what}; missing: ${missing.join(', ') || 'nobody'}`);
  const gathers = wish?.gathers ?? true;
  if (gathers && reached > own.watermark.epoch) {
    const message = `${sources.join(', ')} reached epoch ${reached}, and ${nodeId} only ${own.watermark.epoch}: promote ${sources[0]}`;
    return { code: 'not_lossless', message };
  }
  if (gathers && isNewer(purgeFloor, own.watermark)) {
    const ahead = [own, ...others].find((each) => compareVersions(each.purgeFloor, purgeFloor) === 0);
    const [floor, reach] = [formatVersion(purgeFloor), formatVersion(own.watermark)];
    const message = `${ahead?.node} forgot what was deleted up to ${floor}, and ${nodeId} holds everything up to ${reach} only: promote ${ahead?.node}`;
    return { code: 'not_lossless', message };
  }
  if ((isLossless && gathers) || wish?.isForced) return null;
  const why = gathers
    ? `${responders.length} of ${members.length} nodes ${what}, and writes were acknowledged with a quorum of ${kMin}: only those with ${losslessForQuorum} or more are certainly there`
    : 'the data of one node alone may lack acknowledged writes';
  return {
    code: 'not_lossless',
    message: `${why}; start ${missing.join(', ') || 'nobody'}, or go on with --force and lose what is missing`,
  };
}

/** Of a node that was asked to lead, whoever else is there. */
export function blankCandidate(nodeId: NodeId): Hindrance {
  return notOpen(`${nodeId} is blank: it holds nothing that counts, so promote another node`);
}

/** Of a birth, which needs every node; null: `heard` has them all. */
export function missingAtBirth(others: readonly NodeId[], heard: ReadonlyMap<NodeId, StandingAnswer>): Hindrance | null {
  const missing = others.filter((node) => !heard.has(node));
  return missing.length === 0 ? null : notOpen(`a birth needs every node; missing: ${missing.join(', ')}`);
}

/** Of a birth, for which every node must be blank; null: nobody who answered holds what an empty leader would void. */
export function heldAtBirth(lineage: string, standings: readonly StandingAnswer[]): Hindrance | null {
  if (strangerTo(lineage, standings) === undefined && !standings.some((standing) => standing.watermark.epoch > 0)) return null;
  const who = standings
    .filter((standing) => standing.lineage !== null)
    .map((standing) => standing.node)
    .sort();
  return notOpen(
    `this node holds no data, but ${who.join(', ')} ${who.length === 1 ? 'does' : 'do'}: an empty leader must not lead them; start over with \`kvctl down --purge\``,
  );
}

/** Whoever belongs to another cluster: neither data nor promises of it count here. */
export function strangerTo(lineage: string, standings: readonly StandingAnswer[]): StandingAnswer | undefined {
  return standings.find((standing) => standing.lineage !== null && standing.lineage !== lineage);
}

export function strange({ node, lineage }: StandingAnswer, ours?: string): Hindrance {
  return notOpen(`${node} belongs to another cluster (lineage ${lineage}${ours === undefined ? '' : `, ours is ${ours}`})`);
}

function notOpen(message: string): Hindrance {
  return { code: 'not_open', message };
}
