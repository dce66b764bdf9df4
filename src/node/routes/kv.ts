/** Reads, deletes and lists of keys. `PUT /kv/:key` is answered ahead of the router (hot.ts). */
import type Router from '@koa/router';
import { fateOf } from '../../core/lineage.ts';
import type { WriteFailure, WriteSuccess } from '../../core/message.ts';
import type { KvRecord } from '../../core/record.ts';
import { compareVersions, formatVersion, isNewer, parseVersion, type Version } from '../../core/version.ts';
import { KvctlError } from '../../wire/errors.ts';
import { decodeKey, KEY_PREFIX, MAX_KEY_BYTES } from '../../wire/key.ts';
import { integerParameter, parseQuery } from '../../wire/query.ts';
import type { Runtime } from '../runtime.ts';
import { idempotencyKeyOf, MAX_TIMEOUT_MS, parseWriteOptions, withIdempotencyKey, writeError, writeHeaders } from './write.ts';
import { hasRow } from './writes.ts';

const ANY_KEY = /^\/kv\/.*$/s;
/** How long a read waits for its version if it does not say. */
const READ_TIMEOUT_MS = 5_000;
const LIST_LIMIT = 100;
const MAX_LIST_LIMIT = 1_000;

export function kvRoutes(router: Router, runtime: Runtime, nodeName: () => string): void {
  router.get(ANY_KEY, async (context) => {
    const { read, atLeast, timeoutMs } = parseReadOptions(context.querystring, isLeading(runtime) ? 'committed' : 'local');
    const key = keyOf(context.req.url);
    context.type = 'application/json';
    if (read !== 'local') runtime.mustServeCommitted();
    if (atLeast !== null) await reach(runtime, nodeName(), { read, key, atLeast, timeoutMs });
    if (read === 'local') context.body = readLocal(runtime, nodeName(), key);
    else context.body = answerText(await runtime.committed(key, read === 'linearizable'), key, nodeName(), true, '');
  });

  router.delete(ANY_KEY, async (context) => {
    const key = keyOf(context.req.url);
    const plain = { key, value: null, ...parseWriteOptions(context.querystring) };
    const idempotencyKey = idempotencyKeyOf(context.req);
    const write = idempotencyKey === null ? plain : withIdempotencyKey(plain, idempotencyKey);
    const result = await new Promise<WriteSuccess | WriteFailure>((resolve) => runtime.put(write, resolve));
    if (!result.ok) throw writeError(result);
    context.set(writeHeaders(result));
    context.body = removalAnswer(nodeName(), key, result);
  });

  router.get('/kv', async (context) => {
    const { prefix = '', after = '', limit } = parseQuery(context.querystring, ['prefix', 'after', 'limit']);
    for (const [name, text] of Object.entries({ prefix, after })) {
      if (Buffer.byteLength(text) > MAX_KEY_BYTES)
        throw new KvctlError('bad_request', `expected ${name} of at most ${MAX_KEY_BYTES} bytes`);
    }
    const count = limit === undefined ? LIST_LIMIT : integerParameter('limit', limit, 1, MAX_LIST_LIMIT);
    const rows = isLeading(runtime)
      ? await listCommitted(runtime, prefix, after, count + 1)
      : runtime.store.list({ prefix, after, limit: count + 1 });
    const page = rows.slice(0, count);
    const items = page.map(
      ({ key, value, version }) => `{"key":${JSON.stringify(key)},"value":${value},"version":"${formatVersion(version)}"}`,
    );
    context.type = 'application/json';
    context.body = `{"items":[${items.join(',')}],"next":${JSON.stringify(rows.length > count ? (page.at(-1)?.key ?? null) : null)}}`;
  });
}

/** SPEC 4. */
const READ_MODES = ['committed', 'local', 'linearizable'] as const;
type ReadMode = (typeof READ_MODES)[number];

interface ReadOptions {
  readonly read: ReadMode;
  /** The version that the answer must not be older than; null: any. */
  readonly atLeast: Version | null;
  readonly timeoutMs: number;
}

function parseReadOptions(query: string, usual: ReadMode): ReadOptions {
  const { read: mode = usual, min_version: token, timeout_ms: timeout } = parseQuery(query, ['read', 'min_version', 'timeout_ms']);
  const read = READ_MODES.find((each) => each === mode);
  if (read === undefined)
    throw new KvctlError('bad_request', `expected read to be ${READ_MODES.join(' or ')}, got ${JSON.stringify(mode)}`);
  if (token === undefined && timeout !== undefined)
    throw new KvctlError('bad_request', 'expected timeout_ms of a read together with min_version, which alone makes it wait');
  const atLeast = token === undefined ? null : parseVersion(token);
  if (token !== undefined && atLeast === null)
    throw new KvctlError(
      'bad_request',
      `expected min_version to be a version that a write returned, like 1.42, got ${JSON.stringify(token.slice(0, 40))}`,
    );
  return { read, atLeast, timeoutMs: timeout === undefined ? READ_TIMEOUT_MS : integerParameter('timeout_ms', timeout, 1, MAX_TIMEOUT_MS) };
}

/**
 * Waits until the key's row is that new, or everything up to there is here: then a read sees the write whose token that is, or a newer one.
 * Throws `not_caught_up`, and `rolled_back` for a token that a change of leader left behind, as far as this key tells.
 */
async function reach(
  runtime: Runtime,
  node: string,
  { read, key, atLeast, timeoutMs }: { read: ReadMode; key: string; atLeast: Version; timeoutMs: number },
): Promise<void> {
  const { replica, store } = runtime;
  // Of a committed read what counts is what is committed: the row may be pending, and is then not shown.
  const through = () => (read === 'local' ? replica.watermark : replica.committedThrough);
  const isServed = () => {
    const committed = read === 'local' ? undefined : replica.leader?.writes.committedNow(key);
    const shown = committed === undefined ? store.get(key) : committed;
    return shown !== null && !isNewer(atLeast, shown.version);
  };
  const isReached = () => !isNewer(atLeast, through()) || isServed();
  const isThere = await runtime.reaches(isReached, timeoutMs);
  const version = formatVersion(atLeast);
  if (!isServed() && isLeftBehind(runtime, atLeast))
    throw new KvctlError(
      'rolled_back',
      `${version} is no version of the lineage that ${node} belongs to: a change of leader left it behind (\`kvctl list --rolled-back\` shows what is kept of it), so read without min_version and decide anew`,
      { min_version: version },
    );
  if (isThere) return;
  const has = formatVersion(through());
  throw new KvctlError(
    'not_caught_up',
    `expected ${node} to hold version ${version} within ${timeoutMs} ms, but it holds everything up to ${has} only: wait longer (timeout_ms), or ask another node`,
    { min_version: version, holds: has },
  );
}

/** A version above the floor of a change of leader, that no row has: it was rolled back, or a newer write of its key came before that change. */
function isLeftBehind({ replica, store }: Runtime, version: Version): boolean {
  const { watermark, history } = replica.follower.position;
  return !isNewer(version, watermark) && fateOf(version, watermark.epoch, history) !== 'kept' && !hasRow(store, version);
}

/** What a delete answers. */
export function removalAnswer(node: string, key: string, { version, acks, need, existed }: WriteSuccess): object {
  return { key, existed, version: formatVersion(version), follower_acks: acks, required: need, quorum_met: true, node };
}

function keyOf(url = ''): string {
  // The raw path: a router decodes, and hands an undecodable part over as it stands.
  const query = url.indexOf('?');
  return decodeKey(url.slice(KEY_PREFIX.length, query === -1 ? undefined : query));
}

function isLeading(runtime: Runtime): boolean {
  return runtime.replica.role === 'leader';
}

function readLocal(runtime: Runtime, node: string, key: string): string {
  const record = runtime.store.get(key);
  const { replica } = runtime;
  const isCommitted = record !== null && compareVersions(record.version, replica.committedThrough) <= 0;
  const { head, watermark } = replica;
  // Seqs of different epochs compare to nothing; behind it is in any case.
  const behind = Math.max(head.epoch === watermark.epoch ? 0 : 1, head.seq - watermark.seq);
  const lag = replica.leader === null ? behind : 0;
  return answerText(record, key, node, isCommitted ? true : null, `,"lag_records":${lag}`);
}

function answerText(record: KvRecord | null, key: string, node: string, committed: boolean | null, more: string): string {
  if (record === null || record.value === null)
    throw new KvctlError('key_not_found', `${JSON.stringify(key)} has no value on ${node}`, { key });
  return `{"key":${JSON.stringify(key)},"value":${record.value},"version":"${formatVersion(record.version)}","committed":${committed},"node":"${node}"${more}}`;
}

/** The store's rows, with every pending key shown as it was last committed. */
async function listCommitted(runtime: Runtime, prefix: string, after: string, limit: number): Promise<readonly KvRecord[]> {
  runtime.mustServeCommitted();
  const pending = [...(runtime.replica.leader?.writes.pendingKeys() ?? [])].filter((key) => key.startsWith(prefix) && isAfter(key, after));
  const rows = runtime.store.list({ prefix, after, limit: limit + pending.length });
  const shown = new Map(rows.map((row) => [row.key, row]));
  for (const key of pending) {
    const record = await runtime.committed(key);
    if (record === null || record.value === null) shown.delete(key);
    else shown.set(key, record);
  }
  return [...shown.values()].sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key))).slice(0, limit);
}

function isAfter(key: string, after: string): boolean {
  return Buffer.compare(Buffer.from(key), Buffer.from(after)) > 0;
}
