/**
 * The network between the nodes, one direction at a time: when a message arrives, whether it does, and whether it does so twice.
 *
 * Not here: calls and answers (cluster.ts). Every direction has a stream of chance of its own, so that a fault on one link does not move the others.
 */
import type { Prng } from '../lib/prng.ts';
import type { Ms } from '../lib/units.ts';
import type { World } from './world.ts';

/** A copy may come this many times later than a message usually does. */
const COPY_LATER = 200;

export class Wire {
  /** Per cent, besides the world's own. */
  lossPercent = 0;
  duplicatePercent = 0;
  /** While above 0, everything takes ten times longer. */
  slow = 0;
  readonly #world: World;
  readonly #size: number;
  readonly #blocked: Int32Array;
  readonly #cloggedUntil: Float64Array;
  readonly #lastAt: Float64Array;
  readonly #chance: readonly Prng[];
  #isHealed = false;

  constructor(world: World, prng: Prng) {
    this.#world = world;
    this.#size = world.followers + 1;
    const directions = this.#size ** 2;
    this.#blocked = new Int32Array(directions);
    this.#cloggedUntil = new Float64Array(directions);
    this.#lastAt = new Float64Array(directions);
    this.#chance = Array.from({ length: directions }, (_, i) => prng.fork(`${Math.floor(i / this.#size)}>${i % this.#size}`));
  }

  /** Counted: as many `unblock` undo it. */
  block(from: number, to: number): void {
    this.#blocked[from * this.#size + to]! += 1;
  }

  unblock(from: number, to: number): void {
    this.#blocked[from * this.#size + to]! -= 1;
  }

  isBlocked(from: number, to: number): boolean {
    return (this.#blocked[from * this.#size + to] as number) > 0;
  }

  /** Messages wait there until then, and arrive together. */
  clog(from: number, to: number, until: Ms): void {
    const at = from * this.#size + to;
    this.#cloggedUntil[at] = Math.max(this.#cloggedUntil[at] as number, until);
  }

  /** From now on nothing is lost or comes twice. */
  heal(): void {
    this.#isHealed = true;
    this.#cloggedUntil.fill(0);
  }

  /** When the message that is sent now arrives: never, once, or twice. */
  arrivals(from: number, to: number, now: Ms): readonly Ms[] {
    const at = from * this.#size + to;
    const chance = this.#chance[at] as Prng;
    const { latencyMinMs, latencyMeanMs, isOrdered } = this.#world;
    // Always the same number of draws, so that a fault does not move the messages after it.
    const [loss, twice, latency, later] = [chance.next() * 100, chance.next() * 100, chance.next(), chance.next()];
    if ((this.#blocked[at] as number) > 0) return [];
    if (!this.#isHealed && loss < this.#world.lossPercent + this.lossPercent) return [];
    const ms = (latencyMinMs - latencyMeanMs * Math.log(1 - latency)) * (this.slow > 0 ? 10 : 1);
    let arrival = Math.max(now + ms, this.#cloggedUntil[at] as number);
    if (isOrdered) arrival = Math.max(arrival, this.#lastAt[at] as number);
    this.#lastAt[at] = arrival;
    const isTwice = !this.#isHealed && twice < this.#world.duplicatePercent + this.duplicatePercent;
    return isTwice ? [arrival, arrival + (latencyMinMs + latencyMeanMs) * later * later * COPY_LATER] : [arrival];
  }
}
