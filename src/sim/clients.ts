/**
 * Those who write and read: each waits for its answer, thinks, and goes on (a closed loop), on keys that all of them share.
 *
 * A request takes no time to a node and back, so that what one client heard of is known before the next one asks: the strictest history.
 */
import type { Effect, Input, PromoteInput, WriteFailure } from '../core/message.ts';
import { assert } from '../lib/assert.ts';
import type { Prng } from '../lib/prng.ts';
import type { SimCluster } from './cluster.ts';
import type { Observer } from './observer.ts';
import { Namer } from './retries.ts';
import type { SimNode } from './sim-node.ts';

/** A prime: numbers of requests are scattered below it, each once, so that neither order nor the wall clock can be read from them. */
const SCATTER = 1_000_003;
const STEP = 7919;
/** A client whose node is down tries again after this. */
const RETRY_MS = 20;
/** One in so many asks a node at random after an error, or stays where it was refused. */
const STRAYS = 8;

const ANSWERS: ReadonlySet<Effect['t']> = new Set(['reply', 'readReady', 'readFailed', 'quorumReply', 'promoteReply']);

export class Clients implements Observer {
  #cluster: SimCluster | null = null;
  readonly #prng: Prng;
  readonly #namer: Namer;
  /** Who goes on when this request is answered, and where it waits; null: nobody. */
  readonly #waiting = new Map<number, { readonly client: number | null; readonly node: SimNode }>();
  /** By client: the node that it believes to lead. */
  readonly #believed: SimNode[] = [];
  #count = 0;
  #isStopped = false;

  constructor(prng: Prng) {
    this.#prng = prng;
    this.#namer = new Namer(prng.fork('names'));
  }

  get #it(): SimCluster {
    assert(this.#cluster !== null, 'clients have a cluster');
    return this.#cluster;
  }

  join(cluster: SimCluster): void {
    this.#cluster = cluster;
  }

  get isIdle(): boolean {
    return this.#waiting.size === 0;
  }

  start(): void {
    for (let client = 0; client < this.#it.world.clients; client++) this.#think(client);
  }

  /** Whoever waits goes on waiting. */
  stop(): void {
    this.#isStopped = true;
  }

  effect(_node: SimNode, effect: Effect): void {
    if (!ANSWERS.has(effect.t) || !('id' in effect)) return;
    const waiting = this.#waiting.get(effect.id);
    this.#waiting.delete(effect.id);
    if (waiting === undefined || waiting.client === null) return;
    if ((effect.t === 'reply' || effect.t === 'readFailed') && !effect.result.ok) this.#learn(waiting.client, effect.result);
    this.#think(waiting.client);
  }

  lived(node: SimNode, what: 'started' | 'crashed' | 'wiped'): void {
    if (what !== 'crashed') return;
    // Their connections break, and nobody knows what became of their requests.
    const broken = [...this.#waiting].filter(([, waiting]) => waiting.node === node);
    for (const [id] of broken) this.#waiting.delete(id);
    for (const [, { client }] of broken) if (client !== null) this.#think(client);
  }

  /** Answers the request's number. */
  put(need: number | null, timeoutMs: number | null): number {
    const id = this.#number();
    const key = `k${this.#prng.int(this.#it.world.keys)}`;
    const value = this.#prng.int(5) === 0 ? null : `${id}`;
    // The wall clock jumps with every request.
    this.#ask(null, this.#it.leader, { t: 'put', id, key, value, need, timeoutMs, timestampMs: id });
    return id;
  }

  burst(count: number): void {
    const { leader } = this.#it;
    const inputs = Array.from({ length: count }, () => this.#draw());
    if (leader === null) return;
    for (const input of inputs) this.#waiting.set(input.id, { client: null, node: leader });
    this.#it.drive(leader, ...inputs);
  }

  setQuorum(quorum: number, isForced: boolean): void {
    this.#ask(null, this.#it.leader, { t: 'setQuorum', id: this.#number(), quorum, isForced });
  }

  /** An operator's wish; answers the request's number. */
  promote(node: SimNode, wish: Omit<PromoteInput, 't' | 'id'>): number {
    const id = this.#number();
    this.#ask(null, node, { t: 'promote', id, ...wish });
    return id;
  }

  #think(client: number): void {
    if (this.#isStopped) return;
    const ms = -this.#it.world.thinkMeanMs * Math.log(1 - this.#prng.next());
    this.#it.at(this.#it.now + ms, () => this.#act(client));
  }

  #act(client: number): void {
    if (this.#isStopped) return;
    const node = this.#believed[client] ?? (this.#it.nodes[0] as SimNode);
    // A frozen node's socket still takes the request; it is looked at when the node goes on.
    if (node.isRunning && node.frozenUntil <= this.#it.now) return this.#ask(client, node, this.#draw());
    if (this.#prng.int(STRAYS) === 0) this.#stray(client);
    this.#it.at(Math.max(node.frozenUntil, this.#it.now + RETRY_MS), () => this.#act(client));
  }

  /** A refusal names the leader; some do not listen, and who hears nothing of use looks elsewhere at times. */
  #learn(client: number, { code, detail }: WriteFailure): void {
    const isStray = this.#prng.int(STRAYS) === 0;
    const leader = code === 'not_leader' ? detail['leader'] : undefined;
    if (typeof leader === 'string') {
      if (isStray) return;
      this.#believed[client] = this.#it.node(leader);
      this.#it.goals.reach('a client asked a node that does not lead, and learned who does');
    } else if (leader === null || isStray) this.#stray(client);
  }

  #stray(client: number): void {
    const { nodes } = this.#it;
    this.#believed[client] = nodes[this.#prng.int(nodes.length)] as SimNode;
  }

  #draw(): Input & { readonly id: number } {
    const { world } = this.#it;
    const id = this.#number();
    const key = `k${this.#prng.int(world.keys)}`;
    if (this.#prng.int(100) < world.readPercent) return { t: 'read', id, key, isLinearizable: this.#prng.int(3) === 0 };
    if (world.isPlain) return { t: 'put', id, key, value: `${id}`, need: null, timeoutMs: null, timestampMs: id };
    const value = this.#prng.int(5) === 0 ? null : `${id}`;
    // A need of -1 or N+1 is the gateway's to refuse, and the core's too.
    const need = this.#prng.int(4) === 0 ? this.#prng.int(world.followers + 1) : this.#prng.int(60) === 0 ? world.followers + 1 : null;
    const timeoutMs = this.#prng.int(4) === 0 ? this.#prng.int(500) : null;
    return this.#namer.name({ t: 'put', id, key, value, need, timeoutMs, timestampMs: id });
  }

  #ask(client: number | null, node: SimNode | null, input: Input & { readonly id: number }): void {
    if (node === null || !node.isRunning) return;
    this.#waiting.set(input.id, { client, node });
    this.#it.drive(node, input);
  }

  #number(): number {
    this.#count += 1;
    return (this.#count * STEP) % SCATTER;
  }
}
