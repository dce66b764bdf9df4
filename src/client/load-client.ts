/**
 * The hot path of a benchmark: one keep-alive connection that carries one request at a time and times it from the call to
 * the parsed answer. How many connections there are and when a request is due is the runner's business.
 *
 * Nothing is retried and nothing is pipelined: a request behind another one on the same socket would measure that one.
 * The connection is its own response handler, so that a request costs one promise and one answer, and as little else as
 * undici allows. (undici looks at a used socket for one turn of the event loop before it writes again; that is in the figures.)
 */
import type { IncomingHttpHeaders } from 'node:http';
import { Client, type Dispatcher } from 'undici';
import { DIALECT_HEADER, NATIVE } from '../wire/dialect-header.ts';

/** One answered or unanswered request. Times in ms on `performance.now()`. */
export interface LoadAnswer {
  readonly startMs: number;
  readonly endMs: number;
  readonly ok: boolean;
  /** HTTP status; 0 = no answer. */
  readonly status: number;
  /** Registry code of a refusal, or `unreachable`; null when ok. */
  readonly error: string | null;
  readonly version: string | null;
  /** Follower acks at the moment of the answer. */
  readonly acks: number | null;
  /** Server-Timing, all since admission; null when the answer names none. */
  readonly storeMs: number | null;
  readonly quorumMs: number | null;
  readonly floorMs: number | null;
}

// Natively, whatever dialect the node speaks to others: only so it tells version and acks of every write.
const HEADERS = [DIALECT_HEADER, NATIVE];
const JSON_HEADERS = [...HEADERS, 'content-type', 'application/json'];

export class LoadConnection {
  readonly #client: Client;
  readonly #handler: Dispatcher.DispatchHandler;
  #resolve: ((answer: LoadAnswer) => void) | null = null;
  #startMs = 0;
  #status = 0;
  #serverTiming = '';
  #chunks: Buffer[] = [];

  /** `timeoutMs`: after so long without an answer the request counts as unanswered; above the nodes' own quorum timeout. */
  constructor(url: string, timeoutMs: number) {
    this.#client = new Client(url, { pipelining: 1, connectTimeout: timeoutMs, headersTimeout: timeoutMs, bodyTimeout: timeoutMs });
    this.#handler = {
      onRequestStart: () => undefined,
      onResponseStart: (_controller, status, headers) => this.#begin(status, headers),
      onResponseData: (_controller, chunk) => void this.#chunks.push(chunk),
      onResponseEnd: () => this.#settle(),
      onResponseError: () => this.#fail(),
    };
  }

  /** Opens the socket, so that no measured request pays for it. Not answered is no error here: the load will show it. */
  async open(): Promise<void> {
    await this.send('GET', '/health', null);
  }

  /** Never rejects. One request at a time: the caller waits for the answer before it sends again. `path` goes out as it is. */
  send(method: 'GET' | 'PUT', path: string, body: string | null): Promise<LoadAnswer> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#status = 0;
      this.#serverTiming = '';
      this.#chunks = [];
      this.#startMs = performance.now();
      try {
        this.#client.dispatch(
          body === null ? { method, path, headers: HEADERS } : { method, path, body, headers: JSON_HEADERS },
          this.#handler,
        );
      } catch {
        this.#fail();
      }
    });
  }

  /** A request in flight ends as unanswered. */
  async close(): Promise<void> {
    await this.#client.destroy();
  }

  #begin(status: number, headers: IncomingHttpHeaders): void {
    this.#status = status;
    const timing = headers['server-timing'];
    this.#serverTiming = typeof timing === 'string' ? timing : '';
  }

  #settle(): void {
    const only = this.#chunks.length === 1 ? this.#chunks[0] : undefined;
    const body = parseBody((only ?? Buffer.concat(this.#chunks)).toString());
    const endMs = performance.now();
    const error = errorOf(this.#status, body);
    this.#answer({
      startMs: this.#startMs,
      endMs,
      ok: error === null,
      status: this.#status,
      error,
      version: typeof body?.['version'] === 'string' ? body['version'] : null,
      acks: typeof body?.['follower_acks'] === 'number' ? body['follower_acks'] : null,
      storeMs: durationIn(this.#serverTiming, 'store'),
      quorumMs: durationIn(this.#serverTiming, 'quorum'),
      floorMs: durationIn(this.#serverTiming, 'floor'),
    });
  }

  #fail(): void {
    const unanswered = {
      ok: false,
      status: 0,
      error: 'unreachable',
      version: null,
      acks: null,
      storeMs: null,
      quorumMs: null,
      floorMs: null,
    };
    this.#answer({ startMs: this.#startMs, endMs: performance.now(), ...unanswered });
  }

  #answer(answer: LoadAnswer): void {
    const resolve = this.#resolve;
    this.#resolve = null;
    resolve?.(answer);
  }
}

function parseBody(text: string): Record<string, unknown> | null {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** null for a success. That a key has no value yet is a right answer to a read, not a failure of the system. */
function errorOf(status: number, body: Record<string, unknown> | null): string | null {
  if (status === 200 && body !== null) return null;
  const code = typeof body?.['error'] === 'string' ? body['error'] : `http_${status}`;
  return status === 404 && code === 'key_not_found' ? null : code;
}

/** `dur` of one metric of a Server-Timing header: `store;dur=0.412, quorum;dur=301.200`. */
export function durationIn(serverTiming: string, metric: string): number | null {
  const name = `${metric};dur=`;
  const at = serverTiming.indexOf(name);
  // A metric begins the header or follows a comma: `store` must not be found inside `datastore`.
  if (at === -1 || (at > 0 && serverTiming[at - 1] !== ' ' && serverTiming[at - 1] !== ',')) return null;
  const value = Number.parseFloat(serverTiming.slice(at + name.length));
  return Number.isNaN(value) ? null : value;
}
