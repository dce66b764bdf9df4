/** Reads a request's body up to a limit, for what Koa's body parser does not read. What becomes of the rest of a larger one: answer.ts. */

import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { KvctlError } from '../wire/errors.ts';

/** Calls back once: with the text, or with the error to answer. Never after the client is gone. */
export function readText(request: IncomingMessage, maxBytes: number, done: (text: string, error: KvctlError | null) => void): void {
  const refusal = mediaTypeError(request);
  if (refusal !== null) {
    done('', refusal);
    return;
  }
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > maxBytes) {
    done('', tooLarge(maxBytes));
    return;
  }
  let chunks: Buffer[] = [];
  let bytes = 0;
  const onData = (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= maxBytes) {
      chunks.push(chunk);
      return;
    }
    chunks = [];
    request.off('data', onData);
    request.off('end', onEnd);
    done('', tooLarge(maxBytes));
  };
  const onEnd = () => {
    const whole = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
    if (isUtf8(whole)) done(whole.toString(), null);
    else done('', new KvctlError('bad_request', 'expected a body of UTF-8, got bytes that are none'));
  };
  request.on('data', onData);
  request.on('end', onEnd);
}

/** Null if the body says that it is JSON: no web page can make a browser send that type across origins by a form. */
export function mediaTypeError(request: IncomingMessage): KvctlError | null {
  const { 'content-type': type, 'content-encoding': coding } = request.headers;
  if (coding !== undefined)
    return new KvctlError('unsupported_media_type', `expected a body without content-encoding, got ${JSON.stringify(coding)}`);
  if (type === 'application/json' || (type !== undefined && /^application\/json\s*(;|$)/i.test(type))) return null;
  return new KvctlError(
    'unsupported_media_type',
    `expected a body with content-type application/json, got ${type === undefined ? 'none' : JSON.stringify(type)}`,
  );
}

function tooLarge(maxBytes: number): KvctlError {
  return new KvctlError('too_large', `expected a body of at most ${maxBytes} bytes, got more`, { max_bytes: maxBytes });
}
