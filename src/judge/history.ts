/**
 * Events become operations: each invoke with its completion, every moment as a rank in one order. What a history means is decided here
 * and nowhere else; the judges see operations only.
 *
 * Moments are ordered by time, and at the same time calls come before completions: intervals are closed, so that a coarse clock makes
 * operations concurrent and never invents an order. Why: half-open intervals give false alarms (porcupine's model.go has the example).
 * Invariant: of one operation `call < end`; `end` is Infinity unless the operation completed with ok or fail.
 */
import { fail, ok, type Result } from '../lib/result.ts';
import { type Action, type HistoryEvent, type Mark, type ParsedEvent, parseEvent } from './event.ts';
import { ABSENT, type Value, Values } from './values.ts';

export interface Operation {
  readonly process: string;
  readonly f: Action;
  readonly key: string;
  /** info: also without a completion. */
  readonly outcome: 'ok' | 'fail' | 'info';
  /** What an ok read returned, what a write or a cas wants to be there afterwards; ABSENT for a delete. */
  readonly value: Value;
  /** What a cas expected. */
  readonly from: Value;
  /** Ranks in the order of all moments of the history, each of them once. */
  readonly call: number;
  readonly end: number;
  /** As recorded; ns, or positions if the history has no times. */
  readonly calledAt: number;
  readonly endedAt: number | null;
  /** From 1. */
  readonly line: number;
  readonly endLine: number | null;
  readonly version: string | null;
  readonly node: string | null;
  readonly error: string | null;
}

export interface History {
  /** In the order of their calls. */
  readonly operations: readonly Operation[];
  readonly marks: readonly Mark[];
  readonly values: Values;
  /** Whether times are nanoseconds; else they are positions. */
  readonly hasTimes: boolean;
}

/** An operation while its history is read: its moments have no ranks yet. */
type Draft = { -readonly [Member in Exclude<keyof Operation, 'call' | 'end'>]: Operation[Member] };

/** The message names the line. Empty lines are passed over. */
export function parseHistory(lines: Iterable<string>): Result<History> {
  const reader = new Reader();
  let line = 0;
  for (const text of lines) {
    line += 1;
    if (text.trim() === '') continue;
    const parsed = parseEvent(text);
    const mistake = parsed.ok ? reader.take(parsed.value, line) : parsed.message;
    if (mistake !== null) return fail(`line ${line}: ${mistake}`);
  }
  return ok(reader.finish());
}

/** The operations of every key, each in the order of their calls. */
export function operationsByKey({ operations }: History): Map<string, Operation[]> {
  const byKey = new Map<string, Operation[]>();
  for (const operation of operations) {
    const list = byKey.get(operation.key);
    if (list === undefined) byKey.set(operation.key, [operation]);
    else list.push(operation);
  }
  return byKey;
}

class Reader {
  readonly #drafts: Draft[] = [];
  readonly #marks: Mark[] = [];
  readonly #values = new Values();
  /** What each process waits for. */
  readonly #open = new Map<string, Draft>();
  #hasTimes: boolean | null = null;

  /** What is wrong with it; null if nothing is. */
  take(parsed: ParsedEvent, line: number): string | null {
    if (parsed.kind === 'mark') {
      this.#marks.push({ time: parsed.time ?? line, text: parsed.text });
      return null;
    }
    const { event } = parsed;
    const hasTime = event.time !== undefined;
    if (this.#hasTimes !== null && this.#hasTimes !== hasTime) {
      return hasTime
        ? 'expected no time, because the lines before have none, got one'
        : 'expected a time, as the lines before have one, got none';
    }
    this.#hasTimes = hasTime;
    return event.type === 'invoke' ? this.#invoke(event, line) : this.#complete(event, line);
  }

  finish(): History {
    return {
      operations: rank(this.#drafts),
      marks: this.#marks,
      values: this.#values,
      hasTimes: this.#hasTimes ?? false,
    };
  }

  #invoke(event: HistoryEvent, line: number): string | null {
    const { f, key } = event;
    const process = nameOf(event);
    const open = this.#open.get(process);
    if (open !== undefined) return `expected process ${process} to complete its ${open.f} of line ${open.line} first, got another invoke`;
    const [from, value] = f === 'cas' ? (event.value as [unknown, unknown]) : [null, f === 'write' ? event.value : null];
    const wanted = this.#values.intern(value);
    if (!wanted.ok) return wanted.message;
    const expected = this.#values.intern(from);
    if (!expected.ok) return expected.message;
    const draft: Draft = {
      process,
      f,
      key,
      outcome: 'info',
      value: wanted.value,
      from: expected.value,
      calledAt: timeOf(event, line),
      endedAt: null,
      line,
      endLine: null,
      version: null,
      node: null,
      error: null,
    };
    this.#drafts.push(draft);
    this.#open.set(process, draft);
    return null;
  }

  #complete(event: HistoryEvent, line: number): string | null {
    const process = nameOf(event);
    const { type, f, key, version = null, node = null, error = null } = event;
    const draft = this.#open.get(process);
    if (draft === undefined) return `expected an invoke by process ${process} before its ${type}, got none that is still open`;
    if (draft.f !== f) return `expected the completion of the ${draft.f} of line ${draft.line} by process ${process}, got that of a ${f}`;
    if (draft.key !== key) return `expected the key of line ${draft.line}, ${JSON.stringify(draft.key)}, got ${JSON.stringify(key)}`;
    const at = timeOf(event, line);
    if (at < draft.calledAt) return `expected a time of at least ${draft.calledAt}, that of the invoke in line ${draft.line}, got ${at}`;
    const value = this.#completedValue(draft, event);
    if (!value.ok) return value.message;
    Object.assign(draft, { outcome: type, value: value.value, endedAt: at, endLine: line, version, node, error });
    this.#open.delete(process);
    return null;
  }

  /** Only a read learns its value from the completion; the others may repeat what they were invoked with. */
  #completedValue(draft: Draft, { type, f, value }: HistoryEvent): Result<Value> {
    if (f === 'read') return type === 'ok' ? this.#values.intern(value) : ok(ABSENT);
    if (type !== 'ok' || f === 'delete' || value === undefined || value === null) return ok(draft.value);
    const [from, to] = f === 'cas' ? (value as [unknown, unknown]) : [null, value];
    const [before, after] = [this.#values.intern(from), this.#values.intern(to)];
    if (!before.ok) return before;
    if (!after.ok) return after;
    if (after.value === draft.value && before.value === draft.from) return ok(draft.value);
    return fail(`expected the value of the invoke in line ${draft.line} again, or none, got ${JSON.stringify(value)}`);
  }
}

/** The number 1 and the text "1" are two processes. */
function nameOf({ process }: HistoryEvent): string {
  return typeof process === 'number' ? String(process) : /^["\d.-]/.test(process) ? JSON.stringify(process) : process;
}

function timeOf({ time, index }: HistoryEvent, line: number): number {
  return time ?? index ?? line;
}

interface Moment {
  readonly at: number;
  /** 0 for a call: it comes before completions of the same time. */
  readonly order: 0 | 1;
  readonly line: number;
  readonly operation: number;
}

/** An info's completion is no moment: the operation may still happen after it. */
function rank(drafts: readonly Draft[]): Operation[] {
  const moments: Moment[] = [];
  for (const [operation, { calledAt, endedAt, line, endLine, outcome }] of drafts.entries()) {
    moments.push({ at: calledAt, order: 0, line, operation });
    if (endedAt !== null && outcome !== 'info') moments.push({ at: endedAt, order: 1, line: endLine as number, operation });
  }
  moments.sort((a, b) => a.at - b.at || a.order - b.order || a.line - b.line);
  const calls = new Float64Array(drafts.length);
  const ends = new Float64Array(drafts.length).fill(Number.POSITIVE_INFINITY);
  for (const [position, { order, operation }] of moments.entries()) (order === 0 ? calls : ends)[operation] = position;
  return drafts
    .map((draft, i): Operation => ({ ...draft, call: calls[i] as number, end: ends[i] as number }))
    .sort((a, b) => a.call - b.call);
}
