/**
 * One random run of a core cluster: the seed chooses the world (sizes, delays, limits, what a stop forgets) as well as the events.
 * Faults first, then everything heals and must converge. Not the simulator: no schedule of clients, no judge of histories.
 */

import type { Input } from '../../src/core/message.ts';
import { assert } from '../../src/lib/assert.ts';
import { parseDelays } from '../../src/lib/delay-plan.ts';
import { Prng } from '../../src/lib/prng.ts';
import { CoreChecks } from './core-checks.ts';
import { CoreCluster, type CoreNode, type Message } from './core-cluster.ts';

const KEYS = ['a', 'b', 'c', 'd', 'e'];
const STEPS = 250;

export interface RandomRun {
  readonly successes: number;
  readonly crashes: number;
  readonly openings: number;
}

/** Throws at the first broken invariant; the message says how to see it again. */
export function runRandomly(seed: number): RandomRun {
  const run = new Run(seed);
  try {
    return run.go();
  } catch (cause) {
    const what = cause instanceof Error ? cause.message : cause;
    throw new Error(`step ${run.step}: ${what}; again: KVCTL_CORE_SEED=${seed} npx vitest run test/core/random-run`, { cause });
  }
}

class Run {
  step = 0;
  readonly #prng: Prng;
  readonly #cluster: CoreCluster;
  readonly #checks: CoreChecks;
  #ids = 0;
  #crashes = 0;
  #openings = 0;

  constructor(seed: number) {
    const world = new Prng(seed).fork('world');
    this.#prng = new Prng(seed).fork('events');
    const followers = 1 + world.int(4);
    const delays = parseDelays(['0', '0', '20', '0-60', 'n2=0;n3=40', 'exponential:10'][world.int(6)] ?? '0');
    assert(delays.ok, 'the delays are some');
    this.#cluster = new CoreCluster({
      followers,
      quorum: world.int(followers + 1),
      delays: delays.value,
      seed,
      isVolatile: world.int(4) === 0,
      isDiskManual: true,
      isScanManual: true,
      limits: {
        pageRows: 1 + world.int(4),
        batchMax: 1 + world.int(4),
        queueRecords: [2, 4, 1000][world.int(3)] ?? 1000,
        window: 1 + world.int(2),
      },
    });
    this.#checks = new CoreChecks(this.#cluster);
    this.#cluster.watchers.push((_node, effect) => {
      if (effect.t === 'note' && effect.event === 'open') this.#openings += 1;
    });
  }

  go(): RandomRun {
    for (const node of this.#cluster.nodes) this.#cluster.drive(node);
    this.#cluster.settle();
    for (this.step = 0; this.step < STEPS; this.step++) {
      this.#act();
      this.#checks.check();
    }
    this.#heal();
    this.#checks.check();
    this.#checks.checkFloors();
    this.#checks.checkHealed();
    return { successes: this.#checks.successes, crashes: this.#crashes, openings: this.#openings };
  }

  #act(): void {
    const cluster = this.#cluster;
    const chance = this.#prng.int(100);
    const node = this.#pick(cluster.nodes);
    const message = cluster.pool.length > 0 ? this.#pick(cluster.pool) : null;
    if (chance < 22) this.#ask();
    else if (chance < 50) this.#deliver(message);
    else if (chance < 72) this.#disk(node);
    else if (chance < 84) cluster.advanceTo(cluster.now + this.#prng.int(40));
    else if (chance < 86) cluster.advanceTo(cluster.now + this.#prng.int(1500));
    else if (chance < 89 && message !== null) this.#lose(message);
    else if (chance < 92) this.#stop(node);
    else if (chance < 96) this.#start();
    else if (chance < 98) this.#disturb();
    else this.#setQuorum();
  }

  /** One to three requests of clients, that arrive together. */
  #ask(): void {
    const leader = this.#cluster.node('n1');
    if (!leader.isRunning) return;
    const inputs: Input[] = [];
    for (let many = 1 + this.#prng.int(3); many > 0; many--) {
      const id = ++this.#ids;
      const key = this.#pick(KEYS);
      if (this.#prng.int(3) === 0) {
        this.#checks.read(id, key);
        inputs.push({ t: 'read', id, key });
        continue;
      }
      this.#checks.put(id, key);
      const need = this.#prng.int(4) === 0 ? this.#prng.int(this.#cluster.options.followers + 1) : null;
      const timeoutMs = this.#prng.int(4) === 0 ? this.#prng.int(500) : null;
      inputs.push({ t: 'put', id, key, value: this.#prng.int(4) === 0 ? null : `${id}`, need, timeoutMs, timestampMs: 0 });
    }
    this.#cluster.drive(leader, ...inputs);
  }

  /** Mostly what has waited longest, so that things get done. */
  #deliver(random: Message | null): void {
    const [oldest] = this.#cluster.pool;
    const message = this.#prng.int(3) === 0 ? random : oldest;
    if (message) this.#cluster.deliver(message);
  }

  #disk(node: CoreNode): void {
    if (!node.isRunning) return;
    if (node.scans.length > 0 && this.#prng.int(2) === 0) this.#cluster.scan(node);
    else this.#cluster.stored(node);
  }

  #lose(message: Message): void {
    const how = this.#prng.int(3);
    if (how === 0) this.#cluster.drop(message);
    else if (how === 1) this.#cluster.giveUp(message);
    else if (message.body.t === 'request') this.#cluster.duplicate(message);
  }

  #stop(node: CoreNode): void {
    if (!node.isRunning || !this.#maySpare(node)) return;
    this.#crashes += 1;
    if (node.id === 'n1') this.#checks.checkFloors();
    this.#cluster.crash(node, this.#prng.int(2) === 0);
  }

  /** With stores in memory a second blank node, or a leader without memory, could never come back. */
  #maySpare(node: CoreNode): boolean {
    if (!this.#cluster.options.isVolatile) return true;
    const others = this.#cluster.nodes.filter((each) => each !== node);
    return node.id !== 'n1' && others.length > 1 && others.every((each) => each.isRunning && !each.replica.standing().isBlank);
  }

  #start(): void {
    const down = this.#cluster.nodes.filter((node) => !node.isRunning);
    if (down.length > 0) this.#cluster.start(this.#pick(down));
  }

  #disturb(): void {
    const [a, b] = [this.#pick(this.#cluster.nodes), this.#pick(this.#cluster.nodes)];
    const isPartitioned = this.#prng.int(2) === 0;
    if (a !== b && this.#prng.int(2) === 0) {
      this.#change(a, b, { isPartitioned });
      this.#change(b, a, { isPartitioned });
    } else this.#change(this.#cluster.node('n1'), b, { loss: [0, 0.5][this.#prng.int(2)] ?? 0 });
  }

  #change(node: CoreNode, to: CoreNode, part: { loss?: number; isPartitioned?: boolean }): void {
    this.#cluster.drive(node, { t: 'setNetwork', change: { nodes: new Map([[to.id, part]]) } });
  }

  #setQuorum(): void {
    const quorum = this.#prng.int(this.#cluster.options.followers + 1);
    this.#cluster.drive(this.#cluster.node('n1'), { t: 'setQuorum', id: ++this.#ids, quorum, isForced: this.#prng.int(4) === 0 });
  }

  #heal(): void {
    const cluster = this.#cluster;
    for (const node of cluster.nodes) if (!node.isRunning) cluster.start(node);
    for (const node of cluster.nodes) for (const other of cluster.nodes) this.#change(node, other, { loss: 0, isPartitioned: false });
    // Longer than any deadline, backoff and delay.
    for (let round = 0; round < 40; round++) {
      cluster.settle();
      this.#checks.check();
      cluster.advanceTo(cluster.now + 250);
    }
    cluster.settle();
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#prng.int(from.length)] as T;
  }
}
