/**
 * One node, from its environment to its exit: exit code 0 after SIGTERM or SIGINT, 2 for a mistake in the environment, 1 for anything else.
 */
// First, before anybody can have kept the real clock.
import './wall-clock.ts';

import { EMPTY_POSITION } from '../core/record.ts';
import { Replica } from '../core/replica.ts';
import { HardStateFile } from '../store/hard-state.ts';
import { openMemoryStore } from '../store/memory.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';
import { NODE_EXIT_PORT_TAKEN } from '../wire/errors.ts';
import { createApp } from './app.ts';
import { randomBytes, randomInt, randomUUID } from './builtin.ts';
import { Clock } from './clock.ts';
import { type NodeConfig, parseEnvironment } from './config.ts';
import { Failpoints } from './failpoints.ts';
import { openLog } from './log.ts';
import { Metrics } from './metrics.ts';
import { Peers } from './peers.ts';
import { replicasOf } from './replicas.ts';
import { Runtime } from './runtime.ts';

const DRAIN_POLL_MS = 10;
/** How long connections may take to end after the last answer. */
const CLOSE_MS = 1_000;

async function main(): Promise<void> {
  const parsed = parseEnvironment(process.env);
  if ('mistakes' in parsed) {
    for (const mistake of parsed.mistakes) process.stderr.write(`kvctl node: ${mistake}\n`);
    process.exitCode = 2;
    return;
  }
  await run(parsed.config);
}

async function run(config: NodeConfig): Promise<void> {
  const store: Store =
    config.dataDir === null
      ? openMemoryStore()
      : await openSqliteStore({ dataDir: config.dataDir, hasWriterThread: config.isBornLeader, fault: config.diskFault });
  const hardStates = config.dataDir === null ? { load: async () => null, save: async () => {} } : new HardStateFile(config.dataDir);
  const hard = await hardStates.load();
  const incarnation = hard?.incarnation ?? randomUUID();
  // A name is kept once it was promised under; one that no member has was only this node's own.
  const stored = config.isUnnamed ? hard?.members.find((member) => member.id === hard.nodeId)?.id : undefined;
  const identity = stored === undefined ? {} : { nodeId: stored, isUnnamed: false };
  // A promise binds who made it: over another node's data this one would forget its own.
  if (hard !== null && !config.isUnnamed && hard.nodeId !== config.nodeId) {
    const what = `the data of ${config.nodeId} in ${config.dataDir}, got that of ${hard.nodeId}`;
    throw new Error(`expected ${what}: give each node its own DATA_DIR`);
  }
  const replica = new Replica(
    { ...config, ...identity, incarnation, newLineage: randomBytes(8).toString('hex'), jitterSeed: randomInt(2 ** 32) },
    { hard, position: hard === null ? EMPTY_POSITION : store.position(), head: store.head() },
  );
  const nodeName = () => config.label ?? replica.nodeId;
  const log = openLog(nodeName, config.logLevel);
  const fatal = (error: unknown): void => {
    log.fatal({ err: error }, 'the node ends');
    process.exit(1);
  };
  process.on('uncaughtException', fatal);
  process.on('unhandledRejection', fatal);
  let isDraining = false;
  const clock = new Clock(() => runtime.tick());
  const metrics = new Metrics(
    () => replica,
    () =>
      replicasOf(replica, clock.now()).map((each) => ({ node: each.node, records: each.lag_records, ms: each.lag_ms, link: each.link })),
  );
  const peers = new Peers({ ...config, nodeId: () => replica.nodeId, connections: config.limits.window + 1 });
  const runtime = new Runtime({
    replica,
    store,
    hardStates,
    peers,
    clock,
    metrics,
    log,
    failpoints: new Failpoints(config.failpoint),
    fatal,
  });
  const notices = noticesOf(config);
  for (const notice of notices) log.warn(notice);
  const server = createApp(runtime, metrics, { config, nodeName, incarnation, notices, isDraining: () => isDraining }, log);

  const shutDown = async (signal: string): Promise<void> => {
    if (isDraining) return;
    isDraining = true;
    log.info({ signal }, 'draining');
    runtime.drain();
    const deadline = clock.now() + config.limits.quorumTimeoutMs;
    while ((replica.leader?.writes.waiting ?? 0) > 0 && clock.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, DRAIN_POLL_MS));
    runtime.stop(`${nodeName()} shut down while the write waited`);
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeIdleConnections();
      setTimeout(() => server.closeAllConnections(), CLOSE_MS).unref();
    });
    await peers.close();
    await store.close();
    metrics.close();
    log.info('stopped');
    process.exit(0);
  };
  process.on('SIGTERM', (signal) => void shutDown(signal).catch(fatal));
  process.on('SIGINT', (signal) => void shutDown(signal).catch(fatal));

  server.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') return fatal(error);
    log.fatal({ port: config.port }, `expected port ${config.port} of ${config.host} to be free: stop who listens there, or set PORT`);
    process.exit(NODE_EXIT_PORT_TAKEN);
  });
  server.listen({ port: config.port, host: config.host }, () => {
    const { dataDir, store: kind, quorum, seed, dialect, recognisedBy } = config;
    log.info(
      {
        dialect: dialect?.name ?? 'native',
        recognised_by: recognisedBy,
        url: config.publicUrl,
        role: replica.role,
        store: kind,
        data_dir: dataDir,
        write_quorum: quorum,
        seed,
        incarnation,
      },
      'listening',
    );
    metrics.watch();
    runtime.start();
  });
}

function noticesOf(config: NodeConfig): string[] {
  const notices: string[] = [];
  if (config.dialect !== null && config.recognisedBy !== 'DIALECT')
    notices.push(`this node speaks ${config.dialect.name}, recognised by ${config.recognisedBy}; DIALECT=native or another says otherwise`);
  if (config.dialect !== null && config.host === '0.0.0.0')
    notices.push('this node listens on every interface, as the labs do in their containers; HOST=127.0.0.1 keeps it on this machine');
  if (!config.knowsEveryNode)
    notices.push('NODES is not set: the cluster works, but it cannot change its leader, because the followers do not know each other');
  if (config.hasFaultInjection) notices.push('FAULT_INJECTION is on: whoever holds the token may have the clock jump and the disk fail');
  if (config.token === null) notices.push('CLUSTER_TOKEN is not set: whoever reaches this port may administer the node');
  return notices;
}

main().catch((error: unknown) => {
  process.stderr.write(`kvctl node: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
  process.exit();
});
