/**
 * `kvctl parity`: every replica compared with the leader, by digests where these prove enough, else key by key; with --full
 * always so. Looking once, a replica that is merely behind is no fault; with --wait all have to be level in time.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { adviceFor } from '../../cluster/remote.ts';
import { compareDigests, compareReplicas } from '../../experiment/parity.ts';
import { visible } from '../../lib/text.ts';
import type { ParityReason, ParityRow } from '../../measure/result.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit.ts';
import { duration, option } from '../options.ts';
import { type Target, targetOf } from '../target.ts';

interface ParityOptions {
  /** ms. */
  readonly wait?: number;
  readonly full?: boolean;
}

/** Between two looks; a look costs every node a scan of its data, so it gets longer while there is nothing to see. */
const FIRST_PAUSE_MS = 50;
const LAST_PAUSE_MS = 1000;
/** The table for people shows so many keys of a node; the JSON document has more. */
const SHOWN_REASONS = 5;

export function describe(command: Command): void {
  command
    .addOption(option('--wait <duration>', 'until all replicas are level, at most so long, like 20s', duration))
    .option('--full', 'read every row of every node, and see what was changed on disk behind a node, too')
    .addHelpText(
      'after',
      `
Exit codes: 0 no fault found (with --wait: all level), 3 a replica is wrong (with --wait: or still behind), 1 one is unreachable.
missing, stale, extra, corrupt: keys that a replica lacks, holds too old, holds though the leader does not, holds with another value.
Why a key differs: lag, which is no fault; lost-update (the replica claims to have it), corruption (another value of the same version),
phantom (a version that the leader never wrote).
Nodes keep a digest of what they hold. Where it shows that a replica is level, no row of it is read, unless --full asks for it.`,
    );
}

export async function run(context: Context, options: ParityOptions): Promise<number> {
  const target = await targetOf(context);
  const isFull = options.full ?? false;
  const rows =
    options.wait === undefined
      ? await look(target, isFull)
      : await context.out.step('waiting until all replicas are level', () =>
          lookUntilLevel(target, isFull, options.wait ?? 0, context.signal),
        );
  const away = rows.filter(({ status }) => status === 'unreachable').map(({ node }) => node);
  if (target.cluster.target === 'remote' && away.length > 0)
    context.out.note(`${away.join(', ')} cannot be reached from here: ${adviceFor(away)}`);
  for (const node of new Set(rows.flatMap(({ altered }) => altered)))
    context.out.warn(
      `the rows of ${node} do not fit the digest that it keeps of them: they were changed on disk behind the node. ` +
        'Restore its data from a copy, or purge it and let it catch up from the others',
    );
  context.out.result({
    table: () => show(context, rows),
    json: { parity: rows },
    rows: context.out.format === 'ndjson' ? rows : rows.map(({ reasons, ...row }) => row),
  });
  return exitCodeOf(rows, options.wait !== undefined);
}

async function lookUntilLevel(target: Target, isFull: boolean, waitMs: number, signal: AbortSignal): Promise<ParityRow[]> {
  const deadlineMs = performance.now() + waitMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LAST_PAUSE_MS)) {
    const rows = await look(target, isFull);
    const leftMs = deadlineMs - performance.now();
    if (leftMs <= 0 || rows.every(({ status }) => status === 'match')) return rows;
    await delay(Math.min(pauseMs, leftMs), undefined, { signal });
  }
}

function look({ cluster, client, node: leader }: Target, isFull: boolean): Promise<ParityRow[]> {
  const compare = isFull ? compareReplicas : compareDigests;
  return compare(client, { leader, followers: cluster.nodes.filter(({ id }) => id !== leader.id) });
}

function exitCodeOf(rows: readonly ParityRow[], mustBeLevel: boolean): number {
  const has = (status: ParityRow['status']) => rows.some((row) => row.status === status);
  if (has('mismatch')) return EXIT.violation;
  if (has('unreachable')) return EXIT.error;
  return mustBeLevel && has('lag') ? EXIT.violation : EXIT.ok;
}

function show(context: Context, rows: readonly ParityRow[]): string {
  const style = { match: 'green', lag: 'yellow', mismatch: 'red', unreachable: 'red' } as const;
  const replicas = context.out.table(
    ['node', 'status', 'by', '>missing', '>stale', '>extra', '>corrupt', 'keys'],
    rows.map((row) => {
      const counts = row.status === 'unreachable' ? [null, null, null, null] : [row.missing, row.stale, row.extra, row.corrupt];
      const keys = row.keys.map((key) => visible(key)).join(' ');
      return [row.node, context.out.paint(style[row.status], row.status), row.compared_by, ...counts, keys];
    }),
  );
  const reasons = rows.flatMap(({ node, reasons }) => reasons.slice(0, SHOWN_REASONS).map((reason) => ({ node, ...reason })));
  return reasons.length === 0 ? replicas : `${replicas}\n\n${showReasons(context, reasons)}`;
}

function showReasons(context: Context, reasons: readonly (ParityReason & { readonly node: string })[]): string {
  return context.out.table(
    ['node', 'key', 'reason', 'leader has', 'replica has'],
    reasons.map(({ node, key, reason, leader, replica }) => {
      const word = context.out.paint(reason === 'lag' ? 'yellow' : 'red', reason);
      return [node, visible(key), word, leader, replica];
    }),
  );
}
