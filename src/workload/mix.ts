/**
 * What request i of a load does: write or read, of which key, with which value. Pure: sending is the runner's business,
 * and when to send the pacer's.
 */
import { assert } from '../lib/assert.ts';
import type { Prng } from '../lib/prng.ts';
import { keyOf, valueTextOf } from './keys.ts';

export interface MixSpec {
  /** ASCII without quotes or backslashes; goes into every value, to tell the loads of one benchmark apart (`q3`, `warmup-q3`). */
  readonly label: string;
  /** Keys in use, >= 1. */
  readonly keys: number;
  /** Bytes of each written string, >= 0. */
  readonly valueBytes: number;
  /** Probability that a request reads, 0 to 1. */
  readonly readShare: number;
}

export type PlannedRequest =
  | { readonly op: 'put'; readonly key: string /** JSON text. */; readonly valueText: string }
  | { readonly op: 'get'; readonly key: string };

export class RequestMix {
  readonly #spec: MixSpec;
  readonly #keys: Prng;
  readonly #ops: Prng;

  /** Of `prng` only the substreams `keys` and `ops` are used. */
  constructor(spec: MixSpec, prng: Prng) {
    assert(Number.isInteger(spec.keys) && spec.keys >= 1, `expected at least one key, got ${spec.keys}`);
    assert(Number.isInteger(spec.valueBytes) && spec.valueBytes >= 0, `expected a size in bytes, got ${spec.valueBytes}`);
    assert(spec.readShare >= 0 && spec.readShare <= 1, `expected a read share from 0 to 1, got ${spec.readShare}`);
    this.#spec = spec;
    this.#keys = prng.fork('keys');
    this.#ops = prng.fork('ops');
  }

  get isWritesOnly(): boolean {
    return this.#spec.readShare === 0;
  }

  /** Request `index`, an integer >= 0; the same index always gives the same request. */
  at(index: number): PlannedRequest {
    const key = keyOf(index, this.#spec.keys, this.#keys);
    if (this.#ops.fork(`${index}`).next() < this.#spec.readShare) return { op: 'get', key };
    return { op: 'put', key, valueText: valueTextOf(this.#spec.label, index, this.#spec.valueBytes) };
  }
}
