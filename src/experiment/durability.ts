/**
 * Carries out `bench --durability` on a cluster of its own. n1 alone is started with a failpoint: it ends itself as soon as the answer to its next write is
 * with the socket, before anything else can leave it. Then a follower is promoted and asked for the write; n1 is started again, joins as follower, gives up
 * what the new lineage does not have, and is promoted back, safely, for the next trial.
 *
 * Invariant: a trial counts only if n1 ended by itself and the write was acknowledged before; anything else ends the run with an error. On every way out the
 * cluster is removed.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type NodeEnvironments, restart } from '../cluster/cluster.ts';
import { look } from '../cluster/drivers.ts';
import { loadState } from '../cluster/state.ts';
import type { DurabilityTrial, Fate } from '../measure/durability.ts';
import type { NodeStatus, PromoteAnswer, WriteAnswer } from '../wire/api.ts';
import { KvctlError } from '../wire/errors.ts';
import type { DurabilityPlan, PlannedTrial } from './durability-plan.ts';
import type { NodeAddress } from './parity.ts';
import { type OpenOptions, openOwn, type Venue } from './venue.ts';

export interface DurabilityHooks {
  readonly signal: AbortSignal;
  readonly entry?: string | undefined;
  readonly waitTimeoutMs?: number | undefined;
  /** The cluster is up: trials begin. */
  readonly onReady: () => void;
  /** What is done at this moment. */
  readonly onStep: (text: string) => void;
  /** After each trial, before the next one. */
  readonly keep: (trial: DurabilityTrial) => Promise<void>;
  /** It ended with an error, and the cluster of this name is about to be removed. */
  readonly onFailure: (name: string) => Promise<void>;
}

export interface DurabilityOutcome {
  readonly trials: readonly DurabilityTrial[];
  readonly isInterrupted: boolean;
  /** What ended it early; null if nothing did, or the user. */
  readonly error: KvctlError | null;
  /** What could not be removed. */
  readonly remarks: readonly string[];
}

/** Writes that make a leader that has just started warm, and tell all nodes of the quorum; the one that it dies of comes after them. */
const WARM_UP_WRITES = 20;
const FAILPOINT: NodeEnvironments = { n1: { FAILPOINT: `after-reply:${WARM_UP_WRITES + 1}` } };
/** For links to stream, a quorum to be known to all, a process to be gone. */
const PATIENCE_MS = 20_000;
const POLL_MS = 5;
/** For a trial to end after Ctrl-C; then its cluster is taken from under it. */
const GRACE_MS = 1_000;

/** Throws what bringing up the cluster throws. */
export async function runDurability(plan: DurabilityPlan, hooks: DurabilityHooks): Promise<DurabilityOutcome> {
  const { signal, entry, waitTimeoutMs, onStep } = hooks;
  const opening: OpenOptions = { signal, entry, waitTimeoutMs, onStep, environment: FAILPOINT };
  const venue = await openOwn(plan.spec, opening);
  const trials: DurabilityTrial[] = [];
  const work = runTrials(plan, venue, hooks, trials).then(
    () => null,
    async (thrown: unknown) => {
      if (!signal.aborted) await hooks.onFailure(venue.name).catch(() => undefined);
      return toError(thrown);
    },
  );
  hooks.onReady();
  await Promise.race([work, overdue(signal)]);
  const remarks = await venue.close();
  // What was under way fails for want of its cluster; a restart holds the cluster's lock, so that it came before the removal or finds nothing.
  const error = await work;
  return { trials, isInterrupted: signal.aborted, error: signal.aborted ? null : error, remarks };
}

async function runTrials(plan: DurabilityPlan, venue: Venue, hooks: DurabilityHooks, done: DurabilityTrial[]): Promise<void> {
  const queue = plan.quorums.flatMap(({ trials }) => trials);
  for (const [i, planned] of queue.entries()) {
    if (hooks.signal.aborted) return;
    const stage = new Trial(plan, venue, hooks, planned);
    const trial = await stage.run();
    if (hooks.signal.aborted) return;
    const next = queue[i + 1];
    const isBack = next === undefined && trial.fate !== 'refused' ? null : await stage.restore(trial, next?.quorum ?? planned.quorum);
    const complete = { ...trial, is_back: isBack };
    await hooks.keep(complete);
    done.push(complete);
  }
}

class Trial {
  readonly #plan: DurabilityPlan;
  readonly #venue: Venue;
  readonly #hooks: DurabilityHooks;
  readonly #planned: PlannedTrial;
  readonly #promoted: NodeAddress;
  readonly #key: string;

  constructor(plan: DurabilityPlan, venue: Venue, hooks: DurabilityHooks, planned: PlannedTrial) {
    this.#plan = plan;
    this.#venue = venue;
    this.#hooks = hooks;
    this.#planned = planned;
    this.#promoted = venue.followers.find(({ id }) => id === planned.promoted) as NodeAddress;
    this.#key = `quorum-${planned.quorum}-${planned.way}-${planned.trial}`;
  }

  /** Up to the moment at which the fate of the write is known. */
  async run(): Promise<DurabilityTrial> {
    const { quorum, way, promoted } = this.#planned;
    await this.#prepare();
    const { answer, latencyMs } = await this.#writeAndDie();
    const held_by = await this.#holders();
    this.#hooks.onStep(`promoting ${promoted} ${way === 'safe' ? 'safely' : 'alone'}`);
    const begunMs = performance.now();
    const promotion = await this.#promote();
    const promote_ms = performance.now() - begunMs;
    if (way === 'alone' && promotion === null) throw unexpected(`${promoted} to lead by force`, 'it refused');
    const fate: Fate = promotion === null ? 'refused' : (await this.#isAt(this.#promoted, 'committed')) ? 'kept' : 'lost';
    return {
      ...this.#planned,
      key: this.#key,
      version: answer.version,
      latency_ms: latencyMs,
      held_by,
      fate,
      is_back: null,
      recovered: promotion?.recovered ?? null,
      promote_ms,
      quorum,
    };
  }

  /** n1 leads again, with the quorum of the next trial. Of a refused promotion: whether the write is there then; else null. */
  async restore({ fate }: DurabilityTrial, quorum: number): Promise<boolean | null> {
    const { name, client, leader } = this.#venue;
    const { signal, entry, waitTimeoutMs, onStep } = this.#hooks;
    onStep('starting n1 again');
    await restart(name, [leader.id], { signal, entry, waitTimeoutMs, environment: FAILPOINT });
    if (fate === 'refused') {
      const isBack = await this.#isAt(leader, 'committed');
      await client.setQuorum(leader.url, quorum);
      return isBack;
    }
    onStep('promoting n1 back');
    await client.promote(leader.url, { quorum });
    return null;
  }

  /** Warm, level, and the quorum known to every node; then the delays of this trial, counted from the next write on. */
  async #prepare(): Promise<void> {
    const { client, leader } = this.#venue;
    const { quorum, seed, trial, way } = this.#planned;
    this.#hooks.onStep(`quorum ${quorum}, trial ${trial + 1} ${way}: getting ready`);
    await this.#until('n1 to lead with all links streaming', async () => isReady(await client.status(leader.url), quorum));
    for (let i = 0; i < WARM_UP_WRITES; i++) await client.put(leader.url, 'warm-up', `${i}`);
    await this.#until(`every node to be level and to know of quorum ${quorum}`, () => this.#isLevel());
    await client.setNetwork(leader.url, { seed, nodes: this.#plan.network });
  }

  async #isLevel(): Promise<boolean> {
    const { client, nodes, leader } = this.#venue;
    const all = await Promise.all(nodes.map(({ url }) => client.status(url)));
    const head = all.find(({ node }) => node === leader.id)?.head;
    return all.every(({ watermark, k_min }) => watermark === head && k_min === this.#planned.quorum);
  }

  async #writeAndDie(): Promise<{ readonly answer: WriteAnswer; readonly latencyMs: number }> {
    const { client, leader, name } = this.#venue;
    this.#hooks.onStep('writing');
    const begunMs = performance.now();
    const answer = await client.put(leader.url, this.#key, JSON.stringify(this.#key));
    const latencyMs = performance.now() - begunMs;
    await this.#until('n1 to die at its answer', async () => {
      const observed = await look(loadState(name));
      return observed.find(({ node }) => node.id === leader.id)?.state === 'stopped';
    });
    return { answer, latencyMs };
  }

  async #holders(): Promise<string[]> {
    const held = await Promise.all(this.#venue.followers.map((node) => this.#isAt(node, 'local')));
    return this.#venue.followers.filter((_, i) => held[i]).map(({ id }) => id);
  }

  async #isAt({ url }: NodeAddress, read: 'local' | 'committed'): Promise<boolean> {
    try {
      const { value } = await this.#venue.client.get(url, this.#key, { read });
      if (value === this.#key) return true;
      throw unexpected(`${JSON.stringify(this.#key)} at ${url} to be what was written`, JSON.stringify(value));
    } catch (error) {
      if (error instanceof KvctlError && error.code === 'key_not_found') return false;
      throw error;
    }
  }

  /** null: refused, because an acknowledged write could be lost. */
  async #promote(): Promise<PromoteAnswer | null> {
    const { quorum, way } = this.#planned;
    const wish = way === 'alone' ? ({ force: true, gather: 'none' } as const) : {};
    try {
      return await this.#venue.client.promote(this.#promoted.url, { quorum, ...wish });
    } catch (error) {
      if (error instanceof KvctlError && error.code === 'not_lossless') return null;
      throw error;
    }
  }

  /** Polls; a node that does not answer is not so yet. */
  async #until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const deadlineMs = performance.now() + PATIENCE_MS;
    for (;;) {
      if (await isSo().catch(() => false)) return;
      if (this.#hooks.signal.aborted) throw new KvctlError('interrupted', 'interrupted');
      if (performance.now() > deadlineMs) throw new KvctlError('not_ready', `expected ${what} within ${PATIENCE_MS / 1000} s`);
      await delay(POLL_MS);
    }
  }
}

function isReady({ role, phase, write_quorum: current, replicas }: NodeStatus, quorum: number): boolean {
  const isStreaming = replicas.every(({ link, is_up: isUp }) => link === 'stream' && isUp);
  return role === 'leader' && phase === 'open' && current === quorum && isStreaming;
}

async function overdue(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  await delay(GRACE_MS, undefined, { ref: false });
}

function unexpected(expected: string, got: string): KvctlError {
  return new KvctlError('internal', `expected ${expected}, got ${got}`);
}

function toError(thrown: unknown): KvctlError {
  return thrown instanceof KvctlError ? thrown : new KvctlError('internal', `unexpected error: ${String(thrown)}`, {}, thrown);
}
