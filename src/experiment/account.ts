/**
 * What a plan knows of the cluster between two of its steps: who is there, who runs, what delays and which quorum are in force.
 *
 * Pure. Invariant: it serves for predictions and for refusing what cannot be (a quorum above the number of followers, a node
 * that does not exist, a fault of a node that is dead by then); what is in force when a step runs is asked of the cluster.
 */
import { selectNodes } from '../cluster/selector.ts';
import { type ClusterSpec, nodeIds } from '../cluster/spec.ts';
import { type DelayPlan, parseDelays } from '../lib/delay-plan.ts';
import type { Distribution } from '../lib/distribution.ts';
import { fail, ok, type Result } from '../lib/result.ts';
import type { Ms } from '../lib/units.ts';
import { expectedKth, quantileKth } from '../measure/order-statistic.ts';
import type { ClusterView, Target } from './plan.ts';
import type { Action, NetworkChange } from './step.ts';

const NO_DELAY: Distribution = { kind: 'constant', value: 0 };

export class Account {
  readonly #leader: string;
  /** null: a cluster that stands; what a restart would bring back is unknown then. */
  readonly #spec: ClusterSpec | null;
  #ids: readonly string[];
  #delays: ReadonlyMap<string, Distribution>;
  #quorum: number;
  #loss: number;
  readonly #down = new Map<string, 'kill' | 'pause'>();
  /** Followers that the leader cannot reach. */
  readonly #cut = new Set<string>();

  /** `delay`: set on a running cluster before the first step. */
  constructor(target: Target, delay: DelayPlan | null) {
    const born = target.kind === 'own' ? bornOf(target.spec) : standing(target.view, delay);
    this.#spec = target.kind === 'own' ? target.spec : null;
    this.#leader = target.kind === 'own' ? 'n1' : target.view.leader;
    this.#ids = born.ids;
    this.#delays = born.delays;
    this.#quorum = born.quorum;
    this.#loss = born.loss;
  }

  get followers(): readonly string[] {
    return this.#ids.filter((id) => id !== this.#leader);
  }

  get quorum(): number {
    return this.#quorum;
  }

  /** The ids that a selector means as long as nobody else leads. */
  select(selector: string): Result<string[]> {
    return selectNodes(selector, this.#ids, this.#leader);
  }

  /** The same of followers, of which it has to mean at least one. */
  selectFollowers(selector: string): Result<string[]> {
    const selected = this.select(selector);
    if (!selected.ok) return selected;
    const followers = selected.value.filter((id) => id !== this.#leader);
    return followers.length > 0 ? ok(followers) : fail(`expected followers, got ${JSON.stringify(selector)}, which is none of them`);
  }

  /** Whether there are so many followers. */
  checkQuorum(quorum: number): Result<number> {
    if (quorum <= this.followers.length) return ok(quorum);
    return fail(`expected a quorum from 0 to ${this.followers.length} (the number of followers), got ${quorum}`);
  }

  /** Refuses what cannot be done whatever was done before. */
  check(action: Action): Result<unknown> {
    switch (action.kind) {
      case 'quorum':
        return this.checkQuorum(action.quorum);
      case 'network':
        return this.#checkNetwork(action.change);
      case 'partition':
      case 'heal':
        return this.#sides(action.kind, action.groups);
      default: {
        const nodes = this.select(action.nodes);
        if (!nodes.ok || nodes.value.length > 0) return nodes;
        return fail(`expected at least one node, got ${JSON.stringify(action.nodes)}, which is none`);
      }
    }
  }

  /** Counts with the action from now on; refuses what cannot be done, then or at all. */
  apply(action: Action): Result<unknown> {
    const checked = this.check(action);
    if (!checked.ok) return checked;
    switch (action.kind) {
      case 'quorum':
        this.#quorum = action.quorum;
        return ok(null);
      case 'network':
        this.#setNetwork(action.change);
        return ok(null);
      case 'partition':
      case 'heal':
        return this.#setLinks(action);
      default:
        return this.#breakOrMend(action.kind, this.#idsOf(action.nodes));
    }
  }

  /** Another cluster in its place, by the spec but for these. */
  rebuild(followers: number, quorum: number): Result<null> {
    const { delay } = this.#spec ?? { delay: '0' };
    const ids = nodeIds(followers);
    const stranger = [...planOf(delay).perNode.keys()].find((id) => !ids.includes(id));
    if (stranger !== undefined) {
      return fail(
        `expected delays of nodes among ${ids.join(', ')}, got one of ${stranger}, which a cluster of ${followers} followers lacks`,
      );
    }
    this.#ids = ids;
    const checked = this.checkQuorum(quorum);
    if (!checked.ok) return checked;
    this.#delays = ownDelays(this.followers, delay);
    this.#quorum = quorum;
    this.#loss = 0;
    this.#down.clear();
    this.#cut.clear();
    return ok(null);
  }

  /** How many followers can ack. */
  get reachable(): number {
    return this.#up().length;
  }

  /** Mean latency of a write that waits for k acks, by the model; null where there is none. */
  modelMs(k: number): Ms | null {
    const up = this.#up();
    return k > up.length || this.#loss > 0 ? null : expectedKth(up, k);
  }

  /** Nearly all of them; null if k are not there. */
  p95Ms(k: number): Ms | null {
    const up = this.#up();
    if (k > up.length) return null;
    return k === 0 ? 0 : quantileKth(up, k, 0.95);
  }

  /** Of followers that the leader reaches; none of them where it is down itself. */
  #up(): Distribution[] {
    if (this.#down.has(this.#leader)) return [];
    const up = this.followers.filter((id) => !this.#down.has(id) && !this.#cut.has(id));
    return up.map((id) => this.#delays.get(id) ?? NO_DELAY);
  }

  #checkNetwork({ nodes, delay }: NetworkChange): Result<unknown> {
    const stranger = [...(delay?.perNode.keys() ?? [])].find((id) => !this.followers.includes(id));
    if (stranger !== undefined) return fail(`expected delays of followers (${this.followers.join(', ')}), got ${JSON.stringify(stranger)}`);
    return this.selectFollowers(nodes);
  }

  #setNetwork({ nodes, delay, loss }: NetworkChange): void {
    const meant = this.#idsOf(nodes).filter((id) => id !== this.#leader);
    const changed = delay?.all == null ? [] : meant.map((id) => [id, delay.all as Distribution] as const);
    this.#delays = new Map([...this.#delays, ...changed, ...(delay?.perNode ?? [])]);
    if (loss !== null) this.#loss = meant.length === this.followers.length ? loss : Math.max(this.#loss, loss);
  }

  /** The nodes of each group, and of what a single one is cut from; no group is every node for itself. */
  #sides(kind: 'partition' | 'heal', groups: readonly string[]): Result<string[][]> {
    const sides: string[][] = groups.length === 0 ? this.#ids.map((id) => [id]) : [];
    for (const group of groups) {
      const nodes = this.select(group);
      if (!nodes.ok) return nodes;
      sides.push(nodes.value);
    }
    const named = sides.flat();
    const twice = named.find((id, index) => named.indexOf(id) !== index);
    if (twice !== undefined) return fail(`expected each node in one group, got ${twice} in two`);
    if (groups.length === 1) sides.push(this.#ids.filter((id) => !named.includes(id)));
    const isCut = sides.filter((side) => side.length > 0).length > 1;
    return isCut || kind === 'heal' ? ok(sides) : fail(`expected nodes on both sides of the cut, got ${groups.join(' | ')}`);
  }

  #setLinks({ kind, groups }: Extract<Action, { groups: unknown }>): Result<unknown> {
    const sides = this.#sides(kind, groups);
    if (!sides.ok) return sides;
    const named = sides.value.slice(0, groups.length).flat();
    const dead = named.find((id) => this.#down.has(id));
    if (dead !== undefined) return fail(`expected nodes that run, to change their links, got ${dead}, which does not by then`);
    const leaders = sides.value.find((side) => side.includes(this.#leader));
    const apart = leaders === undefined ? [] : sides.value.filter((side) => side !== leaders).flat();
    for (const id of apart) {
      if (kind === 'partition') this.#cut.add(id);
      else this.#cut.delete(id);
    }
    return ok(null);
  }

  #breakOrMend(kind: 'kill' | 'pause' | 'resume' | 'restart', nodes: readonly string[]): Result<unknown> {
    const dead = nodes.find((id) => this.#down.get(id) === 'kill');
    if (dead !== undefined && (kind === 'pause' || kind === 'resume')) {
      return fail(`expected nodes that run, to ${kind} them, got ${dead}, which is dead by then`);
    }
    for (const id of nodes) {
      if (kind === 'kill' || kind === 'pause') this.#down.set(id, kind);
      else this.#down.delete(id);
    }
    if (kind === 'restart' && nodes.includes(this.#leader)) this.#forgetSettings();
    return ok(null);
  }

  /** A leader that starts again has its quorum and its network from its environment. */
  #forgetSettings(): void {
    if (this.#spec === null) return;
    this.#delays = ownDelays(this.followers, this.#spec.delay);
    this.#quorum = Math.min(this.#spec.quorum, this.followers.length);
    this.#loss = 0;
  }

  /** Of a selector that was checked. */
  #idsOf(selector: string): readonly string[] {
    const selected = this.select(selector);
    return selected.ok ? selected.value : [];
  }
}

interface Born {
  readonly ids: readonly string[];
  readonly delays: ReadonlyMap<string, Distribution>;
  readonly quorum: number;
  readonly loss: number;
}

function bornOf({ followers, delay, quorum }: ClusterSpec): Born {
  const ids = nodeIds(followers);
  return { ids, delays: ownDelays(ids.slice(1), delay), quorum, loss: 0 };
}

/** The quorum is set before every row of what runs on a cluster that stands. */
function standing({ nodes, delays, loss }: ClusterView, changed: DelayPlan | null): Born {
  const own = [...delays].map(([id, before]) => [id, changed?.perNode.get(id) ?? changed?.all ?? before] as const);
  return { ids: nodes.map(({ id }) => id), delays: new Map(own), quorum: 0, loss };
}

function ownDelays(followers: readonly string[], text: string): ReadonlyMap<string, Distribution> {
  const { all, perNode } = planOf(text);
  return new Map(followers.map((id) => [id, perNode.get(id) ?? all ?? NO_DELAY]));
}

/** Of a text that was checked. */
function planOf(text: string): DelayPlan {
  const parsed = parseDelays(text);
  return parsed.ok ? parsed.value : { all: null, perNode: new Map() };
}
