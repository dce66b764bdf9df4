/**
 * What becomes of a write once it was handed on: acks are counted, the client is answered, once, and whoever waited for too long is told so.
 *
 * Invariant: a client hears success only of a write that its own store and `need` distinct followers hold (writes.ts, `isCommitted`), and nothing that it is
 * told stops the replication of the write.
 */
import type { Ms } from '../lib/units.ts';
import { Deadlines } from './deadlines.ts';
import type { Host } from './host.ts';
import type { Link } from './link.ts';
import type { KvRecord } from './record.ts';
import type { Trace } from './trace.ts';
import { formatVersion, type Version } from './version.ts';
import type { Write, Writes } from './writes.ts';

export class Settlement {
  readonly #writes: Writes;
  readonly #trace: Trace;
  /** Of the epoch: what is newer was written in it. */
  readonly #opening: Version;
  readonly #links: readonly Link[];
  readonly #host: Host;
  readonly #deadlines: Deadlines;
  #upLinks = 0;

  constructor(writes: Writes, trace: Trace, opening: Version, links: readonly Link[], failEarlyMs: Ms, host: Host) {
    this.#writes = writes;
    this.#trace = trace;
    this.#opening = opening;
    this.#links = links;
    this.#host = host;
    this.#deadlines = new Deadlines(failEarlyMs);
  }

  get areAllUp(): boolean {
    return this.#upLinks === this.#links.length;
  }

  /** When somebody will have waited for too long; Infinity if nobody waits. */
  get nextAt(): Ms {
    return this.#deadlines.nextAt();
  }

  /** True if it cannot have enough acks, as the links are. */
  admit(write: Write, now: Ms): boolean {
    this.#deadlines.add(write);
    const isShort = this.#upLinks < write.record.need;
    if (isShort) this.#deadlines.setShort(write, now);
    return isShort;
  }

  /**
   * A row of a page acks every older pending version of its key: a page ends before what is not due, so all of them are due. A record of the stream acks
   * itself alone, because an older version of its key may still be under way, and its ack must not beat its own delay.
   */
  acked(link: Link, record: KvRecord, isRow: boolean, now: Ms): void {
    if (record.version.epoch === this.#opening.epoch) this.#trace.acked(record.version.seq, link.index, now);
    if (isRow) {
      for (const write of this.#writes.heldWith(record.key, record.version)) this.#ack(write, link, now);
      return;
    }
    const write = record.version.epoch === this.#opening.epoch ? this.#writes.get(record.version.seq) : undefined;
    if (write !== undefined) this.#ack(write, link, now);
  }

  ackedThrough(link: Link, watermark: Version, now: Ms): void {
    const after = link.ackedThrough.epoch === this.#opening.epoch ? link.ackedThrough.seq : this.#opening.seq;
    link.ackedThrough = watermark;
    this.#trace.ackedThrough(after, watermark.seq, link.index, now);
    // By seq, because with a slow follower thousands of writes below the range may be pending.
    for (let seq = Math.max(after + 1, this.#writes.oldestSeq); seq <= watermark.seq; seq++) {
      const write = this.#writes.get(seq);
      if (write !== undefined) this.#ack(write, link, now);
    }
  }

  settleIfCommitted(write: Write, now: Ms): void {
    if (!this.#writes.isCommitted(write)) return;
    if (write.isWaiting) {
      const { version, need } = write.record;
      const timing = { storeMs: (write.storedAt ?? now) - write.admittedAt, quorumMs: now - write.admittedAt, floorMs: write.floorMs };
      this.#host.out({
        t: 'reply',
        id: write.id,
        result: { ok: true, version, acks: write.acks.count, need, existed: write.existed, ...timing },
      });
      this.#deadlines.remove(write);
    }
    this.#writes.settle(write);
  }

  expire(now: Ms): void {
    for (let write = this.#deadlines.popExpired(now); write !== null; write = this.#deadlines.popExpired(now)) {
      const { need } = write.record;
      const version = formatVersion(write.record.version);
      const why =
        now < write.deadlineAt
          ? 'too few followers answer'
          : `the deadline of ${Math.round(write.deadlineAt - write.admittedAt)} ms passed`;
      this.#fail(
        write,
        'quorum_not_met',
        `${write.acks.count} of ${need} followers acked ${version}: ${why}; the record stays and may commit later, so read it before you write again`,
      );
    }
  }

  /** After a link went up or down: which writes can no longer, or again, hope for enough acks? */
  countLinks(now: Ms): void {
    const up = this.#links.filter((link) => link.isUp);
    if (up.length === this.#upLinks) return;
    this.#upLinks = up.length;
    for (const write of this.#writes.all()) {
      if (!write.isWaiting || !write.mayFailEarly) continue;
      const hope = write.acks.count + up.filter((link) => !write.acks.has(link.index)).length;
      if (hope >= write.record.need) this.#deadlines.clearShort(write);
      else if (write.shortSince === null) this.#deadlines.setShort(write, now);
    }
  }

  /** The leadership is over: whoever waits hears that nobody knows. */
  stop(message: string): void {
    for (const write of [...this.#writes.all()]) if (write.isWaiting) this.#fail(write, 'deposed', message);
  }

  #ack(write: Write, link: Link, now: Ms): void {
    if (!write.acks.add(link.index)) return;
    this.#trace.acked(write.record.version.seq, link.index, now);
    this.settleIfCommitted(write, now);
  }

  #fail(write: Write, code: 'quorum_not_met' | 'deposed', message: string): void {
    const detail = { follower_acks: write.acks.count, required: write.record.need, version: formatVersion(write.record.version) };
    this.#host.out({ t: 'reply', id: write.id, result: { ok: false, code, message, detail } });
    this.#deadlines.remove(write);
    this.#writes.giveUp(write);
  }
}
