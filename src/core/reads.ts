/**
 * Reads at the leader: each is answered once, with what is committed, as soon as the store has told what that is; a linearizable one after a majority said,
 * in a round begun after it arrived, that nobody else leads (confirmations.ts).
 */
import type { Ms } from '../lib/units.ts';
import { Confirmations } from './confirmations.ts';
import type { Host } from './host.ts';
import type { WriteFailure } from './message.ts';
import type { Writes } from './writes.ts';

export class Reads {
  readonly #nodeId: string;
  readonly #timeoutMs: Ms;
  readonly #writes: Writes;
  readonly #host: Host;
  readonly #confirmations: Confirmations;
  /** By their request. */
  readonly #waiting = new Set<number>();

  constructor(nodeId: string, majority: number, timeoutMs: Ms, writes: Writes, host: Host) {
    this.#nodeId = nodeId;
    this.#timeoutMs = timeoutMs;
    this.#writes = writes;
    this.#host = host;
    this.#confirmations = new Confirmations(majority);
  }

  get deadlineAt(): Ms {
    return this.#confirmations.deadlineAt;
  }

  /** True if a majority must be asked. */
  read(id: number, key: string, isLinearizable: boolean, now: Ms): boolean {
    this.#waiting.add(id);
    if (!isLinearizable) {
      this.#answer(id, key);
      return false;
    }
    this.#confirmations.add(this.#host.token(), now + this.#timeoutMs, (missing) => {
      if (missing === 0) this.#answer(id, key);
      else if (this.#waiting.delete(id)) this.#host.out({ t: 'readFailed', id, result: this.#unconfirmed(missing) });
    });
    return this.#confirmations.isWaiting;
  }

  /** The follower with this index answered the request in this epoch, and is not blank. */
  confirmedBy(follower: number, request: number): void {
    this.#confirmations.confirmedBy(follower, request);
  }

  expire(now: Ms): void {
    this.#confirmations.expire(now);
  }

  stop(message: string): void {
    for (const id of this.#waiting) this.#host.out({ t: 'readFailed', id, result: { ok: false, code: 'deposed', message, detail: {} } });
    this.#waiting.clear();
    this.#confirmations.stop();
  }

  #answer(id: number, key: string): void {
    this.#writes.committed(key, (record) => {
      if (this.#waiting.delete(id)) this.#host.out({ t: 'readReady', id, record });
    });
  }

  #unconfirmed(missing: number): WriteFailure {
    const message = `expected a majority to confirm within ${Math.round(this.#timeoutMs)} ms that nobody else leads, but ${missing} more would have had to answer ${this.#nodeId}: read=committed answers without asking`;
    return { ok: false, code: 'not_caught_up', message, detail: { missing } };
  }
}
