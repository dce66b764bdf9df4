/**
 * One seed from its birth to its verdict: faults and clients first, then some followers are cut off and the others must be enough, then all is healed and
 * every replica must become equal, and finally a healed cluster must serve as if nothing had been.
 *
 * Pure: the same seed and options give the same events, hash and verdict, on every machine.
 */
import { majorityOf } from '../core/quorum.ts';
import { Prng } from '../lib/prng.ts';
import type { Ms } from '../lib/units.ts';
import { Clients } from './clients.ts';
import { SimCluster } from './cluster.ts';
import { CrashPoints } from './crash-points.ts';
import { Faults } from './faults.ts';
import { type Goal, Goals } from './goals.ts';
import type { Observer } from './observer.ts';
import { Oracle } from './oracle.ts';
import type { SimNode } from './sim-node.ts';
import { type Invariant, must, Violation } from './violation.ts';
import { drawWorld } from './world.ts';

export interface SimOptions {
  /** Events before the healing; as many again at most after it. */
  readonly events: number;
  /** Of every seed; null: drawn. */
  readonly followers: number | null;
  /** Only the faults of these numbers; null: all that the seed draws. */
  readonly faults: readonly number[] | null;
}

export interface SimFailure {
  readonly invariant: Invariant;
  readonly message: string;
}

export interface SimRun {
  readonly seed: number;
  readonly events: number;
  readonly hash: string;
  readonly goals: ReadonlySet<Goal>;
  readonly failure: SimFailure | null;
  /** The faults that happened. */
  readonly faults: readonly number[];
  readonly successes: number;
  readonly virtualMs: Ms;
}

export const DEFAULT_EVENTS = 2000;

/** A cluster in which nothing happens for so long (nobody to write, everything frozen) is healed all the same. */
const SAFETY_MAX_MS = 120_000;
/** Longer than every deadline, backoff, delay and clog together. */
const CONVERGE_MS = 60_000;
const CHECK_EVERY_MS = 20;
const OPERATOR_WAITS_MS = 5000;
/** Promotions of each node. */
const ROUNDS = 3;

/** Throws nothing that the simulated cluster did: a failure is part of the answer. `watcher` sees everything. */
export function simulate(seed: number, options: SimOptions, watcher: Observer | null = null): SimRun {
  const run = new Simulation(seed, options, watcher);
  let failure: SimFailure | null = null;
  try {
    run.go();
  } catch (thrown) {
    failure = failureOf(thrown);
  }
  const { cluster, oracle, goals, faults } = run;
  const successes = [...oracle.requests.writes.puts.values()].filter(({ result }) => result?.ok === true).length;
  return {
    seed,
    events: cluster.events,
    hash: cluster.hash.digest(),
    goals: goals.reached,
    failure,
    faults: faults.begun,
    successes,
    virtualMs: cluster.now,
  };
}

function failureOf(thrown: unknown): SimFailure {
  if (thrown instanceof Violation) return { invariant: thrown.invariant, message: thrown.message };
  if (thrown instanceof Error && thrown.name === 'AssertionError') return { invariant: 'core', message: thrown.message };
  return { invariant: 'core', message: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) };
}

class Simulation {
  readonly goals = new Goals();
  readonly oracle: Oracle;
  readonly cluster: SimCluster;
  readonly faults: Faults;
  readonly #clients: Clients;
  readonly #events: number;

  constructor(seed: number, options: SimOptions, watcher: Observer | null) {
    const world = drawWorld(seed, options.followers);
    this.#events = options.events;
    this.oracle = new Oracle(world, this.goals);
    this.#clients = new Clients(new Prng(seed).fork('clients'));
    const points = new CrashPoints();
    const observers = [...(watcher === null ? [] : [watcher]), this.oracle, this.#clients, points];
    this.cluster = new SimCluster(world, observers, this.goals);
    this.#clients.join(this.cluster);
    this.faults = new Faults(this.cluster, this.#clients, this.oracle, points, options.faults);
  }

  go(): void {
    const { cluster, oracle } = this;
    for (const node of cluster.nodes) cluster.start(node);
    if (!cluster.world.isBornFaulty)
      this.#until('the birth', () => (oracle.epochs.opened > 0 ? null : (cluster.leader?.replica.waitingFor ?? 'nobody leads')));
    this.faults.start();
    this.#clients.start();
    while (cluster.events < this.#events && cluster.now < SAFETY_MAX_MS && cluster.next());
    this.faults.heal();
    this.#clients.stop();
    // A birth needs no operator, and no epoch has begun before it.
    if (oracle.ledger.lineage.epochs.size > 0 && !this.#isLed) this.#findLeader();
    this.#enoughWithoutSome();
    cluster.say('all is healed');
    this.#until('healing', () => this.#difference());
    this.#serves();
    this.#until('the end', () => this.#difference());
    oracle.finish();
  }

  /** Somebody leads, nobody promised more to another, or asked its disk to, and nobody else is on the way to it. */
  get #isLed(): boolean {
    const { leader, nodes } = this.cluster;
    if (leader === null || leader.replica.phase !== 'open' || this.oracle.promotions.isPending) return false;
    if (nodes.some(({ disk }) => disk.frames.some(({ commit }) => commit.t === 'saveHard'))) return false;
    return nodes.every(
      ({ disk: { hard }, replica }) =>
        replica === leader.replica ||
        ((hard === null || hard.promisedEpoch <= leader.replica.epoch) && ['following', 'deposed'].includes(replica.phase)),
    );
  }

  /** Who begins by itself comes first; then an operator promotes one node after the other, by force only if somebody's memory is lost. */
  #findLeader(): void {
    const { cluster } = this;
    const { nodes } = cluster;
    const patience = cluster.now + OPERATOR_WAITS_MS;
    while (!this.#isLed && cluster.now < patience && cluster.next());
    for (let i = 0; i < ROUNDS * nodes.length && !this.#isLed; i++) {
      const isForced = i >= nodes.length && nodes.some((node) => node.disk.hard?.blank !== false);
      const node = nodes[(cluster.world.seed + i) % nodes.length] as SimNode;
      cluster.say(`an operator promotes ${node.id}${isForced ? ' by force' : ''}`);
      const wish = { isDryRun: false, isForced, gathers: true, quorum: null, timeoutMs: OPERATOR_WAITS_MS };
      const id = this.#clients.promote(node, wish);
      this.#until('a promotion', () => (this.oracle.promotions.results.has(id) ? null : `${node.id} does not answer`));
    }
    this.#until('a leader', () => (this.#isLed ? null : 'nobody leads, and no promotion helps'));
    this.goals.reach('nobody led, and an operator found somebody who can');
  }

  /** I10: some followers stay cut off, and a write that needs all the others succeeds. */
  #enoughWithoutSome(): void {
    const { cluster } = this;
    const { followers } = cluster.world;
    // A follower that is blank cannot be one of those who are enough before somebody filled it.
    const spare = followers - majorityOf(followers) + 1;
    // A birth needs everybody.
    if (spare < 1 || this.oracle.epochs.opened === 0 || cluster.nodes.some((node) => node.disk.hard?.blank !== false)) return;
    this.#until('a leader', () => (cluster.leader === null ? 'nobody leads' : null));
    const others = cluster.nodes.filter((node) => node !== cluster.leader);
    const away = others.slice(-1 * (1 + (cluster.world.seed % spare)));
    cluster.say(`${away.map(({ id }) => id).join(', ')} cut off, everything else is healed`);
    const directions = away.flatMap((node) =>
      cluster.nodes.flatMap((other) => (other === node ? [] : [pair(node, other), pair(other, node)])),
    );
    for (const [from, to] of directions) cluster.wire.block(from, to);
    this.#until('a majority', () => (cluster.leader?.replica.phase === 'open' ? null : 'no leader is open'));
    this.#mustSucceed(followers - away.length, 'I10', `${away.length} of ${followers} followers are cut off`);
    for (const [from, to] of directions) cluster.wire.unblock(from, to);
    this.goals.reach('with some followers cut off, the others were enough');
  }

  /** A healed cluster takes a write for all, and a lower quorum. */
  #serves(): void {
    const { followers } = this.cluster.world;
    this.#mustSucceed(followers, 'I5', 'everything is healed');
    this.#until('the lower quorum', () => {
      if (this.cluster.leader?.replica.leader?.quorum === 0) return null;
      // It has as much time as a write, which on a slow network may be too little for once.
      if (this.#clients.isIdle) this.#clients.setQuorum(0, false);
      return 'the quorum is not lowered';
    });
  }

  #mustSucceed(need: number, invariant: Invariant, circumstances: string): void {
    // What waited through the faults may fill the leader's tables until its deadline.
    this.#until('the clients', () => (this.#clients.isIdle ? null : 'somebody waits'));
    const id = this.#clients.put(need, CONVERGE_MS);
    const put = () => this.oracle.requests.writes.puts.get(id);
    this.#until('a write', () =>
      (put()?.result ?? null) === null ? `a write that needs ${need} acks is not answered although ${circumstances}` : null,
    );
    const result = put()?.result;
    // Writes that gave up their waiting are kept until those who are away ack them, and there is a bound to that.
    if (invariant === 'I10' && result?.ok === false && result.code === 'overloaded') return;
    must(
      result?.ok,
      invariant,
      () => `a write that needs ${need} acks fails (${result?.ok ? '' : result?.message}) although ${circumstances}`,
    );
  }

  #difference(): string | null {
    return this.#clients.isIdle ? this.oracle.difference() : 'clients wait';
  }

  /** Runs on until nothing is `missing`, looking every now and then. */
  #until(what: string, missing: () => string | null): void {
    const { cluster } = this;
    const end = cluster.now + CONVERGE_MS;
    for (let reason = missing(); reason !== null; reason = missing()) {
      must(cluster.now < end, 'I5', () => `${what}: after ${CONVERGE_MS / 1000} s without faults ${reason}`);
      const next = cluster.now + CHECK_EVERY_MS;
      let isAlive = true;
      while (isAlive && cluster.now < next) isAlive = cluster.next();
      must(isAlive || missing() === null, 'I5', () => `${what}: nothing moves any more, and ${reason}`);
    }
  }
}

function pair(from: SimNode, to: SimNode): readonly [number, number] {
  return [from.index, to.index];
}
