import type { Facts } from './facts.ts';

/** One piece of a generated explanation. */
export interface Sentence {
  /** Which condition chose it; stable, for tests and for whoever picks. */
  readonly id: string;
  /** One to three sentences of plain text. */
  readonly text: string;
}

/** Speaks if its condition holds for the data, and is silent otherwise. */
export type Say = (facts: Facts) => Sentence | null;
