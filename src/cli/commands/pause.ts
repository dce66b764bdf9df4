/** `kvctl pause NODES`: freezes processes where they are (SIGSTOP). Their connections stay open, which is what makes it nastier than a crash. */
import type { Command } from 'commander';
import { pause } from '../../cluster/faults.ts';
import { nameOption } from '../../cluster/ground.ts';
import { loadState } from '../../cluster/state.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit.ts';
import { faultResult } from '../fault-result.ts';
import { examples } from '../options.ts';
import { resolveSelectors } from '../selectors.ts';

export function describe(command: Command): void {
  command
    .argument('<nodes...>', 'names, comma lists, leader, followers or all')
    .addHelpText('after', examples('kvctl pause n3', 'kvctl pause followers'));
}

export async function run(context: Context, _options: object, selectors: readonly string[]): Promise<number> {
  const name = context.clusterName;
  const ids = await resolveSelectors(loadState(name), selectors);
  const outcomes = await context.out.step(`pausing ${ids.join(', ')}`, () => pause(name, ids));
  context.out.result(faultResult(name, outcomes, `let run on: \`kvctl resume${nameOption(name)} ${ids.join(',')}\``));
  return EXIT.ok;
}
