/** The admin calls: quorum, simulated network, replicas, trace. Behind the token, like the internal ones. */
import { performance } from 'node:perf_hooks';
import type Router from '@koa/router';
import type { NetworkChange } from '../../core/message.ts';
import type { TraceRow } from '../../core/trace.ts';
import { formatVersion, parseVersion, ZERO } from '../../core/version.ts';
import { formatDistribution, parseDistribution } from '../../lib/distribution.ts';
import { jsonStart } from '../../lib/text.ts';
import type { FaultsAnswer, NetworkAnswer, NetworkRequest, TraceItem } from '../../wire/api.ts';
import { KvctlError } from '../../wire/errors.ts';
import { integerParameter, parseQuery } from '../../wire/query.ts';
import { replicasOf } from '../replicas.ts';
import type { Runtime } from '../runtime.ts';
import { offsetWallClock, wallClockOffset } from '../wall-clock.ts';
import { parseBody, schemas } from './body.ts';
import { writeError } from './write.ts';

const TRACE_LIMIT = 1_000;
const MAX_TRACE_LIMIT = 10_000;

export function adminRoutes(router: Router, runtime: Runtime, nodeName: () => string): void {
  const { replica } = runtime;

  router.get('/admin/quorum', (context) => {
    const current = mustLead(runtime).quorum;
    context.body = { write_quorum: current, previous: current };
  });

  router.post('/admin/quorum', async (context) => {
    const body: unknown = context.request.body;
    const asked = isObject(body) ? body.write_quorum : undefined;
    mustBeQuorum(asked, body);
    const { quorumRequest } = await schemas();
    const { write_quorum, force = false } = parseBody(quorumRequest, body, '{"write_quorum": 3}');
    const result = await runtime.setQuorum(write_quorum, force);
    if (!result.ok) throw writeError(result);
    context.body = { write_quorum: result.quorum, previous: result.previous };
  });

  router.get('/admin/network', (context) => {
    context.body = networkOf(runtime);
  });

  router.post('/admin/network', async (context) => {
    const { networkRequest } = await schemas();
    runtime.setNetwork(
      changeOf(parseBody(networkRequest, context.request.body, '{"seed": 1, "nodes": {"n2": {"delay": "0-100"}}}'), runtime),
    );
    context.body = networkOf(runtime);
  });

  router.get('/admin/replica-status', (context) => {
    mustLead(runtime);
    context.body = {
      node: nodeName(),
      epoch: replica.epoch,
      head: formatVersion(replica.head),
      replicas: replicasOf(replica, performance.now()),
    };
  });

  router.get('/admin/trace', (context) => {
    const { since: sinceText, limit } = parseQuery(context.querystring, ['since', 'limit']);
    const since = sinceText === undefined ? ZERO : parseVersion(sinceText);
    if (since === null) throw new KvctlError('bad_request', `expected since to be a version like 1.42, got ${JSON.stringify(sinceText)}`);
    const count = limit === undefined ? TRACE_LIMIT : integerParameter('limit', limit, 1, MAX_TRACE_LIMIT);
    const leader = mustLead(runtime);
    const rows = leader.trace.rows(since, count);
    const followers = leader.links.map((link) => link.node);
    const last = rows.at(-1);
    const isMore = rows.length === count && last !== undefined && last.version.seq < leader.head.seq;
    context.body = { items: rows.map((row) => traceItem(row, followers)), next: isMore ? formatVersion(last.version) : null };
  });
}

/**
 * What is broken at run time for tests and chaos: the wall clock and the disk. Registered only where FAULT_INJECTION=on asks for it; anywhere
 * else the path does not exist.
 */
export function faultRoutes(router: Router, runtime: Runtime, nodeName: () => string): void {
  const faults = (): FaultsAnswer => ({
    node: nodeName(),
    clock_offset_ms: wallClockOffset(),
    wall_clock_ms: Date.now(),
    storage_failure: runtime.replica.storageFailure,
  });

  router.get('/admin/faults', (context) => {
    context.body = faults();
  });

  router.post('/admin/faults', async (context) => {
    const { faultsRequest } = await schemas();
    const { clock_offset_ms: offset, disk } = parseBody(faultsRequest, context.request.body, '{"clock_offset_ms": 3600000}');
    const { store } = runtime;
    if (disk !== undefined && store.setFault === undefined)
      throw new KvctlError('bad_request', 'expected a store on disk (STORE=sqlite), to have it fail, got one in memory');
    if (disk !== undefined) store.setFault?.(disk === null ? null : { name: disk, pass: 1 });
    if (offset !== undefined) offsetWallClock(offset);
    context.body = faults();
  });
}

/** Throws `invalid_quorum` for what is no integer; whether there are so many followers the core knows. `body` is shown. */
export function mustBeQuorum(asked: unknown, body: unknown): asserts asked is number {
  if (typeof asked === 'number' && Number.isSafeInteger(asked)) return;
  throw new KvctlError(
    'invalid_quorum',
    `expected {"write_quorum": n} with an integer from 0 to the number of followers, got ${jsonStart(body)}`,
    // What nests may nest too deeply to be written again.
    { got: typeof asked === 'object' ? null : (asked ?? null) },
  );
}

function traceItem(row: TraceRow, followers: readonly string[]): TraceItem {
  const entries = row.followers.map(({ delayMs, sentMs, ackedMs }, index) => [
    followers[index],
    { delay_ms: delayMs, sent_ms: sentMs, acked_ms: ackedMs },
  ]);
  return { version: formatVersion(row.version), need: row.need, stored_ms: row.storedMs, followers: Object.fromEntries(entries) };
}

function mustLead(runtime: Runtime): NonNullable<Runtime['replica']['leader']> {
  runtime.mustServeCommitted();
  const { leader } = runtime.replica;
  if (leader === null) throw new KvctlError('not_open', 'expected an open leader');
  return leader;
}

function networkOf({ replica, blocks }: Runtime): NetworkAnswer {
  const { network } = replica;
  const nodes = [...network.settings].map(([node, { delay, loss, isPartitioned, oneWay = null }]) => [
    node,
    { delay: formatDistribution(delay), loss, is_partitioned: isPartitioned, one_way: oneWay, blocked: blocks.count(node) },
  ]);
  return { seed: network.seed, writes_since_seed: network.writesSinceSeed, nodes: Object.fromEntries(nodes) };
}

function changeOf(request: NetworkRequest, runtime: Runtime): NetworkChange {
  const known = [...runtime.replica.network.settings.keys()];
  const nodes = new Map<string, NonNullable<ReturnType<NonNullable<NetworkChange['nodes']>['get']>>>();
  for (const [name, part] of Object.entries(request.nodes ?? {})) {
    if (name !== '*' && !known.includes(name))
      throw new KvctlError('bad_request', `expected nodes among ${known.join(', ') || 'none'}, or *, got ${JSON.stringify(name)}`);
    const delay = part.delay === undefined ? null : parseDistribution(part.delay);
    if (delay !== null && !delay.ok) throw new KvctlError('bad_request', delay.message);
    const change = {
      ...(delay === null ? {} : { delay: delay.value }),
      ...(part.loss === undefined ? {} : { loss: part.loss }),
      // Both together say what passes, so each ends what the other began.
      ...(part.is_partitioned === undefined ? {} : { isPartitioned: part.is_partitioned, oneWay: null }),
      ...(part.one_way === undefined ? {} : { isPartitioned: false, oneWay: part.one_way }),
    };
    for (const node of name === '*' ? known : [name]) nodes.set(node, { ...nodes.get(node), ...change });
  }
  return { nodes, ...(request.seed === undefined ? {} : { seed: request.seed }) };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
