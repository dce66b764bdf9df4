/**
 * One line of a history: what a client did, or what became of it. NDJSON, so that a recorder appends a line per event and a crash loses
 * at most the last one. Who records writes `invoke` before anything is sent, and the completion after the answer was read.
 *
 * The type and its two directions, and nothing about what a sequence of events means (history.ts).
 * Source: the events are Jepsen's (jepsen.history), a line of JSON each, with a key of its own.
 */
import { fail, ok, type Result } from '../lib/result.ts';
import { jsonStart } from '../lib/text.ts';

const TYPES = ['invoke', 'ok', 'fail', 'info'] as const;
const ACTIONS = ['read', 'write', 'cas', 'delete'] as const;
type EventType = (typeof TYPES)[number];
export type Action = (typeof ACTIONS)[number];

export interface HistoryEvent {
  /** Position in the history, from 0. Stands in for `time` where no line has one. */
  readonly index?: number;
  /** ns on one monotonic clock. A real number: beyond 2^53 it is rounded, which can only make operations more concurrent. */
  readonly time?: number;
  /** A client, which has one operation at a time. */
  readonly process: number | string;
  /** ok: it happened; fail: it certainly did not and will not; info: nobody knows. */
  readonly type: EventType;
  readonly f: Action;
  readonly key: string;
  /** write: what is written; cas: `[from, to]`; an ok read: what it returned, null for an absent key. */
  readonly value?: unknown;
  /** That the write took, or that was read: numbers joined by points, compared from the left. */
  readonly version?: string;
  /** That answered. */
  readonly node?: string;
  readonly error?: string;
}

/** What was done to the system meanwhile (process `nemesis`): never judged, drawn beside the operations. */
export interface Mark {
  readonly time: number;
  readonly text: string;
}

export type ParsedEvent =
  | { readonly kind: 'event'; readonly event: HistoryEvent }
  /** `time` null: it has neither a time nor an index. */
  | { readonly kind: 'mark'; readonly time: number | null; readonly text: string };

/** With its line feed. */
export function formatEvent(event: HistoryEvent): string {
  const { index, time, process, type, f, key, value, version, node, error } = event;
  return `${JSON.stringify({ index, time, process, type, f, key, value, version, node, error })}\n`;
}

/** Members that are not ours are ignored. The message says what was expected and what was got, without the line's number. */
export function parseEvent(line: string): Result<ParsedEvent> {
  let members: Record<string, unknown>;
  try {
    members = JSON.parse(line) as Record<string, unknown>;
  } catch (error) {
    return fail(`expected an event as JSON, got ${jsonStart(line)}: ${(error as Error).message}`);
  }
  if (typeof members !== 'object' || members === null || Array.isArray(members)) {
    return fail(`expected an event as a JSON object, got ${jsonStart(members)}`);
  }
  const mistake = numberMistake(members, 'time') ?? numberMistake(members, 'index');
  if (mistake !== null) return fail(mistake);
  return members['process'] === 'nemesis' ? ok(markOf(members)) : operationEvent(members);
}

function operationEvent(members: Record<string, unknown>): Result<ParsedEvent> {
  const { process, type, f, key, value } = members;
  const mistake =
    (isProcess(process) ? null : expected('process', 'a number or a text', process)) ??
    oneOf('type', TYPES, type) ??
    oneOf('f', ACTIONS, f) ??
    (typeof key === 'string' ? null : expected('key', 'a text', key)) ??
    textMistake(members, 'version') ??
    textMistake(members, 'node') ??
    textMistake(members, 'error') ??
    valueMistake(type as EventType, f as Action, value, 'value' in members);
  return mistake === null ? ok({ kind: 'event', event: eventOf(members) }) : fail(mistake);
}

/** JSON's null stands for "not said" everywhere but in `value`. */
function eventOf(members: Record<string, unknown>): HistoryEvent {
  const said = Object.entries(members).filter(([name, member]) => name === 'value' || member !== null);
  return Object.fromEntries(said) as unknown as HistoryEvent;
}

function markOf({ time, index, f, value }: Record<string, unknown>): ParsedEvent {
  const what = typeof f === 'string' ? f : 'fault';
  const details = value === undefined || value === null ? '' : ` ${typeof value === 'string' ? value : jsonStart(value, 40)}`;
  return { kind: 'mark', time: (time ?? index ?? null) as number | null, text: what + details };
}

function isProcess(process: unknown): boolean {
  return typeof process === 'string' || (typeof process === 'number' && Number.isFinite(process));
}

function valueMistake(type: EventType, f: Action, value: unknown, isThere: boolean): string | null {
  if (f === 'cas' && (type === 'invoke' || (isThere && value !== null))) {
    if (!Array.isArray(value) || value.length !== 2) return expected('value', 'the [from, to] of a cas', value);
  }
  if (f === 'write' && type === 'invoke' && !isThere) return expected('value', 'what the write wrote', value);
  if (f === 'read' && type === 'ok' && !isThere) return expected('value', 'what the read returned (null: the key is absent)', value);
  return null;
}

function numberMistake(members: Record<string, unknown>, name: string): string | null {
  const member = members[name];
  if (member === undefined || member === null || (typeof member === 'number' && Number.isFinite(member))) return null;
  return expected(name, 'a number', member);
}

function textMistake(members: Record<string, unknown>, name: string): string | null {
  const member = members[name];
  return member === undefined || member === null || typeof member === 'string' ? null : expected(name, 'a text', member);
}

function oneOf(name: string, choices: readonly string[], got: unknown): string | null {
  return choices.includes(got as string) ? null : expected(name, choices.join(', '), got);
}

function expected(name: string, what: string, got: unknown): string {
  return `expected ${name}: ${what}; got ${got === undefined ? 'none' : jsonStart(got)}`;
}
