/**
 * What a client is told by a node that cannot take its write or read: why, and where to go instead.
 *
 * Invariant: all of these are definite. The write was not begun, so that it may be sent again, here or to the leader that is named.
 */
import type { WriteFailure } from './message.ts';
import type { NodeId } from './peer.ts';
import type { Member } from './record.ts';

/** Of a node that has no open epoch, or no store. */
export interface NotServing {
  readonly nodeId: NodeId;
  readonly role: 'leader' | 'follower';
  readonly waitingFor: string | null;
  readonly leaderId: NodeId | null;
  readonly members: readonly Member[];
  readonly storageFailure: string | null;
}

/** @param publicUrls by node: what clients are told instead of the member's URL */
export function refusalOf(node: NotServing, publicUrls: ReadonlyMap<NodeId, string> | undefined): WriteFailure {
  const { nodeId, waitingFor } = node;
  if (node.storageFailure !== null) return { ok: false, code: 'storage_failed', message: waitingFor ?? '', detail: {} };
  if (node.role === 'leader') {
    const message = `${nodeId} has not opened its epoch: ${waitingFor}`;
    return { ok: false, code: 'not_open', message, detail: { waiting_for: waitingFor } };
  }
  const leader = node.members.find((member) => member.id === node.leaderId && member.id !== nodeId);
  const url = leader === undefined ? null : (publicUrls?.get(leader.id) ?? leader.url);
  const hint = leader === undefined ? 'and knows no leader yet' : `write to ${leader.id} at ${url}`;
  return {
    ok: false,
    code: 'not_leader',
    message: `${nodeId} is a follower; ${hint}`,
    detail: { leader: leader?.id ?? null, leader_url: url },
  };
}
