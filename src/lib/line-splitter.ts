/**
 * Lines of UTF-8 text out of pieces that end anywhere, also within a character. A line ends with a line feed, and with nothing else.
 * Why not node:readline: it ends lines at U+2028 too, which JSON leaves as it is within a text.
 */
export class LineSplitter {
  readonly #decoder: InstanceType<typeof TextDecoder>;
  #rest = '';

  /** `isStrict`: bytes that are no UTF-8 throw a TypeError; else they become U+FFFD. */
  constructor({ isStrict }: { readonly isStrict: boolean }) {
    this.#decoder = new TextDecoder('utf-8', { fatal: isStrict });
  }

  /** The lines that this piece completes, without their line feeds. */
  push(piece: Uint8Array): readonly string[] {
    // Only the piece is searched: a line of many pieces would else be searched again with each of them.
    const lines = this.#decoder.decode(piece, { stream: true }).split('\n');
    lines[0] = `${this.#rest}${lines[0]}`;
    this.#rest = lines.pop() ?? '';
    return lines;
  }

  /** What came after the last line feed; empty if nothing did. */
  end(): string {
    return `${this.#rest}${this.#decoder.decode()}`;
  }
}
