/**
 * The requests that wait for a follower: in the order in which they came, and the one that a blank node puts aside.
 *
 * Invariant: whoever was answered waits no more, and every other request is still to be answered.
 */
import type { Host } from './host.ts';
import type { ChangesRequest, FenceRequest, InstallRequest, PeerAnswer, ReplicateRequest } from './peer.ts';

/** What a follower does one after the other. */
export type SerialRequest = ReplicateRequest | InstallRequest | FenceRequest | ChangesRequest;

export interface Queued {
  readonly id: number;
  readonly message: SerialRequest;
}

export class Inbox {
  readonly #host: Host;
  readonly #queue: Queued[] = [];
  /** What a leader sent to a node without hard state: it waits aside for the recovery, lest a birth's fence waits behind it for ever. */
  #aside: Queued | null = null;

  constructor(host: Host) {
    this.#host = host;
  }

  get first(): Queued | undefined {
    return this.#queue[0];
  }

  /** By their ids. */
  get waiting(): readonly number[] {
    const ids = this.#queue.map(({ id }) => id);
    return this.#aside === null ? ids : [...ids, this.#aside.id];
  }

  push(request: Queued): void {
    this.#queue.push(request);
  }

  /** The first one is taken; whoever takes it answers it later. */
  shift(): void {
    this.#queue.shift();
  }

  /** Puts the first one aside, and gives up the one that was there: its id is to be answered. */
  putAside(): number | null {
    const before = this.#aside;
    this.#aside = this.#queue.shift() ?? null;
    return before?.id ?? null;
  }

  /** What was put aside comes first now. */
  bringBack(): void {
    if (this.#aside !== null) this.#queue.unshift(this.#aside);
    this.#aside = null;
  }

  respond(id: number, message: PeerAnswer): void {
    const at = this.#queue.findIndex((queued) => queued.id === id);
    if (at !== -1) this.#queue.splice(at, 1);
    if (this.#aside?.id === id) this.#aside = null;
    this.#host.out({ t: 'respond', id, message });
  }
}
