/**
 * The schedule of the nemesis: which fault hits whom, when and for how long. Pure and seeded, so that it can be printed before anything
 * starts, kept with the run, and had again by its seed.
 *
 * Invariants: at any time at most a minority of the nodes is dead, frozen, cut off or on its way back (with fewer than a majority a leader
 * cannot open, and nothing would be tested but waiting); a node has one fault at a time; every fault ends within the time of the run.
 */
import { Prng } from '../lib/prng.ts';
import { fail, ok, type Result } from '../lib/result.ts';
import type { Ms } from '../lib/units.ts';

export const FAULT_KINDS = ['kill', 'pause', 'partition', 'one-way', 'restart', 'disk', 'clock', 'promote', 'quorum', 'network'] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export type Fault =
  /** kill: SIGKILL, and started again at its end; pause: SIGSTOP and SIGCONT; restart: SIGTERM and started at once. */
  | { readonly kind: 'kill' | 'pause' | 'restart'; readonly nodes: readonly string[] }
  /** `nodes` against `others`. */
  | { readonly kind: 'partition'; readonly nodes: readonly string[]; readonly others: readonly string[] }
  /** What `nodes` send to `others` is lost, or what others send to them; the other way is open. */
  | { readonly kind: 'one-way'; readonly nodes: readonly string[]; readonly others: readonly string[]; readonly lost: 'sent' | 'received' }
  /** The next commit fails, after which the node's store is of no use; at its end the node is started again, with a disk that works. */
  | { readonly kind: 'disk'; readonly nodes: readonly string[]; readonly failure: 'fail-write' | 'fail-fsync' }
  /** The wall clock is off until its end; with a strobe it jumps to and fro. Takes nothing away. */
  | { readonly kind: 'clock'; readonly node: string; readonly offsetMs: number; readonly isStrobe: boolean }
  /** The node is to lead, whoever leads; nobody makes it undone. */
  | { readonly kind: 'promote'; readonly node: string }
  /** Until its end; then the run's own again. */
  | { readonly kind: 'quorum'; readonly quorum: number }
  | { readonly kind: 'network'; readonly delay: string; readonly loss: number };

export interface Episode {
  /** Since the load began. */
  readonly atMs: Ms;
  readonly forMs: Ms;
  readonly fault: Fault;
}

export interface Wish {
  readonly seed: number;
  readonly forMs: Ms;
  readonly kinds: readonly FaultKind[];
  /** All nodes, the leader first. */
  readonly nodes: readonly string[];
  /** The write quorum of the run, which a fault changes. */
  readonly quorum: number;
  /** What a node needs to start and to catch up, before another one may go. */
  readonly returnMs: Ms;
}

export interface Schedule {
  /** Nodes that may be away at the same time: all but a majority. */
  readonly maxAway: number;
  readonly episodes: readonly Episode[];
}

/** The first writes get through, so that there is something to lose. */
const FIRST_MS = 400;
const GAP_MS = { min: 250, max: 900 };
/** Of a fault of one node. Long enough for a heartbeat (500 ms) to notice it, short enough for the run to go on. */
const AWAY_MS = { min: 600, max: 1_800 };
const SETTING_MS = { min: 800, max: 2_500 };
const HOUR_MS = 3_600_000;
/** Of faults of nodes: how often the leader is the one. While it is away nothing is acknowledged. */
const LEADER_SHARE = 0.4;

/** Refuses a cluster of which no node can be spared. */
export function planSchedule(wish: Wish): Result<Schedule> {
  const maxAway = sparable(wish.nodes.length);
  if (maxAway === 0) {
    return fail(`expected at least 3 nodes, so that a majority is left when one is away, got ${wish.nodes.length}`);
  }
  return ok({ maxAway, episodes: new Planner(wish, maxAway).episodes() });
}

/** All but a majority. */
export function sparable(nodes: number): number {
  return nodes - (Math.floor(nodes / 2) + 1);
}

/** Whom it takes away. */
export function victimsOf(fault: Fault): readonly string[] {
  return 'nodes' in fault ? fault.nodes : [];
}

/** `kill n3, n4`, `partition n2 | n1`, `partition n2 | the rest`, `one-way n1 ↛ n2`, `clock n1 +1 h`, `network 0-120, loss 0.2`. */
export function faultText(fault: Fault): string {
  switch (fault.kind) {
    case 'partition':
      return `partition ${fault.nodes.join(', ')} | ${nameOthers(fault.others)}`;
    case 'one-way': {
      const [nodes, others] = [fault.nodes.join(', '), nameOthers(fault.others)];
      return `one-way ${fault.lost === 'sent' ? `${nodes} ↛ ${others}` : `${others} ↛ ${nodes}`}`;
    }
    case 'disk':
      return `disk ${fault.nodes.join(', ')} ${fault.failure}`;
    case 'clock': {
      const sign = fault.isStrobe ? '±' : fault.offsetMs < 0 ? '-' : '+';
      return `clock ${fault.node} ${fault.isStrobe ? 'strobe ' : ''}${sign}${Math.abs(fault.offsetMs) / HOUR_MS} h`;
    }
    case 'promote':
      return `promote ${fault.node}`;
    case 'quorum':
      return `quorum ${fault.quorum}`;
    case 'network':
      return `network ${fault.delay}, loss ${fault.loss}`;
    default:
      return `${fault.kind} ${fault.nodes.join(', ')}`;
  }
}

/** Against the rest there are always several. */
function nameOthers(others: readonly string[]): string {
  return others.length === 1 ? `${others[0]}` : 'the rest';
}

class Planner {
  readonly #wish: Wish;
  readonly #maxAway: number;
  readonly #times: Prng;
  readonly #kinds: Prng;
  readonly #victims: Prng;
  readonly #settings: Prng;
  readonly #planned: Episode[] = [];
  /** Who leads, if all goes as planned. */
  #leader: string;

  constructor(wish: Wish, maxAway: number) {
    this.#wish = wish;
    this.#maxAway = maxAway;
    this.#leader = wish.nodes[0] as string;
    const prng = new Prng(wish.seed).fork('nemesis');
    this.#times = prng.fork('times');
    this.#kinds = prng.fork('kinds');
    this.#victims = prng.fork('victims');
    this.#settings = prng.fork('settings');
  }

  episodes(): Episode[] {
    const { forMs, kinds } = this.#wish;
    // A deck that is dealt to its end before it is shuffled again: each kind gets its turn, also in a short run.
    let deck: FaultKind[] = [];
    for (let atMs = FIRST_MS; forMs - atMs >= AWAY_MS.min; atMs += this.#draw(GAP_MS)) {
      if (deck.length === 0) deck = this.#shuffled(kinds);
      const place = deck.findIndex((kind) => this.#isPossible(kind, atMs));
      if (place === -1) continue;
      const [kind] = deck.splice(place, 1) as [FaultKind];
      this.#planned.push(this.#episode(kind, atMs, forMs - atMs));
    }
    return this.#planned;
  }

  #episode(kind: FaultKind, atMs: Ms, leftMs: Ms): Episode {
    switch (kind) {
      case 'quorum':
        return { atMs, forMs: Math.min(this.#draw(SETTING_MS), leftMs), fault: { kind, quorum: this.#quorum() } };
      case 'network':
        return { atMs, forMs: Math.min(this.#draw(SETTING_MS), leftMs), fault: { kind, ...this.#network() } };
      case 'promote': {
        const away = this.#away(atMs);
        const able = this.#followers.filter((id) => !away.has(id));
        this.#leader = able[this.#victims.int(able.length)] as string;
        return { atMs, forMs: 0, fault: { kind, node: this.#leader } };
      }
      case 'restart':
        return { atMs, forMs: 0, fault: { kind, nodes: this.#pickVictims(atMs) } };
      case 'clock':
        return { atMs, forMs: Math.min(this.#draw(SETTING_MS), leftMs), fault: this.#clock() };
      case 'partition':
        return { atMs, forMs: Math.min(this.#draw(AWAY_MS), leftMs), fault: { kind, ...this.#sides(atMs) } };
      case 'one-way': {
        const lost = this.#settings.int(2) === 0 ? 'sent' : 'received';
        return { atMs, forMs: Math.min(this.#draw(AWAY_MS), leftMs), fault: { kind, ...this.#sides(atMs), lost } };
      }
      case 'disk': {
        const failure = this.#settings.int(2) === 0 ? 'fail-write' : 'fail-fsync';
        return { atMs, forMs: Math.min(this.#draw(AWAY_MS), leftMs), fault: { kind, nodes: this.#pickVictims(atMs).slice(0, 1), failure } };
      }
      default:
        return { atMs, forMs: Math.min(this.#draw(AWAY_MS), leftMs), fault: { kind, nodes: this.#pickVictims(atMs) } };
    }
  }

  #isPossible(kind: FaultKind, atMs: Ms): boolean {
    if (kind === 'quorum' || kind === 'network' || kind === 'clock') {
      return !this.#planned.some((each) => each.fault.kind === kind && endOf(each) >= atMs);
    }
    // Of a majority somebody else than the leader is there.
    return kind === 'promote' || this.#away(atMs).size < this.#maxAway;
  }

  get #followers(): readonly string[] {
    return this.#wish.nodes.filter((id) => id !== this.#leader);
  }

  /** Nodes that are away at that time, or have just come back. */
  #away(atMs: Ms): Set<string> {
    return new Set(this.#planned.filter((each) => endOf(each) + this.#wish.returnMs > atMs).flatMap(({ fault }) => victimsOf(fault)));
  }

  #pickVictims(atMs: Ms): string[] {
    const away = this.#away(atMs);
    const followers = this.#followers;
    const isLeader = this.#victims.next() < LEADER_SHARE;
    if (isLeader && !away.has(this.#leader)) return [this.#leader];
    const free = followers.filter((id) => !away.has(id));
    const count = 1 + this.#victims.int(this.#maxAway - away.size);
    const picked = this.#sample(free, count);
    return followers.filter((id) => picked.includes(id));
  }

  /** A single follower is cut from the leader alone as often as from all. */
  #sides(atMs: Ms): { nodes: string[]; others: string[] } {
    const nodes = this.#pickVictims(atMs);
    const isPair = this.#victims.int(2) === 0 && nodes.length === 1 && nodes[0] !== this.#leader;
    return { nodes, others: isPair ? [this.#leader] : this.#wish.nodes.filter((id) => !nodes.includes(id)) };
  }

  /** The leader's as often as all the others'. */
  #clock(): Fault {
    const followers = this.#followers;
    const node = this.#settings.int(2) === 0 ? this.#leader : (followers[this.#settings.int(followers.length)] as string);
    const offsetMs = this.#settings.int(2) === 0 ? HOUR_MS : -HOUR_MS;
    return { kind: 'clock', node, offsetMs, isStrobe: this.#settings.int(2) === 0 };
  }

  /** Another than the run's, and at most one more than can be met whoever is away: more would turn the run into one long wait. */
  #quorum(): number {
    const { nodes, quorum } = this.#wish;
    const most = Math.min(nodes.length - 1, nodes.length - this.#maxAway);
    const others = Array.from({ length: most }, (_, index) => index + 1).filter((each) => each !== quorum);
    return others[this.#settings.int(others.length)] as number;
  }

  #network(): { delay: string; loss: number } {
    const delay = `0-${50 + 10 * this.#settings.int(16)}`;
    return { delay, loss: this.#settings.int(2) === 0 ? 0 : (1 + this.#settings.int(6)) / 20 };
  }

  #draw({ min, max }: { readonly min: Ms; readonly max: Ms }): Ms {
    return min + this.#times.int(max - min + 1);
  }

  #shuffled(kinds: readonly FaultKind[]): FaultKind[] {
    return sample(kinds, kinds.length, this.#kinds);
  }

  #sample(ids: readonly string[], count: number): string[] {
    return sample(ids, count, this.#victims);
  }
}

function endOf({ atMs, forMs }: Episode): Ms {
  return atMs + forMs;
}

/** In the order drawn; each at most once. */
function sample<T>(items: readonly T[], count: number, prng: Prng): T[] {
  const left = [...items];
  const taken: T[] = [];
  while (taken.length < count && left.length > 0) taken.push(...left.splice(prng.int(left.length), 1));
  return taken;
}
