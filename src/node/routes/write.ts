/** What `PUT` and `DELETE /kv/:key` share: options, `Idempotency-Key`, errors, timing. */
import type { IncomingMessage } from 'node:http';
import type { WriteFailure, WriteSuccess } from '../../core/message.ts';
import { KvctlError } from '../../wire/errors.ts';
import { IDEMPOTENCY_HEADER, parseIdempotencyKey, REPLAYED_HEADER } from '../../wire/idempotency.ts';
import { integerParameter, parseQuery } from '../../wire/query.ts';
import { createHash } from '../builtin.ts';
import type { PutRequest } from '../runtime.ts';

export const MAX_TIMEOUT_MS = 600_000;

export interface WriteOptions {
  readonly need: number | null;
  readonly timeoutMs: number | null;
}

const NO_OPTIONS: WriteOptions = { need: null, timeoutMs: null };

export function parseWriteOptions(query: string): WriteOptions {
  if (query === '') return NO_OPTIONS;
  const { quorum, timeout_ms: timeout } = parseQuery(query, ['quorum', 'timeout_ms']);
  if (quorum !== undefined && !/^\d{1,6}$/.test(quorum)) {
    throw new KvctlError(
      'invalid_quorum',
      `expected quorum to be an integer from 0 to the number of followers, got ${JSON.stringify(quorum)}`,
      { got: quorum },
    );
  }
  return {
    need: quorum === undefined ? null : Number(quorum),
    timeoutMs: timeout === undefined ? null : integerParameter('timeout_ms', timeout, 1, MAX_TIMEOUT_MS),
  };
}

/** Null: the request has none. Throws `bad_request`. */
export function idempotencyKeyOf(request: IncomingMessage): string | null {
  const text = request.headers[IDEMPOTENCY_HEADER];
  return text === undefined ? null : parseIdempotencyKey(String(text));
}

/** Characters of a fingerprint: 132 bits. */
const FINGERPRINT_CHARS = 22;

/**
 * The write as one that may be sent again. What makes it the same write is what is written, and how safely: a deletion has no value, and how
 * long its client waits is no part of it.
 */
export function withIdempotencyKey(write: PutRequest, key: string): PutRequest {
  const what = JSON.stringify([write.key, write.value, write.need]);
  const fingerprint = createHash('sha256').update(what).digest('base64url').slice(0, FINGERPRINT_CHARS);
  return { ...write, idempotency: { key, fingerprint } };
}

/** Headers of a success. The timing of a retry would be that of another request. */
export function writeHeaders(result: WriteSuccess): Record<string, string> {
  return result.isReplayed ? { [REPLAYED_HEADER]: 'true' } : { 'server-timing': serverTiming(result) };
}

/** The detail of a quorum that was not met repeats the message: it is then what lab 2 answers, whose calls kvctl's own are a superset of. */
export function writeError({ code, message, detail }: WriteFailure): KvctlError {
  return new KvctlError(code, message, code === 'quorum_not_met' ? { message, ...detail } : detail);
}

/** The standard header: ms with three decimals, since admission. */
export function serverTiming({ storeMs, quorumMs, floorMs }: WriteSuccess): string {
  return `store;dur=${storeMs.toFixed(3)}, quorum;dur=${quorumMs.toFixed(3)}, floor;dur=${floorMs.toFixed(3)}`;
}
