/**
 * The records that a link still owes its follower: a backlog that the store covers, or a stream that it carries itself.
 *
 * Invariant: while it streams, every accepted record above the last page's coversTo is queued here or was sent. Otherwise the backlog holds, in version order,
 * the records that are not due (or not durable) yet, and everything older can be read from the store.
 */
import type { Ms } from '../lib/units.ts';
import { Backlog } from './backlog.ts';
import type { LinkLimits } from './link-port.ts';
import type { KvRecord } from './record.ts';
import { StreamQueue } from './stream-queue.ts';
import { isNewer, maxVersion, type Version, ZERO } from './version.ts';

export class Outbox {
  readonly #limits: LinkLimits;
  readonly #backlog = new Backlog();
  readonly #stream: StreamQueue;
  #isStreaming = false;
  #newest: Version;
  #durable: Version;
  /** A broken link may have lost it, and a restarted follower forgets what it had above its watermark. */
  #streamedTo: Version = ZERO;

  /** @param dueAgain when a record whose attempt is lost is due again; null: it is not lost. Draws. */
  constructor(head: Version, limits: LinkLimits, dueAgain: (now: Ms) => Ms | null) {
    this.#limits = limits;
    this.#newest = head;
    this.#durable = head;
    this.#stream = new StreamQueue(limits, dueAgain);
  }

  get size(): number {
    return this.#backlog.size + this.#stream.size;
  }

  /** The newest record that was accepted. */
  get newest(): Version {
    return this.#newest;
  }

  /** The stream has a record to send. */
  get isReady(): boolean {
    return this.#stream.isReady;
  }

  /** False if the stream grew too long: it is to end, and the follower to be filled from the store. */
  admit(record: KvRecord, dueAt: Ms, now: Ms): boolean {
    const entry = { record, dueAt };
    this.#newest = record.version;
    if (!this.#isStreaming) {
      this.#backlog.push(entry);
      this.#limitBacklog();
      return true;
    }
    this.#stream.add(entry, now, this.#durable);
    return this.size <= this.#limits.queueRecords && this.#stream.bytes <= this.#limits.queueBytes;
  }

  becomeDurable(durable: Version): void {
    if (!isNewer(durable, this.#durable)) return;
    this.#durable = durable;
    this.#stream.becomeDurable(durable);
  }

  /** Lets go of what is due and durable: the stream to be sent, the backlog to be read from the store. */
  release(now: Ms): void {
    if (this.#isStreaming) this.#stream.release(now, this.#durable);
    else this.#backlog.release(now, this.#durable);
  }

  /** The records of the stream's next request. */
  nextBatch(): KvRecord[] {
    const batch = this.#stream.nextBatch();
    for (const { version } of batch) this.#streamedTo = maxVersion(this.#streamedTo, version);
    return batch;
  }

  /** When the next record of the stream is due; Infinity if none waits for that. */
  streamDueAt(): Ms {
    return this.#isStreaming ? this.#stream.dueAt() : Number.POSITIVE_INFINITY;
  }

  /** When the first of the backlog is due; Infinity if there is none. */
  backlogDueAt(): Ms {
    return this.#backlog.firstDueAt();
  }

  /** The last version of `epoch` below everything that the backlog holds back; null if nothing is. */
  before(epoch: number): Version | null {
    return this.#backlog.before(epoch);
  }

  /**
   * The follower has everything that the backlog does not hold, so that it becomes the stream, if it may.
   * @param cursor up to where pages told the follower of the store
   */
  startStream(cursor: Version): boolean {
    // Why pages up to the last record that was streamed: older ones that were not due yet may be the first of the backlog, and the stream never
    // goes back for what was lost behind them.
    if (!this.#backlog.isWhole || isNewer(this.#streamedTo, cursor)) return false;
    this.#isStreaming = true;
    this.#stream.take(this.#backlog.takeAll());
    return true;
  }

  /** What was queued for the stream is a backlog again, in version order. */
  stopStream(): void {
    if (!this.#isStreaming) return;
    this.#isStreaming = false;
    for (const entry of this.#stream.drain()) this.#backlog.push(entry);
    this.#limitBacklog();
  }

  #limitBacklog(): void {
    if (this.#backlog.size > this.#limits.queueRecords || this.#backlog.bytes > this.#limits.queueBytes) this.#backlog.collapse();
  }
}
