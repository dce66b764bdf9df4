/**
 * The leader's side of one follower: probe, catch-up or stream, as in etcd raft's Progress (tracker/progress.go).
 *
 * - probe: one empty request until the follower answers with its position; then
 * - install, if it may hold rows that the lineage does not have: it names them, and gets what the lineage has of their keys (reconcile.ts); then
 * - snapshot, if tombstones that it lacks are gone: everything that the store holds, part by part; then
 * - catch-up: pages of changes out of the store, one in flight; then
 * - stream: every record at the later of due and locally durable, in batches, WINDOW requests in flight.
 * Any error returns it to probe, with backoff, for ever. This file decides what leaves when; what an ack means is the leader's (leader.ts).
 *
 * Invariant: in stream, every accepted record above the last page's coversTo is queued here or was sent. In the other states `#backlog` holds,
 * in version order, the records that are not due (or not durable) yet, and everything older can be read from the store. A page ends before the first
 * of the backlog, so no ack can beat the floor that its delay sets.
 */
import type { Ms } from '../lib/units.ts';
import { Backlog } from './backlog.ts';
import { Install, type Rows } from './install.ts';
import type { ViewPart } from './message.ts';
import type { InstallAnswer, NodeId, PageHeader, ReplicateAnswer, SnapshotPart } from './peer.ts';
import type { KvRecord } from './record.ts';
import type { Snapshot } from './snapshot.ts';
import { type BatchLimits, StreamQueue } from './stream-queue.ts';
import { compareVersions, isNewer, maxVersion, type Version, ZERO } from './version.ts';

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

/** As long as a view is open the store's log grows, so a snapshot does not wait longer for a follower that does not answer. */
const VIEW_KEEP_MS: Ms = 10_000;

export type LinkState = 'probe' | 'install' | 'snapshot' | 'catch-up' | 'stream';

/** What a link wants done; the leader fills in the rest of the message. */
export interface LinkPort {
  /** Sends records or a page or, with neither, a probe or heartbeat; the number names the request. */
  send(link: Link, records: readonly KvRecord[], page: PageHeader | null): number;
  /** Asks for a page that ends at `until` at the latest; the number comes back with it. */
  scan(link: Link, since: Version, until: Version): number;
  /** Sends a part of a snapshot; the number names the request. */
  sendPart(link: Link, rows: readonly KvRecord[], part: SnapshotPart): number;
  newSnapshot(link: Link): Snapshot;
  /** Asks for the next part of the snapshot's view; the number comes back with it. */
  readView(snapshot: Snapshot): number;
  closeView(snapshot: Snapshot): void;
  /** Pages of changes since the follower's watermark would not tell all that was deleted. */
  mustSnapshot(link: Link): boolean;
  /** Tells the follower what the lineage has for the rows that it named; the number names the request. */
  install(link: Link, after: Version, rows: Rows): number;
  /** Asks for the durable rows of these keys; the number comes back with them. */
  lookup(link: Link, keys: readonly string[]): number;
  /** The follower may hold rows that the lineage does not have. */
  mustInstall(answer: ReplicateAnswer): boolean;
  /** Draws whether this attempt is lost. */
  losesNext(link: Link): boolean;
  drawAgain(link: Link): Ms;
  /** From 0.5 to 1.5. */
  jitter(): number;
}

interface InFlight {
  readonly records: readonly KvRecord[];
  readonly page: PageHeader | null;
  /** The part of a snapshot that it carried; null: none. */
  readonly part: SnapshotPart | null;
  /** The follower's watermark as known when the request left: an answer below it tells that the follower lost data. */
  readonly knownWatermark: Version;
  /** It left before something new had to be told, so its answer says nothing of that. */
  isOutdated: boolean;
}

export class Link {
  readonly node: NodeId;
  /** The follower's index among the followers. */
  readonly index: number;
  state: LinkState = 'probe';
  /** False from a failed request to the next answer. */
  isUp = false;
  /** null: never. */
  answeredAt: Ms | null = null;
  /** Learned by the probe; null: not known. */
  incarnation: string | null = null;
  /** Of the process that answered last; null: not known. */
  start: number | null = null;
  isBlank = true;
  isCounted = false;
  watermark: Version = ZERO;
  /** Up to here every write was counted as acked by this follower. */
  ackedThrough: Version = ZERO;
  /** What the follower durably recorded since the last `speak`; null: nothing known. */
  kMin: number | null = null;

  readonly #port: LinkPort;
  readonly #limits: LinkLimits;
  readonly #epoch: number;
  readonly #backlog = new Backlog();
  readonly #stream: StreamQueue;
  readonly #inFlight = new Map<number, InFlight>();
  /** The newest record that the stream carried. A broken link may have lost it, and a restarted follower forgets what it had above its watermark. */
  #streamedTo: Version = ZERO;
  #cursor: Version = ZERO;
  /** The page, or the rows of an install, that the store was asked for. */
  #scanning: number | null = null;
  #install = new Install();
  #snapshot: Snapshot | null = null;
  /** The follower said that it needs a snapshot, whatever is known here. */
  #isGap = false;
  /** The page in flight ends where the backlog begins: after its ack the backlog becomes the stream. */
  #isLastPage = false;
  #hasPaged = false;
  #newest: Version;
  #durable: Version;
  #mustSpeak = false;
  #retryAt: Ms = Number.NEGATIVE_INFINITY;
  #backoffMs: Ms;
  #triedAt: Ms = Number.NEGATIVE_INFINITY;
  #spokeAt: Ms = Number.NEGATIVE_INFINITY;

  constructor(node: NodeId, index: number, head: Version, limits: LinkLimits, port: LinkPort) {
    this.node = node;
    this.index = index;
    this.#newest = head;
    this.#durable = head;
    this.#epoch = head.epoch;
    this.#limits = limits;
    this.#port = port;
    this.#backoffMs = limits.backoffMinMs;
    this.#stream = new StreamQueue(limits, (now) => (port.losesNext(this) ? now + limits.retransmitMs + port.drawAgain(this) : null));
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  get queued(): number {
    return this.#backlog.size + this.#stream.size;
  }

  /** The follower holds everything up to here. Where it stands in another epoch says nothing about this one's lineage. */
  get heldTo(): Version {
    return this.watermark.epoch === this.#epoch && !this.isBlank ? this.watermark : ZERO;
  }

  /** Tombstones above this are to stay for this follower. */
  get collectableTo(): Version {
    return this.#snapshot === null ? this.heldTo : maxVersion(this.heldTo, this.#snapshot.purgeFloor);
  }

  /** A record was accepted; it may leave from `dueAt` on, once durable. */
  admit(record: KvRecord, dueAt: Ms, now: Ms): void {
    const entry = { record, dueAt };
    this.#newest = record.version;
    if (this.state !== 'stream') {
      this.#backlog.push(entry);
      this.#limitBacklog();
      return;
    }
    this.#stream.add(entry, now, this.#durable);
    if (this.queued > this.#limits.queueRecords || this.#stream.bytes > this.#limits.queueBytes) this.#startCatchUp();
  }

  /**
   * Sends what may leave now.
   * @param durable the newest version that the leader's store holds
   */
  pump(now: Ms, durable: Version): void {
    if (isNewer(durable, this.#durable)) {
      this.#durable = durable;
      this.#stream.becomeDurable(durable);
    }
    if (this.state === 'stream') this.#pumpStream(now);
    else {
      if (this.#inFlight.size > 0 || this.#scanning !== null) return;
      this.#backlog.release(now, durable);
      if (this.state === 'catch-up') this.#pumpCatchUp(now);
      else if (this.state === 'install') this.#sendInstall(now);
      else if (this.state === 'snapshot') this.#pumpSnapshot(now);
      else if (now >= this.#retryAt) this.#sendEmpty(now);
    }
  }

  /** When the next record of the stream is due; the one time that must be kept exactly. Infinity if none is queued. */
  dueAt(): Ms {
    return this.state === 'stream' ? this.#stream.dueAt() : Number.POSITIVE_INFINITY;
  }

  /** When `pump` has something else to do although nothing arrives; Infinity if never. */
  wakeAt(now: Ms): Ms {
    if (this.#inFlight.size > 0 || this.#scanning !== null) return Number.POSITIVE_INFINITY;
    if (this.state === 'stream') return this.#spokeAt + this.#limits.heartbeatMs;
    if (this.state === 'probe') return this.#retryAt;
    if (this.state === 'install') return now;
    if (this.state === 'snapshot' && this.#snapshot?.isReading) return Number.POSITIVE_INFINITY;
    // As the last part of a snapshot waits, so does a page. What is due already waits for the store, and the store's answer is an input.
    const dueAt = this.#backlog.firstDueAt();
    const heartbeatAt = this.#spokeAt + this.#limits.heartbeatMs;
    return dueAt > now ? Math.min(dueAt, heartbeatAt) : heartbeatAt;
  }

  /** A new write hopes for this follower: probe now instead of after the backoff, at most once per first backoff unless it is needed. */
  hurry(now: Ms, isNeeded: boolean): void {
    if (this.state !== 'probe' || this.#inFlight.size > 0 || this.#retryAt <= now) return;
    if (isNeeded || now >= this.#triedAt + this.#limits.backoffMinMs) this.#retryAt = now;
  }

  /** A new k_min must be told soon, records or not; what the follower recorded so far says nothing of it. */
  speak(): void {
    this.#mustSpeak = true;
    this.kMin = null;
    for (const sent of this.#inFlight.values()) sent.isOutdated = true;
  }

  /** Something is to be asked soon, records or not. */
  ask(): void {
    this.#mustSpeak = true;
  }

  scanned(token: number, page: PageHeader, rows: readonly KvRecord[], now: Ms): void {
    if (token !== this.#scanning || this.state !== 'catch-up') return;
    this.#scanning = null;
    const end = this.#backlog.before(this.#epoch) ?? page.head;
    this.#isLastPage = compareVersions(page.coversTo, end) >= 0;
    this.#send(rows, page, now);
  }

  /** The next part of the snapshot. */
  viewRead(token: number, part: ViewPart, now: Ms): void {
    // Also if the link failed meanwhile: the view has moved on.
    if (!this.#snapshot?.read(token, part)) return;
    if (this.state === 'snapshot' && this.#inFlight.size === 0 && !this.#sendPart(this.#snapshot, part, now)) this.#sendNews(now);
  }

  /** The leadership is over. */
  stop(): void {
    this.#endSnapshot();
  }

  /** The rows for what the follower named. */
  found(token: number, rows: Rows): void {
    if (token !== this.#scanning || this.state !== 'install') return;
    this.#scanning = null;
    this.#install.found(rows, this.#limits.batchBytes);
    // The follower comes to hold rows that a view of before does not have.
    if (this.#install.rows.size > 0) this.#endSnapshot();
  }

  installed(request: number, answer: InstallAnswer, now: Ms): void {
    if (this.answered(request, answer.answer, now) === null || this.state !== 'install') return;
    const keys = this.#install.named(answer);
    if (keys.length === 0) this.#fillFrom(answer.answer);
    else this.#scanning = this.#port.lookup(this, keys);
  }

  /** Answers what the request carried, or null for a request that this link forgot. */
  answered(request: number, answer: ReplicateAnswer, now: Ms): InFlight | null {
    const sent = this.#inFlight.get(request);
    if (sent === undefined) return null;
    this.#inFlight.delete(request);
    this.isUp = true;
    this.answeredAt = now;
    // One who refuses a snapshot again and again answers every probe before.
    if (!this.#isGap) this.#backoffMs = this.#limits.backoffMinMs;
    if (!sent.isOutdated) this.kMin = answer.kMin;
    const isOther = this.incarnation !== null && this.incarnation !== answer.incarnation;
    // Only a rollback may lower it, and that is what an install is for.
    if (isOther || (this.state !== 'install' && isNewer(sent.knownWatermark, answer.watermark))) {
      this.#forget();
      this.#toProbe(now);
      return null;
    }
    this.incarnation = answer.incarnation;
    this.start = answer.start;
    this.isBlank = answer.isBlank;
    this.isCounted = answer.isCounted;
    // Two requests in flight may be answered in either order.
    this.watermark = this.state === 'install' ? answer.watermark : maxVersion(this.watermark, answer.watermark);
    if (this.state === 'probe') this.#found(answer);
    else if (this.state === 'catch-up' && sent.page !== null) this.#pageAcked(sent.page);
    else if (this.state === 'snapshot' && sent.part !== null) this.#partAcked(sent.part, answer);
    else if (this.state === 'stream') this.#closeGap();
    return sent;
  }

  failed(request: number, now: Ms): void {
    if (!this.#inFlight.delete(request)) return;
    this.isUp = false;
    if (now > (this.answeredAt ?? 0) + VIEW_KEEP_MS) this.#endSnapshot();
    this.#toProbe(now + this.#backoffMs * this.#port.jitter());
    this.#backoffMs = Math.min(this.#backoffMs * 2, this.#limits.backoffMaxMs);
  }

  /** The follower refused the request: nothing but a snapshot from the beginning will do. */
  refusedGap(request: number, now: Ms): void {
    if (!this.#inFlight.has(request)) return;
    this.#endSnapshot();
    this.#isGap = true;
    this.failed(request, now);
  }

  /** The follower is another than the one we knew: nothing that it acked is worth anything. */
  reset(request: number, now: Ms): void {
    this.#inFlight.delete(request);
    this.isUp = true;
    this.answeredAt = now;
    this.#forget();
    this.#toProbe(now);
  }

  #pumpStream(now: Ms): void {
    this.#stream.release(now, this.#durable);
    while (this.#inFlight.size < this.#limits.window && this.#stream.isReady) this.#sendBatch(now);
    const isIdle = this.#inFlight.size === 0 && now >= this.#spokeAt + this.#limits.heartbeatMs;
    if (isIdle || (this.#mustSpeak && this.#inFlight.size < this.#limits.window)) this.#sendEmpty(now);
  }

  #sendBatch(now: Ms): void {
    const batch = this.#stream.nextBatch();
    for (const { version } of batch) this.#streamedTo = maxVersion(this.#streamedTo, version);
    this.#send(batch, null, now);
  }

  #pumpSnapshot(now: Ms): void {
    const snapshot = this.#snapshot as Snapshot;
    if (snapshot.isReading) return;
    if (snapshot.next === null) snapshot.asked(this.#port.readView(snapshot));
    else if (!this.#sendPart(snapshot, snapshot.next, now)) this.#sendNews(now);
  }

  /** False: the last part must wait. */
  #sendPart(snapshot: Snapshot, part: ViewPart, now: Ms): boolean {
    // With the last part the follower holds, hence acks, everything up to the head of the view, so that must be due.
    const before = this.#backlog.before(this.#epoch);
    if (part.end !== null && before !== null && isNewer(part.end.head, before)) return false;
    this.#mustSpeak = false;
    const header = snapshot.header(part);
    this.#sent(this.#port.sendPart(this, part.rows, header), [], null, now, header);
    return true;
  }

  #partAcked(part: SnapshotPart, answer: ReplicateAnswer): void {
    if (part.id !== this.#snapshot?.id) return;
    this.#snapshot.stored();
    if (part.end === null) return;
    this.#isGap = false;
    this.#catchUpFrom(answer);
  }

  #pumpCatchUp(now: Ms): void {
    // It may have been away for so long while a page was under way.
    if (this.#port.mustSnapshot(this)) {
      this.#startSnapshot();
      return this.#pumpSnapshot(now);
    }
    // What is accepted after this moment may be in the page's view without being due, so even an empty backlog gives the page an end.
    const until = this.#backlog.before(this.#epoch) ?? this.#newest;
    // One page at least, for it tells the follower how far to go; after that only when there is something to read.
    if (!this.#hasPaged || isNewer(until, this.#cursor)) this.#scanning = this.#port.scan(this, this.#cursor, until);
    else this.#sendNews(now);
  }

  /** What is to be told or asked, or a heartbeat, while nothing else may leave. */
  #sendNews(now: Ms): void {
    if (this.#mustSpeak || now >= this.#spokeAt + this.#limits.heartbeatMs) this.#sendEmpty(now);
  }

  #found(answer: ReplicateAnswer): void {
    if (answer.watermark.epoch === this.#epoch || !this.#port.mustInstall(answer)) return this.#fillFrom(answer);
    this.state = 'install';
    this.#install = new Install();
  }

  #fillFrom(answer: ReplicateAnswer): void {
    if (this.#isGap || this.#port.mustSnapshot(this)) this.#startSnapshot();
    else this.#catchUpFrom(answer);
  }

  /** Goes on with the one that a failed request interrupted, if the follower is still the process that builds it. */
  #startSnapshot(): void {
    this.state = 'snapshot';
    this.#scanning = null;
    if (this.#snapshot !== null && this.#snapshot.start === this.start) return;
    this.#endSnapshot();
    this.#snapshot = this.#port.newSnapshot(this);
  }

  #endSnapshot(): void {
    if (this.#snapshot !== null) this.#port.closeView(this.#snapshot);
    this.#snapshot = null;
  }

  #catchUpFrom(answer: ReplicateAnswer): void {
    this.#endSnapshot();
    this.state = 'catch-up';
    this.#isLastPage = false;
    this.#hasPaged = false;
    this.#scanning = null;
    // A cursor is worth something in its own epoch only.
    this.#cursor = answer.cursorEpoch === this.#epoch ? maxVersion(answer.cursor, answer.watermark) : answer.watermark;
  }

  #pageAcked(page: PageHeader): void {
    this.#hasPaged = true;
    this.#cursor = maxVersion(this.#cursor, page.coversTo);
    // Why pages up to the last record that was streamed: older ones that were not due yet may be the first of the backlog, and the stream never
    // goes back for what was lost behind them.
    if (!this.#isLastPage || !this.#backlog.isWhole || isNewer(this.#streamedTo, this.#cursor)) return;
    this.#isLastPage = false;
    this.state = 'stream';
    this.#stream.take(this.#backlog.takeAll());
  }

  /** Nothing is queued or in flight, and still the follower is behind: it lost its memory of the stream. Read it from the store. */
  #closeGap(): void {
    const isQuiet = this.#inFlight.size === 0 && this.queued === 0;
    if (isQuiet && isNewer(this.#newest, this.watermark)) this.#startCatchUp();
  }

  #startCatchUp(): void {
    this.#unqueue();
    this.state = 'catch-up';
    this.#scanning = null;
    this.#isLastPage = false;
    this.#hasPaged = false;
    this.#cursor = this.watermark;
  }

  #toProbe(retryAt: Ms): void {
    if (this.state === 'stream') this.#unqueue();
    this.state = 'probe';
    this.#scanning = null;
    this.#isLastPage = false;
    this.#retryAt = retryAt;
  }

  #forget(): void {
    this.incarnation = null;
    this.start = null;
    this.isBlank = true;
    this.isCounted = false;
    this.watermark = ZERO;
    this.ackedThrough = ZERO;
    this.kMin = null;
  }

  /** What was queued for the stream is a backlog again, in version order. */
  #unqueue(): void {
    for (const entry of this.#stream.drain()) this.#backlog.push(entry);
    this.#limitBacklog();
  }

  #limitBacklog(): void {
    if (this.#backlog.size > this.#limits.queueRecords || this.#backlog.bytes > this.#limits.queueBytes) this.#backlog.collapse();
  }

  #sendEmpty(now: Ms): void {
    this.#send([], null, now);
  }

  #send(records: readonly KvRecord[], page: PageHeader | null, now: Ms): void {
    this.#mustSpeak = false;
    this.#sent(this.#port.send(this, records, page), records, page, now, null);
  }

  #sendInstall(now: Ms): void {
    const { after, rows } = this.#install;
    this.#sent(this.#port.install(this, after, rows), [], null, now, null);
  }

  #sent(request: number, records: readonly KvRecord[], page: PageHeader | null, now: Ms, part: SnapshotPart | null): void {
    this.#triedAt = now;
    this.#spokeAt = now;
    this.#inFlight.set(request, { records, page, part, knownWatermark: this.watermark, isOutdated: false });
  }
}
