/**
 * The raw request path of a key. Not a URL: a URL object would fold `.` and `..`, encoded or not, and so turn one key into
 * another path (SPEC 7), which is why data calls hand this text to the socket as it is.
 *
 * Invariant: distinct keys have distinct paths, and the node's percent-decoding (once) gives back exactly the key.
 */
import { KvctlError } from '../wire/errors.ts';

/** `/kv/<key>`, percent-encoded. A key that is no well-formed Unicode has no UTF-8 form and is refused here as `bad_request`. */
export function keyPath(key: string): string {
  if (!key.isWellFormed()) {
    throw new KvctlError('bad_request', 'expected a key of well-formed Unicode, got one with half a surrogate pair', { key });
  }
  // encodeURIComponent leaves dots alone; proxies and servers on the way may fold these two.
  if (key === '.') return '/kv/%2E';
  if (key === '..') return '/kv/%2E%2E';
  return `/kv/${encodeURIComponent(key)}`;
}

/** `?a=1&b=2` of the parameters that are given, or nothing. */
export function queryText(parameters: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) query.set(name, String(value));
  }
  return query.size === 0 ? '' : `?${query}`;
}
