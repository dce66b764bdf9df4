/**
 * The `Idempotency-Key` of a write (draft-ietf-httpapi-idempotency-key-header) and what an answer that was given before says of itself.
 *
 * The draft makes it a string of structured fields (RFC 9651), in double quotes; many clients send it bare, which is taken to be the same key.
 */
import { jsonStart } from '../lib/text.ts';
import { KvctlError } from './errors.ts';

/** As Node's parser hands it over. */
export const IDEMPOTENCY_HEADER = 'idempotency-key';

/** `true` on the answer to a retry; absent on every other one. */
export const REPLAYED_HEADER = 'idempotency-replayed';

export const MAX_IDEMPOTENCY_KEY = 255;

/** Visible ASCII; two header fields of the name come joined by a blank, which is none. */
const BARE = /^[!#-[\]-~]+$/;
const QUOTED = /^"(?:[!#-[\]-~]|\\["\\])+"$/;

export function isIdempotencyKey(text: string): boolean {
  return /^[!-~]+$/.test(text) && text.length <= MAX_IDEMPOTENCY_KEY;
}

/** The key that a header's text means. Throws `bad_request`. */
export function parseIdempotencyKey(text: string): string {
  const key = QUOTED.test(text) ? text.slice(1, -1).replace(/\\(.)/g, '$1') : BARE.test(text) ? text : '';
  if (isIdempotencyKey(key)) return key;
  throw new KvctlError(
    'bad_request',
    `expected one Idempotency-Key of 1 to ${MAX_IDEMPOTENCY_KEY} visible characters of ASCII, with or without double quotes around it, got ${jsonStart(text, 80)}`,
  );
}

/** The header's text: a string of structured fields. */
export function formatIdempotencyKey(key: string): string {
  return `"${key.replace(/["\\]/g, '\\$&')}"`;
}
