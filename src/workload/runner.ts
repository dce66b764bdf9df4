/**
 * Runs one load against one node and answers with a sample of every request. What a request is, the mix decides; when it is
 * due, the pacer; this file owns connections, clock and the end of the load.
 *
 * Closed loop: one worker per connection, each sends when its last answer is in. Open loop: every request starts on time on
 * a connection of its own, however many are on their way, and its latency counts from the intended start, so that a
 * stalled server cannot hide the requests that it kept from being sent (coordinated omission).
 * Invariant: every request that was answered or given up is in the samples; those cut off by an interruption are not,
 * because what they would have shown is unknown.
 */
import { setTimeout as delay, setImmediate as immediate } from 'node:timers/promises';
import { type LoadAnswer, LoadConnection } from '../client/load-client.ts';
import { Prng } from '../lib/prng.ts';
import type { Ms } from '../lib/units.ts';
import { RequestMix } from './mix.ts';
import { type Pace, Pacer } from './pacer.ts';
import { type Ramp, rampAt } from './ramp.ts';
import type { Sample } from './sample.ts';

export interface LoadSpec {
  /** Goes into the samples; setting it is the caller's business. */
  readonly quorum: number;
  /** Sent with every write instead of the cluster's quorum; null: the cluster's counts. */
  readonly requestQuorum: number | null;
  readonly phase: Sample['phase'];
  /** Writes to make; reads come on top. null: only the duration ends the load. */
  readonly writes: number | null;
  readonly durationMs: Ms | null;
  /** Requests per second of an open loop, constant or ramping; null for a closed one. */
  readonly rate: number | Ramp | null;
  /** Closed loop: requests in flight, at their peak if they ramp. Open loop: connections that are open before the first request. */
  readonly connections: number;
  /** Closed loop: how many of the connections are in use, over time; null: all. */
  readonly inFlight: Ramp | null;
  /** Closed loop: every connection makes its own share of the writes, and a slow one is not helped by the others. */
  readonly isShareFixed: boolean;
  readonly keys: number;
  readonly valueBytes: number;
  /** 0 to 1; 1 only with a duration, because a load without writes would never have made enough of them. */
  readonly readShare: number;
  /** Of keys and operations; the same seed makes the same requests. */
  readonly seed: number;
}

export interface LoadHooks {
  readonly signal: AbortSignal;
  /** When the first request may go, on `performance.now()`: the origin of the samples' times. */
  readonly onBegin?: ((originMs: Ms) => void) | undefined;
  /** After every request, with the number of requests done. */
  readonly onSample?: ((done: number) => void) | undefined;
}

export interface LoadOutcome {
  /** In the order in which they ended. */
  readonly samples: readonly Sample[];
  /** Share of the time that this process's event loop worked, waiting for a due time not counted; 0 to 1. */
  readonly busy: number;
  /** From the beginning to the last answer. */
  readonly elapsedMs: Ms;
  /** Requests of an open loop that started late because MAX_IN_FLIGHT were on their way. */
  readonly heldBack: number;
  readonly isInterrupted: boolean;
}

/** Of an open loop. Each takes a socket here and at the node, and beyond it the system is overloaded in any case. */
export const MAX_IN_FLIGHT = 2_000;
/** Well above the nodes' quorum timeout (5 s): a request is given up only when the node itself is stuck. */
const GIVE_UP_MS = 30_000;
/** After an unanswered request, so that a dead node is not asked in a loop without pause. */
const AFTER_FAILURE_MS = 20;
/** How often a connection that is not in use looks whether it is by now. */
const RAMP_STEP_MS = 10;
/** Timers fire up to 1 ms late and never on the fraction: the last bit is waited out turn by turn. */
const SPIN_MS = 1.5;

export async function runLoad(spec: LoadSpec, url: string, hooks: LoadHooks): Promise<LoadOutcome> {
  const load = new Load(spec, url, hooks);
  return load.run();
}

class Load {
  readonly #spec: LoadSpec;
  readonly #url: string;
  readonly #hooks: LoadHooks;
  readonly #mix: RequestMix;
  readonly #pacer: Pacer;
  readonly #connections: LoadConnection[] = [];
  readonly #samples: Sample[] = [];
  #originMs = 0;
  /** Time spent waiting turn by turn, in which nothing else happened. */
  #spunMs = 0;
  #heldBack = 0;

  constructor(spec: LoadSpec, url: string, hooks: LoadHooks) {
    this.#spec = spec;
    this.#url = url;
    this.#hooks = hooks;
    const prng = new Prng(spec.seed).fork(spec.phase);
    const { keys, valueBytes, readShare, durationMs, rate } = spec;
    this.#mix = new RequestMix({ label: `${spec.phase === 'warmup' ? 'w' : 'q'}${spec.quorum}`, keys, valueBytes, readShare }, prng);
    this.#pacer = new Pacer({ rate, requests: spec.writes === null ? null : requestsWith(this.#mix, spec.writes), durationMs });
  }

  async run(): Promise<LoadOutcome> {
    const { signal } = this.#hooks;
    const cutOff = () => void this.#close();
    signal.addEventListener('abort', cutOff);
    try {
      for (let i = 0; i < this.#spec.connections; i++) this.#connect();
      await Promise.all(this.#connections.map((connection) => connection.open()));
      const before = performance.eventLoopUtilization();
      this.#originMs = performance.now();
      this.#hooks.onBegin?.(this.#originMs);
      await (this.#spec.rate === null ? this.#closedLoop() : this.#openLoop());
      const { active, idle } = performance.eventLoopUtilization(before);
      const elapsedMs = this.#samples.reduce((last, { endMs }) => Math.max(last, endMs), 0);
      const busy = active + idle === 0 ? 0 : Math.max(0, active - this.#spunMs) / (active + idle);
      return { samples: this.#samples, busy, elapsedMs, heldBack: this.#heldBack, isInterrupted: signal.aborted };
    } finally {
      signal.removeEventListener('abort', cutOff);
      await this.#close();
    }
  }

  async #closedLoop(): Promise<void> {
    const { signal } = this.#hooks;
    const { durationMs } = this.#spec;
    // Tells those that are not in use, too: the pacer answers only who can send.
    let isDone = false;
    const work = async (connection: LoadConnection, place: number) => {
      let share = this.#shareOf(place);
      while (!signal.aborted && !isDone && share > 0) {
        if (!this.#isInUse(place)) {
          isDone ||= this.#nowMs() >= (durationMs ?? Number.POSITIVE_INFINITY);
          await pause(RAMP_STEP_MS, signal);
          continue;
        }
        const pace = this.#pacer.next(this.#nowMs());
        if (pace.kind !== 'send') {
          isDone = true;
          return;
        }
        const answer = await this.#send(connection, pace);
        if (this.#isCounted(pace.index)) share -= 1;
        if (answer.status === 0) await pause(AFTER_FAILURE_MS, signal);
      }
    };
    await Promise.all(this.#connections.map(work));
  }

  /** Writes that the connection at this place may make. */
  #shareOf(place: number): number {
    const { isShareFixed, writes, connections } = this.#spec;
    if (!isShareFixed || writes === null) return Number.POSITIVE_INFINITY;
    return Math.floor(writes / connections) + (place < writes % connections ? 1 : 0);
  }

  #isCounted(index: number): boolean {
    return this.#spec.isShareFixed && this.#mix.at(index).op === 'put';
  }

  /** The first connection is in use from the moment that the ramp reaches 1. */
  #isInUse(place: number): boolean {
    const { inFlight } = this.#spec;
    return inFlight === null || rampAt(inFlight, this.#nowMs()) >= place + 1;
  }

  async #openLoop(): Promise<void> {
    const { signal } = this.#hooks;
    const free = [...this.#connections];
    const inFlight = new Set<Promise<void>>();
    while (!signal.aborted) {
      if (free.length === 0 && this.#connections.length < MAX_IN_FLIGHT) free.push(this.#connect());
      const isHeld = free.length === 0;
      while (free.length === 0) await Promise.race(inFlight);
      const pace = this.#pacer.next(this.#nowMs());
      if (pace.kind === 'done') break;
      if (pace.kind === 'wait') {
        await this.#waitUntil(this.#nowMs() + pace.ms);
        continue;
      }
      if (isHeld) this.#heldBack += 1;
      const connection = free.pop() as LoadConnection;
      const request = this.#send(connection, pace).then(() => {
        free.push(connection);
        inFlight.delete(request);
      });
      inFlight.add(request);
    }
    await Promise.all(inFlight);
  }

  async #send(connection: LoadConnection, pace: Extract<Pace, { kind: 'send' }>): Promise<LoadAnswer> {
    const request = this.#mix.at(pace.index);
    // `key<i>` needs no encoding.
    const path = `/kv/${request.key}`;
    const writePath = this.#spec.requestQuorum === null ? path : `${path}?quorum=${this.#spec.requestQuorum}`;
    const answer =
      request.op === 'put'
        ? await connection.send('PUT', writePath, `{"value":${request.valueText}}`)
        : await connection.send('GET', path, null);
    if (this.#hooks.signal.aborted) return answer;
    const startMs = answer.startMs - this.#originMs;
    this.#samples.push({
      quorum: this.#spec.quorum,
      index: pace.index,
      phase: this.#spec.phase,
      op: request.op,
      key: request.key,
      intendedMs: this.#spec.rate === null ? startMs : pace.intendedMs,
      startMs,
      endMs: answer.endMs - this.#originMs,
      ok: answer.ok,
      status: answer.status,
      error: answer.error,
      version: answer.version,
      acks: answer.acks,
      storeMs: answer.storeMs,
      quorumMs: answer.quorumMs,
      floorMs: answer.floorMs,
    });
    this.#hooks.onSample?.(this.#samples.length);
    return answer;
  }

  /** Never early; late by a fraction of a millisecond on an idle machine. */
  async #waitUntil(dueMs: Ms): Promise<void> {
    const { signal } = this.#hooks;
    const coarseMs = dueMs - this.#nowMs() - SPIN_MS;
    if (coarseMs >= 1) await pause(coarseMs, signal);
    for (let nowMs = this.#nowMs(); nowMs < dueMs && !signal.aborted; ) {
      const ended = this.#samples.length;
      await immediate();
      const laterMs = this.#nowMs();
      if (this.#samples.length === ended) this.#spunMs += laterMs - nowMs;
      nowMs = laterMs;
    }
  }

  #connect(): LoadConnection {
    const connection = new LoadConnection(this.#url, GIVE_UP_MS);
    this.#connections.push(connection);
    return connection;
  }

  async #close(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.close()));
  }

  #nowMs(): Ms {
    return performance.now() - this.#originMs;
  }
}

/** How many requests of the mix it takes to make so many writes. */
function requestsWith(mix: RequestMix, writes: number): number {
  if (mix.isWritesOnly) return writes;
  let requests = 0;
  for (let made = 0; made < writes; requests++) if (mix.at(requests).op === 'put') made += 1;
  return requests;
}

async function pause(ms: Ms, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
