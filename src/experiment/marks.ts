/**
 * What was done to the cluster and when: lines and shades for the time chart. A fault lasts until what undoes it is done to
 * the same node.
 */
import type { Ms } from '../lib/units.ts';
import type { Mark } from '../measure/run-result.ts';

/** What ends a fault of this kind; a node that was killed can only be restarted, and a restart ends a pause too. */
const ENDS: Readonly<Record<string, readonly string[]>> = { restart: ['kill', 'pause'], resume: ['pause'], heal: ['partition'] };

interface Fault {
  readonly kind: string;
  readonly text: string;
  readonly node: string;
  readonly atMs: Ms;
  untilMs: Ms | null;
}

export class Marks {
  readonly #faults: Fault[] = [];
  readonly #moments: Mark[] = [];

  /** A change or fault that has taken effect at `atMs`. `nodes`: whom it was done to. */
  add(kind: string, text: string, nodes: readonly string[], atMs: Ms): void {
    for (const fault of this.#faults) {
      if (fault.untilMs === null && nodes.includes(fault.node) && (ENDS[kind] ?? []).includes(fault.kind)) fault.untilMs = atMs;
    }
    const lasts = Object.values(ENDS).some((kinds) => kinds.includes(kind));
    if (lasts) this.#faults.push(...nodes.map((node) => ({ kind, text, node, atMs, untilMs: null })));
    else this.#moments.push({ kind, text, nodes: [...nodes], at_ms: atMs, until_ms: null });
  }

  /** Nodes that are killed, paused or cut off now. */
  affected(): string[] {
    return [...new Set(this.#faults.filter((fault) => fault.untilMs === null).map(({ node }) => node))];
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
