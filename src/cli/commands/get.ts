/** `kvctl get KEY`: prints the value and nothing else, a string without its quotes; the whole answer with -o json. */
import { type Command, Option } from 'commander';
import { fail, ok, type Result } from '../../lib/result.ts';
import { visible } from '../../lib/text.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit.ts';
import { duration, examples, option } from '../options.ts';
import { targetOf } from '../target.ts';

interface GetOptions {
  readonly node: string;
  readonly read?: 'committed' | 'local' | 'linearizable';
  readonly minVersion?: string;
  /** ms. */
  readonly timeout?: number;
}

export function describe(command: Command): void {
  const modes =
    'committed: what its quorum holds, on the leader (the default there); local: what the node holds; linearizable: committed, after a majority confirmed that the leader still leads';
  command
    .argument('<key>', 'the key')
    .addOption(new Option('--node <node>', 'ask this node').default('leader'))
    .addOption(new Option('--read <mode>', modes).choices(['committed', 'local', 'linearizable']))
    .addOption(option('--min-version <version>', 'wait until the node holds this version, which a write returned', writtenVersion))
    .addOption(option('--timeout <duration>', 'give up after so long, like 500ms or 2s', duration))
    .addHelpText(
      'after',
      examples(
        'kvctl get greeting',
        'kvctl get greeting --node n4',
        'kvctl get greeting --node n4 --min-version 1.7',
        'kvctl get user:1 -o json',
      ),
    );
}

function writtenVersion(text: string): Result<string> {
  return /^\d{1,16}\.\d{1,16}$/.test(text) ? ok(text) : fail(`expected a version like 1.42, got ${JSON.stringify(text)}`);
}

export async function run(context: Context, options: GetOptions, key: string): Promise<number> {
  const { client, node } = await targetOf(context, { selector: options.node, timeoutMs: options.timeout });
  const { read, minVersion, timeout } = options;
  const answer = await client.get(node.url, key, { read, minVersion, timeoutMs: minVersion === undefined ? undefined : timeout });
  const { value } = answer;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  // Into a pipe the value goes untouched; a terminal must not be driven by it.
  context.out.result({ table: () => (context.out.isTty ? visible(text, /[\n\t]/) : text), json: answer });
  return EXIT.ok;
}
