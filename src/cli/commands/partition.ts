/** `kvctl partition A B …`: nodes of different groups cannot reach each other any more; clients reach all of them. */
import type { Command } from 'commander';
import { disconnect, partition } from '../../cluster/faults.ts';
import { nameOption } from '../../cluster/ground.ts';
import { loadState } from '../../cluster/state.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit.ts';
import { faultResult, partitionResult } from '../fault-result.ts';
import { examples } from '../options.ts';
import { resolveGroups, resolveSelectors } from '../selectors.ts';

interface PartitionOptions {
  readonly disconnect?: boolean;
}

export function describe(command: Command): void {
  command
    .argument('<nodes...>', 'groups: a name, a comma list, leader or followers; one group alone is cut from all the others')
    .option('--disconnect', 'take the containers of these nodes off their network instead: clients do not reach them either')
    .addHelpText(
      'after',
      examples(
        'kvctl partition n3',
        'kvctl partition leader n3',
        'kvctl partition n1,n2 n3,n4,n5,n6',
        'kvctl partition n3 --disconnect   (with --target compose)',
      ),
    );
}

export async function run(context: Context, options: PartitionOptions, selectors: readonly string[]): Promise<number> {
  const name = context.clusterName;
  const undo = `undo: \`kvctl heal${nameOption(name)}\``;
  if (options.disconnect) {
    const ids = await resolveSelectors(loadState(name), selectors);
    const outcomes = await context.out.step(`taking ${ids.join(', ')} off the network`, () => disconnect(name, ids));
    context.out.result(faultResult(name, outcomes, undo));
    return EXIT.ok;
  }
  const groups = await resolveGroups(loadState(name), selectors);
  const outcome = await context.out.step(`cutting ${selectors.join(' from ')}`, () => partition(name, groups));
  context.out.result(partitionResult(name, outcome, true, undo));
  return EXIT.ok;
}
