/**
 * A hash of a long sequence of numbers and short texts, fed one by one: two runs that differ anywhere have different digests.
 *
 * Not for secrets and not for tables: 64 bits in two lanes of FNV-1a (Fowler, Noll, Vo) over 32-bit words instead of bytes.
 */
const FLOAT = new Float64Array(1);
const WORDS = new Uint32Array(FLOAT.buffer);

export class RollingHash {
  #first = 0x811c_9dc5;
  #second = 0x9dc5_811c;

  /** Any number, NaN and infinities too. */
  number(value: number): void {
    FLOAT[0] = value;
    this.#word(WORDS[0] as number);
    this.#word(WORDS[1] as number);
  }

  text(value: string): void {
    for (let i = 0; i < value.length; i++) this.#word(value.charCodeAt(i));
    this.#word(value.length);
  }

  /** 16 hexadecimal digits; more can be fed afterwards. */
  digest(): string {
    return hex(this.#first) + hex(this.#second);
  }

  #word(word: number): void {
    this.#first = Math.imul(this.#first ^ word, 0x0100_0193);
    this.#first ^= this.#first >>> 15;
    this.#second = Math.imul(this.#second ^ word, 0x85eb_ca77);
    this.#second ^= this.#second >>> 13;
  }
}

function hex(lane: number): string {
  return (lane >>> 0).toString(16).padStart(8, '0');
}
