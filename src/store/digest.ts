/**
 * The digest of what a node holds: equal live rows, equal digest, in whatever order they came to be; kept up in O(1) per change of a row.
 *
 * The sum modulo 2^128 of one hash per live row. The hash: the first 128 bits, high byte first, of sha-256 over key NUL value NUL version
 * (`epoch.seq`), in UTF-8; neither a JSON text nor a version holds a NUL, so the last two are the borders. Tombstones count for nothing:
 * when a node drops one is its own affair, and replicas that agree on every live row must have one digest.
 * A sum, not an exclusive or, under which everything that stands there twice cancels out. It finds faults and is no defence: who may
 * choose the rows can make sums collide (Wagner 2002).
 * Source: AdHash (Bellare and Micciancio 1997); LiteFS keeps a rolling checksum of its pages likewise. `client/dump.ts` computes it anew.
 */
import type { Content, KvRecord } from '../core/record.ts';
import { formatVersion } from '../core/version.ts';

/** Without an ES import, which would load all of WebCrypto into every node; see node/builtin.ts. */
const { hash } = process.getBuiltinModule('node:crypto');

const DIGEST_BITS = 128;
const HEX_DIGITS = DIGEST_BITS / 4;

/** Of no rows. */
export const EMPTY_CONTENT: Content = { live: 0, digest: '0'.repeat(HEX_DIGITS) };

/** Invariant: after every `replace` the content is that of the rows that stand now, if it was so before. */
export class ContentDigest {
  #live: number;
  #sum: bigint;

  constructor({ live, digest }: Content = EMPTY_CONTENT) {
    this.#live = live;
    this.#sum = BigInt(`0x${digest}`);
  }

  /** O(n). */
  static of(rows: Iterable<KvRecord>): ContentDigest {
    const digest = new ContentDigest();
    for (const row of rows) digest.replace(null, row);
    return digest;
  }

  get content(): Content {
    return { live: this.#live, digest: this.#sum.toString(16).padStart(HEX_DIGITS, '0') };
  }

  /** One row in place of another; null: there was none, or there is none any more. */
  replace(before: KvRecord | null, after: KvRecord | null): void {
    if (before !== null && before.value !== null) {
      this.#live -= 1;
      this.#sum -= hashOf(before);
    }
    if (after !== null && after.value !== null) {
      this.#live += 1;
      this.#sum += hashOf(after);
    }
    this.#sum = BigInt.asUintN(DIGEST_BITS, this.#sum);
  }
}

/** Through hexadecimal digits: 0.4 us for a small row, a third of what reading a buffer takes (Node 24). */
function hashOf({ key, value, version }: KvRecord): bigint {
  return BigInt(`0x${hash('sha256', `${key}\0${value}\0${formatVersion(version)}`, 'hex').slice(0, HEX_DIGITS)}`);
}
