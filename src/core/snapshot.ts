/**
 * The leader's side of a snapshot: everything that one view of its store holds, part by part, for a follower that was away for so long that tombstones which
 * it lacks are gone. The follower builds it beside what it has (staging.ts) and swaps it in when it is whole.
 */
import type { ViewPart } from './message.ts';
import type { SnapshotPart } from './peer.ts';
import type { Version } from './version.ts';

export class Snapshot {
  readonly id: number;
  /** When it began. Until it is over no tombstone above this goes for its sake: what is deleted meanwhile comes after it, by pages. */
  readonly purgeFloor: Version;
  /** The process that builds it; another one knows nothing of it. */
  readonly start: number | null;
  /** The next part was asked for by this number. */
  #reading: number | null = null;
  #read: ViewPart | null = null;
  #stored = 0;

  constructor(id: number, purgeFloor: Version, start: number | null) {
    this.id = id;
    this.purgeFloor = purgeFloor;
    this.start = start;
  }

  /** Read, and not known to be stored by the follower: it is sent until it is. */
  get next(): ViewPart | null {
    return this.#read;
  }

  get isReading(): boolean {
    return this.#reading !== null;
  }

  asked(token: number): void {
    this.#reading = token;
  }

  /** False if it was not asked for. */
  read(token: number, part: ViewPart): boolean {
    if (token !== this.#reading) return false;
    this.#reading = null;
    this.#read = part;
    return true;
  }

  /** What goes with the rows of that part. */
  header({ entries, end }: ViewPart): SnapshotPart {
    return { id: this.id, part: this.#stored, ...(entries.length > 0 ? { entries } : {}), end };
  }

  stored(): void {
    this.#read = null;
    this.#stored += 1;
  }
}
