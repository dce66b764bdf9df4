/** `kvctl partition A B …`: nodes of different groups cannot reach each other any more; clients reach all of them. */
import type { Command } from 'commander';
import { disconnect, partition } from '../../cluster/faults.ts';
import { optionOf } from '../../cluster/remote.ts';
import { setRemotePartition } from '../../cluster/remote-partition.ts';
import { loadState } from '../../cluster/state.ts';
import { KvctlError } from '../../wire/errors.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit.ts';
import { faultResult, partitionResult } from '../fault-result.ts';
import { examples } from '../options.ts';
import { resolveGroups, resolveSelectors } from '../selectors.ts';
import { clusterOf } from '../target.ts';

interface PartitionOptions {
  readonly disconnect?: boolean;
  readonly oneWay?: boolean;
}

export function describe(command: Command): void {
  command
    .argument('<nodes...>', 'groups: a name, a comma list, leader or followers; one group alone is cut from all the others')
    .option('--disconnect', 'take the containers of these nodes off their network instead: clients do not reach them either')
    .option('--one-way', 'lose only what the first group sends to the other one; what the other sends arrives')
    .addHelpText(
      'after',
      examples(
        'kvctl partition n3',
        'kvctl partition leader n3',
        'kvctl partition n1,n2 n3,n4,n5,n6',
        'kvctl partition n3 leader --one-way   (writes reach n3, its acks are lost)',
        'kvctl partition n3 --disconnect   (with --target compose)',
      ),
    );
}

export async function run(context: Context, options: PartitionOptions, selectors: readonly string[]): Promise<number> {
  const name = context.clusterName;
  if (options.oneWay) mustBeOneWay(options, selectors);
  if (options.disconnect) {
    if (context.remote !== null)
      throw new KvctlError('usage', '--disconnect: expected a cluster of this machine, got --leader: its containers are not ours');
    const state = loadState(name);
    const ids = await resolveSelectors(state, selectors);
    const outcomes = await context.out.step(`taking ${ids.join(', ')} off the network`, () => disconnect(name, ids));
    context.out.result(faultResult(name, outcomes, `undo: \`kvctl heal${optionOf(state)}\``));
    return EXIT.ok;
  }
  const cluster = await clusterOf(context);
  const groups = await resolveGroups(cluster, selectors);
  const change = options.oneWay ? 'one-way' : 'cut';
  const outcome = await context.out.step(`cutting ${selectors.join(' from ')}`, () =>
    cluster.target === 'remote' ? setRemotePartition(cluster, groups, change) : partition(name, groups, { change }),
  );
  if (cluster.target === 'remote' && outcome.unreached.length > 0)
    context.out.note(`${outcome.unreached.join(', ')}: out of reach, so only the other side is cut`);
  context.out.result(partitionResult(cluster.name, outcome, change, `undo: \`kvctl heal${optionOf(cluster)}\``));
  return EXIT.ok;
}

/** Throws `usage`. */
function mustBeOneWay({ disconnect: isDisconnecting }: PartitionOptions, selectors: readonly string[]): void {
  if (isDisconnecting)
    throw new KvctlError('usage', 'expected --one-way or --disconnect, got both: a cable that is pulled is so both ways');
  if (selectors.length <= 2) return;
  const message = `--one-way: expected one group (to the rest) or two (from the first to the second), got ${selectors.length}`;
  throw new KvctlError('usage', message);
}
