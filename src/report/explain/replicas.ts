/** Sentences about the copies: what a quorum buys, what the parity check saw, and what the same promise is called elsewhere. */
import type { QuorumResult } from '../../measure/result.ts';
import { equivalentPhrases } from '../equivalents.ts';
import type { Facts } from '../facts.ts';
import type { Sentence } from '../sentence.ts';
import { followersOf } from '../sweep.ts';
import { capitalised, count, list, ms } from '../wording.ts';

export function sayBuys({ exampleQuorum: k, followers, result, isQuorumSweep }: Facts): Sentence | null {
  if (followers === 0 || k === 0 || !isQuorumSweep) return null;
  const chance =
    k === followers ? 'every follower has it' : `a follower picked at random has it with a probability of at least ${k} in ${followers}`;
  const kept = result.cluster.store === 'sqlite' ? 'durably on' : 'in the memory of';
  return {
    id: 'what-it-buys',
    text:
      `What the latency buys: an acknowledged write is ${kept} k + 1 nodes, so at quorum ${k} it outlives the loss of any ` +
      `${count(k, 'node')}, and ${chance}.`,
  };
}

/** The moment of the last answer of each quorum. */
export function sayAtLastAck({ rows, followers, name }: Facts): Sentence | null {
  const acked = rows.filter((row) => row.successes > 0);
  if (followers === 0 || acked.length === 0) return null;
  const behind = acked.filter((row) => row.parity_at_last_ack.lag > 0);
  if (behind.length === 0) {
    const isKnown = acked.every((row) => row.parity_at_last_ack.match === followersOf(row));
    return isKnown
      ? { id: 'level-at-last-ack', text: 'At the moment of the last answer all followers were already level with the leader.' }
      : null;
  }
  const text = behind.map((row) => `${row.parity_at_last_ack.lag} of ${followersOf(row)} at ${name([row])}${keysBehind(row)}`);
  return {
    id: 'lag-at-last-ack',
    text:
      `When the last write was answered, followers were still behind the leader: ${list(text)}. That is no fault: ` +
      'an answer promises k copies, and the other followers get theirs when their delay has passed.',
  };
}

function keysBehind({ parity_at_last_ack: { missing, stale } }: QuorumResult): string {
  const parts = [...(missing > 0 ? [`${missing} missing`] : []), ...(stale > 0 ? [`${stale} stale`] : [])];
  return parts.length === 0 ? '' : ` (${parts.join(' and ')})`;
}

export function saySettled({ rows, result: { parity } }: Facts): Sentence | null {
  const settle = rows.flatMap((row) => (row.settle_ms === null ? [] : [row.settle_ms]));
  if (parity.length === 0 || parity.some((row) => row.status !== 'match') || settle.length < rows.length) return null;
  return {
    id: 'settled',
    text:
      `After settling, at most ${ms(Math.max(...settle))} later, ${parity.length === 1 ? 'the follower' : `all ${parity.length} followers`} ` +
      'held exactly the leader’s keys, values and versions.',
  };
}

export function sayUnsettled({ rows, result: { parity }, name }: Facts): Sentence | null {
  const slow = rows.filter((row) => row.settle_ms === null);
  const lagging = parity.filter((row) => row.status === 'lag').map((row) => row.node);
  if (parity.length === 0 || (slow.length === 0 && lagging.length === 0)) return null;
  const parts = [
    ...(slow.length === 0 ? [] : [`the replicas did not become equal in time after ${name(slow)}`]),
    ...(lagging.length === 0 ? [] : [`at the end ${list(lagging)} still lagged behind the leader`]),
  ];
  return { id: 'unsettled', text: `${capitalised(list(parts))}. Lag is no fault by itself; \`kvctl parity --wait 20s\` looks again.` };
}

export function sayMismatch({ rows, result: { parity }, name }: Facts): Sentence | null {
  const wrong = parity.filter((row) => row.status === 'mismatch');
  const during = rows.filter((row) => row.parity_at_last_ack.mismatch > 0);
  if (wrong.length === 0 && during.length === 0) return null;
  const found = wrong.map(({ node, missing, stale, extra, corrupt, keys, altered }) => {
    const kinds = Object.entries({ missing, stale, extra, corrupt }).flatMap(([kind, n]) => (n > 0 ? [`${n} ${kind}`] : []));
    const example = keys[0] === undefined ? [] : [`for example ${JSON.stringify(keys[0])}`];
    const behind = altered.length === 0 ? [] : [`changed on disk behind ${list(altered)}`];
    return `${node} (${[...kinds, ...example, ...behind].join(', ')})`;
  });
  const parts = [
    ...(found.length === 0 ? [] : [`after settling ${list(found)} held other data than the leader`]),
    ...(during.length === 0 ? [] : [`at the last answer of ${name(during)} a follower’s data contradicted what it claims to hold`]),
  ];
  return { id: 'mismatch', text: `${capitalised(list(parts))}. This is a violation, not lag: replication lost or changed something.` };
}

export function sayUnreachable({ result: { parity } }: Facts): Sentence | null {
  const gone = parity.filter((row) => row.status === 'unreachable').map((row) => row.node);
  if (gone.length === 0) return null;
  return { id: 'unreachable', text: `At the end ${list(gone)} could not be asked, so nothing is known about the data there.` };
}

/** For the quorum in the middle of those that ran; the others follow the same pattern. */
export function sayEquivalents({ rows, exampleQuorum: k, followers, isQuorumSweep }: Facts): Sentence | null {
  if (rows.length === 0 || followers === 0 || !isQuorumSweep) return null;
  const primary = k === 0 ? '' : ' (the last two count the primary)';
  return { id: 'equivalents', text: `Elsewhere quorum ${k} is called: ${equivalentPhrases(k).join('; ')}${primary}.` };
}
