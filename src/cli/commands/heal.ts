/** `kvctl heal [A B …]`: undoes partitions, all of them or those between the groups, `--disconnect` too. Delays and loss stay as they are. */
import type { Command } from 'commander';
import { heal } from '../../cluster/faults.ts';
import { nameOption } from '../../cluster/ground.ts';
import { loadState } from '../../cluster/state.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit.ts';
import { partitionResult } from '../fault-result.ts';
import { examples } from '../options.ts';
import { resolveGroups } from '../selectors.ts';

export function describe(command: Command): void {
  command
    .argument('[nodes...]', 'groups as for partition (default: every pair)')
    .addHelpText('after', examples('kvctl heal', 'kvctl heal leader n3'));
}

export async function run(context: Context, _options: object, selectors: readonly string[]): Promise<number> {
  const name = context.clusterName;
  const groups = await resolveGroups(loadState(name), selectors);
  const outcome = await context.out.step('healing partitions', () => heal(name, groups));
  if (outcome.unreached.length > 0) {
    const ids = outcome.unreached.join(',');
    context.out.warn(`${ids}: paused, so it keeps its own side: \`kvctl resume${nameOption(name)} ${ids}\`, then heal again`);
  }
  context.out.result(partitionResult(name, outcome, false, null));
  return EXIT.ok;
}
