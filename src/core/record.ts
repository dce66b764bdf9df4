/**
 * What is stored, replicated and compared: one version of one key, and the position of a node in the stream of versions.
 * Plain data; the store, the wire and the core share it.
 */
import type { Version } from './version.ts';

export interface KvRecord {
  /** 1 to 1,024 bytes of UTF-8; any characters. */
  readonly key: string;
  /** The `JSON.stringify` text of the value, never re-serialised after the leader made it; null is a tombstone. */
  readonly value: string | null;
  readonly version: Version;
  /** Follower acks that this write needed when it was admitted. */
  readonly need: number;
  /** The leader's wall clock at admission, for people. Invariant: no decision reads it. */
  readonly timestampMs: number;
  /** Only of a write that carried an `Idempotency-Key`, on its way to the stores, which keep it apart from the row. */
  readonly idempotency?: Idempotency;
}

/** What tells a write again from another one (retries.ts). */
export interface Idempotency {
  /** The client's `Idempotency-Key`: 1 to 255 visible characters of ASCII. */
  readonly key: string;
  /** Equal for the same write and, but for a collision of hashes, for no other. */
  readonly fingerprint: string;
  /** Whether the key of the write had a value before it: part of what a delete answers. */
  readonly existed: boolean;
}

/** What a node remembers of a write that carried an `Idempotency-Key`, whatever became of the write's row. */
export interface IdempotencyEntry extends Idempotency {
  /** Of the record that was written, where `key` is the client's. */
  readonly recordKey: string;
  readonly version: Version;
  readonly need: number;
}

/** What a store remembers of the record besides its row; null of one without an `Idempotency-Key`. */
export function entryOf({ key: recordKey, idempotency, version, need }: KvRecord): IdempotencyEntry | null {
  return idempotency === undefined ? null : { ...idempotency, recordKey, version, need };
}

/** How far a node's data goes. Durable in the same transaction as the records it speaks of. */
export interface Position {
  /** For every key the node holds at least the newest version <= watermark. Its epoch is the epoch that the node has reached. */
  readonly watermark: Version;
  /** How far the running scan got; equal to the watermark when none runs. Valid only in the epoch `cursorEpoch`. */
  readonly cursor: Version;
  /** Epoch of the leader whose scan moved the cursor. */
  readonly cursorEpoch: number;
  /** Smallest need that a promotion must still honour (SPEC 6), as last told by the leader; null before any leader spoke. */
  readonly kMin: number | null;
  /** How the reached epoch came about; see lineage.ts. */
  readonly history: History;
  /** Tombstones up to here are collected. At most the watermark. */
  readonly purgeFloor: Version;
}

/** The opening of an epoch, as the lineage remembers it. */
export interface EpochStart {
  readonly epoch: number;
  readonly leader: string;
  /** Of the newest record that was gathered: the epoch's first write gets the next one. */
  readonly seq: number;
  /** Of the epoch that was gathered from, everything up to here was there; above it only what the responders held. */
  readonly floor: Version;
  /** Opened although acknowledged writes may have been lost. */
  readonly isForced: boolean;
}

/** The newest openings on the way to an epoch, oldest first. */
export type History = readonly EpochStart[];

/** A row that the leader's lineage does not have goes, and what the lineage has of its key comes. */
export interface Replacement {
  readonly key: string;
  /** Put in its place, whatever its version; null: nothing. */
  readonly record: KvRecord | null;
  /** The row that stood there, which is kept elsewhere first. */
  readonly rolledBack: KvRecord;
  /** Of what the lineage has; null: nothing. If that is collected, up to where tombstones are: a delete may have come after the row. */
  readonly instead: Version | null;
}

/** What a store holds, in a few numbers that are kept up with every change of a row; see store/digest.ts. */
export interface Content {
  /** Rows that are no tombstones. */
  readonly live: number;
  /** 32 hexadecimal digits; equal live rows, equal digest, whatever the kind of store and its history. */
  readonly digest: string;
}

/** Part of a snapshot as a follower stores it, beside its data. */
export interface Stage {
  /** What was built before is thrown away. */
  readonly isFirst: boolean;
  readonly rows: readonly KvRecord[];
  readonly entries: readonly IdempotencyEntry[];
  /** Not null: now the snapshot is whole. If this is what it comes to, it takes the place of the data, and the commit's position is valid. */
  readonly swap: Content | null;
}

/** Which node this is, and which life of its data: the incarnation is the data directory's or, in memory, this start's. */
export interface Identity {
  readonly nodeId: string;
  readonly incarnation: string;
}

export interface RunningIdentity extends Identity {
  /** Differs from start to start, also with the same data. */
  readonly start: number;
}

/** A node's hard state: what it promised. A file of its own, that no snapshot touches. */
export interface HardState {
  /** Random id of the cluster's data, made at birth; nodes of different lineages never talk. */
  readonly lineage: string;
  readonly nodeId: string;
  /** Random id of this data directory; in the memory store, of this start. */
  readonly incarnation: string;
  /** Every node of the lineage, fixed at birth. */
  readonly members: readonly Member[];
  /** Nothing of a lower epoch is accepted any more. */
  readonly promisedEpoch: number;
  /** The one candidate or leader to whom `promisedEpoch` was promised. */
  readonly promisedTo: string;
  /** The newest epoch that this node opened as its leader; 0 if it never led. */
  readonly ledEpoch: number;
  /** True until a node without hard state took over a majority's highest promise and reached an open epoch from zero. */
  readonly blank: boolean;
}

export interface Member {
  readonly id: string;
  readonly url: string;
}

export const EMPTY_POSITION: Position = {
  watermark: { epoch: 0, seq: 0 },
  cursor: { epoch: 0, seq: 0 },
  cursorEpoch: 0,
  kMin: null,
  history: [],
  purgeFloor: { epoch: 0, seq: 0 },
};

/** Characters of key and value, and what a record costs besides, about. */
export function sizeOf({ key, value }: KvRecord): number {
  return key.length + (value?.length ?? 0) + 64;
}
