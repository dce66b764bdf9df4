/**
 * One request and what came of it: the evidence of every verdict, in a form that can be typed again.
 */
import type { Ms } from '../lib/units.ts';

export interface Exchange {
  /** Name of the node. */
  readonly node: string;
  readonly method: string;
  /** Address, path and query as they were sent. */
  readonly url: string;
  /** The request's body; null: none. */
  readonly body: string | null;
  /** HTTP status; null: no answer. */
  readonly status: number | null;
  /** The answer's body, whole; without an answer the reason. */
  readonly answer: string;
  /** When it was sent and when the answer had come, on `performance.now()`. */
  readonly sentMs: Ms;
  readonly endMs: Ms;
}

/** A row of evidence, for JSON. Times: when it was sent, since `originMs`, and how long it took. */
export interface RequestRow {
  readonly at_ms: number;
  readonly node: string;
  readonly method: string;
  readonly url: string;
  readonly body: string | null;
  readonly status: number | null;
  readonly ms: number;
  readonly answer: string;
}

/** Of a body that is evidence only by its beginning. */
const SHOWN_CHARACTERS = 300;

export function requestRow(exchange: Exchange, originMs: Ms): RequestRow {
  const { node, method, url, body, status, answer, sentMs, endMs } = exchange;
  return {
    at_ms: rounded(sentMs - originMs),
    node,
    method,
    url,
    body: body === null ? null : shortened(body),
    status,
    ms: rounded(endMs - sentMs),
    answer: shortened(answer),
  };
}

function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

function shortened(text: string): string {
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}… (${text.length} characters)` : text;
}
