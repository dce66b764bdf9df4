/**
 * Compares one follower's dump with the leader's, key by key: what is merely late, and what replication got wrong.
 *
 * Precondition: the leader was dumped first, both with tombstones. Then whatever a follower holds beyond the leader's head
 * was written in between, and whatever it lacks above its own watermark is under way. All the rest is a fault.
 * Not here: fetching dumps; comparing versions as the core does it (a judge shares no code with the judged).
 * Source: SPEC 9 (status), Kleppmann ch. 5 on replication lag; the watermark's promise is SPEC 1's.
 */
import type { ParityRow, ParityTotals } from './result.ts';

/** One consistent view of one node, as client/dump reads it; versions in the header are `epoch.seq`. */
export interface Dump {
  readonly node: string;
  readonly epoch: number;
  readonly head: string;
  /** For every key the node holds at least the newest version at or below it. */
  readonly watermark: string;
  /** Tombstones at or below it may be gone. */
  readonly purge_floor: string;
  readonly rows: ReadonlyMap<string, DumpedRow>;
}

interface DumpedRow {
  /** JSON text, compared as text; null is a tombstone. */
  readonly value: string | null;
  readonly version: DumpedVersion;
}

interface DumpedVersion {
  readonly epoch: number;
  readonly seq: number;
}

type Difference = 'missing' | 'stale' | 'extra' | 'corrupt';

/** What one key shows; null where both sides agree, or differ only by what was written between the two dumps. */
type Finding = { readonly difference: Difference; readonly isLag: boolean } | null;

/** What two dumps say besides their rows, as versions. */
interface Positions {
  readonly leaderEpoch: number;
  readonly leaderHead: DumpedVersion;
  readonly leaderPurgeFloor: DumpedVersion;
  readonly watermark: DumpedVersion;
  readonly purgeFloor: DumpedVersion;
}

const MAX_EXAMPLES = 5;

/** O(keys). The follower's `url` is for people. */
export function compareDumps(leader: Dump, follower: Dump, url: string): ParityRow {
  const at: Positions = {
    leaderEpoch: leader.epoch,
    leaderHead: versionOf(leader.head),
    leaderPurgeFloor: versionOf(leader.purge_floor),
    watermark: versionOf(follower.watermark),
    purgeFloor: versionOf(follower.purge_floor),
  };
  const counts: Record<Difference, number> = { missing: 0, stale: 0, extra: 0, corrupt: 0 };
  const late: string[] = [];
  const wrong: string[] = [];
  for (const key of new Set([...leader.rows.keys(), ...follower.rows.keys()])) {
    const finding = compareKey(leader.rows.get(key), follower.rows.get(key), at);
    if (finding === null) continue;
    counts[finding.difference] += 1;
    (finding.isLag ? late : wrong).push(key);
  }
  const status = wrong.length > 0 ? 'mismatch' : late.length > 0 ? 'lag' : 'match';
  return { url, node: follower.node, status, ...counts, keys: [...wrong, ...late].slice(0, MAX_EXAMPLES) };
}

/** The row of a node whose dump could not be had. */
export function unreachableRow(node: string, url: string): ParityRow {
  return { url, node, status: 'unreachable', missing: 0, stale: 0, extra: 0, corrupt: 0, keys: [] };
}

/** Nodes per status, and what they lack altogether. */
export function parityTotals(rows: readonly ParityRow[]): ParityTotals {
  const totals = { match: 0, lag: 0, mismatch: 0, unreachable: 0, missing: 0, stale: 0 };
  for (const row of rows) {
    totals[row.status] += 1;
    totals.missing += row.missing;
    totals.stale += row.stale;
  }
  return totals;
}

function compareKey(leader: DumpedRow | undefined, follower: DumpedRow | undefined, at: Positions): Finding {
  if (leader === undefined) return follower === undefined ? null : compareUnknown(follower, at);
  if (follower === undefined) {
    // A tombstone that the follower was told to drop: it has the deletion, and no trace of it.
    if (leader.value === null && isAtMost(leader.version, at.purgeFloor)) return null;
    return { difference: 'missing', isLag: isUnderWay(leader.version, at) };
  }
  const order = compare(follower.version, leader.version);
  if (order === 0) return follower.value === leader.value ? null : { difference: 'corrupt', isLag: false };
  return order < 0 ? { difference: 'stale', isLag: isUnderWay(leader.version, at) } : beyond(follower.version, at);
}

/** A key that only the follower has. */
function compareUnknown(follower: DumpedRow, at: Positions): Finding {
  if (isAtMost(follower.version, at.leaderPurgeFloor)) {
    if (follower.value === null) return null;
    // The leader deleted the key and dropped the tombstone, which the follower, having been away for too long, never saw.
    if (!isAtMost(at.leaderPurgeFloor, at.watermark)) return { difference: 'stale', isLag: true };
  }
  return beyond(follower.version, at);
}

/** A version newer than anything that the leader has for its key. */
function beyond(version: DumpedVersion, at: Positions): Finding {
  if (version.epoch === at.leaderEpoch && !isAtMost(version, at.leaderHead)) return null;
  // A node that has not reached the leader's epoch still holds what it will roll back on its way there (SPEC 6).
  return { difference: 'extra', isLag: at.watermark.epoch < at.leaderEpoch };
}

/** Whether the follower never claimed to hold this version. */
function isUnderWay(version: DumpedVersion, at: Positions): boolean {
  return !isAtMost(version, at.watermark);
}

function isAtMost(a: DumpedVersion, b: DumpedVersion): boolean {
  return compare(a, b) <= 0;
}

function compare(a: DumpedVersion, b: DumpedVersion): number {
  return a.epoch === b.epoch ? a.seq - b.seq : a.epoch - b.epoch;
}

function versionOf(text: string): DumpedVersion {
  const [epoch, seq] = text.split('.');
  return { epoch: Number(epoch), seq: Number(seq) };
}
