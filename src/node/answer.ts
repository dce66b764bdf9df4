/** How an answer leaves on a bare response: the hot routes', and everybody's errors. One funnel makes responses out of errors. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { KvctlError } from '../wire/errors.ts';

/** Of a body that nobody wants. */
const DROPPED_BYTES = 8 * 1024 * 1024;

/** Whatever was thrown, as an error of the registry. What is not one is a bug, answered as `internal` and logged by the caller. */
export function asKvctlError(thrown: unknown): KvctlError {
  if (thrown instanceof KvctlError) return thrown;
  return new KvctlError(
    'internal',
    'kvctl failed on this request, which is a bug in kvctl; whether a write happened is not known',
    {},
    thrown,
  );
}

/** An error as a response: status and JSON text of the body. */
export type Spelling = (error: KvctlError) => { readonly status: number; readonly body: string };

/** kvctl's own: `{error, message, definite, detail}`. A lab's dialect has another (dialect.ts). */
export const nativeSpelling: Spelling = (error) => ({ status: error.status, body: JSON.stringify(error.toBody()) });

export function sendError(response: ServerResponse, error: KvctlError, spell: Spelling = nativeSpelling): void {
  // What is left of these requests is not worth reading on.
  const isLast = error.code === 'too_large' || error.code === 'unauthorized';
  const allow = typeof error.detail.allow === 'string' ? { allow: error.detail.allow } : {};
  const challenge = error.code === 'unauthorized' ? { 'www-authenticate': 'Bearer' } : {};
  const { status, body } = spell(error);
  const headers = { ...(isLast ? { connection: 'close' } : {}), ...challenge, ...allow };
  if (!isLast || response.req.complete) send(response, status, body, headers);
  else sendBeforeTheRest(response, status, body, headers);
}

export function send(response: ServerResponse, status: number, body: string, headers: Record<string, string> = {}): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, headersOf(body, headers));
  response.end(body);
}

/**
 * The whole answer leaves at once, but the response ends only after the rest of the request, or 8 MiB of it, passed: with its end the
 * connection closes, and closing resets a client that still sends, which then may never see the answer.
 */
function sendBeforeTheRest(response: ServerResponse, status: number, body: string, headers: Record<string, string>): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, headersOf(body, headers));
  response.write(body);
  const request: IncomingMessage = response.req;
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > DROPPED_BYTES) request.destroy();
  });
  request.once('close', () => response.end());
  request.resume();
}

function headersOf(body: string, more: Record<string, string>): Record<string, string | number> {
  return { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(body), ...more };
}
