/**
 * `kvctl parity`: every replica compared with the leader, key by key. Looking once, a replica that is merely behind is no
 * fault; with --wait all have to be level in time.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { adviceFor } from '../../cluster/remote.ts';
import { compareReplicas } from '../../experiment/parity.ts';
import { visible } from '../../lib/text.ts';
import type { ParityRow } from '../../measure/result.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit.ts';
import { duration, option } from '../options.ts';
import { type Target, targetOf } from '../target.ts';

interface ParityOptions {
  /** ms. */
  readonly wait?: number;
}

/** Between two looks; a look costs every node a scan of its data, so it gets longer while there is nothing to see. */
const FIRST_PAUSE_MS = 50;
const LAST_PAUSE_MS = 1000;
export function describe(command: Command): void {
  command.addOption(option('--wait <duration>', 'until all replicas are level, at most so long, like 20s', duration)).addHelpText(
    'after',
    `
Exit codes: 0 no fault found (with --wait: all level), 3 a replica is wrong (with --wait: or still behind), 1 one is unreachable.
missing, stale, extra, corrupt: keys that a replica lacks, holds too old, holds though the leader does not, holds with another value.`,
  );
}

export async function run(context: Context, options: ParityOptions): Promise<number> {
  const target = await targetOf(context);
  const rows =
    options.wait === undefined
      ? await look(target)
      : await context.out.step('waiting until all replicas are level', () => lookUntilLevel(target, options.wait ?? 0, context.signal));
  const away = rows.filter(({ status }) => status === 'unreachable').map(({ node }) => node);
  if (target.cluster.target === 'remote' && away.length > 0)
    context.out.note(`${away.join(', ')} cannot be reached from here: ${adviceFor(away)}`);
  context.out.result({ table: () => show(context, rows), json: { parity: rows }, rows });
  return exitCodeOf(rows, options.wait !== undefined);
}

async function lookUntilLevel(target: Target, waitMs: number, signal: AbortSignal): Promise<ParityRow[]> {
  const deadlineMs = performance.now() + waitMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LAST_PAUSE_MS)) {
    const rows = await look(target);
    const leftMs = deadlineMs - performance.now();
    if (leftMs <= 0 || rows.every(({ status }) => status === 'match')) return rows;
    await delay(Math.min(pauseMs, leftMs), undefined, { signal });
  }
}

function look({ cluster, client, node: leader }: Target): Promise<ParityRow[]> {
  return compareReplicas(client, { leader, followers: cluster.nodes.filter(({ id }) => id !== leader.id) });
}

function exitCodeOf(rows: readonly ParityRow[], mustBeLevel: boolean): number {
  const has = (status: ParityRow['status']) => rows.some((row) => row.status === status);
  if (has('mismatch')) return EXIT.violation;
  if (has('unreachable')) return EXIT.error;
  return mustBeLevel && has('lag') ? EXIT.violation : EXIT.ok;
}

function show(context: Context, rows: readonly ParityRow[]): string {
  const style = { match: 'green', lag: 'yellow', mismatch: 'red', unreachable: 'red' } as const;
  return context.out.table(
    ['node', 'status', '>missing', '>stale', '>extra', '>corrupt', 'keys'],
    rows.map((row) => {
      const counts = row.status === 'unreachable' ? [null, null, null, null] : [row.missing, row.stale, row.extra, row.corrupt];
      return [row.node, context.out.paint(style[row.status], row.status), ...counts, row.keys.map((key) => visible(key)).join(' ')];
    }),
  );
}
