/**
 * A lab's HTTP dialect, served by one route that reads the lab's description (labs/dialect.ts): its calls reach the same core, by the
 * same limits and the same errors as kvctl's own, and only the spelling is the lab's.
 *
 * Not here: kvctl's own calls. They go on working beside the dialect where their paths are others, and on every path for a caller that asks
 * for them (wire/dialect-header.ts). Internal calls are always kvctl's own.
 * Invariant: a value that comes by a lab's call is a string, as it is in the labs.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import type { WriteFailure, WriteSuccess } from '../core/message.ts';
import { formatVersion } from '../core/version.ts';
import { callText, matchPath, matchRequest } from '../labs/call.ts';
import type { Answer, Call, Dialect } from '../labs/dialect.ts';
import { type Bindings, type Piece, piecesOf, renderPieces, type Texts } from '../labs/template.ts';
import { jsonStart } from '../lib/text.ts';
import type { DumpView } from '../store/store.ts';
import { DIALECT_HEADER, NATIVE } from '../wire/dialect-header.ts';
import { KvctlError } from '../wire/errors.ts';
import { checkedKey } from '../wire/key.ts';
import { storedText } from '../wire/value.ts';
import { asKvctlError, type Spelling, send, sendError } from './answer.ts';
import { type Authorize, needsToken } from './auth.ts';
import { readText } from './body.ts';
import type { NodeConfig } from './config.ts';
import { type Hot, maxBodyBytes, putAnswer } from './hot.ts';
import type { Log } from './log.ts';
import { mustBeQuorum } from './routes/admin.ts';
import { removalAnswer } from './routes/kv.ts';
import { healthOf } from './routes/status.ts';
import { serverTiming, writeError } from './routes/write.ts';
import type { Runtime } from './runtime.ts';

const KINDS = ['write', 'read', 'remove', 'dump', 'health', 'setQuorum'] as const;

interface Offered {
  readonly kind: (typeof KINDS)[number];
  readonly call: Call;
}

interface Exchange {
  readonly call: Call;
  readonly values: Bindings;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

export interface DialectParts {
  readonly dialect: Dialect;
  readonly config: NodeConfig;
  readonly runtime: Runtime;
  readonly nodeName: () => string;
  readonly authorize: Authorize;
  readonly log: Log;
}

export class DialectRoutes {
  readonly #parts: DialectParts;
  readonly #offered: readonly Offered[];

  constructor(parts: DialectParts) {
    this.#parts = parts;
    this.#offered = KINDS.flatMap((kind) => {
      const call = parts.dialect[kind];
      return call === undefined ? [] : [{ kind, call }];
    });
  }

  /** The calls, for people. */
  get title(): string {
    return `${this.#parts.dialect.name}: ${this.#offered.map(({ call }) => callText(call)).join(', ')}`;
  }

  /** Errors that belong to no call of the dialect. */
  readonly spell: Spelling = (error) => this.#spell(error, null);

  /** Methods of the dialect's calls at this path, unless the request asks for kvctl's own. */
  methodsAt(request: IncomingMessage, path: string): string[] {
    if (isNative(request)) return [];
    return this.#offered.filter(({ call }) => matchPath(call.path, path) !== null).map(({ call }) => call.method);
  }

  readonly serve: Hot = (request, response) => {
    if (isNative(request)) return false;
    const [path = '', query = ''] = (request.url ?? '').split(/\?(.*)/s, 2);
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const found = this.#offered.find(({ call }) => call.method === method && matchPath(call.path, path) !== null);
    if (found === undefined) return false;
    const { kind, call } = found;
    const fail = (thrown: unknown) => {
      const error = asKvctlError(thrown);
      if (error.code === 'internal') this.#parts.log.error({ err: thrown }, 'request failed');
      sendError(response, error, (each) => this.#spell(each, call));
    };
    const run = async (body: string) => {
      await this.#handlers[kind]({ call, values: matchRequest(call, { path, query, body }), request, response });
    };
    try {
      if (needsToken(path)) this.#parts.authorize(request);
      if (call.body === undefined) run('').catch(fail);
      else readText(request, maxBodyBytes(this.#parts.config), (text, error) => (error === null ? run(text).catch(fail) : fail(error)));
    } catch (thrown) {
      fail(thrown);
    }
    return true;
  };

  readonly #handlers: Readonly<Record<Offered['kind'], (exchange: Exchange) => Promise<void> | void>> = {
    write: async (exchange) => {
      const key = keyIn(exchange.values);
      const value = this.#valueIn(exchange.values);
      const result = await this.#put(key, value);
      this.#answer(
        exchange,
        { key: JSON.stringify(key), value, ...writeTexts(result) },
        () => putAnswer(this.#name, key, value, result),
        result,
      );
    },
    remove: async (exchange) => {
      const key = keyIn(exchange.values);
      const result = await this.#put(key, null);
      const native = () => JSON.stringify(removalAnswer(this.#name, key, result));
      this.#answer(exchange, { key: JSON.stringify(key), ...writeTexts(result) }, native, result);
    },
    read: async (exchange) => {
      const { runtime } = this.#parts;
      const key = keyIn(exchange.values);
      const isLeading = runtime.replica.role === 'leader';
      if (isLeading) runtime.mustServeCommitted();
      const record = isLeading ? await runtime.committed(key) : runtime.store.get(key);
      if (record === null || record.value === null)
        throw new KvctlError('key_not_found', `${JSON.stringify(key)} has no value on ${this.#name}`, { key });
      const texts = { key: JSON.stringify(key), value: record.value, version: JSON.stringify(formatVersion(record.version)) };
      this.#answer(exchange, texts, () => `{"key":${texts.key},"value":${texts.value}}`);
    },
    dump: (exchange) => {
      const { dialect, runtime } = this.#parts;
      if (dialect.dumpOn === 'followers' && runtime.replica.role === 'leader') {
        throw new KvctlError(
          'not_found',
          `expected ${callText(exchange.call)} on a follower: in ${dialect.name} the leader has no such call`,
        );
      }
      this.#dump(exchange);
    },
    health: (exchange) => this.#answer(exchange, {}, () => JSON.stringify(healthOf(this.#parts.runtime, this.#name))),
    setQuorum: async (exchange) => {
      const { quorum } = exchange.values;
      mustBeQuorum(quorum, { write_quorum: quorum });
      const result = await this.#parts.runtime.setQuorum(quorum, false);
      if (!result.ok) throw writeError(result);
      this.#answer(exchange, { quorum: `${result.quorum}` }, () =>
        JSON.stringify({ write_quorum: result.quorum, previous: result.previous }),
      );
    },
  };

  get #name(): string {
    return this.#parts.nodeName();
  }

  /** Rejects with the error of a write that failed. */
  async #put(key: string, value: string | null): Promise<WriteSuccess> {
    const request = { key, value, need: null, timeoutMs: null };
    const result = await new Promise<WriteSuccess | WriteFailure>((resolve) => this.#parts.runtime.put(request, resolve));
    if (!result.ok) throw writeError(result);
    return result;
  }

  #valueIn({ value }: Bindings): string {
    const { dialect, config } = this.#parts;
    if (typeof value === 'string') return storedText(value, config.maxValueBytes);
    throw new KvctlError(
      'bad_request',
      `expected the value to be a string, as ${dialect.name}'s values are, got ${jsonStart(value)}; put it in quotes (kvctl's own API takes any JSON value)`,
    );
  }

  /** The call went well. `native` is what kvctl itself would answer, for a dialect that promises nothing of the body. */
  #answer({ call, response }: Exchange, texts: Texts, native: () => string, written?: WriteSuccess): void {
    const { status, body } = call.ok;
    const text = body === null ? native() : renderPieces(piecesOf(body), { ...this.#common(), ...texts });
    send(response, status, text, written === undefined ? {} : { 'server-timing': serverTiming(written) });
  }

  #dump({ call, request, response }: Exchange): void {
    const view = this.#parts.runtime.store.dump({ tombstones: false });
    const body = Readable.from(dumpText(piecesOf(call.ok.body ?? '{data}'), this.#common(), view));
    // However the reading ends, and if it never begins.
    body.once('close', () => view.close());
    response.writeHead(call.ok.status, { 'content-type': 'application/json; charset=utf-8' });
    if (request.method === 'HEAD') {
      body.destroy();
      response.end();
    } else pipeline(body, response, () => {});
  }

  #spell(error: KvctlError, call: Call | null): ReturnType<Spelling> {
    const promised: Answer | undefined = {
      not_leader: call?.notLeader,
      quorum_not_met: call?.quorumNotMet,
      key_not_found: call?.keyNotFound,
    }[error.code as string];
    const { follower_acks: acks = null, required = null, version = null, key = null, leader_url: leader = null } = error.detail;
    const texts = Object.entries({ acks, required, version, key, leader, message: error.message });
    const known = { ...this.#common(), ...Object.fromEntries(texts.map(([name, value]) => [name, JSON.stringify(value)])) };
    const body = renderPieces(piecesOf(promised?.body ?? this.#parts.dialect.errorBody), known);
    return { status: promised?.status ?? error.status, body };
  }

  /** What every answer may name; what this one has not is null. */
  #common(): Texts {
    const { role, members, leaderId } = this.#parts.runtime.replica;
    const leader = members.find((member) => member.id === leaderId)?.url ?? null;
    return {
      ...NOTHING,
      node: JSON.stringify(this.#name),
      role: JSON.stringify(role),
      leader: JSON.stringify(leader),
    };
  }
}

const NOTHING = { key: 'null', value: 'null', quorum: 'null', acks: 'null', required: 'null', version: 'null', message: 'null' };

function isNative(request: IncomingMessage): boolean {
  return request.headers[DIALECT_HEADER] === NATIVE;
}

function keyIn({ key }: Bindings): string {
  if (typeof key === 'string') return checkedKey(key);
  throw new KvctlError('bad_request', `expected the key to be a string, got ${jsonStart(key)}`);
}

function writeTexts({ version, acks, need }: WriteSuccess): Texts {
  return { version: JSON.stringify(formatVersion(version)), acks: `${acks}`, required: `${need}` };
}

/** One JSON object of values by key where the template says `{data}`, row by row. */
function* dumpText(pieces: readonly Piece[], texts: Texts, view: DumpView): Iterable<string> {
  for (const piece of pieces) {
    if (typeof piece === 'string' || piece.name !== 'data') {
      yield renderPieces([piece], texts);
      continue;
    }
    let before = '{';
    for (const { key, value } of view.rows()) {
      yield `${before}${JSON.stringify(key)}:${value}`;
      before = ',';
    }
    yield before === '{' ? '{}' : '}';
  }
}
