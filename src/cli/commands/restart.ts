/** `kvctl restart [NODES]`: stops what runs of them, and starts them with the same data, port and environment. */
import type { Command } from 'commander';
import { DEFAULT_WAIT_MS, restart } from '../../cluster/cluster.ts';
import { loadState } from '../../cluster/state.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit.ts';
import { duration, examples, option } from '../options.ts';
import { resolveSelectors } from '../selectors.ts';

interface RestartOptions {
  readonly waitTimeout?: number;
}

export function describe(command: Command): void {
  command
    .argument('[nodes...]', 'names, comma lists, leader, followers or all (default: all)')
    .addOption(option('--wait-timeout <duration>', `how long they may take to be ready (default: ${DEFAULT_WAIT_MS / 1000}s)`, duration))
    .addHelpText('after', examples('kvctl restart n3', 'kvctl restart followers', 'kvctl restart'));
}

export async function run(context: Context, options: RestartOptions, selectors: readonly string[]): Promise<number> {
  const name = context.clusterName;
  const ids = await resolveSelectors(loadState(name), selectors.length === 0 ? ['all'] : selectors);
  const state = await context.out.step(`restarting ${ids.join(', ')}`, (progress) =>
    restart(name, ids, { waitTimeoutMs: options.waitTimeout, signal: context.signal, onStep: progress.detail }),
  );
  const rows = state.nodes.filter(({ id }) => ids.includes(id)).map(({ id, url, pid }) => ({ node: id, url, pid }));
  const table = () => rows.map(({ node, url, pid }) => `${node} runs again at ${url}${pid === null ? '' : ` (pid ${pid})`}`).join('\n');
  context.out.result({ table, json: { name, nodes: rows }, rows });
  return EXIT.ok;
}
