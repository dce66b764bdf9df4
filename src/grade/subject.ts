/**
 * The servers under examination, as every check is given them: their API, keys that nobody used before, and waiting with a bound.
 *
 * Invariant: every wait ends, by what it waits for, by its bound or by the signal. The quorum that this run set is known, so that it can
 * be put back; stopping and starting nodes is control-room business (outage.ts, restart.ts).
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Prng } from '../lib/prng.ts';
import type { Ms } from '../lib/units.ts';
import { Api, type Reading, type Reply } from './api.ts';
import type { Exchange } from './exchange.ts';
import { choosePace, type Pace } from './pace.ts';
import type { NodeControl, Peer, Target } from './target.ts';

/** A key that a node should show otherwise. */
export interface Mismatch {
  readonly peer: Peer;
  readonly key: string;
  /** null: no value. */
  readonly expected: unknown;
  readonly reading: Reading;
}

/** What every node should show by key; null: nothing. */
export type Expected = ReadonlyMap<string, unknown>;

export interface SubjectOptions {
  readonly seed: number;
  readonly signal: AbortSignal;
  readonly control: NodeControl | null;
}

/** Keys that are read at the same time of one node. */
const READS_AT_ONCE = 8;
const FIRST_PAUSE_MS = 20;
const LAST_PAUSE_MS = 500;
/** The labs' default, where nothing else is known. */
const USUAL_QUORUM = 3;

export class Subject {
  readonly target: Target;
  readonly api: Api;
  readonly control: NodeControl | null;
  readonly signal: AbortSignal;
  readonly prng: Prng;
  /** Of all times in the evidence. */
  readonly originMs: Ms = performance.now();
  /** How fast to look, by what the probe found out. */
  pace: Pace = choosePace(null);
  /** The last quorum that this run set; null: none. */
  quorumSet: number | null = null;
  /** Names of nodes that this run stopped at some time. */
  readonly stopped = new Set<string>();
  /** What the last check is doing, for people. */
  onDetail: (text: string) => void = () => {};
  readonly #tag = randomBytes(4).toString('hex');
  #serial = 0;
  #quorumBefore: number | null = null;

  constructor(target: Target, { seed, signal, control }: SubjectOptions) {
    this.target = target;
    this.api = new Api(target, signal);
    this.control = control;
    this.signal = signal;
    this.prng = new Prng(seed);
  }

  get leader(): Peer {
    return this.target.leader;
  }

  get followers(): readonly Peer[] {
    return this.target.followers;
  }

  get peers(): readonly Peer[] {
    return [this.leader, ...this.followers];
  }

  /** The quorum in force, as far as is known: the one that was set, or the one that was told. */
  get quorum(): number | null {
    return this.quorumSet ?? this.target.quorum;
  }

  get canSwitch(): boolean {
    return this.api.dialect.setQuorum !== undefined;
  }

  /** A key that no run used before: servers keep what earlier runs wrote. */
  key(label: string): string {
    this.#serial += 1;
    return `check-${this.#tag}-${label}-${this.#serial}`;
  }

  /** A string, as the labs' values are, that was never written before. */
  value(): string {
    this.#serial += 1;
    return `value-${this.#tag}-${this.#serial}`;
  }

  /** Null if the API has no such call. */
  async setQuorum(quorum: number): Promise<Reply | null> {
    if (!this.canSwitch) return null;
    const reply = await this.api.setQuorum(this.leader, quorum);
    if (reply.outcome === 'success') {
      if (this.quorumSet === null) this.#quorumBefore ??= previousOf(reply);
      this.quorumSet = quorum;
    }
    return reply;
  }

  /** Sets this quorum unless it is in force already, or the API cannot. True if it is in force now. */
  async useQuorum(quorum: number): Promise<boolean> {
    if (this.quorum === quorum) return true;
    return (await this.setQuorum(quorum))?.outcome === 'success';
  }

  /**
   * Puts back the quorum and ends the connections; also after an interruption. A sentence for people if the quorum is not what it was.
   * What it was is known if somebody told, or if the server says `previous` as kvctl's own does.
   */
  async leave(): Promise<string | null> {
    const sentence = this.quorumSet === null ? null : await this.#putBackQuorum();
    await this.api.close();
    return sentence;
  }

  async #putBackQuorum(): Promise<string | null> {
    const was = this.target.quorum ?? this.#quorumBefore;
    const wanted = was ?? Math.min(USUAL_QUORUM, this.followers.length);
    const api = new Api(this.target, new AbortController().signal);
    const reply = await api.setQuorum(this.leader, wanted);
    await api.close();
    if (reply.outcome !== 'success') return `the write quorum was left at ${this.quorumSet}: the leader did not take ${wanted}`;
    return was === null ? `what the write quorum was before is not known: it is ${wanted} now` : null;
  }

  async pause(ms: Ms): Promise<void> {
    await delay(ms, undefined, { signal: this.signal });
  }

  /** Polls until the answer is not null, at most `boundMs`; null then. */
  async until<T>(boundMs: Ms, look: () => Promise<T | null>): Promise<T | null> {
    const deadlineMs = performance.now() + boundMs;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LAST_PAUSE_MS, 2 * pauseMs)) {
      const found = await look();
      if (found !== null || performance.now() > deadlineMs) return found;
      await this.pause(pauseMs);
    }
  }

  /** Waits until every node shows what is expected; what still differs after `boundMs`, once for every node and key. */
  async mismatches(expected: Expected, peers: readonly Peer[], boundMs: Ms): Promise<Mismatch[]> {
    let left: Mismatch[] = [];
    let pending = peers.flatMap((peer) => [...expected.keys()].map((key) => ({ peer, key })));
    await this.until(boundMs, async () => {
      const readings = await this.readAll(pending);
      left = readings
        .map((item) => ({ ...item, expected: expected.get(item.key) ?? null }))
        .filter((item) => !shows(item.reading, item.expected));
      pending = left.map(({ peer, key }) => ({ peer, key }));
      return left.length === 0 ? true : null;
    });
    return left;
  }

  /** Every node by itself, a few keys at a time. */
  async readAll(
    wanted: readonly { readonly peer: Peer; readonly key: string }[],
  ): Promise<{ peer: Peer; key: string; reading: Reading }[]> {
    const byPeer = Map.groupBy(wanted, ({ peer }) => peer.name);
    const results = await Promise.all(
      [...byPeer.values()].map((items) =>
        inLanes(items, READS_AT_ONCE, async ({ peer, key }) => ({ peer, key, reading: await this.api.read(peer, key) })),
      ),
    );
    return results.flat();
  }

  /** Waits until the node answers (or does not, with `isUp` false); the last exchange, and null if it never came to that. */
  async answers(peer: Peer, isUp: boolean, boundMs: Ms): Promise<Exchange | null> {
    return this.until(boundMs, async () => {
      const { exchange } = await this.api.read(peer, this.key('ping'));
      return (exchange.status !== null) === isUp ? exchange : null;
    });
  }
}

/** Runs the work over the items, so many at a time; results in the items' order. */
export async function inLanes<T, R>(items: readonly T[], lanes: number, work: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const results: R[] = new Array<R>(items.length);
  let next = 0;
  const lane = async () => {
    while (next < items.length) {
      const index = next;
      next += 1;
      results[index] = await work(items[index] as T, index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(lanes, items.length) }, lane));
  return results;
}

/** `null` is expected of a key without a value. */
export function shows(reading: Reading, expected: unknown): boolean {
  if (expected === null || expected === undefined) return reading.outcome === 'absent';
  return reading.outcome === 'value' && sameJson(reading.value, expected);
}

function previousOf({ exchange }: Reply): number | null {
  try {
    const { previous } = JSON.parse(exchange.answer) as { previous?: unknown };
    return typeof previous === 'number' ? previous : null;
  } catch {
    return null;
  }
}

function sameJson(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
