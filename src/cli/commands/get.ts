/** `kvctl get KEY`: prints the value and nothing else, a string without its quotes; the whole answer with -o json. */
import { type Command, Option } from 'commander';
import { visible } from '../../lib/text.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit.ts';
import { duration, examples, option } from '../options.ts';
import { targetOf } from '../target.ts';

interface GetOptions {
  readonly node: string;
  readonly read?: 'committed' | 'local';
  /** ms. */
  readonly timeout?: number;
}

export function describe(command: Command): void {
  const modes = 'committed: what its quorum holds, on the leader (the default there); local: what the node holds';
  command
    .argument('<key>', 'the key')
    .addOption(new Option('--node <node>', 'ask this node').default('leader'))
    .addOption(new Option('--read <mode>', modes).choices(['committed', 'local']))
    .addOption(option('--timeout <duration>', 'give up after so long, like 500ms or 2s', duration))
    .addHelpText('after', examples('kvctl get greeting', 'kvctl get greeting --node n4', 'kvctl get user:1 -o json'));
}

export async function run(context: Context, options: GetOptions, key: string): Promise<number> {
  const { client, node } = await targetOf(context, { selector: options.node, timeoutMs: options.timeout });
  const answer = await client.get(node.url, key, { read: options.read });
  const { value } = answer;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  // Into a pipe the value goes untouched; a terminal must not be driven by it.
  context.out.result({ table: () => (context.out.isTty ? visible(text, /[\n\t]/) : text), json: answer });
  return EXIT.ok;
}
