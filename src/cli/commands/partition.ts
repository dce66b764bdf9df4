/** `kvctl partition A B …`: nodes of different groups cannot reach each other any more; clients reach all of them. */
import type { Command } from 'commander';
import { partition } from '../../cluster/faults.ts';
import { nameOption } from '../../cluster/ground.ts';
import { loadState } from '../../cluster/state.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit.ts';
import { partitionResult } from '../fault-result.ts';
import { examples } from '../options.ts';
import { resolveGroups } from '../selectors.ts';

export function describe(command: Command): void {
  command
    .argument('<nodes...>', 'groups: a name, a comma list, leader or followers; one group alone is cut from all the others')
    .addHelpText('after', examples('kvctl partition n3', 'kvctl partition leader n3', 'kvctl partition n1,n2 n3,n4,n5,n6'));
}

export async function run(context: Context, _options: object, selectors: readonly string[]): Promise<number> {
  const name = context.clusterName;
  const groups = await resolveGroups(loadState(name), selectors);
  const outcome = await context.out.step(`cutting ${selectors.join(' from ')}`, () => partition(name, groups));
  context.out.result(partitionResult(name, outcome, true, `undo: \`kvctl heal${nameOption(name)}\``));
  return EXIT.ok;
}
