/** `kvctl del KEY`: one deletion; it takes a version whether or not the key exists. */
import type { Command } from 'commander';
import { visible } from '../../lib/text.ts';
import type { Context } from '../context.ts';
import { addWriteOptions, durability, type WriteVerbOptions, writeOnce } from '../data-options.ts';
import { EXIT } from '../exit.ts';
import { targetOf } from '../target.ts';

export function describe(command: Command): void {
  addWriteOptions(command.argument('<key>', 'the key'));
}

export async function run(context: Context, options: WriteVerbOptions, key: string): Promise<number> {
  const { client, node } = await targetOf(context, { selector: options.node });
  const answer = await writeOnce(context, options, (each) => client.del(node.url, key, each));
  const outcome = answer.existed ? 'deleted' : 'had no value; deleted all the same';
  context.out.result({ table: () => `${visible(key)}: ${outcome}, ${durability(answer)}`, json: answer });
  return EXIT.ok;
}
