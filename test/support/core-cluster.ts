/**
 * N+1 replicas under full control: virtual time, a pool of messages that move only when told, disks that finish only when told.
 *
 * It does for the core what node/runtime.ts does in a process, in the same order: effects are carried out one by one, what they bring
 * at once is the next input, and a `turn` follows whatever arrived together. Nothing here draws anything or judges anything: scripts show what happens, and src/sim judges.
 */

import type { LeaderLimits } from '../../src/core/leader.ts';
import type { Effect, Input } from '../../src/core/message.ts';
import type { LinkSetting } from '../../src/core/network.ts';
import type { NodeId, PeerAnswer, PeerRequest } from '../../src/core/peer.ts';
import type { HardState, Member } from '../../src/core/record.ts';
import { Replica } from '../../src/core/replica.ts';
import { assert } from '../../src/lib/assert.ts';
import type { DelayPlan } from '../../src/lib/delay-plan.ts';
import type { Ms } from '../../src/lib/units.ts';
import { type MemoryStore, openMemoryStore } from '../../src/store/memory.ts';

export interface CoreClusterOptions {
  readonly followers: number;
  readonly quorum: number;
  readonly delays: DelayPlan;
  readonly seed: number;
  /** True: what a node stored is gone when it stops. */
  readonly isVolatile: boolean;
  /** True: commits and promises wait for `stored`. */
  readonly isDiskManual: boolean;
  /** True: pages are read when `scan` is called, not at once. */
  readonly isScanManual: boolean;
  readonly limits: Partial<LeaderLimits>;
}

/** The defaults of a node, but for sizes that scripts can reach. */
export const LIMITS: LeaderLimits = {
  batchMax: 256,
  batchBytes: 4_194_304,
  pageRows: 256,
  window: 2,
  queueRecords: 10_000,
  queueBytes: 16_777_216,
  heartbeatMs: 500,
  backoffMinMs: 50,
  backoffMaxMs: 1000,
  retransmitMs: 200,
  waitingWrites: 10_000,
  unsettledBytes: 67_108_864,
  quorumTimeoutMs: 5000,
  failEarlyMs: 250,
  tombstoneKeepMs: 60_000,
  collectEveryMs: 1000,
};

export type Commit = Extract<Effect, { t: 'persist' | 'saveHard' }>;
type Scan = Extract<Effect, { t: 'scan' }>;

export interface CoreNode {
  readonly id: NodeId;
  replica: Replica;
  store: MemoryStore;
  hard: HardState | null;
  /** Counts starts. */
  life: number;
  isRunning: boolean;
  /** What the disk was asked to keep, and has not. */
  committing: Commit | null;
  scans: Scan[];
}

interface Call {
  readonly from: NodeId;
  readonly fromLife: number;
  readonly to: NodeId;
  readonly request: number;
  /** The caller was told how it ended. */
  isOver: boolean;
}

/** A request on its way to a node, or the answer on its way back. */
export interface Message {
  readonly id: number;
  readonly from: NodeId;
  readonly to: NodeId;
  readonly call: Call;
  readonly body: { readonly t: 'request'; readonly message: PeerRequest } | { readonly t: 'answer'; readonly message: PeerAnswer };
}

/** Told of everything that a node does; `message` is the one that a `send` or `respond` put into the pool, null if it went nowhere. */
export type Watcher = (node: CoreNode, effect: Effect, message: Message | null) => void;

export class CoreCluster {
  now: Ms = 0;
  readonly nodes: readonly CoreNode[];
  readonly options: CoreClusterOptions;
  /** Oldest first. */
  pool: Message[] = [];
  readonly watchers: Watcher[] = [];
  readonly members: readonly Member[];
  readonly limits: LeaderLimits;
  /** Requests that a node took and has not answered, by the id it knows them by. */
  readonly #taken = new Map<number, { readonly by: CoreNode; readonly call: Call }>();
  #messages = 0;
  #requests = 0;

  constructor(options: CoreClusterOptions) {
    this.options = options;
    this.limits = { ...LIMITS, ...options.limits };
    this.members = Array.from({ length: options.followers + 1 }, (_, i) => ({ id: `n${i + 1}`, url: `http://n${i + 1}` }));
    this.nodes = this.members.map(({ id }) => {
      const store = openMemoryStore();
      return {
        id,
        replica: this.#newReplica(id, 0, store, null),
        store,
        hard: null,
        life: 0,
        isRunning: true,
        committing: null,
        scans: [],
      };
    });
  }

  node(id: NodeId): CoreNode {
    const node = this.nodes.find((each) => each.id === id);
    assert(node !== undefined, `${id} is a node of this cluster`);
    return node;
  }

  /** Hands the inputs over together, then `turn`. A node that is down hears nothing. */
  drive(node: CoreNode, ...inputs: readonly Input[]): void {
    if (!node.isRunning) return;
    const queue: Input[] = [...inputs];
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) this.#step(node, next, queue);
    this.#step(node, { t: 'turn' }, queue);
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) this.#step(node, next, queue);
    const wakeAt = this.wakeAt(node);
    assert(!(wakeAt <= this.now), `${node.id} wants a tick at ${wakeAt} although it had its turn at ${this.now}: it would spin`);
    if (!this.options.isDiskManual) this.stored(node);
  }

  /** The disk finishes what it was asked for. */
  stored(node: CoreNode): void {
    const { committing } = node;
    if (committing === null || !node.isRunning) return;
    node.committing = null;
    this.drive(node, this.#keep(node, committing));
  }

  diskFails(node: CoreNode, reason: string): void {
    const { committing } = node;
    assert(committing?.t === 'persist', `${node.id} is storing records`);
    node.committing = null;
    this.drive(node, { t: 'persistFailed', token: committing.token, reason });
  }

  /** Reads the oldest page that the node asked for. */
  scan(node: CoreNode): void {
    const scan = node.scans.shift();
    if (scan === undefined) return;
    const { rows, ...page } = node.store.scan(scan);
    this.drive(node, { t: 'scanned', token: scan.token, page, rows });
  }

  wakeAt(node: CoreNode): Ms {
    return node.isRunning ? Math.min(node.replica.dueAt(), node.replica.wakeAt()) : Number.POSITIVE_INFINITY;
  }

  /** Lets time pass up to `at`, with every tick that is due on the way. */
  advanceTo(at: Ms): void {
    for (;;) {
      const next = this.nodes.reduce((first, node) => (this.wakeAt(node) < this.wakeAt(first) ? node : first));
      const wakeAt = this.wakeAt(next);
      if (wakeAt > at) break;
      this.now = Math.max(this.now, wakeAt);
      this.drive(next, { t: 'tick' });
    }
    this.now = Math.max(this.now, at);
  }

  deliver(message: Message): void {
    this.#take(message);
    const { call, body } = message;
    const to = this.node(message.to);
    if (body.t === 'answer') {
      this.#end(call, { t: 'answer', request: call.request, message: body.message });
    } else if (!to.isRunning || to.replica.network.isPartitioned(message.from)) {
      this.#end(call, { t: 'failed', request: call.request, reason: to.isRunning ? 'partitioned' : 'refused' });
    } else {
      const id = ++this.#requests;
      this.#taken.set(id, { by: to, call });
      this.drive(to, { t: 'request', id, message: body.message });
    }
  }

  /** The connection breaks: the message is lost, and the caller notices. */
  drop(message: Message): void {
    this.#take(message);
    this.giveUp(message);
  }

  /** The caller waits no longer; the message stays on its way. */
  giveUp(message: Message): void {
    this.#end(message.call, { t: 'failed', request: message.call.request, reason: 'timed out' });
  }

  /** Puts a request into the pool that no replica asked for; nobody hears its answer. */
  send(from: CoreNode, to: CoreNode, request: PeerRequest): Message {
    const call = { from: from.id, fromLife: from.life, to: to.id, request: 0, isOver: true };
    const message = { id: ++this.#messages, from: from.id, to: to.id, call, body: { t: 'request', message: request } as const };
    this.pool.push(message);
    return message;
  }

  duplicate(message: Message): void {
    this.pool.push({ ...message, id: ++this.#messages });
  }

  /** Stops the node without warning. `keepsCommit`: the disk had just finished what it was doing. */
  crash(node: CoreNode, keepsCommit: boolean): void {
    assert(node.isRunning, `${node.id} runs`);
    if (keepsCommit && node.committing !== null) this.#keep(node, node.committing);
    node.committing = null;
    node.scans = [];
    node.isRunning = false;
    const broken: Call[] = this.pool.filter((each) => each.to === node.id && each.body.t === 'request').map((each) => each.call);
    this.pool = this.pool.filter((each) => each.to !== node.id);
    for (const [id, { by, call }] of this.#taken) {
      if (by !== node) continue;
      this.#taken.delete(id);
      broken.push(call);
    }
    for (const call of broken) this.#end(call, { t: 'failed', request: call.request, reason: 'reset' });
  }

  start(node: CoreNode): void {
    assert(!node.isRunning, `${node.id} is down`);
    if (this.options.isVolatile) this.wipe(node);
    node.life += 1;
    node.isRunning = true;
    node.replica = this.#newReplica(node.id, node.life, node.store, node.hard);
    node.store.closeViews();
    this.drive(node);
  }

  /** Everything the node stored is gone. */
  wipe(node: CoreNode): void {
    assert(!node.isRunning, `${node.id} is down`);
    node.store = openMemoryStore();
    node.hard = null;
  }

  /** Delivers, stores and reads until nothing moves; time stands still. */
  settle(): void {
    for (let moves = 0; this.#move(); moves++) assert(moves < 100_000, 'the cluster comes to rest');
  }

  #move(): boolean {
    for (const node of this.nodes) {
      if (node.committing !== null && node.isRunning) {
        this.stored(node);
        return true;
      }
      if (node.scans.length > 0) {
        this.scan(node);
        return true;
      }
    }
    const [message] = this.pool;
    if (message !== undefined) this.deliver(message);
    return message !== undefined;
  }

  #take(message: Message): void {
    const at = this.pool.indexOf(message);
    assert(at !== -1, `message #${message.id} is in the pool`);
    this.pool.splice(at, 1);
  }

  /** Tells the caller how its call ended, once, if it still lives. */
  #end(call: Call, input: Input): void {
    const from = this.node(call.from);
    if (call.isOver || !from.isRunning || from.life !== call.fromLife) return;
    call.isOver = true;
    const isCut = input.t === 'answer' && from.replica.network.isPartitioned(call.to);
    this.drive(from, isCut ? { t: 'failed', request: call.request, reason: 'partitioned' } : input);
  }

  #step(node: CoreNode, input: Input, queue: Input[]): void {
    for (const effect of node.replica.step(this.now, input)) {
      const message = this.#carryOut(node, effect, queue);
      for (const watcher of this.watchers) watcher(node, effect, message);
    }
  }

  #carryOut(node: CoreNode, effect: Effect, queue: Input[]): Message | null {
    switch (effect.t) {
      case 'persist':
      case 'saveHard':
        assert(node.committing === null, `${node.id} asks its disk for one thing at a time`);
        node.committing = effect;
        return null;
      case 'scan':
        if (this.options.isScanManual) node.scans.push(effect);
        else {
          const { rows, ...page } = node.store.scan(effect);
          queue.push({ t: 'scanned', token: effect.token, page, rows });
        }
        return null;
      case 'readView':
        queue.push({ t: 'viewRead', token: effect.token, part: node.store.readView(effect.view, effect.limit, effect.maxBytes) });
        return null;
      case 'closeView':
        node.store.closeView(effect.view);
        return null;
      case 'lookup':
        queue.push({ t: 'found', token: effect.token, rows: new Map(effect.keys.map((key) => [key, node.store.get(key)])) });
        return null;
      case 'send': {
        const call = { from: node.id, fromLife: node.life, to: effect.to, request: effect.request, isOver: false };
        const body = { t: 'request', message: effect.message } as const;
        const message = { id: ++this.#messages, from: node.id, to: effect.to, call, body };
        const isCut = node.replica.network.isPartitioned(effect.to);
        if (!isCut && this.node(effect.to).isRunning) {
          this.pool.push(message);
          return message;
        }
        call.isOver = true;
        queue.push({ t: 'failed', request: effect.request, reason: isCut ? 'partitioned' : 'refused' });
        return null;
      }
      case 'respond': {
        const taken = this.#taken.get(effect.id);
        assert(taken !== undefined && taken.by === node, `${node.id} answers request ${effect.id} once`);
        this.#taken.delete(effect.id);
        const { call } = taken;
        const message = {
          id: ++this.#messages,
          from: node.id,
          to: call.from,
          call,
          body: { t: 'answer', message: effect.message } as const,
        };
        this.pool.push(message);
        return message;
      }
      default:
        return null;
    }
  }

  /** Makes it durable, and says what the node hears then. */
  #keep(node: CoreNode, committing: Commit): Input {
    if (committing.t === 'saveHard') {
      node.hard = committing.state;
      return { t: 'hardSaved', token: committing.token };
    }
    const { t, token, ...batch } = committing;
    return { t: 'persisted', token, ...node.store.apply(batch) };
  }

  #newReplica(nodeId: NodeId, life: number, store: MemoryStore, hard: HardState | null): Replica {
    const { delays, quorum, seed } = this.options;
    const network = new Map<NodeId, LinkSetting>();
    for (const { id } of this.members) {
      const delay = delays.perNode.get(id) ?? delays.all ?? { kind: 'constant', value: 0 };
      network.set(id, { delay, loss: 0, isPartitioned: false });
    }
    const config = {
      nodeId,
      // A data directory has one for its life; without one, every start does.
      incarnation: hard?.incarnation ?? `${nodeId}-life${life}`,
      members: this.members,
      isBornLeader: nodeId === 'n1',
      newLineage: `lineage-${nodeId}-life${life}`,
      quorum,
      seed,
      network,
      jitterSeed: seed + life,
      limits: this.limits,
    };
    return new Replica(config, { hard, position: store.position(), head: store.head() });
  }
}
