/** The nodes' logs in a run folder: of processes and of containers alike, bounded, because a node in trouble may say the same for ever. */
import { driverOf } from '../../cluster/drivers.ts';
import { loadState } from '../../cluster/state.ts';
import type { Run } from '../../runs/run.ts';

/** Of each node the last so many lines, and of these the last so many bytes. */
const LINES = 20_000;
const BYTES = 2 * 1024 * 1024;

/** They go with the cluster; what a node said may be the only trace of why it ended. Throws KvctlError. */
export async function keepNodeLogs(name: string, run: Run): Promise<void> {
  const state = loadState(name);
  const ids = state.nodes.map(({ id }) => id);
  const { tails } = await driverOf(state).logs(state, ids, LINES);
  for (const [index, id] of ids.entries()) {
    const lines = (tails[index] ?? []).map(({ text }) => text);
    await run.write(`logs/${id}.log`, lastWhole(lines, BYTES));
  }
}

/** As text, the last lines that together have at most so many bytes; whole lines only. */
export function lastWhole(lines: readonly string[], most: number): string {
  let bytes = 0;
  let first = lines.length;
  while (first > 0) {
    bytes += Buffer.byteLength(lines[first - 1] ?? '') + 1;
    if (bytes > most) break;
    first -= 1;
  }
  return lines
    .slice(first)
    .map((line) => `${line}\n`)
    .join('');
}
