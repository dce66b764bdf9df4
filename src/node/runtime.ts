/**
 * The only place that drives the core: it turns calls, answers, the disk and the time into inputs, and carries the effects out.
 *
 * Inputs that arrive in one turn of the event loop are handed over one by one, and one `turn` follows them all, so that they share a commit
 * and a request. Nothing here decides anything; nothing else holds replication state.
 */
import type {
  Effect,
  Input,
  NetworkChange,
  PromoteInput,
  PromoteResult,
  QuorumResult,
  WriteFailure,
  WriteSuccess,
} from '../core/message.ts';
import type { FenceRequest, PeerAnswer, PeerRequest } from '../core/peer.ts';
import type { KvRecord } from '../core/record.ts';
import type { Replica } from '../core/replica.ts';
import { unreachable } from '../lib/assert.ts';
import type { Store } from '../store/store.ts';
import { KvctlError } from '../wire/errors.ts';
import { Awaited } from './awaited.ts';
import { Blocks } from './blocks.ts';
import type { Clock } from './clock.ts';
import type { Failpoints } from './failpoints.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import type { Peers } from './peers.ts';

export interface HardStates {
  save(state: Extract<Effect, { t: 'saveHard' }>['state']): Promise<void>;
}

export interface RuntimeParts {
  readonly replica: Replica;
  readonly store: Store;
  readonly hardStates: HardStates;
  readonly peers: Peers;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly failpoints: Failpoints;
  /** The hard state could not be saved: the process must end, with its state as it is. */
  readonly fatal: (error: unknown) => void;
}

export interface PutRequest {
  readonly key: string;
  readonly value: string | null;
  readonly need: number | null;
  readonly timeoutMs: number | null;
  /** Of a write with an `Idempotency-Key`. */
  readonly idempotency?: { readonly key: string; readonly fingerprint: string };
}

type WriteResult = WriteSuccess | WriteFailure;
type ReadOutcome = Extract<Effect, { t: 'readReady' | 'readFailed' }>;

/** To whom a request's last byte came only after everybody who waited was answered. */
const STOPPED: WriteFailure = { ok: false, code: 'draining', message: 'this node is shutting down and takes no new requests', detail: {} };

export class Runtime {
  readonly replica: Replica;
  readonly store: Store;
  readonly clock: Clock;
  /** What the network table stops. */
  readonly blocks: Blocks;
  readonly #parts: RuntimeParts;
  readonly #writes = new Map<number, (result: WriteResult) => void>();
  readonly #quorums = new Map<number, (result: QuorumResult) => void>();
  readonly #promotions = new Map<number, (result: PromoteResult) => void>();
  readonly #reads = new Map<number, (outcome: ReadOutcome) => void>();
  readonly #requests = new Map<number, (answer: PeerAnswer) => void>();
  /** Reads that wait for a version. */
  readonly #awaited = new Awaited();
  /** Those that ask the store first are made when their turn has come: what they find must not be older than what the core knows. */
  readonly #inputs: (Input | (() => Input))[] = [];
  #isStepping = false;
  #isTurnScheduled = false;
  #isStopped = false;
  #ids = 0;

  constructor(parts: RuntimeParts) {
    this.#parts = parts;
    this.replica = parts.replica;
    this.store = parts.store;
    this.clock = parts.clock;
    this.blocks = new Blocks(parts.replica.network);
  }

  start(): void {
    this.#scheduleTurn();
  }

  put(request: PutRequest, done: (result: WriteResult) => void): void {
    if (this.#isStopped) return done(STOPPED);
    const id = ++this.#ids;
    this.#writes.set(id, done);
    const { idempotency, ...write } = request;
    const input = { t: 'put', id, ...write, timestampMs: Date.now() } as const;
    if (idempotency === undefined) return this.drive(input);
    this.drive(() => {
      const stored = this.store.idempotency(idempotency.key);
      return { ...input, idempotency: { ...idempotency, stored, row: this.store.get(request.key) } };
    });
  }

  setQuorum(quorum: number, isForced: boolean): Promise<QuorumResult> {
    if (this.#isStopped) return Promise.resolve(STOPPED);
    return new Promise((resolve) => {
      const id = ++this.#ids;
      this.#quorums.set(id, resolve);
      this.drive({ t: 'setQuorum', id, quorum, isForced });
    });
  }

  promote(wish: Omit<PromoteInput, 't' | 'id'>): Promise<PromoteResult> {
    if (this.#isStopped) return Promise.resolve(STOPPED);
    return new Promise((resolve) => {
      const id = ++this.#ids;
      this.#promotions.set(id, resolve);
      this.drive({ t: 'promote', id, ...wish });
    });
  }

  setNetwork(change: NetworkChange): void {
    this.drive({ t: 'setNetwork', change });
  }

  /** Throws unless this node is a leader that has opened its epoch. */
  mustServeCommitted(): void {
    const refusal = this.#isStopped ? STOPPED : this.replica.refusal();
    if (refusal !== null) throw new KvctlError(refusal.code, refusal.message, refusal.detail);
  }

  /** The committed record of a key, on an open leader; a tombstone included. Linearizable: after a majority was asked whether it still leads. */
  committed(key: string, isLinearizable = false): Promise<KvRecord | null> {
    if (this.#isStopped) return Promise.reject(new KvctlError(STOPPED.code, STOPPED.message, STOPPED.detail));
    return new Promise((resolve, reject) => {
      const id = ++this.#ids;
      this.#reads.set(id, (outcome) => {
        if (outcome.t === 'readFailed') reject(new KvctlError(outcome.result.code, outcome.result.message, outcome.result.detail));
        else resolve(outcome.record === undefined ? this.store.get(key) : outcome.record);
      });
      this.drive({ t: 'read', id, key, isLinearizable });
    });
  }

  /** Waits until the condition on what this node holds is true. False after `timeoutMs`; throws `overloaded`, and `draining` at the end. */
  reaches(isReached: () => boolean, timeoutMs: number): Promise<boolean> {
    return this.#awaited.wait(isReached, timeoutMs);
  }

  /** An internal call; answers once everything that the answer speaks of is durable. */
  request(message: PeerRequest, done: (answer: PeerAnswer) => void): void {
    if ('members' in message) this.#parts.peers.learn(message.members);
    const id = ++this.#ids;
    this.#requests.set(id, done);
    this.drive({ t: 'request', id, message } satisfies { message: PeerRequest | FenceRequest } & Input);
  }

  drain(): void {
    this.drive({ t: 'drain' });
  }

  /** Answers whoever still waits, and takes no more inputs. */
  stop(message: string): void {
    this.drive({ t: 'stop', message });
    this.#isStopped = true;
    this.#awaited.stop(new KvctlError(STOPPED.code, STOPPED.message, STOPPED.detail));
    this.#parts.clock.disarm();
  }

  /** The clock's wake. */
  tick(): void {
    this.drive({ t: 'tick' });
  }

  drive(input: Input | (() => Input)): void {
    if (this.#isStopped) return;
    this.#inputs.push(input);
    // An effect that is carried out at once may bring the next input; it waits for its turn.
    if (this.#isStepping) return;
    this.#isStepping = true;
    for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) {
      const made = typeof next === 'function' ? next() : next;
      for (const effect of this.replica.step(this.#parts.clock.now(), made)) this.#carryOut(effect);
    }
    this.#isStepping = false;
    if (typeof input !== 'function' && (input.t === 'turn' || input.t === 'tick')) {
      this.#parts.clock.arm(this.replica.dueAt(), this.replica.wakeAt());
      this.#awaited.look();
    } else this.#scheduleTurn();
  }

  #scheduleTurn(): void {
    if (this.#isTurnScheduled) return;
    this.#isTurnScheduled = true;
    setImmediate(() => {
      this.#isTurnScheduled = false;
      this.drive({ t: 'turn' });
    });
  }

  #carryOut(effect: Effect): void {
    switch (effect.t) {
      case 'persist':
        return this.#persist(effect);
      case 'saveHard':
        return this.#saveHard(effect);
      case 'send':
        return this.#send(effect);
      case 'respond':
        return finish(this.#requests, effect.id, effect.message);
      case 'reply':
        if (effect.result.ok) this.#parts.failpoints.hit('before-reply');
        this.#parts.metrics.wrote(effect.result);
        finish(this.#writes, effect.id, effect.result);
        // The hot route has written the whole answer by now, and the kernel sends what it was given also after our end.
        if (effect.result.ok) this.#parts.failpoints.hit('after-reply');
        return;
      case 'quorumReply':
        return finish(this.#quorums, effect.id, effect.result);
      case 'promoteReply':
        return finish(this.#promotions, effect.id, effect.result);
      case 'readReady':
      case 'readFailed':
        return finish(this.#reads, effect.id, effect);
      case 'scan': {
        const { rows, ...page } = this.store.scan(effect);
        this.drive({ t: 'scanned', token: effect.token, page, rows });
        return;
      }
      case 'readView': {
        const part = this.store.readView(effect.view, effect.limit, effect.maxBytes);
        this.#parts.failpoints.hit('after-view');
        this.drive({ t: 'viewRead', token: effect.token, part });
        return;
      }
      case 'closeView':
        return this.store.closeView(effect.view);
      case 'lookup':
        this.drive({ t: 'found', token: effect.token, rows: new Map(effect.keys.map((key) => [key, this.store.get(key)])) });
        return;
      case 'note':
        this.#parts.log[effect.level](effect.data, effect.event);
        return;
      default:
        return unreachable(effect);
    }
  }

  #saveHard({ token, state }: Extract<Effect, { t: 'saveHard' }>): void {
    const { failpoints, hardStates, fatal } = this.#parts;
    failpoints.hit('before-promise');
    hardStates.save(state).then(() => {
      failpoints.hit('after-promise');
      this.drive({ t: 'hardSaved', token });
    }, fatal);
  }

  #persist({ t, token, ...batch }: Extract<Effect, { t: 'persist' }>): void {
    const { records, replacements = [], stage } = batch;
    const { failpoints } = this.#parts;
    const { phase, leader } = this.replica;
    const isOpening = phase === 'installing' && leader === null;
    if (records.length > 0) failpoints.hit('before-commit');
    if (isOpening) {
      failpoints.hit('before-opening');
      this.store.lead?.();
    }
    if (replacements.length > 0) failpoints.hit('before-rollback');
    if (stage?.swap) failpoints.hit('before-swap');
    const begun = this.#parts.clock.now();
    this.store.commit(batch).then(
      ({ previous, isSpoilt = false }) => {
        if (records.length > 0) failpoints.hit(phase === 'fencing' ? 'after-gather' : 'after-commit');
        if (isOpening) failpoints.hit('after-opening');
        if (replacements.length > 0) failpoints.hit('after-rollback');
        if (stage !== undefined) failpoints.hit(stage.swap === null ? 'after-part' : 'after-swap');
        this.#parts.metrics.committed(this.#parts.clock.now() - begun);
        this.drive({ t: 'persisted', token, previous, isSpoilt });
      },
      (error: unknown) => this.drive({ t: 'persistFailed', token, reason: error instanceof Error ? error.message : String(error) }),
    );
  }

  #send({ to, request, message }: Extract<Effect, { t: 'send' }>): void {
    if (this.blocks.stops('out', to)) {
      this.drive({ t: 'failed', request, reason: 'partitioned' });
      return;
    }
    const carries = message.t === 'replicate' && message.records.length > 0;
    this.#parts.peers.call(to, message, (answer, reason) => {
      if (carries && answer !== null) this.#parts.failpoints.hit('after-ack');
      // A partition that began meanwhile swallows the answer too.
      if (answer === null) this.drive({ t: 'failed', request, reason });
      else if (this.blocks.stops('in', to)) this.drive({ t: 'failed', request, reason: 'partitioned' });
      else this.drive({ t: 'answer', request, message: answer });
    });
  }
}

function finish<T>(waiting: Map<number, (result: T) => void>, id: number, result: T): void {
  const done = waiting.get(id);
  waiting.delete(id);
  done?.(result);
}
