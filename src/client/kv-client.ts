/**
 * The client that the command line, the cluster and the experiments talk to nodes with, one call at a time; the hot path of
 * a benchmark is load-client.
 *
 * Control calls go by got. Data calls (keys, dump) go by undici, because only a client that writes the path as it is given
 * can address every key (key-path.ts). Neither retries, follows redirects, nor reads proxy variables: one call here is one
 * request on the wire, and what became of it is the caller's to judge. A write whose answer was lost throws `unreachable`,
 * which is indefinite; retried-write.ts is for who wants to ask again.
 */
import { Agent as HttpAgent } from 'node:http';
import got, { type Got } from 'got';
import { Agent } from 'undici';
import type { z } from 'zod';
import {
  type DumpHeader,
  type FaultsAnswer,
  type FaultsRequest,
  faultsAnswer,
  healthAnswer,
  type ListAnswer,
  listAnswer,
  type NetworkAnswer,
  type NetworkRequest,
  type NodeStatus,
  networkAnswer,
  nodeStatus,
  type PromoteAnswer,
  type PromoteRequest,
  promoteAnswer,
  quorumAnswer,
  type ReadAnswer,
  type RolledBackItem,
  readAnswer,
  replicaStatusAnswer,
  rolledBackHeader,
  rolledBackItem,
  type TraceItem,
  traceAnswer,
  type WriteAnswer,
  writeAnswer,
} from '../wire/api.ts';
import { DIALECT_HEADER, NATIVE } from '../wire/dialect-header.ts';
import { formatIdempotencyKey, IDEMPOTENCY_HEADER } from '../wire/idempotency.ts';
import { type Call, errorOf, failureOf, parseAnswer } from './answer.ts';
import { type Dump, parseDump, parseDumpHeader } from './dump.ts';
import { keyPath, queryText } from './key-path.ts';
import { linesOf, parseLine } from './lines.ts';

export interface KvClientOptions {
  /** The cluster's token, null for none; sent to admin calls only. */
  readonly token?: string | null;
  /** How long one call may take from start to parsed answer, in ms. Default 30,000: above any sensible quorum timeout. */
  readonly timeoutMs?: number;
}

export interface WriteOptions {
  /** Follower acks that this write needs, instead of the cluster's quorum. */
  readonly quorum?: number | undefined;
  /** How long the node waits for its quorum, in ms. */
  readonly timeoutMs?: number | undefined;
  /** What makes it safe to send the write again, 1 to 255 visible characters of ASCII. */
  readonly idempotencyKey?: string | undefined;
}

export interface ReadOptions {
  readonly read?: 'committed' | 'local' | 'linearizable' | undefined;
  /** Token of a write, `epoch.seq`. */
  readonly minVersion?: string | undefined;
  readonly timeoutMs?: number | undefined;
}

export interface ListOptions {
  readonly prefix?: string | undefined;
  /** Exclusive lower bound. */
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
  readonly read?: ReadOptions['read'];
}

/** Time for the answer to travel after the node's own deadline has passed. */
const ANSWER_GRACE_MS = 2_000;
/** Rows of the trace per page: some 100 KB of JSON with five followers. */
const TRACE_PAGE = 500;

/** The node may speak a lab's dialect to others. */
const NATIVELY = { [DIALECT_HEADER]: NATIVE };

/** Every call takes the node's base URL and throws nothing but KvctlError. */
export class KvClient {
  readonly #timeoutMs: number;
  readonly #authorization: Readonly<Record<string, string>>;
  readonly #httpAgent = new HttpAgent({ keepAlive: true });
  readonly #agent = new Agent({ pipelining: 1 });
  readonly #got: Got;

  constructor(options: KvClientOptions = {}) {
    this.#timeoutMs = options.timeoutMs ?? 30_000;
    this.#authorization = options.token == null ? {} : { authorization: `Bearer ${options.token}` };
    this.#got = got.extend({
      agent: { http: this.#httpAgent },
      headers: NATIVELY,
      retry: { limit: 0 },
      followRedirect: false,
      throwHttpErrors: false,
      timeout: { request: this.#timeoutMs },
    });
  }

  /** `valueText` is JSON text and travels as it is. */
  put(url: string, key: string, valueText: string, options: WriteOptions = {}): Promise<WriteAnswer> {
    const path = keyPath(key) + queryText({ quorum: options.quorum, timeout_ms: options.timeoutMs });
    return this.#data({ method: 'PUT', url, path, ...keyHeader(options) }, writeAnswer, options.timeoutMs, `{"value":${valueText}}`);
  }

  del(url: string, key: string, options: WriteOptions = {}): Promise<WriteAnswer> {
    const path = keyPath(key) + queryText({ quorum: options.quorum, timeout_ms: options.timeoutMs });
    return this.#data({ method: 'DELETE', url, path, ...keyHeader(options) }, writeAnswer, options.timeoutMs);
  }

  get(url: string, key: string, options: ReadOptions = {}): Promise<ReadAnswer> {
    const query = queryText({ read: options.read, min_version: options.minVersion, timeout_ms: options.timeoutMs });
    return this.#data({ method: 'GET', url, path: keyPath(key) + query }, readAnswer, options.timeoutMs);
  }

  /** One page, by UTF-8 bytes of the key; `next` of the answer is the `after` of the next one. */
  list(url: string, options: ListOptions = {}): Promise<ListAnswer> {
    return this.#data({ method: 'GET', url, path: `/kv${queryText({ ...options })}` }, listAnswer);
  }

  /** One consistent view of the node's data, tombstones included unless told otherwise. */
  async dump(url: string, options: { tombstones?: boolean; timeoutMs?: number } = {}): Promise<Dump> {
    const path = `/dump${queryText({ tombstones: (options.tombstones ?? true) ? 1 : undefined })}`;
    const call: Call = { method: 'GET', url, path };
    const response = await this.#send(call, options.timeoutMs ?? this.#timeoutMs);
    if (response.statusCode !== 200) throw errorOf(call, response.statusCode, await textOf(call, response.body));
    return parseDump(response.body).catch((error: unknown) => Promise.reject(failureOf(call, error)));
  }

  /** What the node's dump would say of itself, at no cost to the node. */
  async dumpHeader(url: string, options: { timeoutMs?: number } = {}): Promise<DumpHeader> {
    const call: Call = { method: 'GET', url, path: '/dump?rows=0' };
    const response = await this.#send(call, options.timeoutMs ?? this.#timeoutMs);
    const text = await textOf(call, response.body);
    if (response.statusCode !== 200) throw errorOf(call, response.statusCode, text);
    try {
      return parseDumpHeader(text);
    } catch (error) {
      throw failureOf(call, error);
    }
  }

  health(url: string): Promise<z.infer<typeof healthAnswer>> {
    return this.#control({ method: 'GET', url, path: '/health' }, healthAnswer);
  }

  status(url: string): Promise<NodeStatus> {
    return this.#control({ method: 'GET', url, path: '/status' }, nodeStatus);
  }

  quorum(url: string): Promise<z.infer<typeof quorumAnswer>> {
    return this.#control({ method: 'GET', url, path: '/admin/quorum' }, quorumAnswer);
  }

  /** A lower quorum takes effect once a majority recorded it, or at once with `force`. */
  setQuorum(url: string, writeQuorum: number, options: { force?: boolean } = {}): Promise<z.infer<typeof quorumAnswer>> {
    return this.#control({ method: 'POST', url, path: '/admin/quorum' }, quorumAnswer, { write_quorum: writeQuorum, ...options });
  }

  /** Makes that node the leader, or with `dry_run` tells what would be; answers once it is open. Throws `not_lossless` and `not_open`. */
  promote(url: string, wish: PromoteRequest): Promise<PromoteAnswer> {
    return this.#control({ method: 'POST', url, path: '/admin/promote' }, promoteAnswer, wish);
  }

  /** What the node gave up when it joined a newer leader, oldest first, as it streams in: who has enough leaves, and the node stops. */
  async *rolledBack(url: string): AsyncGenerator<RolledBackItem> {
    const call: Call = { method: 'GET', url, path: '/admin/rolled-back', headers: this.#authorization };
    const response = await this.#send(call, this.#timeoutMs);
    if (response.statusCode !== 200) throw errorOf(call, response.statusCode, await textOf(call, response.body));
    let isBegun = false;
    try {
      for await (const line of linesOf(response.body)) {
        if (isBegun) yield parseLine(line, rolledBackItem, 'an answer');
        else parseLine(line, rolledBackHeader, 'an answer');
        isBegun = true;
      }
      if (!isBegun) throw new Error('an empty answer');
    } catch (error) {
      throw failureOf(call, error);
    }
  }

  network(url: string): Promise<NetworkAnswer> {
    return this.#control({ method: 'GET', url, path: '/admin/network' }, networkAnswer);
  }

  /** Only what is named changes; a seed starts its streams anew. */
  setNetwork(url: string, change: NetworkRequest): Promise<NetworkAnswer> {
    return this.#control({ method: 'POST', url, path: '/admin/network' }, networkAnswer, change);
  }

  /** What was broken of a node that was started with FAULT_INJECTION=on. */
  faults(url: string): Promise<FaultsAnswer> {
    return this.#control({ method: 'GET', url, path: '/admin/faults' }, faultsAnswer);
  }

  setFaults(url: string, change: FaultsRequest): Promise<FaultsAnswer> {
    return this.#control({ method: 'POST', url, path: '/admin/faults' }, faultsAnswer, change);
  }

  replicaStatus(url: string): Promise<z.infer<typeof replicaStatusAnswer>> {
    return this.#control({ method: 'GET', url, path: '/admin/replica-status' }, replicaStatusAnswer);
  }

  /** All writes newer than `since` (`epoch.seq`) that the ring still holds, oldest first, over as many pages as it takes. */
  async trace(url: string, since: string): Promise<TraceItem[]> {
    const items: TraceItem[] = [];
    let next: string | null = since;
    while (next !== null) {
      const path: string = `/admin/trace${queryText({ since: next, limit: TRACE_PAGE })}`;
      const page: z.infer<typeof traceAnswer> = await this.#control({ method: 'GET', url, path }, traceAnswer);
      items.push(...page.items);
      next = page.next;
    }
    return items;
  }

  /** Ends all connections. Optional: idle ones do not keep the process alive. */
  async close(): Promise<void> {
    this.#httpAgent.destroy();
    await this.#agent.close();
  }

  async #control<T>(call: Call, schema: z.ZodType<T>, json?: unknown): Promise<T> {
    let response: { statusCode: number; body: string };
    try {
      const headers = call.path.startsWith('/admin/') ? this.#authorization : {};
      response = await this.#got(new URL(call.path, call.url), { method: call.method, headers, ...(json === undefined ? {} : { json }) });
    } catch (error) {
      throw failureOf(call, error);
    }
    return parseAnswer(call, response.statusCode, response.body, schema);
  }

  async #data<T>(call: Call, schema: z.ZodType<T>, nodeTimeoutMs?: number, body?: string): Promise<T> {
    const patienceMs = nodeTimeoutMs === undefined ? this.#timeoutMs : Math.max(this.#timeoutMs, nodeTimeoutMs + ANSWER_GRACE_MS);
    const response = await this.#send(call, patienceMs, body);
    return parseAnswer(call, response.statusCode, await textOf(call, response.body), schema);
  }

  async #send(call: Call, timeoutMs: number, body?: string) {
    try {
      return await this.#agent.request({
        origin: call.url,
        path: call.path,
        method: call.method,
        // One limit over connecting, waiting and reading; undici's own would start again with every chunk.
        signal: AbortSignal.timeout(timeoutMs),
        headersTimeout: 0,
        bodyTimeout: 0,
        headers: { ...NATIVELY, ...call.headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { body }),
      });
    } catch (error) {
      throw failureOf(call, error);
    }
  }
}

function keyHeader({ idempotencyKey }: WriteOptions): Pick<Call, 'headers'> {
  return idempotencyKey === undefined ? {} : { headers: { [IDEMPOTENCY_HEADER]: formatIdempotencyKey(idempotencyKey) } };
}

async function textOf(call: Call, body: { text(): Promise<string> }): Promise<string> {
  return body.text().catch((error: unknown) => Promise.reject(failureOf(call, error)));
}
