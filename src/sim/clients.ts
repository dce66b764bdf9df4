/**
 * Those who write and read: each waits for its answer, thinks, and goes on (a closed loop), on keys that all of them share.
 *
 * A request takes no time to the leader and back, so that what one client heard of is known before the next one asks: the strictest history.
 */
import type { Effect, Input } from '../core/message.ts';
import { assert } from '../lib/assert.ts';
import type { Prng } from '../lib/prng.ts';
import type { SimCluster } from './cluster.ts';
import type { Observer } from './observer.ts';
import { Namer } from './retries.ts';
import type { SimNode } from './sim-node.ts';

/** A prime: numbers of requests are scattered below it, each once, so that neither order nor the wall clock can be read from them. */
const SCATTER = 1_000_003;
const STEP = 7919;
/** A client whose leader is down tries again after this. */
const RETRY_MS = 20;

export class Clients implements Observer {
  #cluster: SimCluster | null = null;
  readonly #prng: Prng;
  readonly #namer: Namer;
  /** Who goes on when this request is answered; null: nobody. */
  readonly #waiting = new Map<number, number | null>();
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
    if (effect.t !== 'reply' && effect.t !== 'readReady' && effect.t !== 'readFailed' && effect.t !== 'quorumReply') return;
    const client = this.#waiting.get(effect.id);
    if (!this.#waiting.delete(effect.id) || client === null || client === undefined) return;
    this.#think(client);
  }

  lived(node: SimNode, what: 'started' | 'crashed' | 'wiped'): void {
    if (node !== this.#it.leader || what !== 'crashed') return;
    // Their connections break, and nobody knows what became of their requests.
    const clients = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const client of clients) if (client !== null) this.#think(client);
  }

  /** Answers the request's number. */
  put(need: number | null, timeoutMs: number | null): number {
    const id = this.#number();
    const key = `k${this.#prng.int(this.#it.world.keys)}`;
    const value = this.#prng.int(5) === 0 ? null : `${id}`;
    // The wall clock jumps with every request.
    this.#ask(null, { t: 'put', id, key, value, need, timeoutMs, timestampMs: id });
    return id;
  }

  burst(count: number): void {
    const inputs = Array.from({ length: count }, () => this.#draw());
    for (const input of inputs) this.#waiting.set(input.id, null);
    if (this.#it.leader.isRunning) this.#it.drive(this.#it.leader, ...inputs);
    else for (const input of inputs) this.#waiting.delete(input.id);
  }

  setQuorum(quorum: number, isForced: boolean): void {
    this.#ask(null, { t: 'setQuorum', id: this.#number(), quorum, isForced });
  }

  #think(client: number): void {
    if (this.#isStopped) return;
    const ms = -this.#it.world.thinkMeanMs * Math.log(1 - this.#prng.next());
    this.#it.at(this.#it.now + ms, () => this.#act(client));
  }

  #act(client: number): void {
    if (this.#isStopped) return;
    const { leader } = this.#it;
    // A frozen leader's socket still takes the request; it is looked at when the leader goes on.
    if (leader.isRunning && leader.frozenUntil <= this.#it.now) this.#ask(client, this.#draw());
    else this.#it.at(Math.max(leader.frozenUntil, this.#it.now + RETRY_MS), () => this.#act(client));
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

  #ask(client: number | null, input: Input & { readonly id: number }): void {
    if (!this.#it.leader.isRunning) return;
    this.#waiting.set(input.id, client);
    this.#it.drive(this.#it.leader, input);
  }

  #number(): number {
    this.#count += 1;
    return (this.#count * STEP) % SCATTER;
  }
}
