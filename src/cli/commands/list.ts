/** `kvctl list [PREFIX]`: keys in the order of their UTF-8 bytes, all of them unless --limit says otherwise. */
import { type Command, Option } from 'commander';
import type { ListAnswer, RolledBackItem } from '../../wire/api.ts';
import { KvctlError } from '../../wire/errors.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit.ts';
import { examples, integer, option } from '../options.ts';
import { type Target, targetOf } from '../target.ts';

interface ListOptions {
  readonly node: string;
  readonly after?: string;
  readonly limit?: number;
  readonly rolledBack?: boolean;
}

/** Rows per call: the most that a node gives. */
const PAGE = 1000;

export function describe(command: Command): void {
  command
    .argument('[prefix]', 'only keys that begin with this')
    .addOption(new Option('--node <node>', 'ask this node; a follower lists what it holds').default('leader'))
    .option('--after <key>', 'only keys after this one')
    .addOption(option('--limit <n>', 'at most so many keys', integer(1)))
    .option('--rolled-back', 'instead, what this node had to give up when it joined a newer leader')
    .addHelpText('after', examples('kvctl list', 'kvctl list user: --limit 20', 'kvctl list --rolled-back --node n1'));
}

export async function run(context: Context, options: ListOptions, prefix: string | undefined): Promise<number> {
  const target = await targetOf(context, { selector: options.node });
  if (options.rolledBack) return listRolledBack(context, target, options, prefix);
  const { items, next } = await collect(target, options, prefix, context.signal);
  if (next !== null) context.out.note(`there are more keys: kvctl list --after ${JSON.stringify(next)}`);
  context.out.result({
    table: () =>
      context.out.table(
        ['key', 'value', 'version'],
        items.map((item) => [item.key, shorten(JSON.stringify(item.value), widthOf(context)), item.version]),
      ),
    json: { items, next },
    rows: items,
  });
  return EXIT.ok;
}

async function listRolledBack(context: Context, { client, node }: Target, options: ListOptions, prefix = ''): Promise<number> {
  if (options.after !== undefined)
    throw new KvctlError('usage', '--after: expected no such option with --rolled-back, which lists the oldest first');
  const items: RolledBackItem[] = [];
  for await (const item of client.rolledBack(node.url)) {
    context.signal.throwIfAborted();
    if (item.key.startsWith(prefix)) items.push(item);
    if (items.length === options.limit) break;
  }
  context.out.result({
    table: () =>
      items.length === 0
        ? `${node.id} rolled nothing back`
        : context.out.table(
            ['key', 'value', 'version', 'instead'],
            items.map((item) => [
              item.key,
              'value' in item ? shorten(JSON.stringify(item.value), widthOf(context)) : '(deleted)',
              item.version,
              item.instead ?? '-',
            ]),
          ),
    json: { node: node.id, items },
    rows: items,
  });
  return EXIT.ok;
}

function widthOf({ out }: Context): number | null {
  return out.isTty ? out.width : null;
}

async function collect(
  { client, node }: Target,
  options: ListOptions,
  prefix: string | undefined,
  signal: AbortSignal,
): Promise<ListAnswer> {
  const items: ListAnswer['items'] = [];
  const limit = options.limit ?? Number.POSITIVE_INFINITY;
  let after: string | null | undefined = options.after;
  do {
    signal.throwIfAborted();
    const page: ListAnswer = await client.list(node.url, {
      prefix,
      after,
      limit: Math.min(PAGE, limit - items.length),
    });
    items.push(...page.items);
    after = page.next;
  } while (after !== null && items.length < limit);
  return { items, next: after };
}

/** On a terminal a long value must not break the table: half the width is for it. */
function shorten(text: string, width: number | null): string {
  const most = width === null ? Number.POSITIVE_INFINITY : Math.max(20, Math.floor(width / 2));
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}
