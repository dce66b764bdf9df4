/**
 * Carries out the schedule on real processes, and says of each fault whether it took effect, by what can be seen of it: a process that is
 * gone or frozen, messages that nodes dropped, a store that failed, a clock that is off, a setting that a node answers with.
 *
 * Faults overlap, each with its own beginning and end. Starting again takes as long as it takes, so what was planned apart may meet:
 * then a fault waits, and in the end is left out, rather than taking away more nodes than the schedule allows (its invariant holds here too).
 * Not here: partitions (cuts.ts), and what a node breaks in itself (injected.ts).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { restart } from '../cluster/cluster.ts';
import { look } from '../cluster/drivers.ts';
import { heal, kill, pause, resume } from '../cluster/faults.ts';
import { loadState } from '../cluster/state.ts';
import { KvctlError } from '../wire/errors.ts';
import type { ChaosCluster, NodeAddress } from './cluster.ts';
import { Cuts } from './cuts.ts';
import { aimOf, type Deed, deedOf } from './deed.ts';
import { seenStorageFailure, setClock } from './injected.ts';
import { LeaderSettings } from './leader-settings.ts';
import { type Episode, type Fault, type Schedule, victimsOf } from './plan.ts';
import { mustLead, promote } from './promotion.ts';

export interface NemesisOptions {
  readonly cluster: ChaosCluster;
  readonly schedule: Schedule;
  /** ms since the load began. */
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
  readonly onDeed: (kind: string, text: string) => void;
}

const STREAMING_MS = 30_000;
/** A fault that cannot be done yet waits so long. */
const PATIENCE_MS = 2_000;
const POLL_MS = 20;
/** Between two jumps of a clock that strobes. */
const STROBE_MS = 60;

export class Nemesis {
  readonly #cluster: ChaosCluster;
  readonly #schedule: Schedule;
  readonly #options: NemesisOptions;
  /** Dead, frozen, cut off or on their way back. */
  readonly #away = new Set<string>();
  /** Of those, the ones whose process cannot be asked. */
  readonly #silent = new Set<string>();
  /** And those that answer, but whose store failed. */
  readonly #broken = new Set<string>();
  readonly #cuts: Cuts;
  /** ms by which nodes' wall clocks are to be off now. */
  readonly #clocks = new Map<string, number>();
  readonly #settings: LeaderSettings;
  /** In the order in which they ended. */
  readonly deeds: Deed[] = [];

  /** Remembers the settings that it will put back. */
  static async begin(options: NemesisOptions): Promise<Nemesis> {
    return new Nemesis(options, await LeaderSettings.begin(options.cluster));
  }

  private constructor(options: NemesisOptions, settings: LeaderSettings) {
    this.#options = options;
    this.#cluster = options.cluster;
    this.#schedule = options.schedule;
    this.#settings = settings;
    this.#cuts = new Cuts(options.cluster);
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
    const { name } = this.#cluster;
    this.#cuts.clear();
    const dead = (await look(loadState(name))).find(({ state }) => state !== 'running');
    if (dead !== undefined) throw endedByItself(dead.node.id);
    await heal(name, []);
    await mustLead(this.#cluster, this.#options.signal);
    for (const { id } of this.#cluster.nodes) await this.#setClock(id, 0);
    await this.#settings.putBack(this.#options.signal);
    // A link that was cut may wait in its backoff for longer than whoever compares the replicas waits for one that is down.
    const others = this.#cluster.nodes.map(({ id }) => id).filter((id) => id !== this.#cluster.leader.id);
    await this.#untilStreaming(others, notStreaming(others));
  }

  async #play(episode: Episode): Promise<void> {
    const { fault, atMs, forMs } = episode;
    const victims = victimsOf(fault);
    await this.#sleepUntil(atMs);
    const leader = this.#cluster.leader.id;
    const obstacle = await this.#untilPossible(fault, atMs + PATIENCE_MS);
    if (obstacle !== null) {
      this.deeds.push(deedOf(episode, leader, null, null, obstacle, false));
      return;
    }
    for (const id of victims) this.#away.add(id);
    let beganMs: number | null = null;
    let seen: string | null = null;
    try {
      seen = await this.#begin(fault);
      beganMs = this.#tell(fault.kind, aimOf(fault));
      await this.#hold(fault, beganMs + forMs);
      seen = (await this.#end(fault)) ?? seen;
      const endedMs = this.#tell(ENDING[fault.kind], fault.kind === 'clock' ? fault.node : victims.join(', '));
      this.deeds.push(deedOf(episode, leader, beganMs, endedMs, seen ?? NOTHING, seen !== null));
    } catch (error) {
      const why = this.#options.signal.aborted ? 'interrupted' : error instanceof Error ? error.message : String(error);
      this.deeds.push(deedOf(episode, leader, beganMs, null, seen ?? why, seen !== null));
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
    if (fault.kind === 'promote' && (this.#away.has(fault.node) || this.#silent.has(fault.node))) return `left out: ${fault.node} was away`;
    if (fault.kind === 'clock' && this.#silent.has(fault.node)) return `left out: ${fault.node} was away`;
    // Its end is late where the node was away; the next one's beginning must not come before.
    if (fault.kind === 'clock' && [...this.#clocks.values()].some((offset) => offset !== 0)) return 'left out: another clock was off';
    const isOfLeader = fault.kind === 'quorum' || fault.kind === 'network' || fault.kind === 'partition' || fault.kind === 'one-way';
    const { id } = this.#cluster.leader;
    return isOfLeader && (this.#silent.has(id) || this.#broken.has(id)) ? 'left out: the leader was away' : null;
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
      case 'one-way':
        await this.#cuts.begin(fault, this.#reachable());
        return null;
      case 'disk': {
        const [node] = this.#nodes(fault.nodes);
        if (node !== undefined) await this.#cluster.client.setFaults(node.url, { disk: fault.failure });
        for (const id of fault.nodes) this.#broken.add(id);
        return null;
      }
      case 'clock': {
        const isSeen = await this.#setClock(fault.node, fault.offsetMs).catch(() => false);
        return isSeen ? `the clock of ${fault.node} jumped by ${fault.offsetMs / 1000} s` : null;
      }
      case 'promote': {
        const [node] = this.#nodes([fault.node]);
        const effect = node === undefined ? null : await promote(this.#cluster, node, this.#options.signal);
        if (effect !== null) await this.#settings.setAgain();
        return effect;
      }
      case 'quorum': {
        const answer = await this.#settings.setQuorum(fault.quorum).catch(() => null);
        return answer === null || answer.previous === fault.quorum ? null : `quorum ${answer.previous} → ${fault.quorum}`;
      }
      case 'network': {
        const answer = await this.#settings.setNetwork(fault).catch(() => null);
        return answer === null ? null : `${leader.id} answered with delay ${fault.delay}, loss ${fault.loss}`;
      }
    }
  }

  /** Lets it last. */
  async #hold(fault: Fault, untilMs: number): Promise<void> {
    if (fault.kind !== 'clock' || !fault.isStrobe) return this.#sleepUntil(untilMs);
    const { nowMs, signal } = this.#options;
    for (let sign = -1; nowMs() < untilMs; sign = -sign) {
      // It may be taken away meanwhile.
      await this.#setClock(fault.node, sign * fault.offsetMs).catch(() => false);
      await delay(Math.min(STROBE_MS, Math.max(0, untilMs - nowMs())), undefined, { signal });
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
      case 'partition':
      case 'one-way':
        return this.#cuts.end(fault, this.#reachable());
      case 'disk': {
        const { nowMs, signal } = this.#options;
        const lastMs = nowMs() + PATIENCE_MS;
        const isOver = () => nowMs() > lastMs;
        const [node] = this.#nodes(fault.nodes);
        const effect = node === undefined ? null : await seenStorageFailure(this.#cluster.client, node, isOver, signal);
        await this.#restart(fault.nodes);
        return effect;
      }
      case 'clock':
        await this.#setClock(fault.node, 0).catch(() => undefined);
        return null;
      case 'promote':
        return null;
      // A leader that is away is set when it is back.
      case 'quorum':
        await this.#settings.setQuorum(null).catch(() => undefined);
        return null;
      case 'network':
        await this.#settings.setNetwork(null).catch(() => undefined);
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
    const { client, waitTimeoutMs = STREAMING_MS } = this.#cluster;
    const deadlineMs = performance.now() + waitTimeoutMs;
    for (;;) {
      // Another one may lead by now.
      const links = (await client.replicaStatus(this.#cluster.leader.url).catch(() => null))?.replicas ?? [];
      if (ids.every((id) => links.some(({ node, link, is_up: isUp }) => node === id && link === 'stream' && isUp))) return;
      if (performance.now() > deadlineMs) throw notReady;
      await delay(POLL_MS, undefined, { signal: this.#options.signal });
    }
  }

  async #back(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      this.#silent.delete(id);
      this.#broken.delete(id);
    }
    await this.#cuts.write(this.#nodes(ids));
    for (const id of ids) await this.#setClock(id, this.#clocks.get(id) ?? 0).catch(() => undefined);
    if (!ids.includes(this.#cluster.leader.id)) return;
    await this.#settings.setAgain();
  }

  /** What a node that is away is to show is told when it is back. */
  async #setClock(id: string, offsetMs: number): Promise<boolean> {
    this.#clocks.set(id, offsetMs);
    const node = this.#reachable().find((each) => each.id === id);
    return node !== undefined && setClock(this.#cluster.client, node, offsetMs);
  }

  #reachable(): NodeAddress[] {
    return this.#cluster.nodes.filter(({ id }) => !this.#silent.has(id));
  }

  #nodes(ids: readonly string[]): NodeAddress[] {
    return this.#cluster.nodes.filter(({ id }) => ids.includes(id));
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
  'one-way': 'heal',
  promote: 'leads',
  disk: 'disk-mended',
  clock: 'clock-back',
  restart: 'restarted',
  quorum: 'quorum-back',
  network: 'network-back',
} as const satisfies Record<Fault['kind'], string>;

function notStreaming(ids: readonly string[]): KvctlError {
  return new KvctlError('not_ready', `expected ${ids.join(', ')} to follow once everything was healed: the leader's log tells why not`);
}

function endedByItself(id: string): KvctlError {
  return new KvctlError('node_failed', `expected ${id} to run, but it had ended by itself: its log tells why`, { node: id });
}
