/** The promises of test/contract held against real processes, over HTTP. One cluster serves all of them: keys are named by the promise's turn. */

import { afterAll } from 'vitest';
import type { ReadAnswer } from '../../src/wire/api.ts';
import type { KvctlError } from '../../src/wire/errors.ts';
import { until } from '../cluster/sandbox.ts';
import { type Outcome, promises, type Seen, type World } from '../contract/promises.ts';
import { FaultyCluster } from './faults-cluster.ts';

const QUORUM = 2;
let shared: FaultyCluster | null = null;
let turns = 0;

afterAll(() => shared?.end());

/** The shared cluster, whole again, and keys that no earlier promise has used. */
async function realWorld(): Promise<World> {
  shared ??= await FaultyCluster.up({ followers: 3, quorum: QUORUM, delay: '0' });
  const cluster = shared;
  const { client, leaderUrl } = cluster;
  turns += 1;
  const own = (key: string) => `${turns}: ${key}`;

  return {
    write(key, value, options = {}) {
      const attempt: { outcome: Outcome | null } = { outcome: null };
      const call =
        value === null ? client.del(leaderUrl, own(key), options) : client.put(leaderUrl, own(key), JSON.stringify(value), options);
      call.then(
        ({ version, follower_acks, required }) => {
          attempt.outcome = { ok: true, version, acks: follower_acks, required };
        },
        ({ code, detail }: KvctlError) => {
          attempt.outcome = { ok: false, code, version: typeof detail.version === 'string' ? detail.version : null };
        },
      );
      return attempt;
    },
    async committed(key) {
      return client.get(leaderUrl, own(key), { read: 'committed' }).then(seen, (error: KvctlError) => {
        if (error.code === 'key_not_found') return null;
        return 'closed';
      });
    },
    async held(node, key) {
      return client.get(cluster.url(node), own(key), { read: 'local' }).then(seen, () => null);
    },
    crash: (...nodes) => cluster.kill(nodes),
    async start(...nodes) {
      // Whoever is missing may still be so: the promise says what to wait for.
      await cluster.restart(nodes, 1).catch((error: KvctlError) => (error.code === 'not_ready' ? undefined : Promise.reject(error)));
    },
    cut: (node) => cluster.partition(['n1'], [node]),
    heal: () => cluster.heal(),
    eventually: (what, isSo) => until(what, isSo, 30_000),
    end: () => cluster.mend(QUORUM),
  };
}

function seen({ value, version }: ReadAnswer): Seen {
  return { value: value as string, version };
}

promises('a cluster of processes', realWorld);
