/**
 * The write quorum in force, and its change at run time.
 *
 * A higher quorum takes effect at once. A lower one first makes k_min lower, and takes effect once a majority recorded that (or at once, by force):
 * otherwise a change of leader that hears only the others would promise to keep writes that it cannot know of.
 */
import type { Ms } from '../lib/units.ts';
import type { Host } from './host.ts';

interface Change {
  readonly id: number;
  readonly target: number;
  readonly deadlineAt: Ms;
}

export class QuorumSetting {
  readonly #majority: number;
  readonly #timeoutMs: Ms;
  readonly #host: Host;
  #current: number;
  #change: Change | null = null;
  /** The k_min that the own store holds; null: not known to be any. */
  #here: number | null = null;
  #recorded = 0;

  constructor(current: number, majority: number, timeoutMs: Ms, host: Host) {
    this.#current = current;
    this.#majority = majority;
    this.#timeoutMs = timeoutMs;
    this.#host = host;
  }

  get current(): number {
    return this.#current;
  }

  /** Of the quorum in force and the one that is to come. */
  get lowest(): number {
    return Math.min(this.#current, this.#change?.target ?? this.#current);
  }

  get isChanging(): boolean {
    return this.#change !== null;
  }

  get deadlineAt(): Ms {
    return this.#change?.deadlineAt ?? Number.POSITIVE_INFINITY;
  }

  set(id: number, quorum: number, isForced: boolean, now: Ms): void {
    this.stop('another change of the quorum came before a majority recorded this one');
    this.#change = { id, target: quorum, deadlineAt: now + this.#timeoutMs };
    this.#recorded = 0;
    // A commit that began before this change may still write a higher one over it.
    this.#here = null;
    if (quorum >= this.#current || isForced) this.#takeEffect(this.#change);
  }

  /** The k_min to write down here with the next commit; null if the store has it. */
  toRecordHere(kMin: number): number | null {
    return this.#here === kMin ? null : kMin;
  }

  recordedHere(kMin: number): void {
    this.#here = kMin;
  }

  /** What the followers that count durably recorded, each. */
  recordedBy(followers: readonly (number | null)[]): void {
    const change = this.#change;
    if (change === null) return;
    this.#recorded = [this.#here, ...followers].filter((kMin) => kMin !== null && kMin <= change.target).length;
    if (this.#recorded >= this.#majority) this.#takeEffect(change);
  }

  expire(now: Ms): void {
    if (now < this.deadlineAt) return;
    this.stop(
      `${this.#recorded} of the ${this.#majority} nodes of a majority recorded the lower quorum in time; start the others, or use force`,
    );
  }

  /** A change that waits fails, and the quorum in force stays. */
  stop(message: string): void {
    const change = this.#change;
    if (change === null) return;
    this.#change = null;
    const detail = { recorded: this.#recorded, majority: this.#majority, write_quorum: this.#current };
    this.#host.out({ t: 'quorumReply', id: change.id, result: { ok: false, code: 'quorum_not_met', message, detail } });
  }

  #takeEffect(change: Change): void {
    const previous = this.#current;
    this.#current = change.target;
    this.#change = null;
    this.#host.out({ t: 'quorumReply', id: change.id, result: { ok: true, quorum: change.target, previous } });
  }
}
