/**
 * One write as it was seen from outside: when its answer came, and when each follower began to show it.
 *
 * Nobody outside can see the moment at which a follower takes a write; reading it again and again brackets that moment: a read
 * that was sent at `afterMs` did not show it, one that ended at `byMs` did. Everything that is judged from arrivals uses these
 * bounds, so that a slow reader, or a processor busy with something else, widens what is known and never makes it wrong.
 */

export interface Arrival {
  /** When the last read was sent that did not show the write; 0 if the first one did. */
  readonly afterMs: number;
  /** When the first read had ended that showed it; Infinity if none did while it was watched. */
  readonly byMs: number;
}

/** All times in ms since the write was sent. */
export interface TimedWrite {
  /** The write quorum in force; null if nobody told. */
  readonly quorum: number | null;
  /** When the answer had arrived; null if it was no success. */
  readonly answerMs: number | null;
  /** One per follower, always in the same order. */
  readonly arrivals: readonly Arrival[];
}

/** A write that was answered with success. */
export type AnsweredWrite = TimedWrite & { readonly answerMs: number };

export function isAnswered(write: TimedWrite): write is AnsweredWrite {
  return write.answerMs !== null;
}

/** Every follower was seen to have it. */
export function isComplete(write: TimedWrite): boolean {
  return write.arrivals.every(({ byMs }) => Number.isFinite(byMs));
}

/** The k-th arrival was not before this: bounds that hold one by one hold in order too. 0 for k = 0, Infinity beyond the last. */
export function kthAfter(write: TimedWrite, k: number): number {
  return kth(
    write.arrivals.map(({ afterMs }) => afterMs),
    k,
  );
}

/** The k-th arrival was not after this. */
export function kthBy(write: TimedWrite, k: number): number {
  return kth(
    write.arrivals.map(({ byMs }) => byMs),
    k,
  );
}

/** How many followers had the write when it was answered: at least, and at most. */
export function ranksAtAnswer(write: AnsweredWrite): { readonly least: number; readonly most: number } {
  const count = (isSo: (arrival: Arrival) => boolean) => write.arrivals.filter(isSo).length;
  return { least: count(({ byMs }) => byMs <= write.answerMs), most: count(({ afterMs }) => afterMs < write.answerMs) };
}

/** The best guess at the moment, for statistics that need one number; NaN if it was never seen. */
export function middleOf({ afterMs, byMs }: Arrival): number {
  return Number.isFinite(byMs) ? (afterMs + byMs) / 2 : Number.NaN;
}

function kth(values: readonly number[], k: number): number {
  if (k === 0) return 0;
  return [...values].sort((a, b) => a - b)[k - 1] ?? Infinity;
}
