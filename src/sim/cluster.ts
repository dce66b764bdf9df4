/**
 * N+1 replicas of the very core on a virtual clock, wire and disks. It does what node/runtime.ts does in a process, in the same order: effects are
 * carried out one by one, what they bring at once is the next input, and a `turn` follows whatever arrived together.
 *
 * Nothing here judges (oracle.ts) or decides what breaks when (faults.ts). Invariant: all chance comes from streams of the seed, one per concern.
 */
import type { Effect, Input, PutInput } from '../core/message.ts';
import type { NodeId } from '../core/peer.ts';
import type { Member } from '../core/record.ts';
import type { Version } from '../core/version.ts';
import { Prng } from '../lib/prng.ts';
import { RollingHash } from '../lib/rolling-hash.ts';
import type { Ms } from '../lib/units.ts';
import type { Persisted } from '../store/store.ts';
import { Calls } from './calls.ts';
import { Disk, type Frame } from './disk.ts';
import type { Goals } from './goals.ts';
import { newReplica } from './new-replica.ts';
import type { Observer } from './observer.ts';
import { asked } from './retries.ts';
import { onGrid, Schedule } from './schedule.ts';
import type { ClusterView, SimNode } from './sim-node.ts';
import { must } from './violation.ts';
import { Wire } from './wire.ts';
import type { World } from './world.ts';

export class SimCluster implements ClusterView {
  readonly world: World;
  readonly nodes: readonly SimNode[];
  readonly wire: Wire;
  readonly goals: Goals;
  readonly hash = new RollingHash();
  /** Messages, disks, timers, clients and faults that did something. */
  events = 0;
  readonly #schedule = new Schedule();
  readonly #members: readonly Member[];
  readonly #observers: readonly Observer[];
  readonly #disks: Prng;
  readonly #calls: Calls;

  constructor(world: World, observers: readonly Observer[], goals: Goals) {
    this.world = world;
    this.goals = goals;
    this.#observers = observers;
    const prng = new Prng(world.seed);
    this.wire = new Wire(world, prng.fork('wire'));
    this.#disks = prng.fork('disks');
    this.#calls = new Calls(this, observers);
    this.#members = Array.from({ length: world.followers + 1 }, (_, i) => ({ id: `n${i + 1}`, url: `http://n${i + 1}` }));
    this.nodes = this.#members.map(({ id }, index) => {
      const disk = new Disk(`${id}-disk0`);
      const replica = newReplica(world, this.#members, id, 0, disk);
      const never = Number.POSITIVE_INFINITY;
      return { id, index, disk, replica, life: 0, isRunning: false, startedAt: 0, frozenUntil: 0, wakeAt: never, isTurnDue: false };
    });
    for (const observer of observers) observer.watches?.(this);
  }

  get now(): Ms {
    return this.#schedule.now;
  }

  get leader(): SimNode | null {
    let best: SimNode | null = null;
    for (const node of this.nodes) {
      const { role, epoch, leader } = node.replica;
      if (!node.isRunning || role !== 'leader') continue;
      const isMore = best === null || epoch > best.replica.epoch || (epoch === best.replica.epoch && leader !== null);
      if (isMore) best = node;
    }
    return best;
  }

  node(id: NodeId): SimNode {
    return this.nodes[Number(id.slice(1)) - 1] as SimNode;
  }

  /** Something that happens to nobody in particular. */
  at(time: Ms, run: () => void): void {
    this.#schedule.push(time, () => {
      this.events += 1;
      run();
    });
  }

  /** The next event; false if nothing will ever happen. */
  next(): boolean {
    return this.#schedule.next();
  }

  /** Hands the inputs over together; the turn follows at once or a little later. A node that is down hears nothing. */
  drive(node: SimNode, ...inputs: readonly Input[]): void {
    if (!node.isRunning) return;
    for (const input of inputs) this.#take(node, input);
    const { turnMs } = this.world;
    if (turnMs === 0) return this.#turn(node);
    if (node.isTurnDue) return;
    node.isTurnDue = true;
    const { life } = node;
    this.later(node, this.now + turnMs, () => {
      if (node.life !== life || !node.isRunning) return;
      node.isTurnDue = false;
      this.#turn(node);
    });
  }

  start(node: SimNode): void {
    if (node.isRunning) return;
    node.life += 1;
    if (this.world.store === 'memory') node.disk.wipe(`${node.id}-life${node.life}`);
    node.isRunning = true;
    node.startedAt = onGrid(this.now);
    node.frozenUntil = 0;
    node.wakeAt = Number.POSITIVE_INFINITY;
    node.isTurnDue = false;
    node.replica = newReplica(this.world, this.#members, node.id, node.life, node.disk);
    node.disk.store.closeViews();
    for (const observer of this.#observers) observer.lived?.(node, 'started');
    this.drive(node);
  }

  /** Stops the node without warning. Of what its disk had not finished, a prefix is there afterwards. */
  crash(node: SimNode): void {
    if (!node.isRunning) return;
    node.isRunning = false;
    for (const observer of this.#observers) observer.lived?.(node, 'crashed');
    let isKept = this.world.store === 'sqlite';
    for (const frame of [...node.disk.frames]) {
      isKept &&= this.#disks.next() < 0.5;
      if (isKept) this.#sync(node, frame, true);
      else {
        node.disk.drop();
        const isTorn = this.world.store === 'sqlite' && this.#disks.next() < 0.5;
        for (const observer of this.#observers) observer.lost?.(node, frame, isTorn);
      }
    }
    this.#calls.broken(node);
  }

  /** Its data directory is gone; with `store: memory` every start does that. */
  wipe(node: SimNode): void {
    node.disk.wipe(`${node.id}-disk${node.life}`);
    for (const observer of this.#observers) observer.lived?.(node, 'wiped');
  }

  /** SIGSTOP until then. */
  freeze(node: SimNode, until: Ms): void {
    node.frozenUntil = Math.max(node.frozenUntil, until);
  }

  get calls(): Calls {
    return this.#calls;
  }

  say(text: string): void {
    for (const observer of this.#observers) observer.said?.(text);
  }

  /** Does so when the node is not frozen; not counted as an event unless `run` counts it. */
  later(node: SimNode, at: Ms, run: () => void): void {
    this.#schedule.push(at, () => {
      if (node.isRunning && node.frozenUntil > this.now) {
        this.goals.reach('a node was frozen and went on');
        this.later(node, node.frozenUntil, run);
      } else run();
    });
  }

  #turn(node: SimNode): void {
    this.#take(node, { t: 'turn' });
    const wake = onGrid(Math.min(node.replica.dueAt(), node.replica.wakeAt()) + node.startedAt);
    must(wake > this.now, 'core', () => `${node.id} wants a tick at ${wake} although it had its turn at ${this.now}: it would spin`);
    if (wake === node.wakeAt) return;
    node.wakeAt = wake;
    if (wake === Number.POSITIVE_INFINITY) return;
    const { life } = node;
    this.later(node, wake, () => {
      if (!node.isRunning || node.life !== life || node.wakeAt !== wake) return;
      node.wakeAt = Number.POSITIVE_INFINITY;
      this.events += 1;
      this.drive(node, { t: 'tick' });
    });
  }

  /** The input, and whatever its effects bring at once. */
  #take(node: SimNode, first: Input): void {
    const queue: Input[] = [first];
    for (let input = queue.shift(); input !== undefined; input = queue.shift()) {
      for (const observer of this.#observers) observer.input?.(node, input);
      this.hash.number(this.now);
      this.hash.number(node.index);
      this.hash.text(input.t);
      const before = node.replica.leader?.head;
      const effects = node.replica.step(this.now - node.startedAt, input.t === 'put' ? asked(node, input) : input);
      if (input.t === 'put') this.#admitted(node, input, before);
      for (const effect of effects) this.#carryOut(node, effect, queue);
    }
  }

  #admitted(node: SimNode, put: PutInput, before: Version | undefined): void {
    const after = node.replica.leader?.head;
    const version = after !== undefined && after !== before ? after : null;
    for (const observer of this.#observers) observer.admitted?.(node, put, version);
  }

  #carryOut(node: SimNode, effect: Effect, queue: Input[]): void {
    this.hash.text(effect.t);
    // A scan is read before anybody hears of it, so that all see the same view.
    for (const observer of this.#observers) observer.effect?.(node, effect);
    switch (effect.t) {
      case 'persist':
      case 'saveHard':
        this.hash.number(effect.token);
        return this.#write(node, { commit: effect, isLeaders: node.replica.leader !== null });
      case 'scan': {
        const { rows, ...page } = node.disk.store.scan(effect);
        const input = { t: 'scanned', token: effect.token, page, rows } as const;
        if (this.world.scanMs === 0) queue.push(input);
        else this.#answer(node, this.now + this.world.scanMs, () => input);
        return;
      }
      case 'readView': {
        const part = node.disk.store.readView(effect.view, effect.limit, effect.maxBytes);
        const input = { t: 'viewRead', token: effect.token, part } as const;
        if (this.world.scanMs === 0) queue.push(input);
        else this.#answer(node, this.now + this.world.scanMs, () => input);
        return;
      }
      case 'closeView':
        return node.disk.store.closeView(effect.view);
      case 'lookup': {
        const rows = new Map(effect.keys.map((key) => [key, node.disk.store.get(key)]));
        queue.push({ t: 'found', token: effect.token, rows });
        return;
      }
      case 'send': {
        this.hash.number(effect.request);
        const to = this.node(effect.to);
        if (node.replica.network.isPartitioned(to.id)) queue.push({ t: 'failed', request: effect.request, reason: 'partitioned' });
        else this.#calls.call(node, to, effect.request, effect.message);
        return;
      }
      case 'respond':
        this.hash.number(effect.id);
        return this.#calls.respond(node, effect.id, effect.message);
      case 'reply':
        this.hash.number(effect.id);
        this.hash.text(effect.result.ok ? 'ok' : effect.result.code);
        return;
      default:
        return;
    }
  }

  /** An input that comes by itself, if the node still lives then. */
  #answer(node: SimNode, at: Ms, input: () => Input | null): void {
    const { life } = node;
    this.later(node, at, () => {
      if (!node.isRunning || node.life !== life) return;
      const made = input();
      if (made === null) return;
      this.events += 1;
      this.drive(node, made);
    });
  }

  #write(node: SimNode, frame: Frame): void {
    const { disk } = node;
    disk.write(frame);
    const { token } = frame.commit;
    if (this.world.store === 'memory') {
      const done = this.#sync(node, frame, false);
      return this.#answer(node, this.now, () => doneInput(frame, done));
    }
    const ms = -this.world.syncMeanMs * Math.log(1 - this.#disks.next()) * (disk.slow > 0 ? 30 : 1);
    disk.busyUntil = Math.max(this.now + ms, disk.busyUntil);
    this.#answer(node, disk.busyUntil, () => {
      if (!disk.has(frame)) return null;
      if (disk.failing === 0) return doneInput(frame, this.#sync(node, frame, false));
      // Nobody knows what is on the disk now.
      const isThere = this.#disks.next() < 0.5;
      if (isThere) this.#sync(node, frame, false);
      else disk.drop();
      this.goals.reach(
        frame.isLeaders ? 'the disk of the leader failed, and nobody knows about its writes' : 'the disk of a follower failed',
      );
      if (frame.commit.t === 'persist') return { t: 'persistFailed', token, reason: 'no space left on device' };
      // A hard state that cannot be saved ends the process.
      this.crash(node);
      return null;
    });
  }

  #sync(node: SimNode, frame: Frame, isLate: boolean): Persisted {
    const done = node.disk.sync();
    for (const observer of this.#observers) observer.kept?.(node, frame, isLate);
    return done;
  }
}

function doneInput({ commit: { t, token } }: Frame, done: Persisted): Input {
  return t === 'saveHard' ? { t: 'hardSaved', token } : { t: 'persisted', token, ...done };
}
