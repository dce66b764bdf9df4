/** What a node says of itself: health, readiness, status, metrics, and its whole content. */
import { performance } from 'node:perf_hooks';
import { Readable } from 'node:stream';
import type Router from '@koa/router';
import { formatVersion } from '../../core/version.ts';
import type { DumpView, Store } from '../../store/store.ts';
import type { DumpHeader, NodeStatus } from '../../wire/api.ts';
import { KvctlError } from '../../wire/errors.ts';
import { parseQuery } from '../../wire/query.ts';
import type { NodeConfig } from '../config.ts';
import type { Metrics } from '../metrics.ts';
import { replicasOf } from '../replicas.ts';
import type { Runtime } from '../runtime.ts';

export interface NodeFacts {
  readonly config: NodeConfig;
  /** What clients are told: NODE_ID where it was given, else the name by which the others know this node. */
  readonly nodeName: () => string;
  readonly incarnation: string;
  readonly notices: readonly string[];
  readonly isDraining: () => boolean;
}

export function statusRoutes(router: Router, runtime: Runtime, metrics: Metrics, facts: NodeFacts): void {
  const { nodeName } = facts;

  router.get('/health', (context) => {
    context.body = healthOf(runtime, nodeName());
  });

  router.get('/ready', (context) => {
    const reason = notReady(runtime, facts);
    if (reason !== null) throw reason;
    context.body = { ...healthOf(runtime, nodeName()), status: 'ready' };
  });

  router.get('/status', (context) => {
    context.body = statusOf(runtime, facts);
  });

  router.get('/metrics', async (context) => {
    context.type = metrics.registry.contentType;
    context.body = await metrics.registry.metrics();
  });

  router.get('/dump', (context) => {
    const query = parseQuery(context.querystring, ['tombstones', 'rows']);
    const tombstones = flagOf('tombstones', query.tombstones ?? '0');
    context.type = 'application/x-ndjson';
    if (!flagOf('rows', query.rows ?? '1')) {
      context.body = headerLine(headerOf(runtime, nodeName(), summaryOf(runtime.store, tombstones)));
      return;
    }
    const view = runtime.store.dump({ tombstones });
    const header = headerOf(runtime, nodeName(), view);
    const body = Readable.from(lines(header, view));
    // However the reading ends, and if it never begins: HEAD, or a client that left.
    body.once('close', () => view.close());
    context.body = body;
  });
}

/** Throws `storage_failed` where nothing more can be stored until the node is started again: who looks after nodes starts it again for that. */
export function healthOf({ replica }: Runtime, node: string): object {
  const { role, epoch, storageFailure, waitingFor } = replica;
  if (storageFailure !== null) throw new KvctlError('storage_failed', `${waitingFor}`, { role, node_id: node, epoch });
  return { status: 'ok', role, node_id: node, epoch };
}

type Summary = Pick<DumpView, 'position' | 'head' | 'count' | 'content'>;

/** What a dump of this moment would say of itself, without reading a row. All of one commit: a store answers as of its last one. */
function summaryOf(store: Store, tombstones: boolean): Summary {
  const content = store.content();
  return { position: store.position(), head: store.head(), count: tombstones ? store.count() : content.live, content };
}

function headerOf({ replica }: Runtime, node: string, { position, head, count, content }: Summary): DumpHeader {
  return {
    node,
    lineage: replica.follower.hard?.lineage ?? null,
    epoch: replica.epoch,
    head: formatVersion(head),
    watermark: formatVersion(replica.role === 'leader' ? head : position.watermark),
    purge_floor: formatVersion(position.purgeFloor),
    count,
    digest: content.digest,
  };
}

function headerLine(header: DumpHeader): string {
  return `${JSON.stringify(header)}\n`;
}

function flagOf(name: string, text: string): boolean {
  if (text === '0' || text === '1') return text === '1';
  throw new KvctlError('bad_request', `expected ${name} to be 0 or 1, got ${JSON.stringify(text)}`);
}

/** The header, then a line per row. */
function* lines(header: DumpHeader, view: DumpView): Iterable<string> {
  yield headerLine(header);
  for (const { key, value, version } of view.rows()) {
    yield `{"key":${JSON.stringify(key)}${value === null ? '' : `,"value":${value}`},"version":"${formatVersion(version)}"}\n`;
  }
}

function notReady(runtime: Runtime, facts: NodeFacts): KvctlError | null {
  const { replica } = runtime;
  const nodeId = facts.nodeName();
  if (facts.isDraining()) return new KvctlError('draining', `${nodeId} is shutting down`);
  // A node whose store failed steps down, and is no good as a follower either.
  if (replica.role === 'leader' || replica.storageFailure !== null) {
    const refusal = replica.refusal();
    return refusal === null ? null : new KvctlError(refusal.code, refusal.message, refusal.detail);
  }
  const { follower } = replica;
  const hasReached = !follower.isBlank && replica.watermark.epoch === follower.hard?.promisedEpoch;
  return hasReached ? null : new KvctlError('not_caught_up', `${nodeId} has not caught up with a leader yet`, { phase: replica.phase });
}

function statusOf(runtime: Runtime, facts: NodeFacts): NodeStatus {
  const { replica, store } = runtime;
  const { config } = facts;
  const loop = performance.eventLoopUtilization();
  const cpu = process.cpuUsage();
  return {
    node: facts.nodeName(),
    role: replica.role,
    phase: replica.phase,
    waiting_for: replica.waitingFor,
    epoch: replica.epoch,
    lineage: replica.follower.hard?.lineage ?? null,
    incarnation: facts.incarnation,
    is_blank: replica.follower.isBlank,
    is_draining: facts.isDraining(),
    members: replica.members.map(({ id, url }) => ({ id, url })),
    leader: replica.leaderId,
    head: formatVersion(replica.head),
    watermark: formatVersion(replica.watermark),
    committed_through: formatVersion(replica.committedThrough),
    write_quorum: replica.leader?.quorum ?? replica.follower.quorum ?? config.quorum,
    k_min: replica.leader?.kMin ?? replica.follower.position.kMin,
    forced_epoch: replica.follower.position.history.findLast(({ isForced }) => isForced)?.epoch ?? null,
    waiting_writes: replica.leader?.writes.waiting ?? 0,
    keys: store.count(),
    store: config.store,
    dialect: config.dialect?.name ?? 'native',
    data_dir: config.dataDir,
    pid: process.pid,
    uptime_ms: process.uptime() * 1000,
    loop: {
      active_ms: Math.max(0, loop.active - runtime.clock.spunMs),
      idle_ms: loop.idle + runtime.clock.spunMs,
      cpu_user_ms: cpu.user / 1000,
      cpu_system_ms: cpu.system / 1000,
      rss_bytes: process.memoryUsage.rss(),
    },
    notices: [...facts.notices],
    replicas: replicasOf(replica, performance.now()),
  };
}
