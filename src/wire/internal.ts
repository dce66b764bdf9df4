/**
 * What nodes ask each other, as JSON text: `POST /replicate`, `/internal/look`, `/internal/fence`, `/internal/install`, `GET /internal/changes`.
 *
 * Untrusted input is checked here, once: whatever `decode…` returns has the shape that its type says. Answers are in internal-answers.ts.
 */
import type { ChangesRequest, FenceRequest, PeerRequest, ReplicateRequest } from '../core/peer.ts';
import type { KvRecord } from '../core/record.ts';
import { formatVersion, parseVersion } from '../core/version.ts';
import { KvctlError } from './errors.ts';
import {
  encodeHistory,
  encodePage,
  encodePart,
  type Fields,
  fields,
  history,
  integer,
  members,
  name,
  page,
  parse,
  part,
  rows,
  string,
  strings,
  version,
  withRecords,
} from './fields.ts';
import { integerParameter, parseQuery } from './query.ts';

export const INTERNAL_PATHS = {
  replicate: '/replicate',
  look: '/internal/look',
  fence: '/internal/fence',
  install: '/internal/install',
  changes: '/internal/changes',
} as const;

/** A batch or page of 4 MiB of keys and values, and one record more, as JSON. */
export const MAX_ROWS_BYTES = 256 * 1024 * 1024;

/** Says which node calls, before any body is read: a partition drops the call by it. */
export const FROM_HEADER = 'kvctl-from';

/** Says which node is meant: two URLs that lead to one node are found out by it, and a node without a name takes this one. */
export const TO_HEADER = 'kvctl-to';

export const NODE_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

/** The body, or, for the one call that has none, the query. */
export function encodeRequest(message: PeerRequest): string {
  switch (message.t) {
    case 'replicate': {
      const { t, records, page: header, snapshot: part, head, committedThrough, purgeFloor, history: openings, ...rest } = message;
      const versions = {
        head: formatVersion(head),
        committedThrough: formatVersion(committedThrough),
        purgeFloor: formatVersion(purgeFloor),
      };
      const told = openings === null ? null : encodeHistory(openings);
      const [page, snapshot] = [header === null ? null : encodePage(header), part === null ? null : encodePart(part)];
      const body = { ...rest, ...versions, page, snapshot, history: told };
      return withRecords(JSON.stringify(body), records);
    }
    case 'install': {
      const { t, history: openings, purgeFloor, after, rows: found, ...rest } = message;
      const absent = [...found].flatMap(([key, record]) => (record === null ? [key] : []));
      const versions = { purgeFloor: formatVersion(purgeFloor), after: formatVersion(after) };
      const body = { ...rest, ...versions, history: encodeHistory(openings), absent };
      return withRecords(
        JSON.stringify(body),
        [...found.values()].filter((record) => record !== null),
      );
    }
    case 'changes': {
      const { lineage, epoch, incarnation, since, limit, maxBytes } = message;
      const query = { lineage, epoch: `${epoch}`, incarnation, since: formatVersion(since), limit: `${limit}`, max_bytes: `${maxBytes}` };
      return new URLSearchParams(query).toString();
    }
    default: {
      const { t, ...body } = message;
      return JSON.stringify(body);
    }
  }
}

export function decodeReplicate(text: string): ReplicateRequest {
  const body = fields(parse(text));
  if (isForeign(body)) throw foreign(body);
  return {
    t: 'replicate',
    ...address(body),
    start: body.start === null ? null : integer(body, 'start'),
    order: integer(body, 'order'),
    head: version(body, 'head'),
    committedThrough: version(body, 'committedThrough'),
    quorum: integer(body, 'quorum'),
    kMin: integer(body, 'kMin'),
    purgeFloor: version(body, 'purgeFloor'),
    records: rows(body.records),
    page: body.page === null || body.page === undefined ? null : page(body.page),
    snapshot: body.snapshot === null || body.snapshot === undefined ? null : part(body.snapshot),
    history: body.history === null || body.history === undefined ? null : history(body.history),
  };
}

export function decodeLook(text: string): PeerRequest {
  return { t: 'look', from: string(fields(parse(text)), 'from') };
}

export function decodeFence(text: string): PeerRequest {
  const body = fields(parse(text));
  return {
    t: 'fence',
    ...address(body),
    isBirth: body.isBirth === true,
  };
}

export function decodeInstall(text: string): PeerRequest {
  const body = fields(parse(text));
  const found = new Map<string, KvRecord | null>(strings(body, 'absent').map((key) => [key, null]));
  for (const record of rows(body.records)) found.set(record.key, record);
  return {
    t: 'install',
    ...address(body),
    start: body.start === null ? null : integer(body, 'start'),
    history: history(body.history),
    purgeFloor: version(body, 'purgeFloor'),
    after: version(body, 'after'),
    rows: found,
  };
}

/** Who speaks, for which epoch of which lineage, and to whom. */
function address(body: Fields): Pick<FenceRequest, 'from' | 'lineage' | 'epoch' | 'incarnation' | 'members'> {
  return {
    from: name(body, 'from'),
    lineage: name(body, 'lineage'),
    epoch: integer(body, 'epoch'),
    incarnation: body.incarnation === null ? null : string(body, 'incarnation'),
    members: members(body.members),
  };
}

/** Rows and bytes of one page, at most; the candidate asks for less. */
const MAX_PAGE_ROWS = 100_000;
const MAX_PAGE_BYTES = 64 * 1024 * 1024;

export function decodeChanges(from: string, querystring: string): ChangesRequest {
  const query = parseQuery(querystring, ['lineage', 'epoch', 'incarnation', 'since', 'limit', 'max_bytes']);
  const since = parseVersion(query.since ?? '');
  if (since === null || !NODE_NAME.test(from))
    throw new KvctlError('bad_request', `expected since as a version (epoch.seq) and a node's name in the header ${FROM_HEADER}`);
  return {
    t: 'changes',
    from,
    lineage: query.lineage ?? '',
    epoch: integerParameter('epoch', query.epoch ?? '', 1, Number.MAX_SAFE_INTEGER),
    incarnation: query.incarnation ?? '',
    since,
    limit: integerParameter('limit', query.limit ?? '', 1, MAX_PAGE_ROWS),
    maxBytes: integerParameter('max_bytes', query.max_bytes ?? '', 1, MAX_PAGE_BYTES),
  };
}

/** The five labs replicate by `POST /replicate` of a key and a value, without a version. */
function isForeign(body: Fields): boolean {
  return Object.hasOwn(body, 'key') && !Object.hasOwn(body, 'lineage');
}

function foreign(body: Fields): KvctlError {
  const message = `expected a message of kvctl's own internal protocol (versioned records, with the lineage and the epoch of the leader that sends them), got ${JSON.stringify(Object.keys(body).slice(0, 10))} as a lab's own program sends it: a lab's own program cannot be mixed with kvctl's nodes in one cluster; run every node of the cluster with kvctl, or none`;
  return new KvctlError('bad_request', message);
}
