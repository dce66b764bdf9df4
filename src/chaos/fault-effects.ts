/**
 * Does each kind of fault and undoes it, and says by what can be seen of it whether it took effect: a process that is gone or frozen,
 * messages that nodes dropped, a store that failed, a clock that is off, a setting that a node answers with. What was set of a node is set
 * again when its process comes back, which has forgotten it.
 *
 * Not here: when (nemesis.ts), partitions (cuts.ts), and what a node breaks in itself (injected.ts).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { restart } from '../cluster/cluster.ts';
import { look } from '../cluster/drivers.ts';
import { heal, kill, pause, resume } from '../cluster/faults.ts';
import { loadState } from '../cluster/state.ts';
import { KvctlError } from '../wire/errors.ts';
import type { Absences } from './absences.ts';
import type { ChaosCluster, NodeAddress } from './cluster.ts';
import { Cuts } from './cuts.ts';
import { seenStorageFailure, setClock } from './injected.ts';
import { LeaderSettings } from './leader-settings.ts';
import type { Fault } from './plan.ts';
import { mustLead, promote } from './promotion.ts';

interface EffectOptions {
  readonly cluster: ChaosCluster;
  readonly absences: Absences;
  /** ms since the load began. */
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
}

const STREAMING_MS = 30_000;
/** A failed store shows itself with the next write. */
const STORAGE_MS = 2_000;
const POLL_MS = 20;
/** Between two jumps of a clock that strobes. */
const STROBE_MS = 60;

export class FaultEffects {
  readonly #options: EffectOptions;
  readonly #cluster: ChaosCluster;
  readonly #absences: Absences;
  readonly #cuts: Cuts;
  /** ms by which nodes' wall clocks are to be off now. */
  readonly #clocks = new Map<string, number>();
  readonly #settings: LeaderSettings;

  /** Remembers the settings that it will put back. */
  static async prepare(options: EffectOptions): Promise<FaultEffects> {
    return new FaultEffects(options, await LeaderSettings.begin(options.cluster));
  }

  private constructor(options: EffectOptions, settings: LeaderSettings) {
    this.#options = options;
    this.#cluster = options.cluster;
    this.#absences = options.absences;
    this.#settings = settings;
    this.#cuts = new Cuts(options.cluster);
  }

  get isClockOff(): boolean {
    return [...this.#clocks.values()].some((offset) => offset !== 0);
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

  /** By what its effect is seen; null: not yet, or not at all. A leader that does not answer is no error: it may be on its way out. */
  async begin(fault: Fault): Promise<string | null> {
    const { name, leader } = this.#cluster;
    switch (fault.kind) {
      case 'kill':
      case 'pause': {
        this.#absences.silence(fault.nodes);
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
        this.#absences.breakStore(fault.nodes);
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
  async hold(fault: Fault, untilMs: number): Promise<void> {
    const { nowMs, signal } = this.#options;
    if (fault.kind !== 'clock' || !fault.isStrobe) return delay(Math.max(0, untilMs - nowMs()), undefined, { signal });
    for (let sign = -1; nowMs() < untilMs; sign = -sign) {
      // It may be taken away meanwhile.
      await this.#setClock(fault.node, sign * fault.offsetMs).catch(() => false);
      await delay(Math.min(STROBE_MS, Math.max(0, untilMs - nowMs())), undefined, { signal });
    }
  }

  /** By what its effect is seen, where that is known at its end only; else null. */
  async end(fault: Fault): Promise<string | null> {
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
        const lastMs = nowMs() + STORAGE_MS;
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
    this.#absences.silence(ids);
    const begunMs = performance.now();
    try {
      await restart(name, ids, { signal, entry, waitTimeoutMs });
    } catch (error) {
      if (!(error instanceof KvctlError) || error.code !== 'not_ready') throw error;
      // It was the leader, and follows: a promotion is under way, and meanwhile nobody leads. Else the leader was killed while it was waited for: the nodes
      // run, and are of use once it is back.
      if (ids.includes(this.#cluster.leader.id)) await mustLead(this.#cluster, signal);
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
      if (
        ids.every(
          (id) => id === this.#cluster.leader.id || links.some(({ node, link, is_up: isUp }) => node === id && link === 'stream' && isUp),
        )
      )
        return;
      if (performance.now() > deadlineMs) throw notReady;
      await delay(POLL_MS, undefined, { signal: this.#options.signal });
    }
  }

  async #back(ids: readonly string[]): Promise<void> {
    this.#absences.restore(ids);
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
    return this.#cluster.nodes.filter(({ id }) => !this.#absences.isSilent(id));
  }

  #nodes(ids: readonly string[]): NodeAddress[] {
    return this.#cluster.nodes.filter(({ id }) => ids.includes(id));
  }
}

function notStreaming(ids: readonly string[]): KvctlError {
  return new KvctlError('not_ready', `expected ${ids.join(', ')} to follow once everything was healed: the leader's log tells why not`);
}

function endedByItself(id: string): KvctlError {
  return new KvctlError('node_failed', `expected ${id} to run, but it had ended by itself: its log tells why`, { node: id });
}
