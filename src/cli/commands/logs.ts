/** `kvctl logs [NODES]`: what the nodes logged, merged by time. */
import type { Command } from 'commander';
import { driverOf } from '../../cluster/drivers.ts';
import { type LogLine, mergeLogLines, ndjsonLogLine, renderLogLine } from '../../cluster/log-lines.ts';
import { loadState } from '../../cluster/state.ts';
import { visible } from '../../lib/text.ts';
import { KvctlError } from '../../wire/errors.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit.ts';
import { examples, integer, option } from '../options.ts';
import { resolveSelectors } from '../selectors.ts';

interface LogsOptions {
  readonly follow?: boolean;
  readonly lines?: number;
}

const DEFAULT_LINES = 20;

export function describe(command: Command): void {
  command
    .argument('[nodes...]', 'names, comma lists, leader, followers or all (default: all)')
    .option('-f, --follow', 'go on until Ctrl-C')
    .addOption(option('--lines <n>', `so many last lines of each node (default: ${DEFAULT_LINES})`, integer(0)))
    .addHelpText('after', examples('kvctl logs', 'kvctl logs n1 --lines 100', 'kvctl logs -f', 'kvctl logs -f -o ndjson | jq .msg'));
}

export async function run(context: Context, options: LogsOptions, selectors: readonly string[]): Promise<number> {
  const isStream = context.out.format === 'table' || context.out.format === 'ndjson';
  if (options.follow && !isStream) throw new KvctlError('usage', `--follow: expected -o table or -o ndjson, got ${context.out.format}`);
  const state = loadState(context.clusterName);
  const ids = await resolveSelectors(state, selectors.length === 0 ? ['all'] : selectors);
  const view = await driverOf(state).logs(state, ids, options.lines ?? DEFAULT_LINES);
  const lines = mergeLogLines(view.tails);
  if (isStream) print(context, lines);
  else {
    const rows = lines.map((line) => JSON.parse(ndjsonLogLine(line)) as object);
    context.out.result({ table: () => '', json: { lines: rows }, rows });
  }
  if (options.follow) await view.follow((lines) => print(context, lines), context.signal);
  return EXIT.ok;
}

function print({ out }: Context, lines: readonly LogLine[]): void {
  for (const line of lines) out.line(out.format === 'ndjson' ? ndjsonLogLine(line) : visible(renderLogLine(line), /[\n\t]/));
}
