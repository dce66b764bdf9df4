/**
 * `GET /dump` read as it streams in: a header line, then one row per line, into a map by key.
 *
 * Values stay the JSON text that the node sent, because parity compares texts: parsing would make two different texts of
 * one value equal. Invariant: a dump that was cut short is an error, never a shorter dump.
 * The digest is computed anew from the rows, by the formula of wire/api and by no code of the store's: it shows what was changed on
 * disk behind the node, which the digest that the node keeps up cannot know of.
 */
import { hash } from 'node:crypto';
import { type DumpHeader, dumpHeader, dumpRow } from '../wire/api.ts';
import { linesOf, parseLine } from './lines.ts';

const DIGEST_DIGITS = 32;
const DIGEST = /^[0-9a-f]{32}$/;

/** One consistent view of one node. */
export interface Dump extends DumpHeader {
  /** Whether the rows fit the digest that the node keeps of them; null if it keeps none. */
  readonly isIntact: boolean | null;
  readonly rows: ReadonlyMap<string, DumpedRow>;
}

export interface DumpedRow {
  /** JSON text; null is a tombstone. */
  readonly value: string | null;
  readonly version: { readonly epoch: number; readonly seq: number };
}

/** Throws an Error whose message says what was got instead of a dump. */
export async function parseDump(chunks: AsyncIterable<Uint8Array>): Promise<Dump> {
  let header: DumpHeader | null = null;
  let digest = 0n;
  const rows = new Map<string, DumpedRow>();
  for await (const line of linesOf(chunks)) {
    if (header === null) {
      header = parseLine(line, dumpHeader, 'a dump');
      continue;
    }
    const row = parseLine(line, dumpRow, 'a dump');
    const value = row.value === undefined ? null : valueText(line, row.key, row.version, row.value);
    rows.set(row.key, { value, version: versionOf(row.version) });
    if (value !== null) digest += BigInt(`0x${hash('sha256', `${row.key}\0${value}\0${row.version}`).slice(0, DIGEST_DIGITS)}`);
  }
  if (header === null) throw new Error('an empty answer');
  if (rows.size !== header.count) throw new Error(`a dump with ${rows.size} of the ${header.count} rows that its header announces`);
  const isIntact = DIGEST.test(header.digest) ? BigInt(`0x${header.digest}`) === BigInt.asUintN(128, digest) : null;
  return { ...header, isIntact, rows };
}

/** The header alone, out of the answer to `rows=0`. */
export function parseDumpHeader(text: string): DumpHeader {
  return parseLine(text.trimEnd(), dumpHeader, 'a dump');
}

/** The value's own text, cut out of the line; from the parsed value only if the line is in another order than nodes write it. */
function valueText(line: string, key: string, version: string, value: unknown): string {
  const before = `{"key":${JSON.stringify(key)},"value":`;
  const after = `,"version":"${version}"}`;
  if (line.startsWith(before) && line.endsWith(after)) return line.slice(before.length, line.length - after.length);
  return JSON.stringify(value);
}

function versionOf(text: string): DumpedRow['version'] {
  const dot = text.indexOf('.');
  return { epoch: Number(text.slice(0, dot)), seq: Number(text.slice(dot + 1)) };
}
