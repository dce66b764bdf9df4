/**
 * Builds a plan step by step, keeping account of what each step will find: which delays and quorum are in force, which
 * followers run. From that come the model's prediction, the connections and the expected time of every step.
 *
 * Pure. Invariant: the account is for predictions and for refusing what cannot be (a quorum above the number of followers, a node
 * that does not exist); what is in force when a step runs is asked of the cluster then.
 */

import { selectNodes } from '../cluster/selector.ts';
import { nodeIds } from '../cluster/spec.ts';
import { type DelayPlan, parseDelays } from '../lib/delay-plan.ts';
import type { Distribution } from '../lib/distribution.ts';
import { fail, ok, type Result } from '../lib/result.ts';
import { formatMs, type Ms } from '../lib/units.ts';
import { expectedKth, quantileKth } from '../measure/order-statistic.ts';
import { connectionsOf, expectedLoadMs, type LoadOptions, totalWrites } from './load.ts';
import type { ExperimentPlan, SweepPlan, Target } from './plan.ts';
import { type Action, describeAction, type NetworkChange, type Step, type TimedAction } from './step.ts';

/** What a request costs besides the delays, for the expected time only. */
const COST_MS = 2;
/** Setting the quorum, dumps and trace of one row. */
const ROW_MS = 60;
/** A node until it is ready again. */
const RESTART_MS = 1_500;
const FAULT_MS = 50;
/** Six nodes until they are ready, and their end. */
const CLUSTER_MS = 3_000;
/** Some hundred writes that nobody waits for, before the first step (run.ts). */
const REHEARSAL_MS = 200;
/** A cluster that lacks followers for a quorum says so after this long (FAIL_EARLY_MS). */
const FAIL_EARLY_MS = 250;

export interface RowWish {
  readonly sweep: number;
  readonly step: string;
  readonly value: string;
  readonly label: string;
  readonly set: { readonly quorum: number | null; readonly network: NetworkChange | null };
  readonly load: LoadOptions;
  readonly during: readonly TimedAction[];
}

export class Planner {
  readonly steps: Step[] = [];
  readonly sweeps: SweepPlan[] = [];
  #ids: readonly string[];
  readonly #leader: string;
  #delays: ReadonlyMap<string, Distribution>;
  #quorum: number;
  #loss = 0;
  readonly #down = new Set<string>();
  readonly #target: Target;
  readonly #delay: DelayPlan | null;
  /** Until the first step: the cluster, and its rehearsal with the delays that it has then. */
  readonly #openingMs: Ms;

  /** `delay`: set on a running cluster before the first step. */
  constructor(target: Target, delay: DelayPlan | null) {
    this.#target = target;
    this.#delay = delay;
    if (target.kind === 'running') {
      const { view } = target;
      this.#ids = view.nodes.map(({ id }) => id);
      this.#leader = view.leader;
      this.#delays = new Map([...view.delays].map(([id, standing]) => [id, delay?.perNode.get(id) ?? delay?.all ?? standing]));
      this.#quorum = 0;
      this.#loss = view.loss;
    } else {
      this.#ids = nodeIds(target.spec.followers);
      this.#leader = 'n1';
      this.#delays = ownDelays(this.followers, target.spec.delay);
      this.#quorum = target.spec.quorum;
    }
    this.#openingMs = REHEARSAL_MS + this.settlingMs() + (target.kind === 'own' ? CLUSTER_MS : 0);
  }

  get followers(): readonly string[] {
    return this.#ids.filter((id) => id !== this.#leader);
  }

  get quorum(): number {
    return this.#quorum;
  }

  get delays(): ReadonlyMap<string, Distribution> {
    return this.#delays;
  }

  /** The index of the sweep that rows are added to from now on. */
  sweep(plan: SweepPlan): number {
    return this.sweeps.push(plan) - 1;
  }

  row({ sweep, step, value, label, set, load, during }: RowWish): Result<Step> {
    if (set.quorum !== null) {
      const changed = this.#setQuorum(set.quorum);
      if (!changed.ok) return changed;
    }
    if (set.network !== null) {
      const changed = this.#setNetwork(set.network);
      if (!changed.ok) return changed;
    }
    const quorum = this.#quorum;
    const modelMs = this.#modelMs(quorum);
    const latencyMs = (modelMs ?? FAIL_EARLY_MS) + COST_MS;
    const p95Ms = this.#p95(quorum) ?? latencyMs;
    const warmupMs = (load.warmup / load.concurrency) * latencyMs;
    const settlingMs = Math.max(0, (this.#p95(this.#up().length) ?? 0) - (modelMs ?? 0));
    const loadMs = expectedLoadMs(load, latencyMs);
    const connections = connectionsOf(load, p95Ms + COST_MS);
    for (const { action } of during) {
      const done = this.#account(action);
      if (!done.ok) return done;
    }
    const amount = totalWrites(load);
    const title = `${label}: ${amount === null ? formatMs(loadMs) : `${amount} writes`}`;
    const expectedMs = ROW_MS + warmupMs + loadMs + settlingMs;
    return this.#add({ kind: 'measure', step, sweep, value, label, set, load, during, connections, quorum, modelMs, title, expectedMs });
  }

  act(step: string, action: Action): Result<Step> {
    const done = this.#account(action);
    if (!done.ok) return done;
    const expectedMs = action.kind === 'restart' ? RESTART_MS : FAULT_MS;
    return this.#add({ kind: action.kind, step, action, title: describeAction(action), expectedMs });
  }

  /** Any other step; nodes and quorum in it are checked. */
  add(step: Exclude<Step, { kind: 'measure' | Action['kind'] }>): Result<Step> {
    const selector = 'nodes' in step ? step.nodes : 'node' in step ? step.node : null;
    if (selector !== null) {
      const nodes = this.select(selector);
      if (!nodes.ok) return nodes;
    }
    const quorum = 'quorum' in step ? step.quorum : null;
    if (step.kind === 'cluster') this.#rebuild(step.followers);
    if (quorum !== null && quorum > this.followers.length) return this.#beyond(quorum);
    if (step.kind === 'cluster') this.#quorum = step.quorum;
    return this.#add(step);
  }

  /** Time that a stale-reads step takes: every write waits for its quorum, and then for the last of its reads. */
  staleMs(writes: number, afterMs: readonly Ms[], quorum: number | null): Ms {
    return writes * ((this.#modelMs(quorum ?? this.#quorum) ?? FAIL_EARLY_MS) + COST_MS + Math.max(0, ...afterMs));
  }

  /** How long until the slowest follower has what is under way, nearly always. */
  settlingMs(): Ms {
    return this.#p95(this.#up().length) ?? 0;
  }

  /** The ids that a selector means as long as nobody else leads. */
  select(selector: string): Result<string[]> {
    return selectNodes(selector, this.#ids, this.#leader);
  }

  /** What every plan has, by this account. */
  finish(seed: number): Pick<ExperimentPlan, 'target' | 'seed' | 'delay' | 'sweeps' | 'steps' | 'expectedMs'> {
    const expectedMs = this.#openingMs + this.steps.reduce((sum, step) => sum + step.expectedMs, 0);
    return { target: this.#target, seed, delay: this.#delay, sweeps: this.sweeps, steps: this.steps, expectedMs };
  }

  #add(step: Step): Result<Step> {
    const namesake = this.steps.find((other) => other.step === step.step);
    if (namesake !== undefined) return fail(`expected every step to have a name of its own, got two of ${JSON.stringify(step.step)}`);
    this.steps.push(step);
    return ok(step);
  }

  #account(action: Action): Result<unknown> {
    switch (action.kind) {
      case 'quorum':
        return this.#setQuorum(action.quorum);
      case 'network':
        return this.#setNetwork(action.change);
      case 'partition':
      case 'heal': {
        const wrong = action.groups.map((group) => this.select(group)).find((group) => !group.ok);
        return wrong ?? ok(null);
      }
      default: {
        const nodes = this.select(action.nodes);
        if (!nodes.ok) return nodes;
        if (nodes.value.length === 0) return fail(`expected at least one node, got ${JSON.stringify(action.nodes)}, which is none`);
        for (const id of nodes.value) {
          if (action.kind === 'kill' || action.kind === 'pause') this.#down.add(id);
          else this.#down.delete(id);
        }
        return ok(null);
      }
    }
  }

  #setQuorum(quorum: number): Result<null> {
    if (quorum > this.followers.length) return this.#beyond(quorum);
    this.#quorum = quorum;
    return ok(null);
  }

  #beyond(quorum: number): { readonly ok: false; readonly message: string } {
    return fail(`expected a quorum from 0 to ${this.followers.length} (the number of followers), got ${quorum}`);
  }

  #setNetwork({ nodes, delay, loss }: NetworkChange): Result<null> {
    const selected = this.select(nodes);
    if (!selected.ok) return selected;
    const followers = selected.value.filter((id) => id !== this.#leader);
    if (followers.length === 0) return fail(`expected followers, got ${JSON.stringify(nodes)}; nothing is replicated to the leader`);
    const stranger = [...(delay?.perNode.keys() ?? [])].find((id) => !this.followers.includes(id));
    if (stranger !== undefined) return fail(`expected delays of followers (${this.followers.join(', ')}), got ${JSON.stringify(stranger)}`);
    const changed = followers.flatMap((id) => {
      const own = delay?.perNode.get(id) ?? delay?.all ?? null;
      return own === null ? [] : [[id, own] as const];
    });
    this.#delays = new Map([...this.#delays, ...changed, ...(delay?.perNode ?? [])]);
    if (loss !== null) this.#loss = followers.length === this.followers.length ? loss : Math.max(this.#loss, loss);
    return ok(null);
  }

  #rebuild(followers: number): void {
    const all = [...this.#delays.values()][0] ?? NO_DELAY;
    this.#ids = nodeIds(followers);
    this.#delays = new Map(this.followers.map((id) => [id, this.#delays.get(id) ?? all]));
    this.#down.clear();
  }

  #up(): Distribution[] {
    return this.followers.filter((id) => !this.#down.has(id)).map((id) => this.#delays.get(id) ?? NO_DELAY);
  }

  #modelMs(quorum: number): Ms | null {
    const up = this.#up();
    return quorum > up.length || this.#loss > 0 ? null : expectedKth(up, quorum);
  }

  #p95(k: number): Ms | null {
    const up = this.#up();
    if (k > up.length) return null;
    return k === 0 ? 0 : quantileKth(up, k, 0.95);
  }
}

const NO_DELAY: Distribution = { kind: 'constant', value: 0 };

function ownDelays(followers: readonly string[], text: string): ReadonlyMap<string, Distribution> {
  const parsed = parseDelays(text);
  const own: DelayPlan = parsed.ok ? parsed.value : { all: null, perNode: new Map() };
  return new Map(followers.map((id) => [id, own.perNode.get(id) ?? own.all ?? NO_DELAY]));
}
