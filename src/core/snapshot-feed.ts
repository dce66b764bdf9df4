/**
 * The snapshot that a link is sending, if it is sending one: begun, gone on with after a failed request, and over.
 *
 * Invariant: at most one view of the store is open for a link, and it is closed as soon as nobody builds what it tells.
 */
import { assert } from '../lib/assert.ts';
import type { Addressee, LinkPort } from './link-port.ts';
import type { ViewPart } from './message.ts';
import type { SnapshotPart } from './peer.ts';
import type { Snapshot } from './snapshot.ts';
import { maxVersion, type Version } from './version.ts';

export class SnapshotFeed {
  readonly #port: LinkPort;
  #snapshot: Snapshot | null = null;
  /** The follower said that it needs a snapshot, whatever is known here. */
  #isGap = false;

  constructor(port: LinkPort) {
    this.#port = port;
  }

  get isNeeded(): boolean {
    return this.#isGap;
  }

  /** The store was asked for the next part. */
  get isReading(): boolean {
    return this.#snapshot?.isReading ?? false;
  }

  /** Tombstones above this are to stay, for a follower that holds everything up to there. */
  collectableTo(heldTo: Version): Version {
    return this.#snapshot === null ? heldTo : maxVersion(heldTo, this.#snapshot.purgeFloor);
  }

  /** Goes on with the one that a failed request interrupted, if the follower is still the process that builds it. */
  begin(link: Addressee): void {
    if (this.#snapshot !== null && this.#snapshot.start === link.start) return;
    this.end();
    this.#snapshot = this.#port.newSnapshot(link);
  }

  end(): void {
    if (this.#snapshot !== null) this.#port.closeView(this.#snapshot);
    this.#snapshot = null;
  }

  /** The follower refused what it was sent: nothing but a snapshot from the beginning will do. */
  refusedGap(): void {
    this.end();
    this.#isGap = true;
  }

  /** True if the part was asked for here; also if the link failed meanwhile, for the view has moved on. */
  read(token: number, part: ViewPart): boolean {
    return this.#snapshot?.read(token, part) ?? false;
  }

  /** The part to send; null: the store is asked for it. */
  next(): ViewPart | null {
    const snapshot = this.#snapshot;
    assert(snapshot !== null, 'a link that is in state snapshot has begun one');
    if (snapshot.isReading) return null;
    if (snapshot.next === null) snapshot.asked(this.#port.readView(snapshot));
    return snapshot.next;
  }

  /** What goes with the rows of that part. */
  header(part: ViewPart): SnapshotPart {
    assert(this.#snapshot !== null, 'a part is of the snapshot that was begun');
    return this.#snapshot.header(part);
  }

  /** True if the follower has the whole of it now. */
  acked(part: SnapshotPart): boolean {
    if (part.id !== this.#snapshot?.id) return false;
    this.#snapshot.stored();
    if (part.end === null) return false;
    this.#isGap = false;
    return true;
  }
}
