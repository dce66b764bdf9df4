/**
 * What a node says of itself, to candidates (standing) and to its leader (the answer to replicate).
 *
 * Invariant: by what is durable, and nothing else. Whoever asks builds upon it: a candidate an epoch, a leader the ack of a write.
 */
import type { ReplicateAnswer, StandingAnswer } from './peer.ts';
import type { HardState, Position, RunningIdentity } from './record.ts';
import { maxVersion, type Version } from './version.ts';

/** Without hard state, or on the way from there: it counts for nothing. */
export function isBlank(hard: HardState | null): boolean {
  return hard === null || hard.blank;
}

/** @param newest no row of the store is newer */
export function standingOf(self: RunningIdentity, hard: HardState | null, position: Position, newest: Version): StandingAnswer {
  const { watermark, cursorEpoch, history } = position;
  const start = history.at(-1);
  const isOwn = start !== undefined && start.leader === self.nodeId && start.epoch === watermark.epoch;
  // Its store is still what it was when it led, for every later leader's commit moves the cursor's epoch: nothing of what it led is missing.
  const hasLed = isOwn && start.epoch === cursorEpoch;
  return {
    t: 'standing',
    node: self.nodeId,
    incarnation: self.incarnation,
    lineage: hard?.lineage ?? null,
    isBlank: isBlank(hard),
    promisedEpoch: hard?.promisedEpoch ?? 0,
    promisedTo: hard?.promisedTo ?? null,
    watermark: hasLed ? maxVersion(watermark, newest) : watermark,
    kMin: position.kMin,
    ledEpoch: hasLed ? watermark.epoch : 0,
    purgeFloor: position.purgeFloor,
  };
}

/** @param newest no row of the store is newer, be it of a commit that runs */
export function replicatedOf(self: RunningIdentity, hard: HardState | null, position: Position, newest: Version): ReplicateAnswer {
  const isUncounted = isBlank(hard);
  return {
    t: 'replicated',
    incarnation: self.incarnation,
    start: self.start,
    watermark: position.watermark,
    cursor: position.cursor,
    cursorEpoch: position.cursorEpoch,
    kMin: position.kMin,
    isBlank: isUncounted,
    isCounted: !isUncounted && position.watermark.epoch === hard?.promisedEpoch,
    newest,
  };
}
