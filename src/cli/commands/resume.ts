/** `kvctl resume NODES`: lets paused processes run on (SIGCONT). */
import type { Command } from 'commander';
import { resume } from '../../cluster/faults.ts';
import { loadState } from '../../cluster/state.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit.ts';
import { faultResult } from '../fault-result.ts';
import { examples } from '../options.ts';
import { resolveSelectors } from '../selectors.ts';

export function describe(command: Command): void {
  command
    .argument('<nodes...>', 'names, comma lists, leader, followers or all')
    .addHelpText('after', examples('kvctl resume n3', 'kvctl resume all'));
}

export async function run(context: Context, _options: object, selectors: readonly string[]): Promise<number> {
  const name = context.clusterName;
  const ids = await resolveSelectors(loadState(name), selectors);
  const outcomes = await context.out.step(`resuming ${ids.join(', ')}`, () => resume(name, ids));
  context.out.result(faultResult(name, outcomes, null));
  return EXIT.ok;
}
