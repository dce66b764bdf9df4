/**
 * Clients that go on whatever happens, and write down everything they do and hear: each has one request at a time, on one of a few keys,
 * and every value is written once, so that a read tells which write it saw.
 *
 * What an answer means is the registry's business: a definite error is `fail`. A connection that was refused carried no request, so that
 * is `fail` too; without this every attempt at a dead leader would count as a write that may still happen. Everything else is `info`,
 * and the client goes on under a new process id, because nobody knows when the operation will have ended (Jepsen's rule).
 * Reads at followers are stale by contract: they go to a history of their own, judged by other rules (local-reads.ts).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { KvClient, type ReadOptions } from '../client/kv-client.ts';
import { Prng } from '../lib/prng.ts';
import { KvctlError } from '../wire/errors.ts';
import { keyOf } from '../workload/keys.ts';
import type { NodeAddress } from './cluster.ts';
import type { Completion, HistoryFile, Invocation } from './history-file.ts';

export interface LoadWish {
  readonly clients: number;
  readonly keys: number;
  /** Requests per second of all clients together, at most. */
  readonly rate: number;
  readonly seed: number;
}

export const OPERATIONS = ['write', 'delete', 'read', 'linearizable read', 'local read'] as const;
export type OperationName = (typeof OPERATIONS)[number];

/** One request on the run's time axis. */
export interface Answered {
  readonly operation: OperationName;
  readonly atMs: number;
  readonly latencyMs: number;
  readonly outcome: Completion['type'];
  readonly error: string | null;
}

export interface LoadOptions extends LoadWish {
  /** Whom clients take for the leader now. */
  readonly leader: () => NodeAddress;
  readonly nodes: readonly NodeAddress[];
  readonly history: HistoryFile;
  /** Reads at followers. */
  readonly localHistory: HistoryFile;
  /** ms since the load began. */
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
}

/** Shares of the requests; the rest reads at the leader. */
const WRITES = 0.45;
const LOCAL_READS = 0.1;
/** Of the reads at the leader, those that ask a majority whether it still leads. */
const LINEARIZABLE_READS = 0.3;
/** Of the writes to the last key, which alone is deleted: one of the judges cannot judge keys that are. */
const DELETES = 0.25;
/** Without an answer for so long a request is given up. Above most faults, below the nodes' quorum timeout. */
const GIVE_UP_MS = 3_000;
/** After a request that failed: a write that may have happened stays a possibility for ever, and too many of those cannot be judged. */
const AFTER_FAILURE_MS = 150;

export class Clients {
  readonly answered: Answered[] = [];
  readonly #options: LoadOptions;
  readonly #client = new KvClient({ timeoutMs: GIVE_UP_MS });
  readonly #chance: Prng;
  readonly #keys: Prng;
  #isStopping = false;
  #nextSlotMs = 0;
  #count = 0;
  #work: Promise<unknown> | null = null;

  constructor(options: LoadOptions) {
    this.#options = options;
    const prng = new Prng(options.seed).fork('clients');
    this.#chance = prng.fork('operations');
    this.#keys = prng.fork('keys');
  }

  begin(): void {
    this.#work = Promise.all(Array.from({ length: this.#options.clients }, (_, index) => this.#run(index)));
  }

  /** Lets what is in flight end. */
  async end(): Promise<void> {
    this.#isStopping = true;
    await this.#work;
  }

  /** When all is over: what the leader shows of each key, and what followers have, which by then must be the same. */
  async readFinally(nodes: readonly NodeAddress[]): Promise<void> {
    const { keys, history } = this.#options;
    const leader = this.#options.leader();
    for (const node of nodes) {
      for (let index = 0; index < keys; index++) {
        const invocation: Invocation = { process: `final-${node.id}`, f: 'read', key: `key${index}` };
        await this.#record(history, invocation, () => this.#read(node, invocation.key, node.id === leader.id ? 'committed' : 'local'));
      }
    }
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  async #run(index: number): Promise<void> {
    const { clients, signal } = this.#options;
    let process = index;
    while (await this.#mayGoOn()) {
      const type = await this.#request(process);
      if (type === 'info') process += clients;
      if (type !== 'ok') await delay(AFTER_FAILURE_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Waits for the next slot of all clients' rate. A slot that nobody could take is gone: there is no catching up in a burst. */
  async #mayGoOn(): Promise<boolean> {
    const { rate, nowMs, signal } = this.#options;
    const slotMs = Math.max(nowMs(), this.#nextSlotMs);
    this.#nextSlotMs = slotMs + 1000 / rate;
    await delay(Math.max(0, slotMs - nowMs()), undefined, { signal }).catch(() => undefined);
    return !this.#isStopping && !signal.aborted;
  }

  async #request(process: number): Promise<Completion['type']> {
    const { keys, nodes, history, localHistory, nowMs } = this.#options;
    const leader = this.#options.leader();
    const followers = nodes.filter(({ id }) => id !== leader.id);
    const number = this.#count++;
    const key = keyOf(number, keys, this.#keys);
    const chance = this.#chance.fork(`${number}`);
    const draw = chance.next();
    const atMs = nowMs();
    const answer = async (operation: OperationName, ended: Promise<Completion>) => {
      const completion = await ended;
      const error = completion.type === 'ok' ? null : completion.error;
      this.answered.push({ operation, atMs, latencyMs: nowMs() - atMs, outcome: completion.type, error });
      return completion.type;
    };
    if (draw < LOCAL_READS) {
      const node = followers[chance.int(followers.length)] as NodeAddress;
      return answer(
        'local read',
        this.#record(localHistory, { process, f: 'read', key }, () => this.#read(node, key, 'local')),
      );
    }
    if (draw >= LOCAL_READS + WRITES) {
      const read = chance.next() < LINEARIZABLE_READS ? 'linearizable' : 'committed';
      const recorded = this.#record(history, { process, f: 'read', key }, () => this.#read(leader, key, read));
      return answer(read === 'committed' ? 'read' : 'linearizable read', recorded);
    }
    const isDelete = keys > 1 && key === `key${keys - 1}` && chance.next() < DELETES;
    if (isDelete)
      return answer(
        'delete',
        this.#record(history, { process, f: 'delete', key }, () => this.#delete(key)),
      );
    const value = `v${number}`;
    return answer(
      'write',
      this.#record(history, { process, f: 'write', key, value }, () => this.#write(key, value)),
    );
  }

  async #record(history: HistoryFile, invocation: Invocation, call: () => Promise<Completion>): Promise<Completion> {
    history.invoke(invocation);
    const completion = await call().catch(completionOf);
    history.complete(invocation, completion);
    return completion;
  }

  async #write(key: string, value: string): Promise<Completion> {
    const { version, node } = await this.#client.put(this.#options.leader().url, key, JSON.stringify(value));
    return { type: 'ok', version, node };
  }

  async #delete(key: string): Promise<Completion> {
    const { version, node } = await this.#client.del(this.#options.leader().url, key);
    return { type: 'ok', version, node };
  }

  async #read({ id, url }: NodeAddress, key: string, read: NonNullable<ReadOptions['read']>): Promise<Completion> {
    try {
      const { value, version, node } = await this.#client.get(url, key, { read });
      return { type: 'ok', value, version, node };
    } catch (error) {
      if (error instanceof KvctlError && error.code === 'key_not_found') return { type: 'ok', value: null, node: id };
      throw error;
    }
  }
}

function completionOf(error: unknown): Completion {
  if (!(error instanceof KvctlError)) throw error;
  return { type: error.definite || isRefusedConnection(error) ? 'fail' : 'info', error: error.code };
}

/** The node's port answered that nobody listens: no byte of the request ever left. */
function isRefusedConnection({ code, cause }: KvctlError): boolean {
  return code === 'unreachable' && (cause as NodeJS.ErrnoException | undefined)?.code === 'ECONNREFUSED';
}
