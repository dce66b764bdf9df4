/** The promises held against the core alone: virtual time, messages in order, disks that finish at once. */
import type { WriteFailure, WriteSuccess } from '../../src/core/message.ts';
import type { KvRecord } from '../../src/core/record.ts';
import { formatVersion } from '../../src/core/version.ts';
import { CoreCluster } from '../support/core-cluster.ts';
import { type Outcome, promises, type Seen, type World } from './promises.ts';

const STEP_MS = 50;
const PATIENCE_MS = 120_000;

function coreWorld(): World {
  const delays = { all: { kind: 'constant', value: 0 } as const, perNode: new Map() };
  const options = { followers: 3, quorum: 2, delays, seed: 1, isVolatile: false, isDiskManual: false, isScanManual: false, limits: {} };
  const cluster = new CoreCluster(options);
  const leader = cluster.node('n1');
  const written = new Map<number, (result: WriteSuccess | WriteFailure) => void>();
  const read = new Map<number, KvRecord | null | undefined>();
  cluster.watchers.push((_node, effect) => {
    if (effect.t === 'reply') written.get(effect.id)?.(effect.result);
    if (effect.t === 'readReady') read.set(effect.id, effect.record);
  });
  let ids = 0;
  for (const node of cluster.nodes) cluster.drive(node);
  cluster.settle();

  const setPartitioned = (node: string, isPartitioned: boolean) => {
    cluster.drive(leader, { t: 'setNetwork', change: { nodes: new Map([[node, { isPartitioned }]]) } });
    cluster.drive(cluster.node(node), { t: 'setNetwork', change: { nodes: new Map([['n1', { isPartitioned }]]) } });
  };

  return {
    write(key, value, { quorum = null, timeoutMs = null } = {}) {
      const id = ++ids;
      const attempt: { outcome: Outcome | null } = { outcome: null };
      written.set(id, (result) => {
        attempt.outcome = outcomeOf(result);
      });
      cluster.drive(leader, {
        t: 'put',
        id,
        key,
        value: value === null ? null : JSON.stringify(value),
        need: quorum,
        timeoutMs,
        timestampMs: 0,
      });
      return attempt;
    },
    async committed(key) {
      if (!leader.isRunning || leader.replica.refusal() !== null) return 'closed';
      const id = ++ids;
      cluster.drive(leader, { t: 'read', id, key });
      const record = read.get(id);
      return seen(record === undefined ? leader.store.get(key) : record);
    },
    async held(node, key) {
      return seen(cluster.node(node).store.get(key));
    },
    async crash(...nodes) {
      for (const id of nodes) cluster.crash(cluster.node(id), false);
      cluster.settle();
    },
    async start(...nodes) {
      for (const id of nodes) cluster.start(cluster.node(id));
    },
    async cut(node) {
      setPartitioned(node, true);
    },
    async heal() {
      for (const { id } of cluster.nodes.slice(1)) setPartitioned(id, false);
    },
    async eventually(what, isSo) {
      const deadline = cluster.now + PATIENCE_MS;
      for (cluster.settle(); !(await isSo()); cluster.settle()) {
        if (cluster.now > deadline) throw new Error(`waited ${PATIENCE_MS} ms of virtual time in vain until ${what}`);
        cluster.advanceTo(cluster.now + STEP_MS);
      }
    },
    async end() {},
  };
}

function outcomeOf(result: WriteSuccess | WriteFailure): Outcome {
  if (result.ok) return { ok: true, version: formatVersion(result.version), acks: result.acks, required: result.need };
  const { version } = result.detail;
  return { ok: false, code: result.code, version: typeof version === 'string' ? version : null };
}

function seen(record: KvRecord | null): Seen {
  return record === null || record.value === null ? null : { value: JSON.parse(record.value), version: formatVersion(record.version) };
}

promises('the core', async () => coreWorld());
