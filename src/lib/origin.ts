/** The address of a server, as people write it: `http://127.0.0.1:8000`, nothing behind the port. */
import { fail, ok, type Result } from './result.ts';

/** The origin, without a slash at its end. What looks like an address without its scheme gets the advice to add one. */
export function parseOrigin(text: string): Result<string> {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isOrigin = url !== null && (url.protocol === 'http:' || url.protocol === 'https:') && url.href === `${url.origin}/`;
  if (isOrigin) return ok(url.origin);
  const isBare = /^[\w.-]+(:\d+)?\/?$/.test(text);
  return fail(`expected an address like http://127.0.0.1:8000, got ${JSON.stringify(text)}${isBare ? `: try http://${text}` : ''}`);
}
