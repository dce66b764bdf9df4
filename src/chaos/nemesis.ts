/**
 * Carries out the schedule on real processes, and says of each fault whether it took effect, by what can be seen of it: a process that is
 * gone or frozen, a link that its leader calls down, a setting that a node answers with.
 *
 * Faults overlap, each with its own beginning and end. Starting again takes as long as it takes, so what was planned apart may meet:
 * then a fault waits, and in the end is left out, rather than taking away more nodes than the schedule allows (its invariant holds here too).
 * A partition is kept here and written into nodes' tables whenever they change or come back, since a table is gone with its process, and
 * one that is frozen cannot be told.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { restart } from '../cluster/cluster.ts';
import { look } from '../cluster/drivers.ts';
import { heal, kill, partnersOf, pause, resume } from '../cluster/faults.ts';
import { loadState } from '../cluster/state.ts';
import type { NetworkAnswer } from '../wire/api.ts';
import { KvctlError } from '../wire/errors.ts';
import type { ChaosCluster } from './cluster.ts';
import { aimOf, type Deed, deedOf } from './deed.ts';
import { type Episode, type Fault, type Schedule, victimsOf } from './plan.ts';

export interface NemesisOptions {
  readonly cluster: ChaosCluster;
  readonly schedule: Schedule;
  /** ms since the load began. */
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
  readonly onDeed: (kind: string, text: string) => void;
}

/** A lower quorum waits for a majority to write it down. */
const QUORUM_MS = 10_000;
const STREAMING_MS = 30_000;
/** A fault that cannot be done yet waits so long. */
const PATIENCE_MS = 2_000;
const POLL_MS = 20;
type Pair = readonly [string, string];

export class Nemesis {
  readonly #cluster: ChaosCluster;
  readonly #schedule: Schedule;
  readonly #options: NemesisOptions;
  /** Dead, frozen, cut off or on their way back. */
  readonly #away = new Set<string>();
  /** Of those, the ones whose process cannot be asked. */
  readonly #silent = new Set<string>();
  readonly #cuts = new Set<Pair>();
  readonly #before: { readonly quorum: number; readonly network: NetworkAnswer };
  /** In the order in which they ended. */
  readonly deeds: Deed[] = [];
  /** What the leader is to be set to now; null: as before. */
  #quorum: number | null = null;
  #network: { readonly delay: string; readonly loss: number } | null = null;

  /** Remembers the settings that it will put back. */
  static async begin(options: NemesisOptions): Promise<Nemesis> {
    const { client, leader } = options.cluster;
    const { write_quorum: quorum } = await client.quorum(leader.url);
    return new Nemesis(options, { quorum, network: await client.network(leader.url) });
  }

  private constructor(options: NemesisOptions, before: { quorum: number; network: NetworkAnswer }) {
    this.#options = options;
    this.#cluster = options.cluster;
    this.#schedule = options.schedule;
    this.#before = before;
  }

  /** Returns at `forMs`, or later, when every fault has ended; what it did is in `deeds` by then. Throws if a node did not come back. */
  async run(forMs: number): Promise<void> {
    const played = await Promise.allSettled(this.#schedule.episodes.map((episode) => this.#play(episode)));
    if (this.#options.signal.aborted) return;
    const broken = played.find((each) => each.status === 'rejected');
    if (broken !== undefined) throw broken.reason;
    await this.#sleepUntil(forMs).catch(() => undefined);
  }

  /** Everybody runs and hears everybody, nothing is lost or delayed more than at first, and the quorum is the run's own. */
  async heal(): Promise<void> {
    const { client, leader, name } = this.#cluster;
    this.#cuts.clear();
    const dead = (await look(loadState(name))).find(({ state }) => state !== 'running');
    if (dead !== undefined) throw endedByItself(dead.node.id);
    await heal(name, []);
    await this.#setNetwork(null);
    await this.#setQuorum(null);
    const deadlineMs = performance.now() + QUORUM_MS;
    while ((await client.quorum(leader.url)).write_quorum !== this.#before.quorum) {
      if (performance.now() > deadlineMs) throw new KvctlError('not_ready', `expected quorum ${this.#before.quorum} to be in force again`);
      await delay(POLL_MS, undefined, { signal: this.#options.signal });
    }
  }

  async #play(episode: Episode): Promise<void> {
    const { fault, atMs, forMs } = episode;
    const victims = victimsOf(fault);
    await this.#sleepUntil(atMs);
    const obstacle = await this.#untilPossible(fault, atMs + PATIENCE_MS);
    if (obstacle !== null) {
      this.deeds.push(deedOf(episode, null, null, obstacle, false));
      return;
    }
    for (const id of victims) this.#away.add(id);
    let beganMs: number | null = null;
    let seen: string | null = null;
    try {
      seen = await this.#begin(fault);
      beganMs = this.#tell(fault.kind, aimOf(fault));
      await this.#sleepUntil(beganMs + forMs);
      seen = (await this.#end(fault)) ?? seen;
      const endedMs = this.#tell(ENDING[fault.kind], victims.join(', '));
      this.deeds.push(deedOf(episode, beganMs, endedMs, seen ?? NOTHING, seen !== null));
    } catch (error) {
      const why = this.#options.signal.aborted ? 'interrupted' : error instanceof Error ? error.message : String(error);
      this.deeds.push(deedOf(episode, beganMs, null, seen ?? why, seen !== null));
      throw error;
    } finally {
      for (const id of victims) this.#away.delete(id);
    }
  }

  /** What is in its way for so long that it is left out; null: nothing any more. */
  async #untilPossible(fault: Fault, deadlineMs: number): Promise<string | null> {
    for (;;) {
      const obstacle = this.#obstacleTo(fault);
      if (obstacle === null || this.#options.nowMs() > deadlineMs) return obstacle;
      await delay(POLL_MS, undefined, { signal: this.#options.signal });
    }
  }

  /** Null: it can be done. */
  #obstacleTo(fault: Fault): string | null {
    const victims = victimsOf(fault);
    const busy = victims.find((id) => this.#away.has(id));
    if (busy !== undefined) return `left out: ${busy} was not back yet`;
    if (victims.length > 0 && this.#away.size + victims.length > this.#schedule.maxAway) return 'left out: a majority would not be left';
    const isOfLeader = fault.kind === 'quorum' || fault.kind === 'network' || fault.kind === 'partition';
    return isOfLeader && this.#silent.has(this.#cluster.leader.id) ? 'left out: the leader was away' : null;
  }

  /** By what its effect is seen; null: not yet, or not at all. A setting that the leader did not answer is no error: it may be on its way out. */
  async #begin(fault: Fault): Promise<string | null> {
    const { name, leader } = this.#cluster;
    switch (fault.kind) {
      case 'kill':
      case 'pause': {
        for (const id of fault.nodes) this.#silent.add(id);
        const outcomes = await (fault.kind === 'kill' ? kill(name, fault.nodes) : pause(name, fault.nodes));
        const dead = outcomes.find(({ before }) => before === 'stopped');
        if (dead !== undefined) throw endedByItself(dead.node);
        return outcomes.map(({ node, before, after }) => `${node} ${before} → ${after}`).join(', ');
      }
      case 'restart':
        return null;
      case 'partition':
        for (const pair of pairsOf(fault)) this.#cuts.add(pair);
        await this.#writeTables([...fault.nodes, ...fault.others]);
        return null;
      case 'quorum': {
        const answer = await this.#setQuorum(fault.quorum).catch(() => null);
        return answer === null || answer.previous === fault.quorum ? null : `quorum ${answer.previous} → ${fault.quorum}`;
      }
      case 'network': {
        const answer = await this.#setNetwork(fault).catch(() => null);
        return answer === null ? null : `${leader.id} answered with delay ${fault.delay}, loss ${fault.loss}`;
      }
    }
  }

  /** By what its effect is seen, where that is known at its end only; else null. */
  async #end(fault: Fault): Promise<string | null> {
    switch (fault.kind) {
      case 'kill':
        await this.#restart(fault.nodes);
        return null;
      case 'restart':
        return this.#restart(fault.nodes);
      case 'pause':
        await resume(this.#cluster.name, fault.nodes);
        await this.#back(fault.nodes);
        return null;
      case 'partition': {
        const effect = await this.#linksDown(fault);
        for (const pair of this.#cuts) if (isOf(fault, pair)) this.#cuts.delete(pair);
        await this.#writeTables([...fault.nodes, ...fault.others]);
        return effect;
      }
      // A leader that is away is set when it is back.
      case 'quorum':
        await this.#setQuorum(null).catch(() => undefined);
        return null;
      case 'network':
        await this.#setNetwork(null).catch(() => undefined);
        return null;
    }
  }

  async #restart(ids: readonly string[]): Promise<string> {
    const { name, entry, waitTimeoutMs } = this.#cluster;
    const { signal } = this.#options;
    for (const id of ids) this.#silent.add(id);
    const begunMs = performance.now();
    try {
      await restart(name, ids, { signal, entry, waitTimeoutMs });
    } catch (error) {
      // The leader was killed while it was waited for: the nodes run, and are of use once it is back.
      const isLeaderless = error instanceof KvctlError && error.code === 'not_ready' && !ids.includes(this.#cluster.leader.id);
      if (!isLeaderless) throw error;
      await this.#untilStreaming(ids, error);
    }
    await this.#back(ids);
    return `${ids.join(', ')} ready again after ${Math.round(performance.now() - begunMs)} ms`;
  }

  async #untilStreaming(ids: readonly string[], notReady: KvctlError): Promise<void> {
    const { client, leader, waitTimeoutMs = STREAMING_MS } = this.#cluster;
    const deadlineMs = performance.now() + waitTimeoutMs;
    for (;;) {
      const links = (await client.replicaStatus(leader.url).catch(() => null))?.replicas ?? [];
      if (ids.every((id) => links.some(({ node, link, is_up: isUp }) => node === id && link === 'stream' && isUp))) return;
      if (performance.now() > deadlineMs) throw notReady;
      await delay(POLL_MS, undefined, { signal: this.#options.signal });
    }
  }

  async #back(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.#silent.delete(id);
    await this.#writeTables(ids);
    if (!ids.includes(this.#cluster.leader.id)) return;
    await this.#setNetwork(this.#network).catch(() => undefined);
    await this.#setQuorum(this.#quorum).catch(() => undefined);
  }

  #setQuorum(quorum: number | null): Promise<{ readonly previous: number }> {
    this.#quorum = quorum;
    return this.#cluster.client.setQuorum(this.#cluster.leader.url, quorum ?? this.#before.quorum);
  }

  /** Null: delays as before, and nothing lost. */
  #setNetwork(network: { readonly delay: string; readonly loss: number } | null): Promise<unknown> {
    this.#network = network;
    const before = Object.entries(this.#before.network.nodes);
    const links = before.map(([id, { delay }]) => [id, { delay: network?.delay ?? delay, loss: network?.loss ?? 0 }] as const);
    return this.#cluster.client.setNetwork(this.#cluster.leader.url, { nodes: Object.fromEntries(links) });
  }

  /** What the leader saw of it: requests that were blocked, so that it calls the links down. */
  async #linksDown({ nodes, others }: Extract<Fault, { kind: 'partition' }>): Promise<string | null> {
    const { client, leader } = this.#cluster;
    const answer = await client.replicaStatus(leader.url).catch(() => null);
    const cut = nodes.includes(leader.id) ? others : nodes;
    const down = answer?.replicas.filter(({ node, is_up }) => cut.includes(node) && !is_up).map(({ node }) => node) ?? [];
    return down.length === 0 ? null : `requests of ${leader.id} to ${down.join(', ')} were blocked`;
  }

  /** Each node's side of every pair, as it is to be now. A node that cannot be asked is told when it is back. */
  async #writeTables(ids: readonly string[]): Promise<void> {
    const told = this.#cluster.nodes.filter(({ id }) => ids.includes(id) && !this.#silent.has(id));
    await Promise.all(
      told.map(({ id, url }) => {
        const all = this.#cluster.nodes.filter((other) => other.id !== id).map((other) => [id, other.id] as const);
        const table = { ...partnersOf(id, all, false), ...partnersOf(id, [...this.#cuts], true) };
        // It may have been taken away meanwhile; then it is told later.
        return this.#cluster.client.setNetwork(url, { nodes: table }).catch(() => undefined);
      }),
    );
  }

  #tell(kind: string, text: string): number {
    this.#options.onDeed(kind, text);
    return this.#options.nowMs();
  }

  async #sleepUntil(atMs: number): Promise<void> {
    const { nowMs, signal } = this.#options;
    await delay(Math.max(0, atMs - nowMs()), undefined, { signal });
  }
}

const NOTHING = 'no effect was seen';
const ENDING = {
  kill: 'restart',
  pause: 'resume',
  partition: 'heal',
  restart: 'restarted',
  quorum: 'quorum-back',
  network: 'network-back',
} as const satisfies Record<Fault['kind'], string>;

function pairsOf({ nodes, others }: Extract<Fault, { kind: 'partition' }>): Pair[] {
  return nodes.flatMap((a) => others.map((b) => [a, b] as const));
}

function isOf({ nodes, others }: Extract<Fault, { kind: 'partition' }>, [a, b]: Pair): boolean {
  return nodes.includes(a) && others.includes(b);
}

function endedByItself(id: string): KvctlError {
  return new KvctlError('node_failed', `expected ${id} to run, but it had ended by itself: its log tells why`, { node: id });
}
