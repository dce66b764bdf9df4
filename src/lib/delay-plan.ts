/**
 * Which delay goes to whom, as one line of text: `0-1000`, `n2=5-10;n3=50`, or both, `0-1000;n3=50`.
 * The text of the environment's DELAY, of `--delay` and of a benchmark's record. What one delay is, distribution.ts says.
 */
import { type Distribution, formatDistribution, parseDistribution } from './distribution.ts';
import { fail, ok, type Result } from './result.ts';

export interface DelayPlan {
  /** For every node without an entry of its own; null when the text names none. */
  readonly all: Distribution | null;
  /** By node id. */
  readonly perNode: ReadonlyMap<string, Distribution>;
}

const NODE_ID = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;

/** Refuses an empty text, an entry twice, and a delay that is none; whether a node exists is not known here. */
export function parseDelays(text: string): Result<DelayPlan> {
  let all: Distribution | null = null;
  const perNode = new Map<string, Distribution>();
  for (const entry of text.split(';').map((part) => part.trim())) {
    const equals = entry.indexOf('=');
    const node = equals === -1 ? null : entry.slice(0, equals).trim();
    const parsed = parseDistribution(entry.slice(equals + 1));
    if (!parsed.ok) return parsed;
    if (node === null) {
      if (all !== null) return fail(`expected one delay for all nodes, got two in ${JSON.stringify(text)}`);
      all = parsed.value;
    } else {
      if (!NODE_ID.test(node)) return fail(`expected a node's name before the "=", like n2=50, got ${JSON.stringify(entry)}`);
      if (perNode.has(node)) return fail(`expected one delay per node, got two for ${node} in ${JSON.stringify(text)}`);
      perNode.set(node, parsed.value);
    }
  }
  return ok({ all, perNode });
}

/** The delays of `count` nodes, whichever they are: those with an entry of their own, then the others. Empty if the text cannot be read. */
export function listDelays(text: string, count: number): readonly Distribution[] {
  const parsed = parseDelays(text);
  if (!parsed.ok) return [];
  const { all, perNode } = parsed.value;
  const others = all === null ? [] : new Array<Distribution>(Math.max(0, count - perNode.size)).fill(all);
  return [...perNode.values(), ...others];
}

/** The delays of these nodes, in their order; one that the plan names no delay for is left out. */
export function delaysOf({ all, perNode }: DelayPlan, ids: readonly string[]): readonly Distribution[] {
  return ids.map((id) => perNode.get(id) ?? all).filter((delay) => delay !== null);
}

/** The text that parses to the same plan: the delay of all first, then nodes in the order of the map. */
export function formatDelays(plan: DelayPlan): string {
  const all = plan.all === null ? [] : [formatDistribution(plan.all)];
  const own = [...plan.perNode].map(([node, distribution]) => `${node}=${formatDistribution(distribution)}`);
  return [...all, ...own].join(';');
}
