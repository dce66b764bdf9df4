/** What a link is given: its limits, and the port by which it has done what it decides. Who is addressed is all that the port learns of a link. */
import type { Ms } from '../lib/units.ts';
import type { Rows } from './install.ts';
import type { NodeId, PageHeader, ReplicateAnswer, SnapshotPart } from './peer.ts';
import type { KvRecord } from './record.ts';
import type { Snapshot } from './snapshot.ts';
import type { BatchLimits } from './stream-queue.ts';
import type { Version } from './version.ts';

export interface LinkLimits extends BatchLimits {
  /** Rows of one page. */
  readonly pageRows: number;
  /** Stream requests in flight. */
  readonly window: number;
  /** What may be queued before the link turns to catch-up from the store. */
  readonly queueRecords: number;
  readonly queueBytes: number;
  readonly heartbeatMs: Ms;
  readonly backoffMinMs: Ms;
  readonly backoffMaxMs: Ms;
  readonly retransmitMs: Ms;
}

/** The follower at the other end. */
export interface Addressee {
  readonly node: NodeId;
  /** Among the followers. */
  readonly index: number;
  /** Learned by the probe; null: not known. */
  readonly incarnation: string | null;
  /** Of the process that answered last; null: not known. */
  readonly start: number | null;
  readonly watermark: Version;
}

/** What a link wants done; the leader fills in the rest of the message. */
export interface LinkPort {
  /** Sends records or a page or, with neither, a probe or heartbeat; the number names the request. */
  send(link: Addressee, records: readonly KvRecord[], page: PageHeader | null): number;
  /** Asks for a page that ends at `until` at the latest; the number comes back with it. */
  scan(link: Addressee, since: Version, until: Version): number;
  /** Sends a part of a snapshot; the number names the request. */
  sendPart(link: Addressee, rows: readonly KvRecord[], part: SnapshotPart): number;
  newSnapshot(link: Addressee): Snapshot;
  /** Asks for the next part of the snapshot's view; the number comes back with it. */
  readView(snapshot: Snapshot): number;
  closeView(snapshot: Snapshot): void;
  /** Pages of changes since the follower's watermark would not tell all that was deleted. */
  mustSnapshot(link: Addressee): boolean;
  /** Tells the follower what the lineage has for the rows that it named; the number names the request. */
  install(link: Addressee, after: Version, rows: Rows): number;
  /** Asks for the durable rows of these keys; the number comes back with them. */
  lookup(link: Addressee, keys: readonly string[]): number;
  /** The follower may hold rows that the lineage does not have. */
  mustInstall(answer: ReplicateAnswer): boolean;
  /** Draws whether this attempt is lost. */
  losesNext(link: Addressee): boolean;
  drawAgain(link: Addressee): Ms;
  /** From 0.5 to 1.5. */
  jitter(): number;
}
