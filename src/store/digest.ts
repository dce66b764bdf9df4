/**
 * The digest of a dump: equal content, equal digest, whatever kind of store it comes from.
 *
 * Per row in key order: key, NUL, value (nothing for a tombstone: a JSON text is never empty), NUL, version, LF.
 */
import type { KvRecord } from '../core/record.ts';
import { formatVersion } from '../core/version.ts';

/** Without an ES import, which would load all of WebCrypto into every node; see node/builtin.ts. */
const { createHash } = process.getBuiltinModule('node:crypto');

/** Rows are hashed in pieces of about this many characters: a call of the hash per row would cost more than the hashing. */
const PIECE_CHARS = 65_536;

/** How many rows there are, and their hex sha-256. Reads them all, O(n). */
export function digestOf(rows: Iterable<KvRecord>): { readonly count: number; readonly digest: string } {
  const hash = createHash('sha256');
  let count = 0;
  let piece = '';
  for (const row of rows) {
    count += 1;
    piece += `${row.key}\0${row.value ?? ''}\0${formatVersion(row.version)}\n`;
    if (piece.length >= PIECE_CHARS) {
      hash.update(piece);
      piece = '';
    }
  }
  return { count, digest: hash.update(piece).digest('hex') };
}
