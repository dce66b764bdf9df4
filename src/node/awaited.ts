/**
 * Reads that wait until this node holds what they ask for: looked at again whenever it may have come to hold more.
 *
 * Invariant: every wait ends, by its condition, by its limit of time or by `stop`; so many wait at once, and no more.
 */
import { KvctlError } from '../wire/errors.ts';

/** Each is looked at after every commit. */
const MAX_WAITING = 1_000;

interface Waiting {
  readonly isReached: () => boolean;
  readonly end: (error: KvctlError | null) => void;
}

export class Awaited {
  readonly #waiting = new Set<Waiting>();
  #stopped: KvctlError | null = null;

  /** Resolves to true once `isReached`, or to false after `timeoutMs`. Throws `overloaded` if too many wait, and what `stop` was given. */
  wait(isReached: () => boolean, timeoutMs: number): Promise<boolean> {
    if (isReached()) return Promise.resolve(true);
    if (this.#stopped !== null) return Promise.reject(this.#stopped);
    if (this.#waiting.size >= MAX_WAITING) {
      const message = `expected fewer than ${MAX_WAITING} reads to wait for a version: try again, or read without min_version`;
      return Promise.reject(new KvctlError('overloaded', message, { waiting: this.#waiting.size }));
    }
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        isReached,
        end: (error) => {
          clearTimeout(timer);
          this.#waiting.delete(waiting);
          if (error === null) resolve(isReached());
          else reject(error);
        },
      };
      const timer = setTimeout(() => waiting.end(null), timeoutMs);
      this.#waiting.add(waiting);
    });
  }

  /** The node may hold more than before. */
  look(): void {
    for (const waiting of this.#waiting) if (waiting.isReached()) waiting.end(null);
  }

  stop(error: KvctlError): void {
    this.#stopped = error;
    for (const waiting of this.#waiting) waiting.end(error);
  }
}
