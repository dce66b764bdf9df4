/**
 * A real cluster to break: `up` in a state directory of its own, faults as the command line gives them, and an end that leaves nothing.
 *
 * Not here: load (faults-load.ts) and what must hold (faults-witness.ts).
 * Invariant: `end` leaves no process, whatever the test did to them, and fails if one of them had to be killed for it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Dump } from '../../src/client/dump.ts';
import { KvClient } from '../../src/client/kv-client.ts';
import { down, restart, up } from '../../src/cluster/cluster.ts';
import { heal, type KillSignal, kill, partition, pause, resume } from '../../src/cluster/faults.ts';
import { untilGone } from '../../src/cluster/local.ts';
import { busyPorts } from '../../src/cluster/ports.ts';
import { findProcess, type ProcessIdentity, signalProcess } from '../../src/cluster/process.ts';
import { type ClusterWish, parseSpec } from '../../src/cluster/spec.ts';
import { type ClusterState, loadState, observe } from '../../src/cluster/state.ts';
import { waitForParity } from '../../src/experiment/parity.ts';
import type { NodeStatus, ReplicaStatus } from '../../src/wire/api.ts';
import { until } from '../cluster/sandbox.ts';

const NAME = 'faults';

export class FaultyCluster {
  readonly home: string;
  readonly client: KvClient;
  readonly leaderUrl: string;
  /** Ids of all nodes, the born leader first. */
  readonly ids: readonly string[];
  readonly #state: ClusterState;
  /** Every process that was ever seen, so that the end can tell that none is left. */
  readonly #seen: ProcessIdentity[] = [];

  static async up(wish: Omit<ClusterWish, 'name' | 'port'>): Promise<FaultyCluster> {
    const home = mkdtempSync(join(tmpdir(), 'kvctl-faults-'));
    try {
      const port = await basePort((wish.followers ?? 5) + 1);
      const { state } = await up(parseSpec({ ...wish, name: NAME, port }), { home });
      return new FaultyCluster(home, state);
    } catch (error) {
      rmSync(home, { recursive: true, force: true });
      throw error;
    }
  }

  private constructor(home: string, state: ClusterState) {
    this.home = home;
    this.#state = state;
    this.client = new KvClient({ token: state.token });
    this.ids = state.nodes.map(({ id }) => id);
    this.leaderUrl = this.url('n1');
    this.#note(state);
  }

  get token(): string {
    return this.#state.token;
  }

  /** As the state file has it now. */
  get state(): ClusterState {
    return loadState(NAME, this.home);
  }

  get followers(): readonly string[] {
    return this.ids.slice(1);
  }

  url(id: string): string {
    const node = this.#state.nodes.find((each) => each.id === id);
    if (node === undefined) throw new Error(`no node ${id}`);
    return node.url;
  }

  /** SIGKILL unless told otherwise; returns when they are gone. */
  async kill(ids: readonly string[], signal?: KillSignal): Promise<void> {
    await kill(NAME, ids, signal, { home: this.home });
  }

  /** Returns when they are open or stream. */
  async restart(ids: readonly string[] | null, waitTimeoutMs = 30_000): Promise<void> {
    try {
      await restart(NAME, ids, { home: this.home, waitTimeoutMs });
    } finally {
      this.#note(this.state);
    }
  }

  async pause(id: string): Promise<void> {
    await pause(NAME, [id], { home: this.home });
  }

  async resume(id: string): Promise<void> {
    await resume(NAME, [id], { home: this.home });
  }

  async partition(...groups: readonly string[][]): Promise<void> {
    await partition(NAME, groups, { home: this.home });
  }

  async heal(): Promise<void> {
    await heal(NAME, [], { home: this.home });
  }

  status(id = 'n1'): Promise<NodeStatus> {
    return this.client.status(this.url(id));
  }

  /** The leader's account of one follower. */
  async link(id: string): Promise<ReplicaStatus> {
    const link = (await this.status()).replicas.find(({ node }) => node === id);
    if (link === undefined) throw new Error(`n1 has no link to ${id}`);
    return link;
  }

  dump(id: string): Promise<Dump> {
    return this.client.dump(this.url(id));
  }

  /** Every follower of `ids` equals the leader in keys, values and versions. */
  async expectParity(ids: readonly string[] = this.followers, timeoutMs = 20_000): Promise<void> {
    const followers = ids.map((id) => ({ id, url: this.url(id) }));
    const leader = { id: 'n1', url: this.leaderUrl };
    const { rows } = await waitForParity(this.client, { leader, followers }, timeoutMs, new AbortController().signal);
    expect(rows.map(({ node, status, keys }) => ({ node, status, keys }))).toEqual(
      ids.map((node) => ({ node, status: 'match', keys: [] })),
    );
  }

  /** Whole again: everybody runs, hears everybody and streams, and the quorum is this. */
  async mend(quorum: number): Promise<void> {
    const dead = observe(this.state.nodes).filter(({ state }) => state === 'stopped');
    if (dead.length > 0) await this.restart(dead.map(({ node }) => node.id));
    await heal(NAME, [], { home: this.home });
    const links = async () => (await this.status()).replicas.every(({ link, is_up }) => link === 'stream' && is_up);
    await until('every link streams', links, 20_000);
    await this.client.setQuorum(this.leaderUrl, quorum);
  }

  /** Stops every node and keeps the data; fails if anything runs or listens afterwards. */
  async down(): Promise<void> {
    await down(NAME, { home: this.home });
    await this.#expectNothingLeft();
  }

  /** The same cluster again, over its data. */
  async upAgain(): Promise<void> {
    const { state } = await up(this.#state.spec, { home: this.home });
    this.#note(state);
  }

  /** `down`; afterwards no process of this cluster is there, and no port is busy. */
  async end(): Promise<void> {
    try {
      await this.client.close();
      await down(NAME, { home: this.home, purge: true });
    } finally {
      await this.#expectNothingLeft().finally(() => rmSync(this.home, { recursive: true, force: true }));
    }
  }

  async #expectNothingLeft(): Promise<void> {
    const left = await untilGone(this.#seen, 0);
    for (const identity of left) signalProcess(identity, 'SIGKILL');
    expect(left, 'processes that outlived `down`').toEqual([]);
    const [first] = this.#state.nodes;
    expect(await busyPorts(first?.port ?? 0, this.ids.length), 'ports still busy').toEqual([]);
  }

  #note(state: ClusterState): void {
    for (const { pid, start_time } of state.nodes) {
      if (pid !== null && start_time !== null && findProcess(pid) !== null) this.#seen.push({ pid, start_time });
    }
  }
}

/** Drawn at random, since others test on this machine; should somebody come in between, `up` says so. */
async function basePort(count: number): Promise<number> {
  for (;;) {
    const base = 20_000 + Math.floor(Math.random() * 12_000);
    if ((await busyPorts(base, count)).length === 0) return base;
  }
}
