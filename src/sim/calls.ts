/**
 * Calls between the nodes and their answers: what a request and an answer go through on the wire, and how a caller hears that none will come.
 *
 * Worse than TCP on purpose: a request may arrive twice, late, or at the receiver's next start; its caller hears of one end only.
 */
import type { Input } from '../core/message.ts';
import type { PeerAnswer, PeerRequest } from '../core/peer.ts';
import type { RollingHash } from '../lib/rolling-hash.ts';
import type { Ms } from '../lib/units.ts';
import type { Goals } from './goals.ts';
import type { Observer } from './observer.ts';
import type { SimNode } from './sim-node.ts';
import { must } from './violation.ts';
import type { Wire } from './wire.ts';
import type { World } from './world.ts';

/** The cluster, as far as calls need it. */
interface Shell {
  readonly now: Ms;
  readonly world: World;
  readonly wire: Wire;
  readonly goals: Goals;
  readonly hash: RollingHash;
  events: number;
  later(node: SimNode, at: Ms, run: () => void): void;
  drive(node: SimNode, ...inputs: readonly Input[]): void;
}

interface Call {
  readonly from: SimNode;
  readonly fromLife: number;
  readonly to: SimNode;
  readonly request: number;
  isOver: boolean;
}

interface Taken {
  readonly by: SimNode;
  readonly life: number;
  readonly call: Call;
  readonly message: PeerRequest;
}

/** Requests that may be said again later. */
const REMEMBERED = 64;

export class Calls {
  readonly #shell: Shell;
  readonly #observers: readonly Observer[];
  /** Requests that a node took and has not answered, by the id it knows them by. */
  readonly #taken = new Map<number, Taken>();
  /** The last requests that arrived anywhere. */
  readonly #remembered: { readonly call: Call; readonly message: PeerRequest }[] = [];
  #requests = 0;

  constructor(shell: Shell, observers: readonly Observer[]) {
    this.#shell = shell;
    this.#observers = observers;
  }

  /** The node crashed, with every request that it had taken. */
  broken(node: SimNode): void {
    for (const [id, { by, call }] of this.#taken) {
      if (by !== node) continue;
      this.#taken.delete(id);
      this.#tellBroken(call, 'reset');
    }
  }

  /** A request that was made long ago arrives once more; its caller has forgotten it. */
  replay(chance: number): void {
    const old = this.#remembered[Math.floor(chance * this.#remembered.length)];
    if (old !== undefined) this.#arrive({ ...old.call, isOver: true }, old.message);
  }

  /** A request from somebody who is no node of this cluster; nobody hears its answer. */
  intrude(to: SimNode, message: PeerRequest): void {
    this.#arrive({ from: to, fromLife: -1, to, request: 0, isOver: true }, message);
  }

  call(from: SimNode, to: SimNode, request: number, message: PeerRequest): void {
    const call: Call = { from, fromLife: from.life, to, request, isOver: false };
    const arrivals = this.#shell.wire.arrivals(from.index, to.index, this.#shell.now);
    for (const at of arrivals) this.#shell.later(to, at, () => this.#arrive(call, message));
    if (arrivals.length > 1) this.#shell.goals.reach('a request came twice');
    this.#shell.later(from, this.#shell.now + this.#shell.world.callTimeoutMs, () =>
      this.#end(call, { t: 'failed', request, reason: 'timed out' }),
    );
  }

  #arrive(call: Call, message: PeerRequest): void {
    const { to, from } = call;
    if (!to.isRunning || to.replica.network.isPartitioned(from.id)) {
      this.#tellBroken(call, to.isRunning ? 'partitioned' : 'refused');
      return;
    }
    this.#shell.events += 1;
    if (this.#remembered.length < REMEMBERED) this.#remembered.push({ call, message });
    else this.#remembered[this.#shell.events % REMEMBERED] = { call, message };
    const id = ++this.#requests;
    this.#taken.set(id, { by: to, life: to.life, call, message });
    this.#shell.hash.number(id);
    this.#shell.drive(to, { t: 'request', id, message });
  }

  respond(node: SimNode, id: number, answer: PeerAnswer): void {
    const taken = this.#taken.get(id);
    must(taken !== undefined && taken.by === node, 'core', () => `${node.id} answers request ${id} once`);
    this.#taken.delete(id);
    const { call, message } = taken;
    for (const observer of this.#observers) observer.responded?.(node, message, answer);
    for (const at of this.#shell.wire.arrivals(node.index, call.from.index, this.#shell.now)) {
      this.#shell.later(call.from, at, () => {
        const { from, request } = call;
        const isCut = from.isRunning && from.replica.network.isPartitioned(call.to.id);
        if (call.isOver && from.life === call.fromLife) this.#shell.goals.reach('an answer came after its caller had given up');
        this.#end(call, isCut ? { t: 'failed', request, reason: 'partitioned' } : { t: 'answer', request, message: answer });
      });
    }
  }

  /** The caller hears that the connection is gone, unless that is lost too. */
  #tellBroken(call: Call, reason: string): void {
    const { from, to, request } = call;
    for (const at of this.#shell.wire.arrivals(to.index, from.index, this.#shell.now))
      this.#shell.later(from, at, () => this.#end(call, { t: 'failed', request, reason }));
  }

  /** Tells the caller how its call ended, once, if it still lives. */
  #end(call: Call, input: Input): void {
    const { from } = call;
    if (call.isOver || !from.isRunning || from.life !== call.fromLife) return;
    call.isOver = true;
    this.#shell.events += 1;
    this.#shell.drive(from, input);
  }
}
