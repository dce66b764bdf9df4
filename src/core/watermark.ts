/**
 * How far a follower's data goes: the watermark and the cursor of a running scan, two numbers that are never mixed.
 *
 * Invariant (honesty): for every key the follower holds at least the newest version <= watermark.
 * Why the watermark may move to the head of the *last* page only: rows move while a scan runs. A key written at 40 when page
 * one was read may stand at 90 when page two is read; the page that covers 40 does not carry it. Only in the last page's
 * view is every key's newest version <= its head in a page that has arrived, or in the stream. The head at the scan's start is not enough.
 * Source: CouchDB's _changes feed ("only the most recent change for a given document is guaranteed to be provided").
 */
import type { PageHeader } from './peer.ts';
import type { History, Position } from './record.ts';
import { SeqWindow } from './seq-window.ts';
import { compareVersions, isNewer, maxVersion, type Version } from './version.ts';

export class Watermark {
  #watermark: Version;
  #cursor: Version;
  #cursorEpoch: number;
  /** The head of the last page, which must be covered before the watermark moves; null: no page yet, nothing will do. */
  #goal: Version | null = null;
  #isScanning: boolean;
  #epoch: number;
  #history: History;
  /** Of the epoch that is to be reached, as its leader tells it. */
  #historyThen: History | null = null;
  /** Seqs of the epoch that the stream brought, above the scan's or the watermark's end. */
  readonly #streamed = new SeqWindow();

  /** @param epoch the epoch promised, whose stream and pages will come */
  constructor(position: Position, epoch: number) {
    this.#watermark = position.watermark;
    this.#epoch = epoch;
    this.#history = position.history;
    const isResumable = position.cursorEpoch === epoch && isNewer(position.cursor, position.watermark);
    this.#cursor = isResumable ? position.cursor : position.watermark;
    this.#cursorEpoch = epoch;
    this.#isScanning = isResumable || position.watermark.epoch !== epoch;
  }

  /** A newer leader: what the old one streamed and scanned says nothing about the new one's order. */
  enterEpoch(epoch: number): void {
    this.#epoch = epoch;
    this.#cursor = this.#watermark;
    this.#cursorEpoch = epoch;
    this.#goal = null;
    this.#historyThen = null;
    this.#isScanning = this.#watermark.epoch !== epoch;
    this.#streamed.clear();
  }

  /** How the promised epoch came about: this node's own history from the moment when it reaches the epoch. */
  hears(history: History): void {
    this.#historyThen = history;
  }

  get watermark(): Version {
    return this.#watermark;
  }

  get hasReachedEpoch(): boolean {
    return this.#watermark.epoch === this.#epoch;
  }

  /** Below or at this, the follower holds this version of a key or a newer one. */
  covers(version: Version): boolean {
    return compareVersions(version, this.#watermark) <= 0;
  }

  /** One record of the stream is being stored. It covers exactly its own version. */
  stream(version: Version): void {
    if (version.epoch !== this.#epoch) return;
    this.#streamed.add(version.seq, this.#end().seq);
    this.#advance();
  }

  /**
   * A page is being stored. One that does not begin where this scan stands covers nothing that could be told, and one that ends
   * before it is late: its head is older than the view of the pages that came after it.
   */
  page(page: PageHeader): void {
    if (isNewer(page.since, this.#end()) || isNewer(this.#end(), page.coversTo)) return;
    if (!this.#isScanning) {
      this.#isScanning = true;
      this.#cursor = this.#watermark;
    }
    this.#cursor = maxVersion(this.#cursor, page.coversTo);
    this.#cursorEpoch = this.#epoch;
    this.#goal = this.#goal === null ? page.head : maxVersion(this.#goal, page.head);
    this.#advance();
  }

  /** @param purgeFloor what the node collected, or is to collect with this position: as far as it holds everything, in the epoch that it follows */
  position(kMin: number | null, purgeFloor: Version): Position {
    const cursorEpoch = this.#cursorEpoch;
    return { watermark: this.#watermark, cursor: this.#end(), cursorEpoch, kMin, history: this.#history, purgeFloor };
  }

  #end(): Version {
    return this.#isScanning ? this.#cursor : this.#watermark;
  }

  #advance(): void {
    const end = this.#end();
    // The stream's seqs are those of this epoch, so they say nothing about a scan that still stands in an older one.
    const covered = end.epoch === this.#epoch ? { epoch: end.epoch, seq: this.#streamed.contiguousFrom(end.seq) } : end;
    if (!this.#isScanning) {
      this.#watermark = covered;
      return;
    }
    if (this.#goal === null || isNewer(this.#goal, covered)) return;
    this.#watermark = maxVersion(this.#watermark, covered);
    this.#isScanning = false;
    this.#goal = null;
    if (this.hasReachedEpoch && this.#historyThen !== null) this.#history = this.#historyThen;
  }
}
