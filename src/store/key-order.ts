/**
 * The one order of keys: by their UTF-8 bytes, which is by code point, and not JavaScript's own order of UTF-16 units.
 *
 * Why: `'\u{1F600}' < '\uFF01'` holds in JavaScript (a surrogate is 0xD83D), but not in UTF-8, where U+FF01 comes first. SQLite
 * compares bytes (collation BINARY), so the memory store must do the same, or pages and digests of the two kinds would differ.
 * Keys are well-formed strings: whoever decodes UTF-8 makes no lone surrogates.
 */

/** Negative, zero or positive as the UTF-8 bytes of `a` come before, equal or come after those of `b`. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** The place of a UTF-16 unit in UTF-8's order: surrogates (parts of code points above U+FFFF) change places with U+E000 to U+FFFF. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/** The smallest string above every string that begins with `prefix`, or null if there is none. */
export function successorOfPrefix(prefix: string): string | null {
  const points = Array.from(prefix, (char) => char.codePointAt(0) as number);
  while (points.length > 0) {
    const last = points.pop() as number;
    if (last === 0x10ffff) continue;
    points.push(last === 0xd7ff ? 0xe000 : last + 1);
    return String.fromCodePoint(...points);
  }
  return null;
}
