/**
 * The arithmetic of quorums: pure leaf mathematics, like etcd raft's quorum package.
 *
 * N followers; the leader is not counted in a write quorum k, and its own durable copy is always needed too. The word
 * majority means one thing only: floor((N+1)/2)+1 of the N+1 nodes, oneself counted.
 */
import { assert } from '../lib/assert.ts';
import { Deque } from '../lib/deque.ts';
import { isNewer, type Version } from './version.ts';

/** Acks are kept as two 31-bit words. */
export const MAX_FOLLOWERS = 62;

export function majorityOf(followers: number): number {
  return Math.floor((followers + 1) / 2) + 1;
}

/** How many of its N peers a blank node must hear, so that any majority's promise is among them, its own lost copy not counted. */
export function majorityOfOthers(followers: number): number {
  return Math.floor(followers / 2) + 1;
}

export function isValidQuorum(quorum: unknown, followers: number): quorum is number {
  return typeof quorum === 'number' && Number.isInteger(quorum) && quorum >= 0 && quorum <= followers;
}

/** The distinct followers, by index, that hold one record. A repeated ack changes nothing. */
export class AckSet {
  #low = 0;
  #high = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  has(follower: number): boolean {
    return ((follower < 31 ? this.#low >>> follower : this.#high >>> (follower - 31)) & 1) === 1;
  }

  /** True if the follower was not in the set yet. */
  add(follower: number): boolean {
    assert(follower >= 0 && follower < MAX_FOLLOWERS, `a follower index is from 0 to ${MAX_FOLLOWERS - 1}, not ${follower}`);
    if (this.has(follower)) return false;
    if (follower < 31) this.#low |= 1 << follower;
    else this.#high |= 1 << (follower - 31);
    this.#count += 1;
    return true;
  }
}

/** The smallest delay total after which `need` of the delays have passed: the need-th smallest; 0 for need 0. */
export function floorOf(delays: ArrayLike<number>, need: number): number {
  if (need === 0) return 0;
  const sorted = Float64Array.from(delays).sort();
  const floor = sorted[need - 1];
  assert(floor !== undefined, `a need of ${need} asks for more than ${delays.length} followers`);
  return floor;
}

/**
 * k_min: the smallest need of any write above the lowest durable watermark, and of the quorum in force.
 * A sliding-window minimum: versions ascending, needs strictly ascending, so it holds at most N+1 entries, however long a follower is away.
 */
export class NeedFloor {
  readonly #entries = new Deque<{ version: Version; need: number }>();

  /** Versions come in ascending order. */
  admit(version: Version, need: number): void {
    for (let last = this.#entries.peekBack(); last !== undefined && last.need >= need; last = this.#entries.peekBack())
      this.#entries.popBack();
    this.#entries.push({ version, need });
  }

  /** The smallest need above `watermark`; Infinity if there is none. Forgets what is at or below it. */
  above(watermark: Version): number {
    for (let first = this.#entries.peek(); first !== undefined && !isNewer(first.version, watermark); first = this.#entries.peek())
      this.#entries.shift();
    return this.#entries.peek()?.need ?? Number.POSITIVE_INFINITY;
  }
}
