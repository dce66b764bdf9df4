/** `kvctl kill NODES`: the processes end at once, as in a crash; their data stays. */
import type { Command } from 'commander';
import { KILL_SIGNALS, type KillSignal, kill } from '../../cluster/faults.ts';
import { nameOption } from '../../cluster/ground.ts';
import { loadState } from '../../cluster/state.ts';
import { fail, ok, type Result } from '../../lib/result.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit.ts';
import { faultResult } from '../fault-result.ts';
import { examples, option } from '../options.ts';
import { resolveSelectors } from '../selectors.ts';

interface KillOptions {
  readonly signal?: KillSignal;
}

export function describe(command: Command): void {
  command
    .argument('<nodes...>', 'names, comma lists, leader, followers or all')
    .addOption(option('-s, --signal <name>', 'send this instead of SIGKILL: TERM lets a node finish what is in flight', parseSignal))
    .addHelpText('after', examples('kvctl kill n3', 'kvctl kill leader', 'kvctl kill n2 n3 -s TERM'));
}

export async function run(context: Context, options: KillOptions, selectors: readonly string[]): Promise<number> {
  const name = context.clusterName;
  const ids = await resolveSelectors(loadState(name), selectors);
  const signal = options.signal ?? 'SIGKILL';
  const outcomes = await context.out.step(`killing ${ids.join(', ')} (${signal})`, () => kill(name, ids, signal));
  context.out.result(faultResult(name, outcomes, `start again: \`kvctl restart${nameOption(name)} ${ids.join(',')}\``));
  return EXIT.ok;
}

/** `TERM`, `term` and `SIGTERM` are one. */
function parseSignal(text: string): Result<KillSignal> {
  const upper = text.toUpperCase();
  const found = KILL_SIGNALS.find((signal) => signal === upper || signal === `SIG${upper}`);
  return found === undefined ? fail(`expected one of ${KILL_SIGNALS.join(', ')}, got ${JSON.stringify(text)}`) : ok(found);
}
