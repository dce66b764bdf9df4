/**
 * What each kind of fault does to a cluster, and how it ends. Every fault is undone at its end or at the healing, whichever comes first.
 *
 * Invariant: what the protocol cannot survive by its own word does not happen: whoever leads, or led last, keeps its store, and so many nodes stay not blank that a blank one
 * can learn what it promised (SPEC 5, 6).
 */
import { majorityOf, majorityOfOthers } from '../core/quorum.ts';
import type { Ms } from '../lib/units.ts';
import type { Clients } from './clients.ts';
import type { SimCluster } from './cluster.ts';
import { CRASH_POINTS, type CrashPoint, type CrashPoints } from './crash-points.ts';
import { describeFault, drawFault, type Fault, type FaultKind } from './fault.ts';
import { intruderTo } from './intruder.ts';
import type { Oracle } from './oracle.ts';
import type { SimNode } from './sim-node.ts';

const LOSS_PERCENT = 40;
const COPY_PERCENT = 60;
const REPLAYS = 8;
const BURST = 12;

type Undo = () => void;

export class Faults {
  /** Numbers of those that began. */
  readonly begun: number[] = [];
  readonly #cluster: SimCluster;
  readonly #clients: Clients;
  readonly #oracle: Oracle;
  readonly #points: CrashPoints;
  /** Only these; null: all. */
  readonly #only: ReadonlySet<number> | null;
  readonly #running = new Set<Undo>();
  #isOver = false;

  constructor(cluster: SimCluster, clients: Clients, oracle: Oracle, points: CrashPoints, only: readonly number[] | null) {
    this.#cluster = cluster;
    this.#clients = clients;
    this.#oracle = oracle;
    this.#points = points;
    this.#only = only === null ? null : new Set(only);
  }

  start(): void {
    this.#plan(1, this.#cluster.now);
  }

  /** Undoes everything, and nothing begins any more. */
  heal(): void {
    this.#isOver = true;
    this.#points.disarm();
    for (const undo of [...this.#running]) undo();
    this.#cluster.wire.heal();
    for (const node of this.#cluster.nodes) {
      node.frozenUntil = 0;
      this.#restartIfBroken(node);
      this.#cluster.start(node);
    }
  }

  #plan(number: number, since: Ms): void {
    const fault = drawFault(this.#cluster.world, number, since);
    if (fault === null) return;
    this.#cluster.at(fault.at, () => {
      if (this.#isOver) return;
      if (this.#only === null || this.#only.has(number)) this.#begin(fault);
      this.#plan(number + 1, fault.at);
    });
  }

  #begin(fault: Fault): void {
    const undo = this.#apply(fault);
    if (undo === null) return;
    this.begun.push(fault.number);
    this.#cluster.say(describeFault(fault));
    this.#endLater(undo, fault.forMs);
  }

  /** Null: it cannot happen now. */
  #apply({ kind, a, b, x, forMs }: Fault): Undo | null {
    const cluster = this.#cluster;
    const { wire } = cluster;
    const [first, second] = [cluster.nodes[a] as SimNode, cluster.nodes[b] as SimNode];
    const kinds: Record<FaultKind, () => Undo | null> = {
      crash: () => this.#stop(first, false),
      stop: () => this.#shutDown(first),
      wipe: () => this.#stop(first, true),
      freeze: () => {
        cluster.freeze(first, cluster.now + forMs);
        return () => {};
      },
      'cut-one-way': () => (a === b ? null : this.#block([[a, b]])),
      'cut-off': () => this.#block(this.#allOf(a)),
      ring: () => this.#block(this.#beyondNeighbours()),
      clog: () => {
        wire.clog(a, b, cluster.now + forMs);
        return () => {};
      },
      lossy: () => {
        wire.lossPercent += LOSS_PERCENT;
        return () => {
          wire.lossPercent -= LOSS_PERCENT;
        };
      },
      copies: () => {
        wire.duplicatePercent += COPY_PERCENT;
        return () => {
          wire.duplicatePercent -= COPY_PERCENT;
        };
      },
      'slow-network': () => {
        wire.slow += 1;
        return () => {
          wire.slow -= 1;
        };
      },
      'slow-disk': () => {
        first.disk.slow += 1;
        return () => {
          first.disk.slow -= 1;
        };
      },
      'full-disk': () => this.#fill(first),
      drops: () => {
        const leader = cluster.leader ?? first;
        if (leader === second) return null;
        this.#change(leader, second, { loss: 0.5 });
        return () => this.#change(leader, second, { loss: 0 });
      },
      partition: () => {
        this.#partition(first, second, true);
        return () => this.#partition(first, second, false);
      },
      quorum: () => {
        this.#clients.setQuorum(Math.floor(x * (cluster.world.followers + 1)), x * 97 - Math.floor(x * 97) < 0.15);
        return () => {};
      },
      intruder: () => {
        cluster.calls.intrude(first, intruderTo(first, x));
        return () => {};
      },
      replay: () => {
        for (let i = 0; i < REPLAYS; i++) cluster.calls.replay((x + i / REPLAYS) % 1);
        return () => {};
      },
      burst: () => {
        this.#clients.burst(BURST);
        return () => {};
      },
      promote: () => this.#promote(first, x),
      'promote-two': () => {
        const isBegun = this.#promote(first, x) !== null;
        return this.#promote(second, (x * 7) % 1) !== null || isBegun ? () => {} : null;
      },
      takeover: () => this.#takeOver(first, second, x, forMs),
      'crash-point': () => {
        const point = CRASH_POINTS[Math.floor(x * CRASH_POINTS.length)] as CrashPoint;
        this.#points.arm(point, (node) => cluster.at(cluster.now, () => this.#crashFor(node, forMs)));
        return () => {};
      },
    };
    return kinds[kind]();
  }

  /** What an operator may want: mostly just that, sometimes with a quorum of its own, by force, or only to know. */
  #promote(node: SimNode, x: number): Undo | null {
    if (!node.isRunning || this.#isOver) return null;
    const { followers } = this.#cluster.world;
    const [wish, quorum, timeout] = [(x * 101) % 1, (x * 1009) % 1, (x * 10007) % 1];
    this.#clients.promote(node, {
      isDryRun: wish < 0.08,
      isForced: wish > 0.8,
      gathers: wish < 0.96,
      quorum: quorum < 0.3 ? Math.floor((quorum / 0.3) * (followers + 1)) : null,
      timeoutMs: 50 + timeout * 3000,
    });
    return () => {};
  }

  /** The leader crashes or is cut off in the middle of its writes, and one of the others takes its place. */
  #takeOver(first: SimNode, second: SimNode, x: number, forMs: Ms): Undo | null {
    const { leader, now } = this.#cluster;
    if (leader === null || first === second) return null;
    const next = first === leader ? second : first;
    const undo = ((x * 53) % 1 < 0.4 ? this.#stop(leader, false) : null) ?? this.#block(this.#allOf(leader.index));
    this.#cluster.at(now + forMs / 8, () => this.#promote(next, x));
    return undo;
  }

  /** Like a fault of its own: it ends by itself, or with the healing. */
  #crashFor(node: SimNode, forMs: Ms): void {
    const undo = this.#isOver ? null : this.#stop(node, false);
    if (undo !== null) this.#endLater(undo, forMs);
  }

  #endLater(undo: Undo, forMs: Ms): void {
    const once = () => {
      if (this.#running.delete(once)) undo();
    };
    this.#running.add(once);
    this.#cluster.at(this.#cluster.now + forMs, once);
  }

  #stop(node: SimNode, isWiped: boolean): Undo | null {
    const { world } = this.#cluster;
    const forgets = isWiped || world.store === 'memory';
    if (!node.isRunning || (forgets && !this.#maySpare(node))) return null;
    this.#cluster.crash(node);
    if (isWiped && world.store === 'sqlite') this.#cluster.wipe(node);
    return () => this.#cluster.start(node);
  }

  /** SIGTERM: no new writes, and in the end whoever waits is answered. */
  #shutDown(node: SimNode): Undo | null {
    if (!node.isRunning || this.#cluster.world.store === 'memory') return null;
    const { life } = node;
    this.#cluster.drive(node, { t: 'drain' });
    return () => {
      if (node.life !== life) return;
      this.#cluster.drive(node, { t: 'stop', message: `${node.id} shuts down` });
      this.#cluster.crash(node);
      this.#cluster.start(node);
    };
  }

  /** It did not lead last, and without what it remembers enough of the others remember what they promised. */
  #maySpare(node: SimNode): boolean {
    const { followers, store } = this.#cluster.world;
    const { epochs } = this.#oracle;
    if (epochs.opened === 0 || node === epochs.claimant || node === this.#cluster.leader) return false;
    const knowing = this.#cluster.nodes.filter((each) => {
      const isThere = each.isRunning || store === 'sqlite';
      return each !== node && isThere && each.disk.hard !== null && !each.disk.hard.blank;
    });
    return knowing.length >= Math.max(majorityOf(followers), majorityOfOthers(followers));
  }

  #fill(node: SimNode): Undo | null {
    if (this.#cluster.world.store === 'memory') return null;
    node.disk.failing += 1;
    return () => {
      node.disk.failing -= 1;
      if (node.disk.failing === 0) this.#restartIfBroken(node);
    };
  }

  /** Nobody trusts a store that failed until the node opens it again. */
  #restartIfBroken(node: SimNode): void {
    const isBroken = node.isRunning && node.replica.storageFailure !== null;
    if (!isBroken) return;
    this.#cluster.crash(node);
    this.#cluster.start(node);
  }

  #block(directions: readonly (readonly [number, number])[]): Undo | null {
    if (directions.length === 0) return null;
    for (const [from, to] of directions) this.#cluster.wire.block(from, to);
    return () => {
      for (const [from, to] of directions) this.#cluster.wire.unblock(from, to);
    };
  }

  #allOf(a: number): (readonly [number, number])[] {
    return this.#cluster.nodes.flatMap(({ index }) => (index === a ? [] : [[a, index] as const, [index, a] as const]));
  }

  #beyondNeighbours(): (readonly [number, number])[] {
    const size = this.#cluster.nodes.length;
    return this.#cluster.nodes.flatMap(({ index: from }) =>
      this.#cluster.nodes.flatMap(({ index: to }) => {
        const steps = (from - to + size) % size;
        return steps > 1 && steps < size - 1 ? [[from, to] as const] : [];
      }),
    );
  }

  #partition(a: SimNode, b: SimNode, isPartitioned: boolean): void {
    if (a === b) return;
    this.#change(a, b, { isPartitioned });
    this.#change(b, a, { isPartitioned });
  }

  #change(node: SimNode, to: SimNode, part: { loss?: number; isPartitioned?: boolean }): void {
    this.#cluster.drive(node, { t: 'setNetwork', change: { nodes: new Map([[to.id, part]]) } });
  }
}
