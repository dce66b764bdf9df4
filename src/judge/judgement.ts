/**
 * What the judges said, as a document: the command line prints it as JSON, and the report draws it. JSON-safe, members in snake_case, values
 * as JSON text.
 */
import type { Action } from './event.ts';

/** In the order in which they are shown. */
export const JUDGES = [
  'linearizability',
  'zones',
  'read-your-writes',
  'monotonic-reads',
  'acknowledged-writes',
  'definite-errors',
] as const;
export type JudgeName = (typeof JUDGES)[number];

/** unknown is not passed. */
export type Verdict = 'ok' | 'violation' | 'unknown';
/** not_applicable: the judge has nothing to say about such a history. */
export type JudgeVerdict = Verdict | 'not_applicable';

export interface Judgement {
  readonly verdict: Verdict;
  readonly why: string;
  readonly ops: number;
  readonly keys: number;
  readonly judges: readonly JudgeRow[];
  readonly violations: readonly ShownViolation[];
  /** What could not be decided. */
  readonly undecided: readonly { readonly judge: JudgeName; readonly key: string; readonly why: string }[];
  /** Of every time in here: `ns`, or `position` if the history has no times. */
  readonly time_unit: 'ns' | 'position';
}

export interface JudgeRow {
  readonly judge: JudgeName;
  readonly verdict: JudgeVerdict;
  readonly why: string;
  /** How many keys have which verdict. */
  readonly keys: Readonly<Record<JudgeVerdict, number>>;
}

export interface ShownViolation {
  readonly judge: JudgeName;
  readonly key: string;
  readonly why: string;
  /** Of the history, how many operations this key has. */
  readonly ops: number;
  /** The operations that show it, in the order of their calls. */
  readonly operations: readonly ShownOperation[];
  /** Whether it is known that none of them can be left out. */
  readonly is_smallest: boolean;
  /** What was done to the system meanwhile; `position` counts the moments before it. */
  readonly marks: readonly { readonly position: number; readonly time: number; readonly text: string }[];
}

export interface ShownOperation {
  readonly process: string;
  readonly f: Action;
  readonly outcome: 'ok' | 'fail' | 'info';
  /** `write 3`, `cas 1 → 2 (refused)`. */
  readonly text: string;
  readonly value: string;
  /** Of a cas. */
  readonly from: string | null;
  /** Positions among the moments of the operations shown, from 0; `end` is null if it may still happen. */
  readonly call: number;
  readonly end: number | null;
  readonly invoked_at: number;
  readonly completed_at: number | null;
  readonly line: number;
  readonly completed_line: number | null;
  readonly version: string | null;
  readonly node: string | null;
  readonly error: string | null;
}
