/**
 * Compares one follower's dump with the leader's, key by key: what is merely late, and what replication got wrong.
 *
 * Precondition: the leader was dumped first, both with tombstones. Then whatever a follower holds beyond the leader's head
 * was written in between, and whatever it lacks above its own watermark is under way. All the rest is a fault.
 * Digests of the live rows, which every node keeps, come first. Where both sides hold everything up to the same version, and
 * nothing beyond, equal digests are equal rows; anywhere else they say nothing, and least of all that something is wrong.
 * Not here: fetching dumps; comparing versions as the core does it (a judge shares no code with the judged).
 * Source: SPEC 9 (status), Kleppmann ch. 5 on replication lag; the watermark's promise is SPEC 1's.
 */
import type { ParityReason, ParityRow, ParityTotals } from './result.ts';

/** What a node says of its content, as client/dump reads it; versions are `epoch.seq`. */
export interface DumpHeader {
  readonly node: string;
  readonly epoch: number;
  readonly head: string;
  /** For every key the node holds at least the newest version at or below it. */
  readonly watermark: string;
  /** Tombstones at or below it may be gone. */
  readonly purge_floor: string;
  /** Of the live rows; anything but 32 hexadecimal digits is of a node that keeps none. */
  readonly digest: string;
}

/** One consistent view of one node. */
export interface Dump extends DumpHeader {
  /** Whether the rows fit the digest; null: there is none. */
  readonly isIntact: boolean | null;
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

/** What a difference is called where it is no lag. */
const FAULTS: Readonly<Record<Difference, ParityReason['reason']>> = {
  missing: 'lost-update',
  stale: 'lost-update',
  extra: 'phantom',
  corrupt: 'corruption',
};

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

const DIGEST = /^[0-9a-f]{32}$/;
const MAX_KEYS = 5;
const MAX_REASONS = 20;
const NOTHING = { missing: 0, stale: 0, extra: 0, corrupt: 0, keys: [], reasons: [], altered: [] } as const;

/**
 * Whether two headers prove that both nodes have the same live rows. False proves nothing.
 * The two may be of different moments: an epoch has one leader, and what it wrote up to a version never changes.
 */
export function haveSameContent(leader: DumpHeader, follower: DumpHeader): boolean {
  const { epoch, head, digest } = leader;
  const isComplete = [leader, follower].every((side) => side.epoch === epoch && side.head === head && side.watermark === head);
  return isComplete && DIGEST.test(digest) && follower.digest === digest;
}

/** The row of a node whose digest is the leader's. */
export function sameRow(node: string, url: string): ParityRow {
  return { url, node, status: 'match', ...NOTHING, compared_by: 'digest' };
}

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
  const late: ParityReason[] = [];
  const wrong: ParityReason[] = [];
  for (const key of new Set([...leader.rows.keys(), ...follower.rows.keys()])) {
    const [mine, theirs] = [leader.rows.get(key), follower.rows.get(key)];
    const finding = compareKey(mine, theirs, at);
    if (finding === null) continue;
    counts[finding.difference] += 1;
    const reason = finding.isLag ? 'lag' : FAULTS[finding.difference];
    (finding.isLag ? late : wrong).push({ key, reason, leader: textOf(mine), replica: textOf(theirs) });
  }
  const altered = [leader, follower].filter(({ isIntact }) => isIntact === false).map(({ node }) => node);
  const status = wrong.length + altered.length > 0 ? 'mismatch' : late.length > 0 ? 'lag' : 'match';
  const reasons = [...wrong, ...late].slice(0, MAX_REASONS);
  const keys = reasons.slice(0, MAX_KEYS).map(({ key }) => key);
  return { url, node: follower.node, status, ...counts, keys, reasons, compared_by: 'rows', altered };
}

/** The row of a node whose dump could not be had. */
export function unreachableRow(node: string, url: string): ParityRow {
  return { url, node, status: 'unreachable', ...NOTHING, compared_by: null };
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

function textOf(row: DumpedRow | undefined): string | null {
  return row === undefined ? null : `${row.version.epoch}.${row.version.seq}`;
}

function versionOf(text: string): DumpedVersion {
  const [epoch, seq] = text.split('.');
  return { epoch: Number(epoch), seq: Number(seq) };
}
