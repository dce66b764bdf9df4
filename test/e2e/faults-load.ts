/**
 * Clients that go on whatever happens: writers and readers in closed loops, each with a connection of its own, telling a witness
 * everything they hear. Every value is written once, so that a read tells which write it saw.
 */

import { KvClient } from '../../src/client/kv-client.ts';
import { LoadConnection } from '../../src/client/load-client.ts';
import { API_ERRORS, type ApiErrorCode, type KvctlError } from '../../src/wire/errors.ts';
import { until } from '../cluster/sandbox.ts';
import { Witness } from './faults-witness.ts';

export interface LoadWish {
  readonly writers?: number;
  readonly readers?: number;
  readonly keys?: number;
  /** Of every value, about. */
  readonly valueBytes?: number;
  /** Begins every key. */
  readonly prefix?: string;
}

export interface Written {
  readonly key: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly ok: boolean;
  /** Registry code, `unreachable` without an answer, null if ok. */
  readonly error: string | null;
  readonly version: string | null;
  readonly acks: number | null;
  readonly quorumMs: number | null;
  readonly floorMs: number | null;
}

/** No answer within this is no answer: far above the nodes' quorum timeout of 5 s. */
const GIVE_UP_MS = 15_000;
/** After a request that got no answer, so that a dead node is not asked without pause. */
const AFTER_FAILURE_MS = 20;

export class Load {
  readonly witness: Witness;
  /** In the order in which they ended. */
  readonly writes: Written[] = [];
  readonly #url: string;
  readonly #wish: Required<LoadWish>;
  readonly #connections: LoadConnection[] = [];
  readonly #client = new KvClient({ timeoutMs: GIVE_UP_MS });
  readonly #work: Promise<unknown>;
  #stopped: Promise<void> | null = null;
  #isStopping = false;
  #values = 0;

  /** Begins at once. */
  constructor(url: string, wish: LoadWish = {}, witness = new Witness()) {
    this.#url = url;
    this.#wish = { writers: 8, readers: 0, keys: 10, valueBytes: 16, prefix: 'key', ...wish };
    this.witness = witness;
    const writers = Array.from({ length: this.#wish.writers }, () => this.#write());
    const readers = Array.from({ length: this.#wish.readers }, (_, index) => this.#read(index));
    this.#work = Promise.all([...writers, ...readers]);
  }

  get acknowledged(): number {
    return this.witness.acknowledged;
  }

  get failed(): Written[] {
    return this.writes.filter(({ ok }) => !ok);
  }

  /** Until so many more writes are acknowledged. */
  async more(count: number, timeoutMs = 20_000): Promise<void> {
    const goal = this.acknowledged + count;
    await until(`${count} more writes are acknowledged`, () => this.acknowledged >= goal, timeoutMs);
  }

  /** Until so many more committed reads are answered. */
  async moreReads(count: number, timeoutMs = 20_000): Promise<void> {
    const goal = this.witness.reads + count;
    await until(`${count} more reads are answered`, () => this.witness.reads >= goal, timeoutMs);
  }

  /** Lets what is in flight end. Again is no error. */
  stop(): Promise<void> {
    this.#isStopping = true;
    this.#stopped ??= this.#end();
    return this.#stopped;
  }

  async #end(): Promise<void> {
    await this.#work;
    await Promise.all(this.#connections.map((connection) => connection.close()));
    await this.#client.close();
  }

  async #write(): Promise<void> {
    const connection = new LoadConnection(this.#url, GIVE_UP_MS);
    this.#connections.push(connection);
    while (!this.#isStopping) {
      const number = this.#values++;
      const key = `${this.#wish.prefix}${number % this.#wish.keys}`;
      const value = JSON.stringify(`${number}-`.padEnd(this.#wish.valueBytes, 'x'));
      this.witness.attempts(key, value);
      const answer = await connection.send('PUT', `/kv/${key}`, `{"value":${value}}`);
      if (answer.ok) this.witness.acknowledges(key, value, answer.version as string);
      else if (isDefinite(answer.error)) this.witness.refuses(key, value);
      this.writes.push({ ...answer, key });
      if (!answer.ok) await new Promise((resolve) => setTimeout(resolve, AFTER_FAILURE_MS));
    }
  }

  async #read(index: number): Promise<void> {
    for (let turn = index; !this.#isStopping; turn++) {
      const key = `${this.#wish.prefix}${turn % this.#wish.keys}`;
      const floor = this.witness.floorOf(key);
      try {
        const { value, version } = await this.#client.get(this.#url, key, { read: 'committed' });
        this.witness.sees(key, floor, { value: JSON.stringify(value), version });
      } catch (error) {
        if ((error as KvctlError).code === 'key_not_found') this.witness.sees(key, floor, null);
        await new Promise((resolve) => setTimeout(resolve, AFTER_FAILURE_MS));
      }
    }
  }
}

function isDefinite(code: string | null): boolean {
  return code !== null && Object.hasOwn(API_ERRORS, code) && API_ERRORS[code as ApiErrorCode].definite;
}
