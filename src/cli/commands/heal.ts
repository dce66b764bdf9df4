/** `kvctl heal [A B …]`: undoes partitions, all of them or those between the groups, `--disconnect` too. Delays and loss stay as they are. */
import type { Command } from 'commander';
import { heal } from '../../cluster/faults.ts';
import { adviceFor, optionOf } from '../../cluster/remote.ts';
import { setRemotePartition } from '../../cluster/remote-partition.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit.ts';
import { partitionResult } from '../fault-result.ts';
import { examples } from '../options.ts';
import { resolveGroups } from '../selectors.ts';
import { clusterOf } from '../target.ts';

export function describe(command: Command): void {
  command
    .argument('[nodes...]', 'groups as for partition (default: every pair)')
    .addHelpText('after', examples('kvctl heal', 'kvctl heal leader n3'));
}

export async function run(context: Context, _options: object, selectors: readonly string[]): Promise<number> {
  const name = context.clusterName;
  const cluster = await clusterOf(context);
  const groups = await resolveGroups(cluster, selectors);
  const outcome = await context.out.step('healing partitions', () =>
    cluster.target === 'remote' ? setRemotePartition(cluster, groups, 'open') : heal(name, groups),
  );
  if (outcome.unreached.length > 0) {
    const ids = outcome.unreached.join(',');
    const why =
      cluster.target === 'remote' ? `out of reach: ${adviceFor(outcome.unreached)}` : `paused: \`kvctl resume${optionOf(cluster)} ${ids}\``;
    context.out.warn(`${ids} keeps its own side, because it is ${why}; then heal again`);
  }
  context.out.result(partitionResult(cluster.name, outcome, 'open', null));
  return EXIT.ok;
}
