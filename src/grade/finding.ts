/** What a check found out: plain data, the heart of every form in which it is printed. */
import type { Exchange } from './exchange.ts';

export type Verdict = 'pass' | 'fail' | 'unknown';

/** A row of figures, members in snake_case. */
export type Figures = Readonly<Record<string, string | number | null>>;

export interface Finding {
  readonly verdict: Verdict;
  /** One or two sentences for a student: what was seen, and of an unknown what it would take to know. */
  readonly why: string;
  /** The requests that show it, the most telling first. */
  readonly requests: readonly Exchange[];
  readonly figures: readonly Figures[];
}

interface Evidence {
  readonly requests?: readonly Exchange[];
  readonly figures?: readonly Figures[];
}

/** So many requests show a thing; more hide it. */
const MOST_REQUESTS = 12;

export function pass(why: string, evidence?: Evidence): Finding {
  return finding('pass', why, evidence);
}

export function failed(why: string, evidence?: Evidence): Finding {
  return finding('fail', why, evidence);
}

export function unknown(why: string, evidence?: Evidence): Finding {
  return finding('unknown', why, evidence);
}

function finding(verdict: Verdict, why: string, { requests = [], figures = [] }: Evidence = {}): Finding {
  return { verdict, why, requests: requests.slice(0, MOST_REQUESTS), figures };
}
