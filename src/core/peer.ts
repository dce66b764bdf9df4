/**
 * What nodes say to each other. How it looks on the wire is wire/internal.ts; what a node does with it, and what it says to its shell, is message.ts.
 */
import type { Content, History, IdempotencyEntry, KvRecord, Member } from './record.ts';
import type { Version } from './version.ts';

export type NodeId = string;

/** Who leads, and whom it means. */
export interface LeaderAddress {
  readonly from: NodeId;
  readonly lineage: string;
  readonly epoch: number;
  /** The receiver's incarnation as the leader knows it; null in a probe, which asks for it. */
  readonly incarnation: string | null;
  /** The receiver's start as it last answered; null if that is not known. One that names an older start was on its way before the last restart. */
  readonly start: number | null;
  readonly members: readonly Member[];
}

/** Leader to follower: records of the stream, a page of catch-up or a part of a snapshot; with none it is probe, heartbeat and confirmation. */
export interface ReplicateRequest extends LeaderAddress {
  readonly t: 'replicate';
  /** Grows with every request of this leadership: what it says of `quorum` and `kMin` must not undo what a later one said. */
  readonly order: number;
  /** The newest version that the leader accepted. */
  readonly head: Version;
  /** Every version up to here is committed, or superseded by a committed one. */
  readonly committedThrough: Version;
  readonly quorum: number;
  readonly kMin: number;
  /** Tombstones up to here are gone at the leader. */
  readonly purgeFloor: Version;
  readonly records: readonly KvRecord[];
  readonly page: PageHeader | null;
  /** `records` are a part of a snapshot; null: they are not. Never together with a page. */
  readonly snapshot: SnapshotPart | null;
  /** With the pages, and the parts of a snapshot, of a follower that has not reached the epoch; null otherwise. */
  readonly history: History | null;
}

/** A part of everything that the leader holds, tombstones included, as one view of its store saw it: rows by key, then entries. */
export interface SnapshotPart {
  /** Grows with every snapshot of this leadership; parts of one are built together. */
  readonly id: number;
  /** From 0. */
  readonly part: number;
  /** Absent: there are none. */
  readonly entries?: readonly IdempotencyEntry[];
  /** With the last part: what all parts together come to. Null: more follow. */
  readonly end: SnapshotEnd | null;
}

export interface SnapshotEnd {
  /** The newest version of the view. */
  readonly head: Version;
  readonly purgeFloor: Version;
  readonly content: Content;
}

/** Makes `records` of its request the rows of (since, coversTo], in a view of the leader whose newest version was `head`. */
export interface PageHeader {
  readonly since: Version;
  readonly coversTo: Version;
  readonly head: Version;
  /** Of (since, coversTo], in version order: a row that was overwritten leaves its entry behind. Absent: there are none. */
  readonly entries?: readonly IdempotencyEntry[];
}

/** Sent only once everything that the request carried is durable here. */
export interface ReplicateAnswer {
  readonly t: 'replicated';
  readonly incarnation: string;
  /** Differs from start to start. */
  readonly start: number;
  readonly watermark: Version;
  readonly cursor: Version;
  readonly cursorEpoch: number;
  readonly kMin: number | null;
  readonly isBlank: boolean;
  /** The node had reached the epoch and is not blank: only then its acks count. */
  readonly isCounted: boolean;
  /** No row of the node is newer. */
  readonly newest: Version;
}

/** Leader to a follower below its epoch: which of your rows may the lineage not have? And of those that you named, these stand otherwise in the lineage. */
export interface InstallRequest extends LeaderAddress {
  readonly t: 'install';
  readonly history: History;
  /** Tombstones up to here are gone at the leader, so that a key without a row may be a deleted one. */
  readonly purgeFloor: Version;
  /** Rows up to here are settled by this request: of those that were named last, the ones without an entry in `rows` are the lineage's own. */
  readonly after: Version;
  /** By key, those that differ; null: the lineage has no row. */
  readonly rows: ReadonlyMap<string, KvRecord | null>;
}

/** A row that may have to go, without its value. */
export interface Suspect {
  readonly key: string;
  readonly version: Version;
}

/** What the lineage had for the named rows is durable here. With no more suspects the follower may be caught up. */
export interface InstallAnswer {
  readonly t: 'installed';
  readonly answer: ReplicateAnswer;
  readonly suspects: readonly Suspect[];
  /** Rows up to here are named, or need not be. */
  readonly checkedTo: Version;
}

/** Candidate to a node that promised it the epoch: one page of what it holds above `since`. */
export interface ChangesRequest {
  readonly t: 'changes';
  readonly from: NodeId;
  readonly lineage: string;
  readonly epoch: number;
  readonly incarnation: string;
  readonly since: Version;
  readonly limit: number;
  readonly maxBytes: number;
}

export interface ChangesAnswer {
  readonly t: 'changes';
  readonly page: PageHeader;
  readonly rows: readonly KvRecord[];
}

/** Asks a node where it stands, and changes nothing. */
export interface LookRequest {
  readonly t: 'look';
  readonly from: NodeId;
}

/** Asks a node to accept nothing below `epoch` any more, from `from` only. */
export interface FenceRequest {
  readonly t: 'fence';
  readonly from: NodeId;
  readonly lineage: string;
  readonly epoch: number;
  readonly members: readonly Member[];
  /** The receiver's, as it answered the look that a birth begins with: a birth's fence that comes late must not make a member of a disk that came later. */
  readonly incarnation: string | null;
  /** The lineage is being born: every node is blank and becomes a member by this promise. */
  readonly isBirth: boolean;
}

/** Where a node stands. Answers look; answers fence once the promise is durable and the last open transaction is over. */
export interface StandingAnswer {
  readonly t: 'standing';
  readonly node: NodeId;
  readonly incarnation: string;
  readonly lineage: string | null;
  readonly isBlank: boolean;
  readonly promisedEpoch: number;
  readonly promisedTo: NodeId | null;
  /** Its epoch is the epoch that the node reached. */
  readonly watermark: Version;
  readonly kMin: number | null;
  /** The epoch that it reached, if it led it and its store is still the leader's, with everything that the epoch wrote; else 0. */
  readonly ledEpoch: number;
  readonly purgeFloor: Version;
}

export interface Refusal {
  readonly t: 'refused';
  readonly code: 'stale_epoch' | 'wrong_lineage' | 'wrong_incarnation' | 'not_in_epoch' | 'need_snapshot' | 'storage_failed';
  /** The epoch that the refusing node promised. */
  readonly epoch: number;
  readonly message: string;
}

export type PeerRequest = ReplicateRequest | InstallRequest | LookRequest | FenceRequest | ChangesRequest;
export type PeerAnswer = ReplicateAnswer | InstallAnswer | StandingAnswer | ChangesAnswer | Refusal;
