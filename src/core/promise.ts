/**
 * What a follower does with a request, by what it promised: take it, promise first, or refuse. It decides, and does nothing.
 *
 * Invariant: what is promised never falls, and an epoch is promised to one node, but for this: whoever leads an epoch has a majority for it, so that a node
 * that promised the epoch to one who lost owes the promise to the leader, as long as it has not reached the epoch.
 */
import type { SerialRequest } from './inbox.ts';
import type { ChangesRequest, FenceRequest, InstallRequest, Refusal, ReplicateRequest } from './peer.ts';
import type { HardState, Position, RunningIdentity } from './record.ts';
import { formatVersion, isNewer, type Version } from './version.ts';

export type Verdict =
  | 'take'
  /** It is answered with where the node stands. */
  | 'standing'
  /** Nothing is stored before it is known what this node promised. */
  | 'blank'
  /** To be made durable, and then the request is looked at once more. */
  | { readonly t: 'promise'; readonly state: HardState }
  | Refusal;

/** Of the node that is asked; durable. */
export interface Promised {
  readonly hard: HardState | null;
  readonly position: Position;
}

export function verdictOn(message: SerialRequest, self: RunningIdentity, promised: Promised): Verdict {
  if (isForOther(message, self)) return refuseOther(promised, self, message.incarnation);
  switch (message.t) {
    case 'fence':
      return onFence(message, self, promised);
    case 'changes':
      return onChanges(message, self, promised);
    default:
      return onLeader(message, self, promised);
  }
}

/** Records of the promised leader, which may share a commit with others of it. */
export function isUnderPromise(message: SerialRequest, self: RunningIdentity, hard: HardState): message is ReplicateRequest {
  return (
    message.t === 'replicate' &&
    message.snapshot === null &&
    message.lineage === hard.lineage &&
    message.epoch === hard.promisedEpoch &&
    message.from === hard.promisedTo &&
    !isForOther(message, self)
  );
}

export function refuse({ hard }: Promised, code: Refusal['code'], message: string): Refusal {
  return { t: 'refused', code, epoch: hard?.promisedEpoch ?? 0, message };
}

export function refuseOther(promised: Promised, { nodeId, incarnation }: RunningIdentity, meant: string | null): Refusal {
  return refuse(promised, 'wrong_incarnation', `${nodeId} is incarnation ${incarnation}, not ${meant}`);
}

/** Tombstones above `since` are gone at the one who is asked, or asks: pages would not tell what was deleted. */
export function refuseGap(promised: Promised, since: Version): Refusal {
  const text = `tombstones above ${formatVersion(since)} are collected: changes since then do not tell what was deleted`;
  return refuse(promised, 'need_snapshot', text);
}

function onFence(message: FenceRequest, self: RunningIdentity, promised: Promised): Verdict {
  const { hard } = promised;
  // Not without its name: a birth's fence that comes late could make a node that counts of one that lost its memory since.
  const isBirthHere = hard === null && message.isBirth && message.incarnation !== null;
  // A blank node's promise would count for nothing, so it makes none.
  if (hard === null && !isBirthHere) return 'standing';
  if (hard !== null && hard.lineage !== message.lineage) return refuseLineage(promised, self, hard.lineage);
  if (hard !== null && hard.promisedEpoch === message.epoch && hard.promisedTo === message.from) return 'standing';
  if (hard !== null && hard.promisedEpoch >= message.epoch) return refuseStale(promised, self, message);
  const state: HardState = {
    lineage: message.lineage,
    nodeId: self.nodeId,
    incarnation: self.incarnation,
    members: message.members,
    promisedEpoch: message.epoch,
    promisedTo: message.from,
    ledEpoch: hard?.ledEpoch ?? 0,
    blank: hard?.blank ?? false,
  };
  return { t: 'promise', state };
}

/** Only to the candidate that this node is fenced for, so that nothing changes between its pages. */
function onChanges(message: ChangesRequest, self: RunningIdentity, promised: Promised): Verdict {
  const { hard, position } = promised;
  if (hard === null || hard.promisedEpoch !== message.epoch || hard.promisedTo !== message.from)
    return refuseStale(promised, self, message);
  return isNewer(position.purgeFloor, message.since) ? refuseGap(promised, message.since) : 'take';
}

/** What a leader of this epoch, or of a newer one, sends. */
function onLeader(message: ReplicateRequest | InstallRequest, self: RunningIdentity, promised: Promised): Verdict {
  const { hard, position } = promised;
  if (hard === null) return 'blank';
  if (hard.lineage !== message.lineage) return refuseLineage(promised, self, hard.lineage);
  if (message.epoch < hard.promisedEpoch) return refuseStale(promised, self, message);
  const isOther = message.from !== hard.promisedTo;
  // An epoch that was reached was reached by its only leader.
  if (isOther && message.epoch === position.watermark.epoch) return refuseStale(promised, self, message);
  if (message.epoch === hard.promisedEpoch && !isOther) return 'take';
  // It was away when this leader fenced the others, or promised the epoch to one who lost: whoever leads an epoch has a majority, so nobody else
  // ever will, and the promise is due.
  return { t: 'promise', state: { ...hard, members: message.members, promisedEpoch: message.epoch, promisedTo: message.from } };
}

function isForOther({ incarnation }: SerialRequest, self: RunningIdentity): boolean {
  return incarnation !== null && incarnation !== self.incarnation;
}

function refuseLineage(promised: Promised, { nodeId }: RunningIdentity, lineage: string): Refusal {
  return refuse(promised, 'wrong_lineage', `${nodeId} belongs to lineage ${lineage}`);
}

function refuseStale(promised: Promised, { nodeId }: RunningIdentity, { from, epoch }: SerialRequest): Refusal {
  const { hard } = promised;
  const text = `${nodeId} promised epoch ${hard?.promisedEpoch} to ${hard?.promisedTo}, and ${from} asks for epoch ${epoch}`;
  return refuse(promised, 'stale_epoch', text);
}
