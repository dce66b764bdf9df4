/**
 * Writes that are sent again with their `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): one key takes one version at most.
 *
 * The leader's table knows the keys of writes without their quorum, the store knows all of the others: an entry is durable with its record and
 * replicated with it. Once the first request was answered, a retry waits in its place, for the quorum of the very same version; while it waits, a
 * second is refused.
 * Invariant: a retry's success tells no fewer acks than the write needed, also after the leader was started again.
 */
import type { Ms } from '../lib/units.ts';
import type { Host } from './host.ts';
import type { PutInput, WriteFailure } from './message.ts';
import { entryOf, type IdempotencyEntry } from './record.ts';
import { formatVersion } from './version.ts';
import type { Writes } from './writes.ts';

/** Who holds a write's version. */
export interface Holders {
  readonly acks: number;
  /** Acks that it may have soon: those, and the links that are up. */
  readonly hope: number;
}

export interface RetryLimits {
  readonly quorumTimeoutMs: Ms;
  readonly failEarlyMs: Ms;
}

interface Retry {
  readonly id: number;
  readonly original: IdempotencyEntry;
  readonly arrivedAt: Ms;
  readonly deadlineAt: Ms;
}

export class Retries {
  readonly #writes: Writes;
  readonly #limits: RetryLimits;
  readonly #host: Host;
  readonly #holders: (original: IdempotencyEntry) => Holders;
  /** By `Idempotency-Key`. */
  readonly #waiting = new Map<string, Retry>();

  constructor(writes: Writes, limits: RetryLimits, host: Host, holders: (original: IdempotencyEntry) => Holders) {
    this.#writes = writes;
    this.#limits = limits;
    this.#host = host;
    this.#holders = holders;
  }

  get deadlineAt(): Ms {
    let at = Number.POSITIVE_INFINITY;
    for (const retry of this.#waiting.values()) at = Math.min(at, retry.deadlineAt);
    return at;
  }

  /** True if the write is no new one: it was answered, or waits here. */
  take(input: PutInput, now: Ms): boolean {
    const asked = input.idempotency;
    if (asked === undefined) return false;
    const pending = this.#writes.keyed(asked.key);
    const original = pending === undefined ? asked.stored : entryOf(pending.record);
    if (original === null) return false;
    if (original.fingerprint !== asked.fingerprint) this.#fail(input.id, mismatch(original));
    else if (pending?.isWaiting || this.#waiting.has(asked.key)) this.#fail(input.id, inFlight(original));
    else {
      const isHopeless = input.timeoutMs === null && this.#holders(original).hope < original.need;
      const patienceMs = isHopeless ? this.#limits.failEarlyMs : (input.timeoutMs ?? this.#limits.quorumTimeoutMs);
      this.#waiting.set(asked.key, { id: input.id, original, arrivedAt: now, deadlineAt: now + patienceMs });
      this.look(now);
    }
    return true;
  }

  /** Something was acked or stored: whose write has its quorum now? */
  look(now: Ms): void {
    for (const [key, { id, original, arrivedAt }] of this.#waiting) {
      const { version, need, existed } = original;
      if (this.#writes.keyed(key) !== undefined) continue;
      const { acks } = this.#holders(original);
      if (acks < need) continue;
      this.#waiting.delete(key);
      const timing = { storeMs: 0, quorumMs: now - arrivedAt, floorMs: 0 };
      this.#host.out({ t: 'reply', id, result: { ok: true, version, acks, need, existed, isReplayed: true, ...timing } });
    }
  }

  expire(now: Ms): void {
    for (const [key, retry] of this.#waiting) {
      if (retry.deadlineAt > now) continue;
      const waitedMs = Math.round(retry.deadlineAt - retry.arrivedAt);
      const why = `still too few followers ${waitedMs} ms after it was sent again; the record stays and may commit later, so send it again, or read it before you write anew`;
      this.#giveUp(key, retry, 'quorum_not_met', why);
    }
  }

  /** The leadership is over. */
  stop(message: string): void {
    for (const [key, retry] of this.#waiting) this.#giveUp(key, retry, 'deposed', message);
  }

  #giveUp(key: string, { id, original }: Retry, code: 'quorum_not_met' | 'deposed', why: string): void {
    this.#waiting.delete(key);
    const { acks } = this.#holders(original);
    const version = formatVersion(original.version);
    const message = code === 'deposed' ? why : `${acks} of ${original.need} followers acked ${version}: ${why}`;
    this.#fail(id, { ok: false, code, message, detail: { follower_acks: acks, required: original.need, version } });
  }

  #fail(id: number, result: WriteFailure): void {
    this.#host.out({ t: 'reply', id, result });
  }
}

function mismatch({ key, version }: IdempotencyEntry): WriteFailure {
  const taken = formatVersion(version);
  const message = `expected the write that first came with Idempotency-Key ${key} (same method, key, value and quorum), which took version ${taken}, got another: give a new write a new key`;
  return { ok: false, code: 'idempotency_mismatch', message, detail: { idempotency_key: key, version: taken } };
}

function inFlight({ key, version }: IdempotencyEntry): WriteFailure {
  const taken = formatVersion(version);
  const message = `the first request with Idempotency-Key ${key}, which took version ${taken}, still waits for its quorum; ask again once it was answered or gave up`;
  return { ok: false, code: 'idempotency_in_flight', message, detail: { idempotency_key: key, version: taken } };
}
