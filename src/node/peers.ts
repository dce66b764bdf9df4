/**
 * Calls to the other nodes, by undici: one small pool per node, kept alive. A call ends in an answer of the protocol or in a reason why none came.
 * No retries: what is sent again, and when, is the core's business.
 */
// Of undici only the pool: the package's main module also loads fetch, WebSocket and caches, 9 MB of every node's memory.
import Pool from 'undici/lib/dispatcher/pool.js';
import type { NodeId, PeerAnswer, PeerRequest } from '../core/peer.ts';
import type { Member } from '../core/record.ts';
import { encodeRequest, FROM_HEADER, INTERNAL_PATHS, MAX_ROWS_BYTES, TO_HEADER } from '../wire/internal.ts';
import { decodeAnswer } from '../wire/internal-answers.ts';

export interface PeersOptions {
  /** This node's name, once it calls somebody. */
  readonly nodeId: () => NodeId;
  readonly members: readonly Member[];
  readonly token: string | null;
  readonly requestTimeoutMs: number;
  /** Connections per node; one more than the stream's window, so that looking never waits for it. */
  readonly connections: number;
}

/** An answer is small: a position, or where a node stands with the list of members. */
const MAX_ANSWER_BYTES = 1024 * 1024;
const CONNECT_TIMEOUT_MS = 1_000;

export class Peers {
  readonly #options: PeersOptions;
  readonly #urls = new Map<NodeId, string>();
  readonly #pools = new Map<NodeId, { readonly pool: Pool; readonly headers: string[] }>();

  constructor(options: PeersOptions) {
    this.#options = options;
    this.learn(options.members);
  }

  /** What this node was told itself goes before what others tell it. */
  learn(members: readonly Member[]): void {
    for (const { id, url } of members) if (!this.#urls.has(id)) this.#urls.set(id, url);
  }

  /** Calls back exactly once. */
  call(to: NodeId, message: PeerRequest, done: (answer: PeerAnswer | null, reason: string) => void): void {
    const peer = this.#peer(to);
    if (peer === null) {
      setImmediate(() => done(null, `the address of ${to} is not known`));
      return;
    }
    const chunks: Buffer[] = [];
    const maxBytes = message.t === 'changes' ? MAX_ROWS_BYTES : MAX_ANSWER_BYTES;
    let bytes = 0;
    const path = INTERNAL_PATHS[message.t];
    const text = encodeRequest(message);
    const { headers } = peer;
    peer.pool.dispatch(
      message.t === 'changes' ? { path: `${path}?${text}`, method: 'GET', headers } : { path, method: 'POST', headers, body: text },
      {
        onRequestStart() {},
        onResponseStart() {},
        onResponseData(controller, chunk) {
          bytes += chunk.length;
          if (bytes > maxBytes) controller.abort(new Error(`expected an answer of at most ${maxBytes} bytes`));
          else chunks.push(chunk);
        },
        onResponseEnd() {
          finish(Buffer.concat(chunks).toString(), done);
        },
        onResponseError(_controller, error) {
          done(null, error.message);
        },
      },
    );
  }

  /** Ends every connection, at once; calls that run fail. */
  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map(({ pool }) => pool.destroy()));
  }

  #peer(to: NodeId): { readonly pool: Pool; readonly headers: string[] } | null {
    const known = this.#pools.get(to);
    if (known !== undefined) return known;
    const url = this.#urls.get(to);
    if (url === undefined) return null;
    const { requestTimeoutMs: timeout, token } = this.#options;
    const headers = ['content-type', 'application/json', FROM_HEADER, this.#options.nodeId(), TO_HEADER, to];
    if (token !== null) headers.push('authorization', `Bearer ${token}`);
    const pool = new Pool(url, {
      connections: this.#options.connections,
      pipelining: 1,
      headersTimeout: timeout,
      bodyTimeout: timeout,
      connect: { timeout: CONNECT_TIMEOUT_MS },
      keepAliveTimeout: 60_000,
    });
    const peer = { pool, headers };
    this.#pools.set(to, peer);
    return peer;
  }
}

function finish(text: string, done: (answer: PeerAnswer | null, reason: string) => void): void {
  let answer: PeerAnswer | null;
  try {
    answer = decodeAnswer(text);
  } catch (error) {
    done(null, (error as Error).message);
    return;
  }
  done(answer, answer === null ? `an answer that is none of the protocol's: ${text.slice(0, 200)}` : '');
}
