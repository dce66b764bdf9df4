/** What the verbs of faults print: old -> new per node, and how to undo it. */
import type { FaultOutcome, PartitionOutcome } from '../cluster/faults.ts';
import type { Result } from './output.ts';

export function faultResult(name: string, outcomes: readonly FaultOutcome[], undo: string | null): Result {
  const lines = outcomes.map(({ node, before, after }) => `${node}: ${before === after ? `already ${after}` : `${before} → ${after}`}`);
  return { table: () => [...lines, ...(undo === null ? [] : [undo])].join('\n'), json: { name, nodes: outcomes }, rows: outcomes };
}

export function partitionResult(name: string, { pairs, unreached }: PartitionOutcome, isPartitioned: boolean, undo: string | null): Result {
  const rows = pairs.map(([a, b]) => ({ a, b, is_partitioned: isPartitioned }));
  const lines = rows.map(({ a, b }) => `${a} ${isPartitioned ? '⇹' : '↔'} ${b}`);
  const table = () =>
    [`${isPartitioned ? 'cut' : 'healed'}: ${lines.join(', ') || 'nothing'}`, ...(undo === null ? [] : [undo])].join('\n');
  return { table, json: { name, pairs: rows, unreached }, rows };
}
