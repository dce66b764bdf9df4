/** `kvctl put KEY VALUE`: one write, acknowledged as the quorum demands. */
import { text as readAll } from 'node:stream/consumers';
import type { Command } from 'commander';
import { visible } from '../../lib/text.ts';
import type { Context } from '../context.ts';
import { addWriteOptions, durability, type WriteVerbOptions, writeOnce } from '../data-options.ts';
import { EXIT } from '../exit.ts';
import { examples } from '../options.ts';
import { targetOf } from '../target.ts';

interface PutOptions extends WriteVerbOptions {
  readonly string?: boolean;
}

export function describe(command: Command): void {
  command
    .argument('<key>', 'any text of 1 to 1,024 bytes')
    .argument('<value>', 'JSON if it parses as JSON, else a string; - reads it from stdin')
    .option('--string', 'the value is a string, whatever it looks like');
  addWriteOptions(command).addHelpText(
    'after',
    examples(
      'kvctl put greeting hello',
      'kvctl put user:1 \'{"name":"Ada"}\'',
      'kvctl put zip 01234 --string',
      'kvctl put notes - < notes.txt',
    ),
  );
}

export async function run(context: Context, options: PutOptions, key: string, value: string): Promise<number> {
  const { client, node } = await targetOf(context, { selector: options.node });
  const valueText = jsonText(value === '-' ? await readStdin(context) : value, options.string ?? false);
  const answer = await writeOnce(context, options, (each) => client.put(node.url, key, valueText, each));
  context.out.result({ table: () => `${visible(key)}: written, ${durability(answer)}`, json: answer });
  return EXIT.ok;
}

/** Text that is JSON travels as it is. */
function jsonText(text: string, isString: boolean): string {
  if (isString) return JSON.stringify(text);
  try {
    JSON.parse(text);
    return text;
  } catch {
    return JSON.stringify(text);
  }
}

/** One line feed at the end is the pipe's, not the value's, as in a shell's `$(…)`. */
async function readStdin(context: Context): Promise<string> {
  if (context.stdin.isTTY) context.out.note('reading the value from stdin; end it with Ctrl-D');
  return (await readAll(context.stdin)).replace(/\r?\n$/, '');
}
