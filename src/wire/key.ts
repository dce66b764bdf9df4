/**
 * Keys as they stand in a path. Anything goes: 1 to 1,024 bytes of UTF-8, percent-decoded once from the raw path.
 *
 * Invariant: what does not decode is refused, never taken as it stands, because then it would be an alias of another key (`100%` of `100%25`).
 */
import { KvctlError } from './errors.ts';

export const MAX_KEY_BYTES = 1024;
export const KEY_PREFIX = '/kv/';

const encoder = new TextEncoder();

/** @param raw what follows `/kv/` in the request's path, up to the query */
export function decodeKey(raw: string): string {
  let key: string;
  try {
    key = decodeURIComponent(raw);
  } catch (cause) {
    throw new KvctlError(
      'bad_request',
      `expected a percent-encoded key of UTF-8 (% itself is %25), got ${JSON.stringify(raw.slice(0, 80))}`,
      {},
      cause,
    );
  }
  // A parser hands raw bytes over as Latin-1; taken as they are they would be another key than the one that was meant.
  if (/[^\x20-\x7e]/.test(raw)) {
    throw new KvctlError('bad_request', `expected a percent-encoded key, got raw bytes in ${JSON.stringify(raw.slice(0, 80))}`);
  }
  return ofKeyLength(key);
}

/** A key that stood in no path. Throws `bad_request`. */
export function checkedKey(key: string): string {
  // Half a surrogate pair has no UTF-8 form; stored as U+FFFD it would be an alias of other keys.
  if (!key.isWellFormed()) throw new KvctlError('bad_request', 'expected a key of well-formed Unicode, got one with half a surrogate pair');
  return ofKeyLength(key);
}

function ofKeyLength(key: string): string {
  // Cheap first: only a long key needs its bytes counted.
  const bytes = key.length * 3 <= MAX_KEY_BYTES ? key.length : encoder.encode(key).length;
  if (bytes < 1 || bytes > MAX_KEY_BYTES) {
    throw new KvctlError('bad_request', `expected a key of 1 to ${MAX_KEY_BYTES} bytes of UTF-8, got ${bytes}`, { bytes });
  }
  return key;
}
