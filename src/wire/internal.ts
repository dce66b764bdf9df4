/**
 * Internal messages as JSON text: `POST /replicate`, `/internal/look`, `/internal/fence`, and their answers.
 *
 * A record is the row `[key, value text, epoch, seq, need, timestamp]`, of a write with an `Idempotency-Key` followed by `[key, fingerprint, existed]`; an
 * entry of a page is `[key, fingerprint, existed, epoch, seq, need]`. A record's text is made once and shared by all followers, and the value
 * travels as the JSON text that it is, so that no follower parses or re-serialises it.
 * Untrusted input is checked here, once: whatever `decode…` returns has the shape that its type says.
 */
import type { PageHeader, PeerAnswer, PeerRequest, ReplicateAnswer, ReplicateRequest, StandingAnswer } from '../core/message.ts';
import type { Idempotency, IdempotencyEntry, KvRecord, Member } from '../core/record.ts';
import { formatVersion, parseVersion, type Version } from '../core/version.ts';
import { jsonStart } from '../lib/text.ts';
import { KvctlError } from './errors.ts';

export const INTERNAL_PATHS = { replicate: '/replicate', look: '/internal/look', fence: '/internal/fence' } as const;

/** Says which node calls, before any body is read: a partition drops the call by it. */
export const FROM_HEADER = 'kvctl-from';

/** Says which node is meant: two URLs that lead to one node are found out by it, and a node without a name takes this one. */
export const TO_HEADER = 'kvctl-to';

export const NODE_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

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

export function encodeRequest(message: PeerRequest): string {
  if (message.t !== 'replicate') {
    const { t, ...body } = message;
    return JSON.stringify(body);
  }
  const { t, records, page, head, committedThrough, purgeFloor, ...rest } = message;
  const versions = { head: formatVersion(head), committedThrough: formatVersion(committedThrough), purgeFloor: formatVersion(purgeFloor) };
  const open = JSON.stringify({ ...rest, ...versions, page: page === null ? null : encodePage(page) });
  let rows = '';
  for (const record of records) rows += rows === '' ? rowText(record) : `,${rowText(record)}`;
  return `${open.slice(0, -1)},"records":[${rows}]}`;
}

function encodePage({ since, coversTo, head, entries }: PageHeader): object {
  const page = { since: formatVersion(since), covers_to: formatVersion(coversTo), head: formatVersion(head) };
  if (entries === undefined) return page;
  return { ...page, entries: entries.map((entry) => [...idempotencyRow(entry), entry.version.epoch, entry.version.seq, entry.need]) };
}

function idempotencyRow({ key, fingerprint, existed }: Idempotency): readonly [string, string, boolean] {
  return [key, fingerprint, existed];
}

export function decodeReplicate(text: string): ReplicateRequest {
  const body = fields(parse(text));
  if (isForeign(body)) throw foreign(body);
  const page = body.page === null || body.page === undefined ? null : fields(body.page);
  return {
    t: 'replicate',
    from: name(body, 'from'),
    lineage: name(body, 'lineage'),
    epoch: integer(body, 'epoch'),
    incarnation: body.incarnation === null ? null : string(body, 'incarnation'),
    start: body.start === null ? null : integer(body, 'start'),
    members: members(body.members),
    order: integer(body, 'order'),
    head: version(body, 'head'),
    committedThrough: version(body, 'committedThrough'),
    quorum: integer(body, 'quorum'),
    kMin: integer(body, 'kMin'),
    purgeFloor: version(body, 'purgeFloor'),
    records: rows(body.records),
    page: page === null ? null : decodePage(page),
  };
}

function decodePage(page: Fields): PageHeader {
  const header = { since: version(page, 'since'), coversTo: version(page, 'covers_to'), head: version(page, 'head') };
  if (page.entries === undefined) return header;
  if (!Array.isArray(page.entries)) throw wrong('a list of entries', page.entries);
  return { ...header, entries: page.entries.map(entry) };
}

export function decodeLook(text: string): PeerRequest {
  return { t: 'look', from: string(fields(parse(text)), 'from') };
}

export function decodeFence(text: string): PeerRequest {
  const body = fields(parse(text));
  return {
    t: 'fence',
    from: name(body, 'from'),
    lineage: name(body, 'lineage'),
    epoch: integer(body, 'epoch'),
    incarnation: body.incarnation === null ? null : string(body, 'incarnation'),
    members: members(body.members),
    isBirth: body.isBirth === true,
  };
}

/** Refusals travel as errors (`{error, message, …}`), see node/routes/internal.ts; everything else as this. */
export function encodeAnswer(answer: ReplicateAnswer | StandingAnswer): string {
  const versions = 'cursor' in answer ? { cursor: formatVersion(answer.cursor) } : {};
  return JSON.stringify({ ...answer, ...versions, watermark: formatVersion(answer.watermark) });
}

/** A message of the peer, or null for an error that is none of the protocol's: then the call failed. */
export function decodeAnswer(text: string): PeerAnswer | null {
  const body = fields(parse(text));
  if (body.t === 'replicated') {
    return {
      t: 'replicated',
      incarnation: string(body, 'incarnation'),
      start: integer(body, 'start'),
      watermark: version(body, 'watermark'),
      cursor: version(body, 'cursor'),
      cursorEpoch: integer(body, 'cursorEpoch'),
      kMin: body.kMin === null ? null : integer(body, 'kMin'),
      isBlank: body.isBlank === true,
      isCounted: body.isCounted === true,
    };
  }
  if (body.t === 'standing') {
    return {
      t: 'standing',
      node: string(body, 'node'),
      incarnation: string(body, 'incarnation'),
      lineage: body.lineage === null ? null : name(body, 'lineage'),
      isBlank: body.isBlank === true,
      promisedEpoch: integer(body, 'promisedEpoch'),
      promisedTo: body.promisedTo === null ? null : string(body, 'promisedTo'),
      watermark: version(body, 'watermark'),
      kMin: body.kMin === null ? null : integer(body, 'kMin'),
      ledEpoch: integer(body, 'ledEpoch'),
    };
  }
  const code = body.error;
  if (
    code === 'stale_epoch' ||
    code === 'wrong_lineage' ||
    code === 'wrong_incarnation' ||
    code === 'not_in_epoch' ||
    code === 'storage_failed'
  ) {
    const detail = fields(body.detail ?? {});
    return { t: 'refused', code, epoch: typeof detail.epoch === 'number' ? detail.epoch : 0, message: string(body, 'message') };
  }
  return null;
}

type Fields = Readonly<Record<string, unknown>>;

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new KvctlError('bad_request', 'expected an internal message as JSON, got something else', {}, cause);
  }
}

function fields(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong('an object', value);
  return value as Fields;
}

function string(body: Fields, name: string): string {
  const value = body[name];
  if (typeof value !== 'string') throw wrong(`a string as ${name}`, value);
  return value;
}

/** What becomes part of the hard state must be readable there again. */
function name(body: Fields, field: string): string {
  const value = string(body, field);
  if (value === '') throw wrong(`a name as ${field}`, value);
  return value;
}

function integer(body: Fields, name: string): number {
  const value = body[name];
  if (!isCount(value)) throw wrong(`an integer as ${name}`, value);
  return value;
}

function version(body: Fields, name: string): Version {
  const parsed = parseVersion(string(body, name));
  if (parsed === null) throw wrong(`a version (epoch.seq) as ${name}`, body[name]);
  return parsed;
}

function members(value: unknown): readonly Member[] {
  if (!Array.isArray(value)) throw wrong('a list of members', value);
  return value.map((each) => {
    const member = fields(each);
    return { id: name(member, 'id'), url: name(member, 'url') };
  });
}

function rows(value: unknown): readonly KvRecord[] {
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
  const [epoch, seq, need] = Array.isArray(value) ? (value as unknown[]).slice(3) : [];
  if (!isCount(epoch) || !isCount(seq) || !isCount(need)) throw wrong('an entry as [key, fingerprint, existed, epoch, seq, need]', value);
  return { ...idempotency(value), version: { epoch, seq }, need };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** The five labs replicate by `POST /replicate` of a key and a value, without a version. */
function isForeign(body: Fields): boolean {
  return Object.hasOwn(body, 'key') && !Object.hasOwn(body, 'lineage');
}

function foreign(body: Fields): KvctlError {
  const message = `expected a message of kvctl's own internal protocol (versioned records, with the lineage and the epoch of the leader that sends them), got ${JSON.stringify(Object.keys(body).slice(0, 10))} as a lab's own program sends it: a lab's own program cannot be mixed with kvctl's nodes in one cluster; run every node of the cluster with kvctl, or none`;
  return new KvctlError('bad_request', message);
}

function wrong(expected: string, got: unknown): KvctlError {
  const message = `expected ${expected}, got ${jsonStart(got, 80)}; /replicate and /internal speak kvctl's own versioned protocol, between its nodes only`;
  return new KvctlError('bad_request', message);
}
