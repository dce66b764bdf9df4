/**
 * HTTP as bytes: what a well-behaved client would never send, and what came back, response by response.
 *
 * Nothing here folds, encodes or repairs: the path that a test names is the path on the wire.
 */
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { connect, type Socket } from 'node:net';

export interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Call {
  readonly method?: string;
  /** As it stands on the wire, query included. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly agent?: Agent;
  readonly timeoutMs?: number;
}

const WAIT_MS = 15_000;
const keptAlive = new Agent({ keepAlive: true, maxSockets: 64 });

export const JSON_BODY = { 'content-type': 'application/json' } as const;

/** One call by Node's client, which takes the path as it is. */
export function call(
  port: number,
  { method = 'GET', path, headers = {}, body, agent = keptAlive, timeoutMs = WAIT_MS }: Call,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': `${Buffer.byteLength(body)}` };
    const sent = request(
      { host: '127.0.0.1', port, method, path, agent, timeout: timeoutMs, headers: { ...length, ...headers } },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString() }),
        );
        response.on('error', reject);
      },
    );
    sent.on('timeout', () => sent.destroy(new Error(`no answer to ${method} ${path} in ${timeoutMs} ms`)));
    sent.on('error', reject);
    sent.end(body);
  });
}

/** `PUT` of a JSON body, whatever stands in it. */
export const put = (port: number, path: string, body: string | Buffer, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
  call(port, { method: 'PUT', path, body, headers: { ...JSON_BODY, ...headers } });

/** One TCP connection. */
export class RawConnection {
  /** True once the other side said that it sends no more, or reset us. */
  isEnded = false;
  readonly socket: Socket;
  /** Whole responses so far. */
  readonly answers: Answer[] = [];
  #rest: Buffer = Buffer.alloc(0);
  #changed: () => void = () => {};

  constructor(port: number) {
    // Half open: a test may send its last byte and go on listening, and sees the other side's end by itself.
    this.socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true });
    this.socket.on('data', (chunk: Buffer) => {
      this.#rest = Buffer.concat([this.#rest, chunk]);
      for (let next = takeAnswer(this.#rest); next !== null; next = takeAnswer(this.#rest)) {
        this.answers.push(next.answer);
        this.#rest = next.rest;
      }
      this.#changed();
    });
    const ended = () => {
      this.isEnded = true;
      this.#changed();
    };
    this.socket.on('end', ended).on('close', ended).on('error', ended);
  }

  send(bytes: string | Buffer): this {
    this.socket.write(bytes);
    return this;
  }

  /** What came after the last whole response. */
  get rest(): string {
    return this.#rest.toString();
  }

  /** Exactly the first `count` responses; fails when they do not come. */
  async first(count: number, timeoutMs = WAIT_MS): Promise<Answer[]> {
    await this.#until(() => this.isEnded || this.answers.length >= count, `${count} responses`, timeoutMs);
    const { answers } = this;
    if (answers.length < count) throw new Error(`expected ${count} responses, got ${answers.length} and the end${this.#shown()}`);
    return answers.slice(0, count);
  }

  async one(timeoutMs = WAIT_MS): Promise<Answer> {
    return (await this.first(1, timeoutMs))[0] as Answer;
  }

  /** Every response until the other side ends the connection. */
  async toEnd(timeoutMs = WAIT_MS): Promise<Answer[]> {
    await this.#until(() => this.isEnded, 'the end of the connection', timeoutMs);
    return this.answers;
  }

  close(): void {
    this.socket.destroy();
  }

  #shown(): string {
    return `: ${JSON.stringify([...this.answers.slice(0, 3), this.rest]).slice(0, 1_000)}`;
  }

  async #until(isSo: () => boolean, what: string, timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`waited ${timeoutMs} ms in vain for ${what}${this.#shown()}`)), timeoutMs);
    });
    try {
      while (!isSo()) {
        const change = new Promise<void>((resolve) => {
          this.#changed = resolve;
        });
        await Promise.race([change, late]);
      }
    } finally {
      clearTimeout(timer);
    }
  }
}

/** The bytes of a request; `length` says what Content-Length claims, if it is not the truth. */
export function requestText(method: string, path: string, body?: string, headers: Readonly<Record<string, string>> = {}): string {
  const sent = body === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': `${Buffer.byteLength(body)}` };
  const lines = Object.entries({ Host: 'node', ...sent, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body ?? ''}`;
}

/** The first response, informational ones included, none of them to HEAD; null if it is not whole yet. */
function takeAnswer(bytes: Buffer): { answer: Answer; rest: Buffer } | null {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return null;
  const [first = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1] ?? Number.NaN);
  if (Number.isNaN(status)) throw new Error(`expected a response, got ${JSON.stringify(first)}`);
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const afterHead = bytes.subarray(end + 4);
  const body = status < 200 || status === 204 || status === 304 ? { text: Buffer.alloc(0), rest: afterHead } : takeBody(headers, afterHead);
  return body === null ? null : { answer: { status, headers, text: body.text.toString() }, rest: body.rest };
}

function takeBody(headers: IncomingHttpHeaders, bytes: Buffer): { text: Buffer; rest: Buffer } | null {
  if (headers['transfer-encoding'] !== 'chunked') {
    const length = Number(headers['content-length'] ?? 0);
    return bytes.length < length ? null : { text: bytes.subarray(0, length), rest: bytes.subarray(length) };
  }
  const chunks: Buffer[] = [];
  let rest = bytes;
  for (;;) {
    const end = rest.indexOf('\r\n');
    if (end === -1) return null;
    const size = Number.parseInt(rest.subarray(0, end).toString(), 16);
    if (rest.length < end + 2 + size + 2) return null;
    chunks.push(rest.subarray(end + 2, end + 2 + size));
    rest = rest.subarray(end + 2 + size + 2);
    if (size === 0) return { text: Buffer.concat(chunks), rest };
  }
}
