/** What the verbs of faults print: old -> new per node, and how to undo it. */
import type { FaultOutcome, LinkChange, PartitionOutcome } from '../cluster/faults.ts';
import type { Result } from './output.ts';

export function faultResult(name: string, outcomes: readonly FaultOutcome<string>[], undo: string | null): Result {
  const lines = outcomes.map(({ node, before, after }) => `${node}: ${before === after ? `already ${after}` : `${before} → ${after}`}`);
  return { table: () => [...lines, ...(undo === null ? [] : [undo])].join('\n'), json: { name, nodes: outcomes }, rows: outcomes };
}

/** ↛: nothing that the first sends reaches the second. */
const ARROWS = { cut: '⇹', 'one-way': '↛', open: '↔' } as const satisfies Record<LinkChange, string>;

export function partitionResult(
  name: string,
  { pairs, unreached, reconnected }: PartitionOutcome,
  change: LinkChange,
  undo: string | null,
): Result {
  const rows = pairs.map(([a, b]) => ({ a, b, is_partitioned: change === 'cut', is_one_way: change === 'one-way' }));
  const lines = rows.map(({ a, b }) => `${a} ${ARROWS[change]} ${b}`);
  const table = () =>
    [
      ...(reconnected.length === 0 ? [] : [`back on the network: ${reconnected.join(', ')}`]),
      `${change === 'open' ? 'healed' : 'cut'}: ${lines.join(', ') || 'nothing'}`,
      ...(undo === null ? [] : [undo]),
    ].join('\n');
  return { table, json: { name, pairs: rows, unreached, reconnected }, rows };
}
