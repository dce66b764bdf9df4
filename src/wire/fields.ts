/**
 * The parts of internal messages as they travel, and how each is checked: whatever a function here returns has the shape that its type says.
 *
 * A record is the row `[key, value text, epoch, seq, need, timestamp]`. Its text is made once and shared by all followers, and the value
 * travels as the JSON text that it is, so that no follower parses or re-serialises it. An opening of an epoch is `[epoch, leader, seq, floor, is forced]`.
 */
import type { PageHeader, SnapshotEnd, SnapshotPart, Suspect } from '../core/peer.ts';
import type { EpochStart, History, Idempotency, IdempotencyEntry, KvRecord, Member } from '../core/record.ts';
import { formatVersion, parseVersion, type Version } from '../core/version.ts';
import { jsonStart } from '../lib/text.ts';
import { KvctlError } from './errors.ts';

const rowTexts = new WeakMap<KvRecord, string>();

function rowText(record: KvRecord): string {
  let text = rowTexts.get(record);
  if (text === undefined) {
    const { key, value, version, need, timestampMs, idempotency } = record;
    const row = [key, value, version.epoch, version.seq, need, timestampMs];
    text = JSON.stringify(idempotency === undefined ? row : [...row, idempotencyRow(idempotency)]);
    rowTexts.set(record, text);
  }
  return text;
}

/** The members of the JSON object `text`, and `records` as one more. */
export function withRecords(text: string, records: readonly KvRecord[]): string {
  let rows = '';
  for (const record of records) rows += rows === '' ? rowText(record) : `,${rowText(record)}`;
  return `${text.slice(0, -1)},"records":[${rows}]}`;
}

/** An entry is `[key, fingerprint, existed, epoch, seq, need, record key]`. */
export function encodePage({ since, coversTo, head, entries }: PageHeader): object {
  const page = { since: formatVersion(since), covers_to: formatVersion(coversTo), head: formatVersion(head) };
  if (entries === undefined) return page;
  return { ...page, entries: entries.map(entryRow) };
}

/** Entries as in a page; `end` is `[head, purge floor, live rows, digest]`. */
export function encodePart({ id, part: number, entries, end }: SnapshotPart): object {
  const last = end && [formatVersion(end.head), formatVersion(end.purgeFloor), end.content.live, end.content.digest];
  return { id, part: number, ...(entries === undefined ? {} : { entries: entries.map(entryRow) }), end: last };
}

function entryRow(entry: IdempotencyEntry): readonly unknown[] {
  return [...idempotencyRow(entry), entry.version.epoch, entry.version.seq, entry.need, entry.recordKey];
}

function idempotencyRow({ key, fingerprint, existed }: Idempotency): readonly [string, string, boolean] {
  return [key, fingerprint, existed];
}

export function encodeHistory(history: History): readonly unknown[] {
  return history.map(({ epoch, leader, seq, floor, isForced }) => [epoch, leader, seq, formatVersion(floor), isForced]);
}

export type Fields = Readonly<Record<string, unknown>>;

export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new KvctlError('bad_request', 'expected an internal message as JSON, got something else', {}, cause);
  }
}

export function fields(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong('an object', value);
  return value as Fields;
}

export function string(body: Fields, name: string): string {
  const value = body[name];
  if (typeof value !== 'string') throw wrong(`a string as ${name}`, value);
  return value;
}

/** What becomes part of the hard state must be readable there again. */
export function name(body: Fields, field: string): string {
  const value = string(body, field);
  if (value === '') throw wrong(`a name as ${field}`, value);
  return value;
}

export function integer(body: Fields, name: string): number {
  const value = body[name];
  if (!isCount(value)) throw wrong(`an integer as ${name}`, value);
  return value;
}

export function version(body: Fields, name: string): Version {
  const parsed = parseVersion(string(body, name));
  if (parsed === null) throw wrong(`a version (epoch.seq) as ${name}`, body[name]);
  return parsed;
}

export function members(value: unknown): readonly Member[] {
  if (!Array.isArray(value)) throw wrong('a list of members', value);
  return value.map((each) => {
    const member = fields(each);
    return { id: name(member, 'id'), url: name(member, 'url') };
  });
}

export function rows(value: unknown): readonly KvRecord[] {
  if (!Array.isArray(value)) throw wrong('a list of records', value);
  return value.map(row);
}

function row(value: unknown): KvRecord {
  if (!Array.isArray(value)) throw wrong('a record as [key, value, epoch, seq, need, timestamp]', value);
  const [key, text, epoch, seq, need, timestampMs, more] = value as unknown[];
  const isRecord =
    typeof key === 'string' && (typeof text === 'string' || text === null) && isCount(epoch) && isCount(seq) && isCount(need);
  if (!isRecord || !Number.isSafeInteger(timestampMs)) throw wrong('a record as [key, value, epoch, seq, need, timestamp]', value);
  const record = { key, value: text, version: { epoch, seq }, need, timestampMs: timestampMs as number };
  return more === undefined ? record : { ...record, idempotency: idempotency(more) };
}

function idempotency(value: unknown): Idempotency {
  const [key, fingerprint, existed] = Array.isArray(value) ? (value as unknown[]) : [];
  const isRight = typeof key === 'string' && typeof fingerprint === 'string' && typeof existed === 'boolean';
  if (!isRight) throw wrong('an idempotency as [key, fingerprint, existed]', value);
  return { key, fingerprint, existed };
}

function entry(value: unknown): IdempotencyEntry {
  const [epoch, seq, need, recordKey] = Array.isArray(value) ? (value as unknown[]).slice(3) : [];
  const isRight = isCount(epoch) && isCount(seq) && isCount(need) && typeof recordKey === 'string';
  if (!isRight) throw wrong('an entry as [key, fingerprint, existed, epoch, seq, need, record key]', value);
  return { ...idempotency(value), recordKey, version: { epoch, seq }, need };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function wrong(expected: string, got: unknown): KvctlError {
  const message = `expected ${expected}, got ${jsonStart(got, 80)}; /replicate and /internal speak kvctl's own versioned protocol, between its nodes only`;
  return new KvctlError('bad_request', message);
}

export function page(value: unknown): PageHeader {
  const body = fields(value);
  const header = { since: version(body, 'since'), coversTo: version(body, 'covers_to'), head: version(body, 'head') };
  return { ...header, ...entries(body) };
}

export function part(value: unknown): SnapshotPart {
  const body = fields(value);
  return { id: integer(body, 'id'), part: integer(body, 'part'), ...entries(body), end: body.end === null ? null : end(body.end) };
}

function entries(body: Fields): { readonly entries?: readonly IdempotencyEntry[] } {
  if (body.entries === undefined) return {};
  if (!Array.isArray(body.entries)) throw wrong('a list of entries', body.entries);
  return { entries: body.entries.map(entry) };
}

function end(value: unknown): SnapshotEnd {
  const [head, floor, live, digest] = Array.isArray(value) ? (value as unknown[]) : [];
  const versions = [head, floor].map((text) => (typeof text === 'string' ? parseVersion(text) : null));
  const [headVersion = null, purgeFloor = null] = versions;
  const isRight =
    headVersion !== null && purgeFloor !== null && isCount(live) && typeof digest === 'string' && /^[0-9a-f]{32}$/.test(digest);
  if (!isRight) throw wrong('the end of a snapshot as [head, purge floor, live rows, digest]', value);
  return { head: headVersion, purgeFloor, content: { live, digest } };
}

export function history(value: unknown): History {
  if (!Array.isArray(value)) throw wrong('a history of epochs', value);
  return value.map((each): EpochStart => {
    const [epoch, leader, seq, floor, isForced] = Array.isArray(each) ? (each as unknown[]) : [];
    const floorVersion = typeof floor === 'string' ? parseVersion(floor) : null;
    if (!isCount(epoch) || typeof leader !== 'string' || !isCount(seq) || floorVersion === null)
      throw wrong('an opening as [epoch, leader, seq, floor, is forced]', each);
    return { epoch, leader, seq, floor: floorVersion, isForced: isForced === true };
  });
}

/** `[key, version]` each. */
export function suspects(value: unknown): readonly Suspect[] {
  if (!Array.isArray(value)) throw wrong('a list of rows that may have to go', value);
  return value.map((each): Suspect => {
    const [key, text] = Array.isArray(each) ? (each as unknown[]) : [];
    const parsed = typeof text === 'string' ? parseVersion(text) : null;
    if (typeof key !== 'string' || parsed === null) throw wrong('a row as [key, version]', each);
    return { key, version: parsed };
  });
}

export function strings(body: Fields, name: string): readonly string[] {
  const value = body[name];
  if (!Array.isArray(value) || !value.every((each) => typeof each === 'string')) throw wrong(`a list of strings as ${name}`, value);
  return value;
}
