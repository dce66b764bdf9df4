/**
 * Builds a plan step by step. What each step will find (delays, quorum, followers that run) is kept in an account, from which
 * come the model's prediction, the connections and the expected time of every step.
 *
 * Pure. Invariant: no two steps have the same name.
 */

import type { DelayPlan } from '../lib/delay-plan.ts';
import { fail, ok, type Result } from '../lib/result.ts';
import { formatMs, type Ms } from '../lib/units.ts';
import { Account } from './account.ts';
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
  /** In the order of their times. */
  readonly during: readonly TimedAction[];
}

export class Planner {
  readonly #steps: Step[] = [];
  readonly #names = new Set<string>();
  readonly #sweeps: SweepPlan[] = [];
  readonly #account: Account;
  readonly #target: Target;
  readonly #delay: DelayPlan | null;
  /** Until the first step: the cluster, and its rehearsal with the delays that it has then. */
  readonly #openingMs: Ms;

  /** `delay`: set on a running cluster before the first step. */
  constructor(target: Target, delay: DelayPlan | null) {
    this.#target = target;
    this.#delay = delay;
    this.#account = new Account(target, delay);
    this.#openingMs = REHEARSAL_MS + this.settlingMs() + (target.kind === 'own' ? CLUSTER_MS : 0);
  }

  get followers(): readonly string[] {
    return this.#account.followers;
  }

  get quorum(): number {
    return this.#account.quorum;
  }

  /** The index of the sweep that rows are added to from now on. */
  sweep(plan: SweepPlan): number {
    return this.#sweeps.push(plan) - 1;
  }

  row({ sweep, step, value, label, set, load, during }: RowWish): Result<Step> {
    for (const action of settingsOf(set)) {
      const done = this.#account.apply(action);
      if (!done.ok) return done;
    }
    const { quorum } = this.#account;
    const modelMs = this.#account.modelMs(quorum);
    const latencyMs = (modelMs ?? FAIL_EARLY_MS) + COST_MS;
    const p95Ms = this.#account.p95Ms(quorum) ?? latencyMs;
    const warmupMs = (load.warmup / load.concurrency) * latencyMs;
    const settlingMs = Math.max(0, this.settlingMs() - (modelMs ?? 0));
    const loadMs = expectedLoadMs(load, latencyMs);
    const connections = connectionsOf(load, p95Ms + COST_MS);
    for (const { action } of during) {
      const done = this.#account.apply(action);
      if (!done.ok) return done;
    }
    const amount = totalWrites(load);
    const title = `${label}: ${amount === null ? formatMs(loadMs) : `${amount} writes`}`;
    const expectedMs = ROW_MS + warmupMs + Math.max(loadMs, ...during.map(({ atMs }) => atMs)) + settlingMs;
    return this.#add({ kind: 'measure', step, sweep, value, label, set, load, during, connections, quorum, modelMs, title, expectedMs });
  }

  /** Refuses what cannot be done at any time of this cluster's life. */
  check(action: Action): Result<unknown> {
    return this.#account.check(action);
  }

  act(step: string, action: Action): Result<Step> {
    const done = this.#account.apply(action);
    if (!done.ok) return done;
    const expectedMs = action.kind === 'restart' ? RESTART_MS : FAULT_MS;
    return this.#add({ kind: action.kind, step, action, title: describeAction(action), expectedMs });
  }

  /** Any other step; nodes and quorum in it are checked. */
  add(step: Exclude<Step, { kind: 'measure' | Action['kind'] }>): Result<Step> {
    const checked = this.#check(step);
    return checked.ok ? this.#add(step) : checked;
  }

  /** Time that a stale-reads step takes: every write waits for its quorum, and then for the last of its reads. */
  staleMs(writes: number, afterMs: readonly Ms[], quorum: number | null): Ms {
    return writes * ((this.#account.modelMs(quorum ?? this.quorum) ?? FAIL_EARLY_MS) + COST_MS + Math.max(0, ...afterMs));
  }

  /** How long until the slowest follower has what is under way, nearly always. */
  settlingMs(): Ms {
    return this.#account.p95Ms(this.#account.reachable) ?? 0;
  }

  /** The ids that a selector means as long as nobody else leads. */
  select(selector: string): Result<string[]> {
    return this.#account.select(selector);
  }

  /** What every plan has, by this account. */
  finish(seed: number): Pick<ExperimentPlan, 'target' | 'seed' | 'delay' | 'sweeps' | 'steps' | 'expectedMs'> {
    const expectedMs = this.#openingMs + this.#steps.reduce((sum, step) => sum + step.expectedMs, 0);
    return { target: this.#target, seed, delay: this.#delay, sweeps: this.#sweeps, steps: this.#steps, expectedMs };
  }

  #add(step: Step): Result<Step> {
    if (this.#names.has(step.step)) return fail(`expected every step to have a name of its own, got two of ${JSON.stringify(step.step)}`);
    this.#names.add(step.step);
    this.#steps.push(step);
    return ok(step);
  }

  #check(step: Parameters<Planner['add']>[0]): Result<unknown> {
    switch (step.kind) {
      case 'cluster':
        return this.#account.rebuild(step.followers, step.quorum);
      case 'put':
      case 'get':
      case 'del': {
        const node = this.select(step.node);
        if (!node.ok) return node;
        if (node.value.length !== 1) {
          return fail(`expected one node, got ${JSON.stringify(step.node)}, which is ${node.value.join(', ') || 'none'}`);
        }
        // Being refused may be what is to be shown.
        return step.quorum === null || step.expect.kind === 'error' ? ok(null) : this.#account.checkQuorum(step.quorum);
      }
      case 'stale-reads': {
        const followers = this.#account.selectFollowers(step.nodes);
        return followers.ok && step.quorum !== null ? this.#account.checkQuorum(step.quorum) : followers;
      }
      case 'wait':
        // A cluster without followers has a leader to wait for.
        return step.until === null || this.followers.length === 0 ? ok(null) : this.#account.selectFollowers(step.nodes);
      case 'parity':
        return ok(null);
    }
  }
}

function settingsOf({ quorum, network }: RowWish['set']): Action[] {
  return [
    ...(quorum === null ? [] : [{ kind: 'quorum', quorum } as const]),
    ...(network === null ? [] : [{ kind: 'network', change: network } as const]),
  ];
}
