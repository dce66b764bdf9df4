/** The cluster token: internal and admin calls need it as a bearer token, compared in constant time, before the body is read. */

import type { IncomingMessage } from 'node:http';
import { KvctlError } from '../wire/errors.ts';
import { createHash, timingSafeEqual } from './builtin.ts';

export type Authorize = (request: IncomingMessage) => void;

const NEEDS_TOKEN = /^\/(replicate|internal|admin)(\/|$)/;

export function needsToken(path: string): boolean {
  return NEEDS_TOKEN.test(path);
}

/** Throws `unauthorized`. Without a token everybody may call. */
export function authorizer(token: string | null): Authorize {
  if (token === null) return () => {};
  const expected = digest(`Bearer ${token}`);
  return (request) => {
    const given = request.headers.authorization;
    if (given !== undefined && timingSafeEqual(digest(given), expected)) return;
    const got = given === undefined ? 'no Authorization header' : 'another token';
    throw new KvctlError(
      'unauthorized',
      `expected the cluster token as "Authorization: Bearer …" (kvctl keeps it in its state file), got ${got}`,
    );
  };
}

/** Digests have one length, so that comparing tells nothing of the token's. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
