/**
 * When a leader forgets deleted keys (SPEC 5): a tombstone goes once nobody can miss it any more.
 *
 * Invariant: a tombstone at or below the floor is committed, and held, or overtaken, by a majority and by every follower that was heard of lately. The
 * majority is what the next leader is found by. One that was away for longer may hold the deleted key still, and is told so by the floor: it is above its
 * watermark, and pages of changes will not do (link.ts, snapshot.ts).
 * Sources: CouchDB keeps a tombstone until its peers have checkpointed past it; Kafka keeps one for delete.retention.ms, and a reader that is slower misses it.
 */
import type { Ms } from '../lib/units.ts';
import { isNewer, maxVersion, type Version } from './version.ts';

export class Tombstones {
  #floor: Version;
  /** Durable here: what others may be told. */
  #durableFloor: Version;
  /** No tombstone above the floor is older. */
  #oldest: Version;
  /** Nor newer. */
  #newest: Version;
  readonly #everyMs: Ms;
  #lookAt: Ms;

  /**
   * @param head tombstones may stand anywhere between the floor and this
   * @param everyMs between two collections; each is a commit
   */
  constructor(floor: Version, head: Version, everyMs: Ms, now: Ms) {
    this.#floor = floor;
    this.#durableFloor = floor;
    this.#oldest = floor;
    this.#newest = head.seq === 0 ? floor : head;
    this.#everyMs = everyMs;
    this.#lookAt = now + everyMs;
  }

  /** Tombstones up to here are gone, or are just going. */
  get floor(): Version {
    return this.#floor;
  }

  get durableFloor(): Version {
    return this.#durableFloor;
  }

  admit(version: Version): void {
    if (!isNewer(this.#newest, this.#floor)) this.#oldest = version;
    this.#newest = version;
  }

  /**
   * The floor that is to be made durable now, if there is something to collect.
   * @param limit up to where tombstones may go
   */
  collect(now: Ms, limit: () => Version): Version | null {
    if (now < this.#lookAt || !isNewer(this.#newest, this.#floor)) return null;
    this.#lookAt = now + this.#everyMs;
    const to = limit();
    if (!isNewer(to, this.#floor) || isNewer(this.#oldest, to)) return null;
    this.#floor = to;
    this.#oldest = to;
    return to;
  }

  collected(to: Version): void {
    this.#durableFloor = maxVersion(this.#durableFloor, to);
  }
}
