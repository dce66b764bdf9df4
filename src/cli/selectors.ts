/** Node selectors as arguments: `n2 n3`, `n2,n3`, `leader`, `followers`, `all`, in any mixture. */
import type { Cluster } from '../cluster/remote.ts';
import { resolveNodes } from '../cluster/status.ts';

/** The ids meant by all of them together, each once, in the order of the cluster. Throws what resolveNodes throws. */
export function resolveSelectors(cluster: Cluster, selectors: readonly string[]): Promise<string[]> {
  return resolveNodes(cluster, selectors.join(','));
}

/** One group of ids per selector, as `partition` wants them. */
export function resolveGroups(cluster: Cluster, selectors: readonly string[]): Promise<string[][]> {
  return Promise.all(selectors.map((selector) => resolveNodes(cluster, selector)));
}
