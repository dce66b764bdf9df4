/**
 * The leader's side of one follower: probe, catch-up or stream, as in etcd raft's Progress (tracker/progress.go).
 *
 * - probe: one empty request until the follower answers with its position; then
 * - install, if it may hold rows that the lineage does not have: it names them, and gets what the lineage has of their keys (reconcile.ts); then
 * - snapshot, if tombstones that it lacks are gone: everything that the store holds, part by part; then
 * - catch-up: pages of changes out of the store, one in flight; then
 * - stream: every record at the later of due and locally durable, in batches, WINDOW requests in flight.
 * Any error returns it to probe, with backoff, for ever (pace.ts). This file decides what leaves when; what an ack means is the leader's (leader.ts).
 *
 * Invariant: it streams if and only if its outbox does (outbox.ts). A page ends before the first of the outbox's backlog, so no ack can beat the floor that
 * its delay sets.
 */
import type { Ms } from '../lib/units.ts';
import { Install, type Rows } from './install.ts';
import type { Addressee, LinkLimits, LinkPort } from './link-port.ts';
import type { ViewPart } from './message.ts';
import { Outbox } from './outbox.ts';
import { Pace } from './pace.ts';
import type { InstallAnswer, NodeId, PageHeader, ReplicateAnswer, SnapshotPart } from './peer.ts';
import type { KvRecord } from './record.ts';
import { SnapshotFeed } from './snapshot-feed.ts';
import { compareVersions, isNewer, maxVersion, type Version, ZERO } from './version.ts';

/** As long as a view is open the store's log grows, so a snapshot does not wait longer for a follower that does not answer. */
const VIEW_KEEP_MS: Ms = 10_000;

export type LinkState = 'probe' | 'install' | 'snapshot' | 'catch-up' | 'stream';

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

export class Link implements Addressee {
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
  readonly #outbox: Outbox;
  readonly #pace: Pace;
  readonly #feed: SnapshotFeed;
  readonly #inFlight = new Map<number, InFlight>();
  #cursor: Version = ZERO;
  /** The page, or the rows of an install, that the store was asked for. */
  #scanning: number | null = null;
  #install = new Install();
  /** The page in flight ends where the backlog begins: after its ack the backlog becomes the stream. */
  #isLastPage = false;
  #hasPaged = false;

  constructor(node: NodeId, index: number, head: Version, limits: LinkLimits, port: LinkPort) {
    this.node = node;
    this.index = index;
    this.#epoch = head.epoch;
    this.#limits = limits;
    this.#port = port;
    this.#pace = new Pace(limits);
    this.#feed = new SnapshotFeed(port);
    this.#outbox = new Outbox(head, limits, (now) => (port.losesNext(this) ? now + limits.retransmitMs + port.drawAgain(this) : null));
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  get queued(): number {
    return this.#outbox.size;
  }

  /** The follower holds everything up to here. Where it stands in another epoch says nothing about this one's lineage. */
  get heldTo(): Version {
    return this.watermark.epoch === this.#epoch && !this.isBlank ? this.watermark : ZERO;
  }

  /** Tombstones above this are to stay for this follower. */
  get collectableTo(): Version {
    return this.#feed.collectableTo(this.heldTo);
  }

  /** A record was accepted; it may leave from `dueAt` on, once durable. */
  admit(record: KvRecord, dueAt: Ms, now: Ms): void {
    if (!this.#outbox.admit(record, dueAt, now)) this.#startCatchUp();
  }

  /**
   * Sends what may leave now.
   * @param durable the newest version that the leader's store holds
   */
  pump(now: Ms, durable: Version): void {
    this.#outbox.becomeDurable(durable);
    if (this.state === 'stream') this.#pumpStream(now);
    else {
      if (this.#inFlight.size > 0 || this.#scanning !== null) return;
      this.#outbox.release(now);
      if (this.state === 'catch-up') this.#pumpCatchUp(now);
      else if (this.state === 'install') this.#sendInstall(now);
      else if (this.state === 'snapshot') this.#pumpSnapshot(now);
      else if (now >= this.#pace.retryAt) this.#sendEmpty(now);
    }
  }

  /** When the next record of the stream is due; the one time that must be kept exactly. Infinity if none is queued. */
  dueAt(): Ms {
    return this.#outbox.streamDueAt();
  }

  /** When `pump` has something else to do although nothing arrives; Infinity if never. */
  wakeAt(now: Ms): Ms {
    if (this.#inFlight.size > 0 || this.#scanning !== null) return Number.POSITIVE_INFINITY;
    if (this.state === 'stream') return this.#pace.heartbeatAt;
    if (this.state === 'probe') return this.#pace.retryAt;
    if (this.state === 'install') return now;
    // What is due already waits for the store, and the store's answer is an input.
    const firstDueAt = this.#outbox.backlogDueAt();
    const dueAt = firstDueAt > now ? firstDueAt : Number.POSITIVE_INFINITY;
    return this.state === 'snapshot' && this.#feed.isReading ? Number.POSITIVE_INFINITY : Math.min(dueAt, this.#pace.heartbeatAt);
  }

  /** A new write hopes for this follower, or cannot do without it: a probe need not wait for the backoff. */
  hurry(now: Ms, isNeeded: boolean): void {
    if (this.state === 'probe' && this.#inFlight.size === 0) this.#pace.hurry(now, isNeeded);
  }

  /** A new k_min must be told soon, records or not; what the follower recorded so far says nothing of it. */
  speak(): void {
    this.#pace.speakSoon();
    this.kMin = null;
    for (const sent of this.#inFlight.values()) sent.isOutdated = true;
  }

  /** Something is to be asked soon, records or not. */
  ask(): void {
    this.#pace.speakSoon();
  }

  scanned(token: number, page: PageHeader, rows: readonly KvRecord[], now: Ms): void {
    if (token !== this.#scanning || this.state !== 'catch-up') return;
    this.#scanning = null;
    const end = this.#outbox.before(this.#epoch) ?? page.head;
    this.#isLastPage = compareVersions(page.coversTo, end) >= 0;
    this.#send(rows, page, now);
  }

  /** The next part of the snapshot. */
  viewRead(token: number, part: ViewPart, now: Ms): void {
    if (this.#feed.read(token, part) && this.state === 'snapshot' && this.#inFlight.size === 0) this.#sendPart(part, now);
  }

  /** The leadership is over. */
  stop(): void {
    this.#feed.end();
  }

  /** The rows for what the follower named. */
  found(token: number, rows: Rows): void {
    if (token !== this.#scanning || this.state !== 'install') return;
    this.#scanning = null;
    this.#install.found(rows, this.#limits.batchBytes);
    // The follower comes to hold rows that a view of before does not have.
    if (this.#install.rows.size > 0) this.#feed.end();
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
    if (!this.#feed.isNeeded) this.#pace.answered();
    if (!sent.isOutdated) this.kMin = answer.kMin;
    const isOther = this.incarnation !== null && this.incarnation !== answer.incarnation;
    // Only a rollback may lower it, and that is what an install is for.
    if (isOther || (this.state !== 'install' && isNewer(sent.knownWatermark, answer.watermark))) {
      this.#startAnew(now);
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
    else if (this.state === 'snapshot' && sent.part !== null) {
      if (this.#feed.acked(sent.part)) this.#catchUpFrom(answer);
    } else if (this.state === 'stream') this.#closeGap();
    return sent;
  }

  failed(request: number, now: Ms): void {
    if (!this.#inFlight.delete(request)) return;
    this.isUp = false;
    if (now > (this.answeredAt ?? 0) + VIEW_KEEP_MS) this.#feed.end();
    this.#pace.backOff(now, this.#port.jitter());
    this.#toProbe();
  }

  /** The follower refused the request: nothing but a snapshot from the beginning will do. */
  refusedGap(request: number, now: Ms): void {
    if (!this.#inFlight.has(request)) return;
    this.#feed.refusedGap();
    this.failed(request, now);
  }

  /** The follower is another than the one we knew: nothing that it acked is worth anything. */
  reset(request: number, now: Ms): void {
    this.#inFlight.delete(request);
    this.isUp = true;
    this.answeredAt = now;
    this.#startAnew(now);
  }

  #pumpStream(now: Ms): void {
    this.#outbox.release(now);
    while (this.#inFlight.size < this.#limits.window && this.#outbox.isReady) this.#send(this.#outbox.nextBatch(), null, now);
    const isIdle = this.#inFlight.size === 0 && now >= this.#pace.heartbeatAt;
    if (isIdle || (this.#pace.mustSpeak && this.#inFlight.size < this.#limits.window)) this.#sendEmpty(now);
  }

  #pumpSnapshot(now: Ms): void {
    const part = this.#feed.next();
    if (part !== null) this.#sendPart(part, now);
  }

  #sendPart(part: ViewPart, now: Ms): void {
    // With the last part the follower holds, hence acks, everything up to the head of the view, so that must be due, and waits as a page does.
    const before = this.#outbox.before(this.#epoch);
    if (part.end !== null && before !== null && isNewer(part.end.head, before)) return this.#sendNews(now);
    const header = this.#feed.header(part);
    this.#pace.told();
    this.#sent(this.#port.sendPart(this, part.rows, header), [], null, now, header);
  }

  #pumpCatchUp(now: Ms): void {
    // It may have been away for so long while a page was under way.
    if (this.#port.mustSnapshot(this)) {
      this.#startSnapshot();
      return this.#pumpSnapshot(now);
    }
    // What is accepted after this moment may be in the page's view without being due, so even an empty backlog gives the page an end.
    const until = this.#outbox.before(this.#epoch) ?? this.#outbox.newest;
    // One page at least, for it tells the follower how far to go; after that only when there is something to read.
    if (!this.#hasPaged || isNewer(until, this.#cursor)) this.#scanning = this.#port.scan(this, this.#cursor, until);
    else this.#sendNews(now);
  }

  /** What is to be told or asked, or a heartbeat, while nothing else may leave. */
  #sendNews(now: Ms): void {
    if (this.#pace.mustSpeak || now >= this.#pace.heartbeatAt) this.#sendEmpty(now);
  }

  #found(answer: ReplicateAnswer): void {
    if (answer.watermark.epoch === this.#epoch || !this.#port.mustInstall(answer)) return this.#fillFrom(answer);
    this.state = 'install';
    this.#install = new Install();
  }

  #fillFrom(answer: ReplicateAnswer): void {
    if (this.#feed.isNeeded || this.#port.mustSnapshot(this)) this.#startSnapshot();
    else this.#catchUpFrom(answer);
  }

  #startSnapshot(): void {
    this.state = 'snapshot';
    this.#scanning = null;
    this.#feed.begin(this);
  }

  #catchUpFrom(answer: ReplicateAnswer): void {
    this.#feed.end();
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
    if (!this.#isLastPage || !this.#outbox.startStream(this.#cursor)) return;
    this.#isLastPage = false;
    this.state = 'stream';
  }

  /** Nothing is queued or in flight, and still the follower is behind: it lost its memory of the stream. Read it from the store. */
  #closeGap(): void {
    const isQuiet = this.#inFlight.size === 0 && this.queued === 0;
    if (isQuiet && isNewer(this.#outbox.newest, this.watermark)) this.#startCatchUp();
  }

  #startCatchUp(): void {
    this.#outbox.stopStream();
    this.state = 'catch-up';
    this.#scanning = null;
    this.#isLastPage = false;
    this.#hasPaged = false;
    this.#cursor = this.watermark;
  }

  #toProbe(): void {
    this.#outbox.stopStream();
    this.state = 'probe';
    this.#scanning = null;
    this.#isLastPage = false;
  }

  /** Nothing of what was known of the follower holds. */
  #startAnew(now: Ms): void {
    this.incarnation = null;
    this.start = null;
    this.isBlank = true;
    this.isCounted = false;
    this.watermark = ZERO;
    this.ackedThrough = ZERO;
    this.kMin = null;
    this.#pace.retry(now);
    this.#toProbe();
  }

  #sendEmpty(now: Ms): void {
    this.#send([], null, now);
  }

  #send(records: readonly KvRecord[], page: PageHeader | null, now: Ms): void {
    this.#pace.told();
    this.#sent(this.#port.send(this, records, page), records, page, now, null);
  }

  #sendInstall(now: Ms): void {
    const { after, rows } = this.#install;
    this.#sent(this.#port.install(this, after, rows), [], null, now, null);
  }

  #sent(request: number, records: readonly KvRecord[], page: PageHeader | null, now: Ms, part: SnapshotPart | null): void {
    this.#pace.spoke(now);
    this.#inFlight.set(request, { records, page, part, knownWatermark: this.watermark, isOutdated: false });
  }
}
