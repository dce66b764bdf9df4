/**
 * Which nodes are of no use now, because the nemesis took something from them, and whether a fault can be added to that.
 *
 * Starting again takes as long as it takes, so what was planned apart may meet: the schedule keeps a majority by its plan, this by what is.
 * Invariant: with a fault that has no obstacle never more nodes are away than the schedule allows.
 */
import { type Fault, victimsOf } from './plan.ts';

export class Absences {
  readonly #maxAway: number;
  /** Dead, frozen, cut off or on their way back. */
  readonly #away = new Set<string>();
  /** Of those, the ones whose process cannot be asked. */
  readonly #silent = new Set<string>();
  /** And those that answer, but whose store failed. */
  readonly #broken = new Set<string>();

  constructor(maxAway: number) {
    this.#maxAway = maxAway;
  }

  /** For as long as a fault of theirs lasts. */
  take(ids: readonly string[]): void {
    for (const id of ids) this.#away.add(id);
  }

  give(ids: readonly string[]): void {
    for (const id of ids) this.#away.delete(id);
  }

  silence(ids: readonly string[]): void {
    for (const id of ids) this.#silent.add(id);
  }

  breakStore(ids: readonly string[]): void {
    for (const id of ids) this.#broken.add(id);
  }

  /** Their processes are there and whole. */
  restore(ids: readonly string[]): void {
    for (const id of ids) {
      this.#silent.delete(id);
      this.#broken.delete(id);
    }
  }

  isSilent(id: string): boolean {
    return this.#silent.has(id);
  }

  /** Why the fault is left out if nothing changes; null: it can be done. `leader` leads now. */
  obstacleTo(fault: Fault, leader: string, isClockOff: boolean): string | null {
    const victims = victimsOf(fault);
    const busy = victims.find((id) => this.#away.has(id));
    if (busy !== undefined) return `left out: ${busy} was not back yet`;
    if (victims.length > 0 && this.#away.size + victims.length > this.#maxAway) return 'left out: a majority would not be left';
    if (fault.kind === 'promote' && (this.#away.has(fault.node) || this.#silent.has(fault.node))) return `left out: ${fault.node} was away`;
    if (fault.kind === 'clock' && this.#silent.has(fault.node)) return `left out: ${fault.node} was away`;
    // Its end is late where the node was away; the next one's beginning must not come before.
    if (fault.kind === 'clock' && isClockOff) return 'left out: another clock was off';
    const isOfLeader = fault.kind === 'quorum' || fault.kind === 'network' || fault.kind === 'partition' || fault.kind === 'one-way';
    return isOfLeader && (this.#silent.has(leader) || this.#broken.has(leader)) ? 'left out: the leader was away' : null;
  }
}
