/**
 * `kvctl network`: the simulated network as the leader has it, shown or changed. Every node has such a table; the leader's is
 * the one that delays and loses replication. It ends with the leader's process: a restart begins with what `up` was given.
 */
import type { Command } from 'commander';
import { resolveNodes } from '../../cluster/status.ts';
import { type DelayPlan, formatDelays, parseDelays } from '../../lib/delay-plan.ts';
import type { NetworkAnswer, NetworkRequest } from '../../wire/api.ts';
import { KvctlError } from '../../wire/errors.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit.ts';
import { examples, integer, option, share } from '../options.ts';
import { type Target, targetOf } from '../target.ts';

interface NetworkOptions {
  readonly delay?: DelayPlan;
  readonly loss?: number;
  readonly seed?: number;
  /** Selector. */
  readonly node?: string;
}

type Settings = NonNullable<NetworkRequest['nodes']>;

export function describe(command: Command): void {
  command
    .addOption(option('--delay <delay>', 'delay of replication in ms: 0-1000, 50, lognormal:20,0.5, or by node n2=5-10;n3=50', parseDelays))
    .addOption(option('--loss <share>', 'share of the records that get lost, 0 to 1', share))
    .option('--node <nodes>', 'for these followers only, like n2,n3')
    .addOption(option('--seed <n>', 'draw delays and losses anew from this seed', integer(0)))
    .addHelpText('after', examples('kvctl network', 'kvctl network --delay 0-200', 'kvctl network --node n2 --delay 500 --loss 0.1'));
}

export async function run(context: Context, options: NetworkOptions): Promise<number> {
  const target = await targetOf(context);
  const { client, node } = target;
  const before = await client.network(node.url);
  const selected = await selectedFollowers(target, options.node, Object.keys(before.nodes));
  const change = changeOf(options, selected);
  if (change === null) {
    context.out.result({ table: () => show(context, before, selected), json: { leader: node.id, ...before }, rows: rowsOf(before) });
    return EXIT.ok;
  }
  const after = await client.setNetwork(node.url, change);
  context.out.result({
    table: () => differences(before, after).join('\n') || 'nothing changed: the network is like that already',
    json: { leader: node.id, ...after, previous: { seed: before.seed, nodes: before.nodes } },
    rows: rowsOf(after),
  });
  return EXIT.ok;
}

async function selectedFollowers(target: Target, selector: string | undefined, followers: readonly string[]): Promise<readonly string[]> {
  if (selector === undefined) return followers;
  const ids = await resolveNodes(target.cluster, selector);
  const selected = ids.filter((id) => followers.includes(id));
  if (selected.length > 0) return selected;
  throw new KvctlError(
    'usage',
    `--node: expected followers (${followers.join(', ')}), got ${selector}; nothing is replicated to the leader`,
  );
}

/** null if nothing is to change. */
function changeOf(options: NetworkOptions, selected: readonly string[]): NetworkRequest | null {
  const { delay, loss, seed } = options;
  if (delay !== undefined && delay.perNode.size > 0 && options.node !== undefined) {
    throw new KvctlError(
      'usage',
      `expected nodes in --delay or in --node, got both: --delay ${formatDelays(delay)} --node ${options.node}`,
    );
  }
  const nodes: Settings = {};
  const set = (id: string, setting: Settings[string]) => {
    nodes[id] = { ...nodes[id], ...setting };
  };
  for (const id of selected) {
    if (loss !== undefined) set(id, { loss });
    if (delay?.all) set(id, { delay: formatDelays({ all: delay.all, perNode: new Map() }) });
  }
  for (const [id, own] of delay?.perNode ?? []) set(id, { delay: formatDelays({ all: own, perNode: new Map() }) });
  const hasSettings = Object.keys(nodes).length > 0;
  if (seed === undefined && !hasSettings) return null;
  return { ...(seed === undefined ? {} : { seed }), ...(hasSettings ? { nodes } : {}) };
}

function show(context: Context, network: NetworkAnswer, selected: readonly string[]): string {
  const rows = rowsOf(network).filter(({ node }) => selected.includes(node));
  const table = context.out.table(
    ['node', '>delay ms', '>loss', 'link'],
    rows.map((row) => [row.node, row.delay, row.loss, linkCell(context, row)]),
  );
  return `${table}\nseed ${network.seed}, ${network.writes_since_seed} writes drawn from it`;
}

function linkCell({ out }: Context, { is_partitioned: isPartitioned, one_way: oneWay }: NetworkAnswer['nodes'][string]): string {
  if (!isPartitioned && oneWay === null) return 'open';
  return out.paint('red', isPartitioned ? 'partitioned' : oneWay === 'in' ? 'nothing comes in' : 'nothing goes out');
}

function differences(before: NetworkAnswer, after: NetworkAnswer): string[] {
  const lines = before.seed === after.seed ? [] : [`seed ${before.seed} → ${after.seed}`];
  if (lines.length === 0 && after.writes_since_seed < before.writes_since_seed) lines.push(`seed ${after.seed}, begun anew`);
  for (const [id, now] of Object.entries(after.nodes)) {
    const then = before.nodes[id];
    if (then?.delay !== now.delay) lines.push(`${id}: delay ${then?.delay ?? 'none'} → ${now.delay} ms`);
    if (then?.loss !== now.loss) lines.push(`${id}: loss ${then?.loss ?? 0} → ${now.loss}`);
  }
  return lines;
}

function rowsOf(network: NetworkAnswer) {
  return Object.entries(network.nodes).map(([node, setting]) => ({ node, ...setting }));
}
