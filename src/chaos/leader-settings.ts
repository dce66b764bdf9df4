/**
 * Quorum and network of the leader: what they were, which the end puts back, and what they are to be now, which a leader that was started again has
 * forgotten.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { NetworkAnswer } from '../wire/api.ts';
import { KvctlError } from '../wire/errors.ts';
import type { ChaosCluster } from './cluster.ts';

/** A lower quorum waits for a majority to write it down. */
const QUORUM_MS = 10_000;
const POLL_MS = 20;

interface Weather {
  readonly delay: string;
  readonly loss: number;
}

export class LeaderSettings {
  readonly #cluster: ChaosCluster;
  readonly #before: { readonly quorum: number; readonly network: NetworkAnswer };
  /** null: as before. */
  #quorum: number | null = null;
  #network: Weather | null = null;

  /** Remembers what is set. */
  static async begin(cluster: ChaosCluster): Promise<LeaderSettings> {
    const { client, leader } = cluster;
    const { write_quorum: quorum } = await client.quorum(leader.url);
    return new LeaderSettings(cluster, { quorum, network: await client.network(leader.url) });
  }

  private constructor(cluster: ChaosCluster, before: { quorum: number; network: NetworkAnswer }) {
    this.#cluster = cluster;
    this.#before = before;
  }

  setQuorum(quorum: number | null): Promise<{ readonly previous: number }> {
    this.#quorum = quorum;
    return this.#cluster.client.setQuorum(this.#cluster.leader.url, quorum ?? this.#before.quorum);
  }

  /** Null: delays as before, and nothing lost. */
  setNetwork(network: Weather | null): Promise<unknown> {
    this.#network = network;
    const before = this.#before.network.nodes;
    // Who led at first has no delay to itself, and gets that of the others when it follows.
    const [usual] = Object.values(before);
    const links = this.#cluster.nodes
      .filter(({ id }) => id !== this.#cluster.leader.id)
      .map(({ id }) => [id, { delay: network?.delay ?? (before[id] ?? usual)?.delay ?? '0', loss: network?.loss ?? 0 }] as const);
    return this.#cluster.client.setNetwork(this.#cluster.leader.url, { nodes: Object.fromEntries(links) });
  }

  /** The leader was started again; it may be on its way out, too. */
  async setAgain(): Promise<void> {
    await this.setNetwork(this.#network).catch(() => undefined);
    await this.setQuorum(this.#quorum).catch(() => undefined);
  }

  /** Returns once both are in force as they were before. */
  async putBack(signal: AbortSignal): Promise<void> {
    const { client, leader } = this.#cluster;
    await this.setNetwork(null);
    await this.setQuorum(null);
    const deadlineMs = performance.now() + QUORUM_MS;
    while ((await client.quorum(leader.url)).write_quorum !== this.#before.quorum) {
      if (performance.now() > deadlineMs) throw new KvctlError('not_ready', `expected quorum ${this.#before.quorum} to be in force again`);
      await delay(POLL_MS, undefined, { signal });
    }
  }
}
