/**
 * A node's disk: what is durable, and what was asked for and is not yet.
 *
 * The durable part is a store and the hard state, as in a data directory; the volatile part is a list of commits, each whole or nothing, because SQLite finds
 * a torn one by its checksum. A crash keeps a prefix of them. With `store: memory` a commit is there at once, and a crash takes everything.
 */
import type { Effect } from '../core/message.ts';
import type { HardState } from '../core/record.ts';
import { openMemoryStore } from '../store/memory.ts';
import type { Persisted } from '../store/store.ts';

export type Commit = Extract<Effect, { t: 'persist' | 'saveHard' }>;

export interface Frame {
  readonly commit: Commit;
  /** The node led when it asked for it: its records are new. */
  readonly isLeaders: boolean;
}

export class Disk {
  store = openMemoryStore();
  hard: HardState | null = null;
  /** Names the data directory. */
  incarnation: string;
  /** Commits fail while this is above 0: full, or broken. */
  failing = 0;
  /** Commits take long while this is above 0. */
  slow = 0;
  /** Commits end in the order in which they were asked for. */
  busyUntil = 0;
  readonly #frames: Frame[] = [];

  constructor(incarnation: string) {
    this.incarnation = incarnation;
  }

  /** Not durable yet, oldest first. */
  get frames(): readonly Frame[] {
    return this.#frames;
  }

  write(frame: Frame): void {
    this.#frames.push(frame);
  }

  has(frame: Frame): boolean {
    return this.#frames.includes(frame);
  }

  /** The oldest frame is durable now. Answers the rows that stood there before, of the keys that were asked for. */
  sync(): Persisted {
    const { commit } = this.#frames.shift() as Frame;
    if (commit.t === 'persist') {
      const { t, token, ...batch } = commit;
      return this.store.apply(batch);
    }
    this.hard = commit.state;
    return { previous: new Map() };
  }

  /** The oldest frame never happened. */
  drop(): void {
    this.#frames.shift();
  }

  wipe(incarnation: string): void {
    this.#frames.length = 0;
    this.store = openMemoryStore();
    this.hard = null;
    this.incarnation = incarnation;
  }
}
