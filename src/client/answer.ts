/**
 * What came back from a node, made typed: a parsed answer or a KvctlError. Every call of kv-client ends here.
 *
 * Untrusted input: whatever listens at the address may be no kvctl node at all, and then the error says so instead of
 * passing its words on. No answer, half an answer and a foreign answer are all `unreachable`, which is indefinite: after one
 * of them nobody knows whether a write happened.
 */
import type { z } from 'zod';
import { errorBody } from '../wire/api.ts';
import { API_ERRORS, type ApiErrorCode, INTERNAL_ERRORS, type InternalErrorCode, KvctlError } from '../wire/errors.ts';

/** The call, as error messages name it. */
export interface Call {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Base URL of the node, e.g. `http://127.0.0.1:8000`. */
  readonly url: string;
  readonly path: string;
  /** Besides those of every call. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The answer's body by its schema. Throws the node's own error for a status that is not 2xx. */
export function parseAnswer<T>(call: Call, status: number, body: string, schema: z.ZodType<T>): T {
  if (status < 200 || status > 299) throw errorOf(call, status, body);
  const parsed = schema.safeParse(parseJson(body));
  if (parsed.success) return parsed.data;
  throw foreign(call, status, body, parsed.error.issues[0]?.message ?? 'not the expected document');
}

/** The registry's error that the body names. */
export function errorOf(call: Call, status: number, body: string): KvctlError {
  const parsed = errorBody.safeParse(parseJson(body));
  if (!parsed.success || !isKnownCode(parsed.data.error)) return foreign(call, status, body, 'not an error of ours');
  return new KvctlError(parsed.data.error, parsed.data.message, parsed.data.detail);
}

/** The error for a call that got no answer: `cause` is what the socket or the HTTP client threw. */
export function failureOf(call: Call, cause: unknown): KvctlError {
  const reason = reasonOf(cause);
  const fate =
    call.method === 'PUT' || call.method === 'DELETE' ? ' The write may have happened or may still happen: read the key to see.' : '';
  return new KvctlError(
    'unreachable',
    `${call.method} ${call.path}: expected an answer from ${call.url}, got ${reason}.${fate} Is the node running? \`kvctl status\` tells.`,
    { url: call.url, method: call.method, path: call.path, reason },
    cause,
  );
}

function foreign(call: Call, status: number, body: string, why: string): KvctlError {
  const start = body.length > 80 ? `${body.slice(0, 80)}…` : body;
  return new KvctlError(
    'unreachable',
    `${call.method} ${call.path}: expected the answer of a kvctl node at ${call.url}, got HTTP ${status} ${JSON.stringify(start)} (${why}). Does another program listen there?`,
    { url: call.url, method: call.method, path: call.path, status },
  );
}

function isKnownCode(code: string): code is ApiErrorCode | InternalErrorCode {
  return Object.hasOwn(API_ERRORS, code) || Object.hasOwn(INTERNAL_ERRORS, code);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'a connection that was reset',
  EPIPE: 'a connection that was closed',
  ENOTFOUND: 'no such host',
  EHOSTUNREACH: 'no route to the host',
  ETIMEDOUT: 'no answer in time',
  UND_ERR_SOCKET: 'a connection that was closed',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  UND_ERR_HEADERS_TIMEOUT: 'no answer in time',
  UND_ERR_BODY_TIMEOUT: 'half an answer',
};

/** A few words for people, out of what was thrown. */
export function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  if (cause.name === 'TimeoutError') return 'no answer in time';
  const code = (cause as NodeJS.ErrnoException).code;
  return (code === undefined ? undefined : REASONS[code]) ?? cause.message;
}
