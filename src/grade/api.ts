/**
 * Somebody's API, spoken by its dialect: what a check asks, and what the answer means. Lenient where the dialect promises nothing,
 * and no more lenient than that: a success that says it is none is a refusal.
 */
import { type RenderedRequest, renderRequest } from '../labs/call.ts';
import type { Answer, Call, Dialect, Template } from '../labs/dialect.ts';
import { type Bindings, matchTemplate } from '../labs/template.ts';
import { KvctlError } from '../wire/errors.ts';
import { Connection, type RawRequest } from './connection.ts';
import type { Exchange } from './exchange.ts';
import type { Peer, Target } from './target.ts';

/** What became of a call that changes something. */
export interface Reply {
  readonly exchange: Exchange;
  readonly outcome: 'success' | 'refused' | 'unanswered';
  readonly bindings: Bindings;
  /** Where the answer is not what the dialect promises, though it is clear what it means; null if it is. */
  readonly remark: string | null;
}

export interface Reading {
  readonly exchange: Exchange;
  /** `failed`: a status of 500 or more. */
  readonly outcome: 'value' | 'absent' | 'failed' | 'unanswered';
  /** Parsed JSON; undefined unless there is a value. */
  readonly value: unknown;
}

/** Reads are short, and one that hangs must not hold up what waits for it for as long as a write may take. */
const MOST_READ_MS = 5_000;
/** A route that nobody has: RFC 9110 404, 405 and 501. */
const NO_ROUTE = [404, 405, 501];

export class Api {
  readonly dialect: Dialect;
  readonly #timeoutMs: number;
  readonly #token: string | null;
  readonly #signal: AbortSignal;
  readonly #connections: ReadonlyMap<string, Connection>;

  constructor({ dialect, leader, followers, timeoutMs, token }: Target, signal: AbortSignal) {
    this.dialect = dialect;
    this.#timeoutMs = timeoutMs;
    this.#token = token;
    this.#signal = signal;
    this.#connections = new Map([leader, ...followers].map((peer) => [peer.name, new Connection(peer)]));
  }

  async write(peer: Peer, key: string, value: unknown): Promise<Reply> {
    const { write } = this.dialect;
    return replyOf(write, await this.#call(peer, renderRequest(write, { key, value }), this.#timeoutMs));
  }

  /** Only where the dialect has it. */
  async remove(peer: Peer, key: string): Promise<Reply> {
    const { remove } = this.dialect;
    if (remove === undefined) throw new Error('the dialect has no call that removes a key');
    return replyOf(remove, await this.#call(peer, renderRequest(remove, { key }), this.#timeoutMs));
  }

  /** Only where the dialect has it. */
  async setQuorum(peer: Peer, quorum: number): Promise<Reply> {
    const { setQuorum } = this.dialect;
    if (setQuorum === undefined) throw new Error('the dialect has no call that sets the quorum');
    return replyOf(setQuorum, await this.#call(peer, { ...renderRequest(setQuorum, { quorum }), token: this.#token }, this.#timeoutMs));
  }

  async read(peer: Peer, key: string): Promise<Reading> {
    const { read } = this.dialect;
    return readingOf(read, await this.#call(peer, renderRequest(read, { key }), Math.min(MOST_READ_MS, this.#timeoutMs)));
  }

  /** A request that the dialect would never send. */
  raw(peer: Peer, request: RawRequest): Promise<Exchange> {
    return this.#call(peer, request, this.#timeoutMs);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#connections.values()].map((connection) => connection.close()));
  }

  #call(peer: Peer, request: RenderedRequest | RawRequest, timeoutMs: number): Promise<Exchange> {
    const connection = this.#connections.get(peer.name);
    if (connection === undefined) throw new KvctlError('internal', `expected a node of the target, got ${peer.name}`);
    return connection.send(request, timeoutMs, this.#signal);
  }
}

export function replyOf(call: Call, exchange: Exchange): Reply {
  const { status, answer } = exchange;
  if (status === null) return { exchange, outcome: 'unanswered', bindings: {}, remark: null };
  const body = parseJson(answer);
  if (status < 200 || status > 299) {
    const refusals = [call.notLeader, call.quorumNotMet, call.keyNotFound].filter((refusal) => refusal?.status === status);
    const bindings = refusals.map((refusal) => bindingsOf(refusal as Answer, body)).find((found) => found !== null) ?? {};
    return { exchange, outcome: 'refused', bindings, remark: null };
  }
  const template = call.ok.body;
  const contradiction = template === null ? null : contradictionIn(template, body, '');
  if (contradiction !== null) return { exchange, outcome: 'refused', bindings: {}, remark: contradiction };
  const matched = template === null ? { ok: true as const, value: {} } : matchTemplate(template, body);
  const remark = status === call.ok.status ? (matched.ok ? null : matched.message) : `expected status ${call.ok.status}, got ${status}`;
  return { exchange, outcome: 'success', bindings: matched.ok ? matched.value : {}, remark };
}

export function readingOf(call: Call, exchange: Exchange): Reading {
  const { status, answer } = exchange;
  if (status === null) return { exchange, outcome: 'unanswered', value: undefined };
  if (status >= 500) return { exchange, outcome: 'failed', value: undefined };
  if (status < 200 || status > 299) return { exchange, outcome: 'absent', value: undefined };
  const value = valueIn(call.ok.body, parseJson(answer));
  return { exchange, outcome: value === undefined || value === null ? 'absent' : 'value', value: value ?? undefined };
}

/** The call is refused because the server has no such route. */
export function isRouteMissing({ outcome, exchange }: Reply): boolean {
  return outcome === 'refused' && NO_ROUTE.includes(exchange.status ?? 0);
}

/**
 * The part of the answer that stands where the template has `{value}`, whatever else is there or missing; undefined if there is none. So
 * a server that forgets a member of its answer can still be graded.
 */
function valueIn(template: Template | null, body: unknown): unknown {
  if (template === '{value}') return body;
  if (typeof template !== 'object' || template === null || typeof body !== 'object' || body === null) return undefined;
  for (const [name, part] of Object.entries(template)) {
    const found = Object.hasOwn(body, name) ? valueIn(part as Template, (body as Readonly<Record<string, unknown>>)[name]) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A member that the template spells out (`success: true`) and the answer has otherwise (`success: false`); null if there is none. */
function contradictionIn(template: Template, body: unknown, at: string): string | null {
  if (typeof template === 'string' && /\{\w+\}/.test(template)) return null;
  if (typeof template !== 'object' || template === null) {
    return body === template
      ? null
      : `expected ${at === '' ? '' : `${at} to be `}${JSON.stringify(template)}, got ${JSON.stringify(body) ?? 'nothing'}`;
  }
  if (typeof body !== 'object' || body === null) return null;
  for (const [name, part] of Object.entries(template)) {
    if (!Object.hasOwn(body, name)) continue;
    const found = contradictionIn(part as Template, (body as Readonly<Record<string, unknown>>)[name], at === '' ? name : `${at}.${name}`);
    if (found !== null) return found;
  }
  return null;
}

function bindingsOf({ body: template }: Answer, body: unknown): Bindings | null {
  if (template === null) return {};
  const matched = matchTemplate(template, body);
  return matched.ok ? matched.value : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
