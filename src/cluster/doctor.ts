/**
 * Is this machine fit for a cluster, and for measuring one? Each check looks at one thing, says what it found, and what to do.
 * Nothing is changed; what is written for the disk's test is removed.
 */
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { percentile } from '../lib/quantile.ts';
import { formatMs } from '../lib/units.ts';
import { KvctlError } from '../wire/errors.ts';
import { engineVersion, findCompose } from './compose/engine.ts';
import { look } from './drivers.ts';
import { nameOption } from './ground.ts';
import { clusterPaths, makePrivateDirectory, stateHome } from './home.ts';
import { busyPorts, ownerOf } from './ports.ts';
import { DEFAULT_BASE_PORT, DEFAULT_FOLLOWERS } from './spec.ts';
import { listNames, readState } from './state.ts';

export interface Check {
  readonly id: string;
  /** fail: `up` will not work; warn: it will, but measurements suffer or something wants a look. */
  readonly verdict: 'ok' | 'warn' | 'fail';
  readonly found: string;
  /** What to do; null if nothing. */
  readonly advice: string | null;
  /** The figure behind it, where there is one; ms for times. */
  readonly value: number | null;
}

const NODES = DEFAULT_FOLLOWERS + 1;
const EXPECTED_NODE = 24;
/** A write of a group commit, about; durable commits cannot be quicker than this. */
const FSYNC_BYTES = 4096;
const FSYNC_ROUNDS = 50;
/** Above this a durable write costs more than the shortest delays that the labs simulate. */
const SLOW_FSYNC_MS = 10;
const TIMER_MS = 5;
const TIMER_ROUNDS = 40;
/** A timer is up to 1 ms late by construction; more means that the processor is busy with something else. */
const LATE_TIMER_MS = 2;

export async function examine(home = stateHome()): Promise<Check[]> {
  // One after the other: each would disturb the times that the next one takes.
  const timers = await checkTimers();
  const directory = checkDirectory(home);
  const isUsable = directory.verdict === 'ok';
  const [disk, leftovers] = isUsable ? [[checkDisk(home)], await checkLeftovers(home)] : [[], []];
  return [checkNode(), checkCores(), directory, ...disk, timers, await checkPorts(), await checkDocker(), ...leftovers];
}

function checkNode(): Check {
  const major = Number.parseInt(process.versions.node, 10);
  const isNew = major >= EXPECTED_NODE;
  return check(
    'node',
    isNew ? 'ok' : 'fail',
    `Node.js ${process.version}`,
    isNew ? null : `install Node.js ${EXPECTED_NODE} or newer`,
    major,
  );
}

function checkCores(): Check {
  const cores = availableParallelism();
  const found = `${cores} cores for ${NODES} nodes and a load generator`;
  if (cores > NODES) return check('cores', 'ok', found, null, cores);
  const advice =
    'fine for simulated delays of a few ms and more; for shorter ones and for throughput, nodes wait for each other: use --followers';
  return check('cores', 'warn', found, `${advice} ${Math.max(1, cores - 2)} or trust ratios, not absolute figures`, cores);
}

function checkDirectory(home: string): Check {
  try {
    makePrivateDirectory(home);
    rmSync(mkdtempSync(join(home, '.doctor-')), { recursive: true });
    return check('state directory', 'ok', `${home} is writable`, null);
  } catch (error) {
    const message = error instanceof KvctlError ? error.message : `${home} is not writable (${(error as NodeJS.ErrnoException).code})`;
    return check('state directory', 'fail', message, 'make it writable for you, or set KVCTL_HOME to a directory that is');
  }
}

function checkDisk(home: string): Check {
  const path = join(home, `.doctor-${process.pid}`);
  const p50 = fsyncMs(path);
  const isSlow = p50 > SLOW_FSYNC_MS;
  const advice = isSlow
    ? `durable writes cannot be quicker: set KVCTL_HOME to a faster disk than that of ${dirname(path)}, or use --store memory`
    : null;
  return check('disk', isSlow ? 'warn' : 'ok', `write and fsync of ${FSYNC_BYTES} bytes take ${formatMs(p50)} (median)`, advice, p50);
}

function fsyncMs(path: string): number {
  const file = openSync(path, 'w', 0o600);
  try {
    const block = Buffer.alloc(FSYNC_BYTES, 1);
    const times = Array.from({ length: FSYNC_ROUNDS }, () => {
      const start = performance.now();
      writeSync(file, block);
      fsyncSync(file);
      return performance.now() - start;
    });
    return percentile(
      times.sort((a, b) => a - b),
      50,
    );
  } finally {
    closeSync(file);
    rmSync(path, { force: true });
  }
}

async function checkTimers(): Promise<Check> {
  const late: number[] = [];
  for (let round = 0; round < TIMER_ROUNDS; round += 1) {
    const start = performance.now();
    await delay(TIMER_MS);
    late.push(performance.now() - start - TIMER_MS);
  }
  const p90 = percentile(
    late.sort((a, b) => a - b),
    90,
  );
  const isLate = p90 > LATE_TIMER_MS;
  const advice = isLate ? 'the machine is busy: close other programs, or measure with longer delays' : null;
  return check('timers', isLate ? 'warn' : 'ok', `a timer is ${formatMs(Math.max(0, p90))} late (9 of 10)`, advice, p90);
}

async function checkPorts(): Promise<Check> {
  const range = `${DEFAULT_BASE_PORT} to ${DEFAULT_BASE_PORT + NODES - 1}`;
  const busy = await busyPorts(DEFAULT_BASE_PORT, NODES);
  if (busy.length === 0) return check('ports', 'ok', `ports ${range} are free`, null, 0);
  const owners = busy.map((port) => {
    const owner = ownerOf(port);
    return owner === null ? `${port}` : `${port} (pid ${owner.pid})`;
  });
  return check(
    'ports',
    'ok',
    `of ports ${range} in use: ${owners.join(', ')}`,
    '`kvctl up` moves on by itself; with --port you choose',
    busy.length,
  );
}

async function checkDocker(): Promise<Check> {
  try {
    const engine = await engineVersion();
    const { command, version } = await findCompose();
    return check('docker', 'ok', `Docker ${engine} answers, with Compose ${version} (\`${command.join(' ')}\`)`, null);
  } catch (error) {
    const advice = 'nothing, unless you want containers: local clusters do without it';
    return check('docker', 'ok', `no containers: ${error instanceof Error ? error.message : String(error)}`, advice);
  }
}

/** Clusters whose processes ended without `down`, and data that no cluster claims. */
async function checkLeftovers(home: string): Promise<Check[]> {
  const ofClusters = listNames(home).map(async (name): Promise<Check[]> => {
    try {
      const state = readState(clusterPaths(name, home));
      if (state === null) return [];
      const stopped = (await look(state)).filter((item) => item.state === 'stopped');
      const dead = stopped.filter(({ node, container }) => node.pid !== null || container !== null).map(({ node }) => node.id);
      if (dead.length === 0) return [];
      const advice = `\`kvctl restart${nameOption(name)} ${dead.join(',')}\` starts them again, \`kvctl down${nameOption(name)}\` ends the cluster (--purge removes its data)`;
      return [check('leftovers', 'warn', `cluster "${name}": ${dead.join(', ')} ended without \`kvctl down\``, advice, dead.length)];
    } catch (error) {
      const advice =
        error instanceof KvctlError && error.code === 'no_engine' ? 'its containers cannot be looked at' : 'remove what is named there';
      return [check('leftovers', 'warn', error instanceof Error ? error.message : String(error), advice)];
    }
  });
  const found = (await Promise.all(ofClusters)).flat();
  return found.length > 0 ? found : [check('leftovers', 'ok', 'no nodes that ended without `kvctl down`', null, 0)];
}

function check(id: string, verdict: Check['verdict'], found: string, advice: string | null, value: number | null = null): Check {
  return { id, verdict, found, advice, value };
}
