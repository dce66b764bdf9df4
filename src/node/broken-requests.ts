/**
 * Connections on which Node's own parser gave up (no HTTP, cut short, too slow), and CONNECT: answered in the form of every other error.
 *
 * Invariant: one answer per request, in the order of the requests. A request before the broken one may still wait for its quorum: an error
 * written now would be taken for its answer, and say "certainly not" of a write that happens. And a request that was answered before its
 * body was there (a bad key) must not get a second answer when the rest never comes.
 */
import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { KvctlError } from '../wire/errors.ts';
import { type Spelling, send } from './answer.ts';

/** How long a client may take to read the error: closing a connection with unread bytes in it resets it, and the error may be lost. */
const LINGER_MS = 1_000;

export class BrokenRequests {
  readonly #spell: Spelling;
  readonly #latest = new WeakMap<Duplex, ServerResponse>();
  readonly #refused = new WeakSet<Duplex>();

  constructor(spell: Spelling) {
    this.#spell = spell;
  }

  /** Every request that reaches the server is told here, by its response. */
  began(response: ServerResponse): void {
    this.#latest.set(response.req.socket, response);
  }

  /** Answers `error` in its turn, and ends the connection. */
  refuse(socket: Duplex, error: KvctlError): void {
    if (!socket.writable) {
      socket.destroy();
      return;
    }
    // A parser that failed fails again on every byte that still comes.
    if (this.#refused.has(socket)) return;
    this.#refused.add(socket);
    const { status, body } = this.#spell(error);
    const latest = this.#latest.get(socket);
    if (latest !== undefined && !latest.req.complete) {
      if (latest.headersSent) socket.destroy();
      else send(latest, status, body, { connection: 'close' });
    } else if (latest === undefined || latest.writableFinished) sendByHand(socket, status, error.code, body);
    else latest.once('close', () => sendByHand(socket, status, error.code, body));
  }
}

/** There is no response object for what never became a request. */
function sendByHand(socket: Duplex, status: number, reason: string, body: string): void {
  if (!socket.writable) return;
  const head = `HTTP/1.1 ${status} ${reason}\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n`;
  socket.end(head + body);
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}
