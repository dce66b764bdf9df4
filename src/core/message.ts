/**
 * Everything that enters and leaves the core, and the ordering contract of each effect.
 *
 * Not here: how a message looks on the wire (wire/internal.ts), and who waits for whom (the shell, node/runtime.ts).
 * Contract of the whole: `step` may be called with any input at any time, in any order the shell sees them; effects are
 * carried out in list order, but list order alone promises nothing. Whatever must follow a durable write follows the
 * input that reports it (`persisted`, `hardSaved`), never the effect that asked for it.
 */
import type { Distribution } from '../lib/distribution.ts';
import type { Ms } from '../lib/units.ts';
import type { NodeId, PageHeader, PeerAnswer, PeerRequest, SnapshotEnd } from './peer.ts';
import type { HardState, IdempotencyEntry, KvRecord, Position, Replacement, Stage } from './record.ts';
import type { Version } from './version.ts';

export interface PutInput {
  readonly t: 'put';
  /** Names the client's request in the `reply`. */
  readonly id: number;
  readonly key: string;
  /** JSON text; null deletes. */
  readonly value: string | null;
  readonly need: number | null;
  readonly timeoutMs: number | null;
  /** Wall clock, for people. */
  readonly timestampMs: number;
  /** Of a write with an `Idempotency-Key`. */
  readonly idempotency?: AskedOnce;
}

/** A write that its client may send again, and what the store says of it in the very turn in which it is handed over. */
export interface AskedOnce {
  readonly key: string;
  readonly fingerprint: string;
  /** The store's entry of the key; null: it has none. */
  readonly stored: IdempotencyEntry | null;
  /** The store's row of the key that is to be written; null: none. */
  readonly row: KvRecord | null;
}

/** An operator wants this node to lead. Answered by one `promoteReply`. */
export interface PromoteInput {
  readonly t: 'promote';
  readonly id: number;
  /** Look, tell what would be, and change nothing. */
  readonly isDryRun: boolean;
  /** Go on although acknowledged writes may be lost. */
  readonly isForced: boolean;
  /** Of the new leadership; null: the one in force. */
  readonly quorum: number | null;
  /** False: this node's own data only, whatever the others hold; by force only. */
  readonly gathers: boolean;
  /** How long to wait for the opening; what has begun goes on afterwards. */
  readonly timeoutMs: Ms;
}

export type Input =
  | PutInput
  | PromoteInput
  /** A committed read on the leader; answered by `readReady` or `readFailed`. Linearizable: once a majority said that nobody else leads. */
  | { readonly t: 'read'; readonly id: number; readonly key: string; readonly isLinearizable?: boolean }
  /** Everything that arrived together has been handed over; what gathered may leave now. Comes after every other input, soon. */
  | { readonly t: 'turn' }
  /** The time asked for by `wakeAt` has come. */
  | { readonly t: 'tick' }
  | {
      readonly t: 'persisted';
      readonly token: number;
      readonly previous: ReadonlyMap<string, KvRecord | null>;
      /** The snapshot that was to be swapped in is not what its end says, and was thrown away; the position is as it was. */
      readonly isSpoilt?: boolean;
    }
  | { readonly t: 'persistFailed'; readonly token: number; readonly reason: string }
  | { readonly t: 'hardSaved'; readonly token: number }
  | { readonly t: 'request'; readonly id: number; readonly message: PeerRequest }
  | { readonly t: 'answer'; readonly request: number; readonly message: PeerAnswer }
  /** No answer will come: refused, reset, timed out, partitioned. */
  | { readonly t: 'failed'; readonly request: number; readonly reason: string }
  | { readonly t: 'scanned'; readonly token: number; readonly page: PageHeader; readonly rows: readonly KvRecord[] }
  | { readonly t: 'found'; readonly token: number; readonly rows: ReadonlyMap<string, KvRecord | null> }
  | { readonly t: 'viewRead'; readonly token: number; readonly part: ViewPart }
  | { readonly t: 'setQuorum'; readonly id: number; readonly quorum: number; readonly isForced: boolean }
  | { readonly t: 'setNetwork'; readonly change: NetworkChange }
  /** No new writes from now on; what waits goes on waiting. */
  | { readonly t: 'drain' }
  /** What the others call this node, which was told no name. Comes at most once, before any `request`. */
  | { readonly t: 'named'; readonly nodeId: NodeId }
  /** The end: whoever waits is answered that nobody knows. */
  | { readonly t: 'stop'; readonly message: string };

/** The next of what a view holds. */
export interface ViewPart {
  readonly rows: readonly KvRecord[];
  readonly entries: readonly IdempotencyEntry[];
  /** With the last part. */
  readonly end: SnapshotEnd | null;
}

export interface NetworkChange {
  readonly seed?: number;
  readonly nodes?: ReadonlyMap<
    NodeId,
    { readonly delay?: Distribution; readonly loss?: number; readonly isPartitioned?: boolean; readonly oneWay?: 'in' | 'out' | null }
  >;
}

export interface WriteSuccess {
  readonly ok: true;
  readonly version: Version;
  readonly acks: number;
  readonly need: number;
  readonly existed: boolean;
  /** Since admission: local durability, commit, and the need-th smallest delay drawn. */
  readonly storeMs: Ms;
  readonly quorumMs: Ms;
  readonly floorMs: Ms;
  /** The answer to a retry: of the first request's write, which took the version. */
  readonly isReplayed?: true;
}

export interface WriteFailure {
  readonly ok: false;
  readonly code:
    | 'not_leader'
    | 'not_open'
    | 'not_caught_up'
    | 'invalid_quorum'
    | 'overloaded'
    | 'draining'
    | 'not_lossless'
    | 'storage_failed'
    | 'idempotency_mismatch'
    | 'idempotency_in_flight'
    | 'quorum_not_met'
    | 'deposed';
  readonly message: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

export type QuorumResult = { readonly ok: true; readonly quorum: number; readonly previous: number } | WriteFailure;

export interface Promoted {
  readonly ok: true;
  readonly isDryRun: boolean;
  /** In a dry run the one that would be. */
  readonly epoch: number;
  /** Nodes, this one counted, that promised (in a dry run, answered), and those that did not. */
  readonly responders: readonly NodeId[];
  readonly missing: readonly NodeId[];
  /** Every acknowledged write that needed at least so many acks is there; 0 with the old leader among the responders. */
  readonly losslessForQuorum: number;
  /** The smallest quorum that writes were acknowledged with, as far as the responders know. */
  readonly kMin: number | null;
  readonly isForced: boolean;
  /** Rows that others held and this node did not. */
  readonly recovered: number;
  readonly quorum: number;
}

export type PromoteResult = Promoted | WriteFailure;

export type Effect =
  /** Make it durable, then say `persisted` or `persistFailed`. At most one is outstanding. */
  | {
      readonly t: 'persist';
      readonly token: number;
      /** Of the leader that tells of these records and entries. */
      readonly epoch: number;
      readonly records: readonly KvRecord[];
      /** What pages carried; the records bring their own. Absent: none. */
      readonly entries?: readonly IdempotencyEntry[];
      readonly position: Position | null;
      readonly previousOf: readonly string[];
      /** Come first, whatever their versions; what they roll back is kept before it goes. */
      readonly replacements?: readonly Replacement[];
      /** Alone in its commit, but for the position of a swap. */
      readonly stage?: Stage;
      /** The epoch is reached: entries of newer versions that none of its pages told are not in its lineage, and go. Absent: none go. */
      readonly dropUntoldAfter?: Version;
      /** The epoch is opened: entries of newer versions go if nobody who was gathered from holds their write, or what came after it. Absent: none go. */
      readonly dropOrphansAfter?: Version;
    }
  /** Make the hard state durable, then say `hardSaved`. Never outstanding together with `persist`. A failure to do so ends the process. */
  | { readonly t: 'saveHard'; readonly token: number; readonly state: HardState }
  /** Call that node; then say `answer` or `failed` with the same request number, once. */
  | { readonly t: 'send'; readonly to: NodeId; readonly request: number; readonly message: PeerRequest }
  /** Answer an internal request. Everything it speaks of is durable already. */
  | { readonly t: 'respond'; readonly id: number; readonly message: PeerAnswer }
  /** Answer a client's write, exactly once per `put`. */
  | { readonly t: 'reply'; readonly id: number; readonly result: WriteSuccess | WriteFailure }
  | { readonly t: 'quorumReply'; readonly id: number; readonly result: QuorumResult }
  | { readonly t: 'promoteReply'; readonly id: number; readonly result: PromoteResult }
  /** The committed record of a key is known: `record`, or, when undefined, the one in the store. */
  | { readonly t: 'readReady'; readonly id: number; readonly record: KvRecord | null | undefined }
  /** This node does not lead, or stopped leading while the read waited. */
  | { readonly t: 'readFailed'; readonly id: number; readonly result: WriteFailure }
  /** Read one page of changes from one view of the store, then say `scanned`. */
  | {
      readonly t: 'scan';
      readonly token: number;
      readonly since: Version;
      readonly until: Version;
      readonly limit: number;
      readonly maxBytes: number;
    }
  /** Read on in the view, the first time of the store as it is now, rows by key and then entries; then say `viewRead`. After its last part a view is closed. */
  | { readonly t: 'readView'; readonly token: number; readonly view: number; readonly limit: number; readonly maxBytes: number }
  | { readonly t: 'closeView'; readonly view: number }
  /** Read the rows of these keys, of what is durable; then say `found`. */
  | { readonly t: 'lookup'; readonly token: number; readonly keys: readonly string[] }
  /** For the log. */
  | {
      readonly t: 'note';
      readonly level: 'info' | 'warn' | 'error';
      readonly event: string;
      readonly data: Readonly<Record<string, unknown>>;
    };
