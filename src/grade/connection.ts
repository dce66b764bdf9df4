/**
 * The connections to one node. A path goes out exactly as it is given, nothing is followed and no write is ever sent twice; what came
 * back, or that nothing came, is an exchange and never an exception.
 */
import { Pool } from 'undici';
import { reasonOf } from '../client/answer.ts';
import type { Exchange } from './exchange.ts';
import type { Peer } from './target.ts';

export interface RawRequest {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Path and query, percent-encoded. */
  readonly target: string;
  readonly body: string | null;
  readonly contentType?: string;
  readonly token?: string | null;
}

/** A server that closes an idle connection must not meet our next request: servers keep them for 2 s and more. */
const IDLE_MS = 1_000;
const MOST_BYTES = 64 * 2 ** 20;

export class Connection {
  readonly peer: Peer;
  readonly #pool: Pool;
  readonly #prefix: string;

  constructor(peer: Peer) {
    const { origin, pathname } = new URL(peer.url);
    this.peer = peer;
    this.#prefix = pathname === '/' ? '' : pathname;
    this.#pool = new Pool(origin, {
      pipelining: 1,
      keepAliveTimeout: IDLE_MS,
      keepAliveMaxTimeout: IDLE_MS,
      headersTimeout: 0,
      bodyTimeout: 0,
      maxResponseSize: MOST_BYTES,
    });
  }

  /** Rejects only when `signal` is aborted. */
  async send(request: RawRequest, timeoutMs: number, signal: AbortSignal): Promise<Exchange> {
    const first = await this.#sendOnce(request, timeoutMs, signal);
    // A kept connection that the server had given up already: for a read, asking again is harmless and says more.
    const wasCut = first.status === null && first.endMs - first.sentMs < IDLE_MS && /reset|closed/.test(first.answer);
    return wasCut && request.method === 'GET' ? this.#sendOnce(request, timeoutMs, signal) : first;
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  async #sendOnce({ method, target, body, contentType, token }: RawRequest, timeoutMs: number, signal: AbortSignal): Promise<Exchange> {
    const path = this.#prefix + target;
    const known = { node: this.peer.name, method, url: new URL(this.peer.url).origin + path, body };
    const headers = {
      ...(body === null ? {} : { 'content-type': contentType ?? 'application/json' }),
      ...(token ? { authorization: `Bearer ${token}` } : {}),
    };
    const sentMs = performance.now();
    try {
      const response = await this.#pool.request({
        method,
        path,
        body,
        headers,
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      });
      const answer = await response.body.text();
      return { ...known, status: response.statusCode, answer, sentMs, endMs: performance.now() };
    } catch (error) {
      signal.throwIfAborted();
      return { ...known, status: null, answer: reasonOf(error), sentMs, endMs: performance.now() };
    }
  }
}
