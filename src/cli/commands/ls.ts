/** `kvctl ls`: every cluster that was started here and not purged. */
import type { Command } from 'commander';
import { listClusters } from '../../cluster/status.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit.ts';
import { examples } from '../options.ts';

export function describe(command: Command): void {
  command.addHelpText('after', examples('kvctl ls', 'kvctl ls -o json'));
}

export async function run(context: Context): Promise<number> {
  const rows = await listClusters();
  const table = () => {
    if (rows.length === 0) return 'no cluster is known: start one with `kvctl up`';
    // Most people have but one kind: a column that says the same in every row says nothing.
    const isMixed = rows.some(({ target }) => target !== 'local');
    const cells = rows.map((row) => [
      row.name,
      ...(isMixed ? [row.target] : []),
      row.state,
      `${row.running} of ${row.nodes}${row.paused === 0 ? '' : `, ${row.paused} paused`}`,
      row.first_port === null ? null : `${row.first_port}-${row.last_port}`,
      row.store,
      row.created_at?.replace('T', ' ').slice(0, 16),
    ]);
    return context.out.table(['name', ...(isMixed ? ['target'] : []), 'state', 'running', 'ports', 'store', 'created (UTC)'], cells);
  };
  context.out.result({ table, json: { clusters: rows }, rows });
  return EXIT.ok;
}
