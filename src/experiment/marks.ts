/**
 * What was done to the cluster and when: lines and shades for the time chart. A fault lasts until what undoes it is done to
 * the same node; of a partition, until the node has got all links back that it lost by it.
 */
import type { Ms } from '../lib/units.ts';
import type { Mark } from '../measure/run-result.ts';

/** What ends a fault of this kind; a node that was killed can only be restarted, and a restart ends a pause too. */
const ENDS: Readonly<Record<string, readonly string[]>> = { restart: ['kill', 'pause'], resume: ['pause'], heal: ['partition'] };

/** Two node ids; the order means nothing. */
export type Pair = readonly [string, string];

interface Fault {
  readonly kind: string;
  readonly text: string;
  readonly node: string;
  readonly atMs: Ms;
  /** Of a partition: whom it was cut from, and still is. */
  readonly partners: Set<string>;
  untilMs: Ms | null;
}

export class Marks {
  readonly #faults: Fault[] = [];
  readonly #moments: Mark[] = [];

  /** A change or fault that has taken effect at `atMs`. `nodes`: whom it was done to. `pairs`: the links that it cut or healed. */
  add(kind: string, text: string, nodes: readonly string[], atMs: Ms, pairs: readonly Pair[] = []): void {
    for (const fault of this.#faults) if (fault.untilMs === null && mend(fault, kind, nodes, pairs)) fault.untilMs = atMs;
    const lasts = Object.values(ENDS).some((kinds) => kinds.includes(kind));
    if (!lasts) {
      this.#moments.push({ kind, text, nodes: [...nodes], at_ms: atMs, until_ms: null });
      return;
    }
    for (const node of nodes) {
      // Killed is killed; but a node can be cut from others once more.
      const isKnown =
        kind !== 'partition' && this.#faults.some((fault) => fault.node === node && fault.kind === kind && fault.untilMs === null);
      if (!isKnown) this.#faults.push({ kind, text, node, atMs, partners: partnersOf(node, pairs), untilMs: null });
    }
  }

  /** Nodes that are dead or frozen now. */
  down(): ReadonlySet<string> {
    return new Set(this.#faults.filter(({ kind, untilMs }) => untilMs === null && kind !== 'partition').map(({ node }) => node));
  }

  /** The cluster is gone, and its faults with it. */
  endAll(atMs: Ms): void {
    for (const fault of this.#faults) fault.untilMs ??= atMs;
  }

  /** In the order of their beginning; what still lasts lasts until `nowMs`. Nodes that shared a fault from end to end share a mark. */
  list(nowMs: Ms): Mark[] {
    const shades = new Map<string, Mark>();
    for (const { kind, text, node, atMs, untilMs } of this.#faults) {
      const key = `${kind} ${text} ${atMs} ${untilMs}`;
      const nodes = [...(shades.get(key)?.nodes ?? []), node];
      shades.set(key, { kind, text, nodes, at_ms: atMs, until_ms: untilMs ?? nowMs });
    }
    return [...shades.values(), ...this.#moments].sort((a, b) => a.at_ms - b.at_ms);
  }
}

/** Whether nothing of it is left. */
function mend(fault: Fault, kind: string, nodes: readonly string[], pairs: readonly Pair[]): boolean {
  if (!(ENDS[kind] ?? []).includes(fault.kind)) return false;
  if (fault.kind !== 'partition') return nodes.includes(fault.node);
  for (const partner of partnersOf(fault.node, pairs)) fault.partners.delete(partner);
  return fault.partners.size === 0;
}

function partnersOf(node: string, pairs: readonly Pair[]): Set<string> {
  return new Set(pairs.filter((pair) => pair.includes(node)).map(([a, b]) => (a === node ? b : a)));
}
