/**
 * One node, from its environment to its exit: exit code 0 after SIGTERM or SIGINT, 2 for a mistake in the environment, 1 for anything else.
 */

import { EMPTY_POSITION } from '../core/record.ts';
import { Replica } from '../core/replica.ts';
import { HardStateFile } from '../store/hard-state.ts';
import { openMemoryStore } from '../store/memory.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';
import { createApp } from './app.ts';
import { randomBytes, randomInt, randomUUID } from './builtin.ts';
import { Clock } from './clock.ts';
import { type NodeConfig, parseEnvironment } from './config.ts';
import { type Log, openLog } from './log.ts';
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
  const { config } = parsed;
  const log = openLog(config.nodeId, config.logLevel);
  const fatal = (error: unknown): void => {
    log.fatal({ err: error }, 'the node ends');
    process.exit(1);
  };
  process.on('uncaughtException', fatal);
  process.on('unhandledRejection', fatal);
  await run(config, log, fatal);
}

async function run(config: NodeConfig, log: Log, fatal: (error: unknown) => void): Promise<void> {
  const store: Store =
    config.dataDir === null ? openMemoryStore() : await openSqliteStore({ dataDir: config.dataDir, hasWriterThread: config.isBornLeader });
  const hardStates = config.dataDir === null ? { load: async () => null, save: async () => {} } : new HardStateFile(config.dataDir);
  const hard = await hardStates.load();
  const incarnation = hard?.incarnation ?? randomUUID();
  const replica = new Replica(
    { ...config, incarnation, newLineage: randomBytes(8).toString('hex'), jitterSeed: randomInt(2 ** 32) },
    { hard, position: hard === null ? EMPTY_POSITION : store.position(), head: store.head() },
  );
  let isDraining = false;
  const clock = new Clock(() => runtime.tick());
  const metrics = new Metrics(
    () => replica,
    () =>
      replicasOf(replica, clock.now()).map((each) => ({ node: each.node, records: each.lag_records, ms: each.lag_ms, link: each.link })),
  );
  const peers = new Peers({ ...config, connections: config.limits.window + 1 });
  const runtime = new Runtime({ replica, store, hardStates, peers, clock, metrics, log, fatal });
  const notices = noticesOf(config);
  for (const notice of notices) log.warn(notice);
  const server = createApp(config, runtime, metrics, { config, incarnation, notices, isDraining: () => isDraining }, log);

  const shutDown = async (signal: string): Promise<void> => {
    if (isDraining) return;
    isDraining = true;
    log.info({ signal }, 'draining');
    runtime.drain();
    const deadline = Date.now() + config.limits.quorumTimeoutMs;
    while ((replica.leader?.writes.waiting ?? 0) > 0 && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, DRAIN_POLL_MS));
    runtime.stop(`${config.nodeId} shut down while the write waited`);
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

  server.once('error', fatal);
  server.listen({ port: config.port, host: config.host }, () => {
    const { dataDir, store: kind, quorum, seed } = config;
    log.info(
      { url: config.publicUrl, role: replica.role, store: kind, data_dir: dataDir, write_quorum: quorum, seed, incarnation },
      'listening',
    );
    metrics.watch();
    runtime.start();
  });
}

function noticesOf(config: NodeConfig): string[] {
  const notices: string[] = [];
  if (!config.knowsEveryNode)
    notices.push('NODES is not set: the cluster works, but it cannot change its leader, because the followers do not know each other');
  if (config.token === null) notices.push('CLUSTER_TOKEN is not set: whoever reaches this port may administer the node');
  return notices;
}

main().catch((error: unknown) => {
  process.stderr.write(`kvctl node: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
  process.exit();
});
