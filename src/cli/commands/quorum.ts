/**
 * `kvctl quorum [K]`: the write quorum of a running cluster, shown or set, with what it is called elsewhere and how many
 * followers a promotion will need so that nothing acknowledged under it is lost.
 */
import type { Command } from 'commander';
import { equivalentsOf } from '../../report/equivalents.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit.ts';
import { examples, integer, parsedBy } from '../options.ts';
import { targetOf } from '../target.ts';

interface QuorumOptions {
  readonly force?: boolean;
}

export function describe(command: Command): void {
  command
    .argument('[k]', 'follower acks that a write needs from now on, the leader not counted', parsedBy(integer(0)))
    .option('--force', 'lower it even if no majority can be told; a later promotion may then lose writes')
    .addHelpText('after', examples('kvctl quorum', 'kvctl quorum 5', 'kvctl quorum 0'));
}

export async function run(context: Context, options: QuorumOptions, k: number | undefined): Promise<number> {
  const { cluster, client, node } = await targetOf(context);
  const { write_quorum, previous } =
    k === undefined ? await client.quorum(node.url) : await client.setQuorum(node.url, k, options.force ? { force: true } : {});
  const followers = cluster.nodes.length - 1;
  const promotion = promotionOf(write_quorum, followers);
  const equivalents = equivalentsOf(write_quorum, followers);
  const change = k === undefined ? `quorum ${write_quorum}` : previous === k ? `quorum ${k}, as before` : `quorum ${previous} → ${k}`;
  context.out.result({
    table: () =>
      [
        `${context.out.paint('bold', change)}: ${meaningOf(write_quorum, followers)}`,
        sentenceOf(promotion, write_quorum, followers),
        '',
        'the same setting elsewhere:',
        ...equivalents.flatMap(({ system, setting, note }) => [
          `  ${system.padEnd(12)}${setting}`,
          context.out.paint('dim', `${' '.repeat(14)}${note}`),
        ]),
      ].join('\n'),
    json: { write_quorum, previous, followers, ...promotion, equivalents },
    rows: [{ write_quorum, previous, followers, ...promotion }],
  });
  return EXIT.ok;
}

/** SPEC 6: it always needs a majority of all nodes, and is lossless with N - k + 1 followers. null: no number of them is enough. */
export function promotionOf(k: number, followers: number) {
  const majority = Math.floor((followers + 1) / 2) + 1;
  const needed = Math.max(followers - k + 1, majority);
  return { majority, lossless_promotion_needs: needed <= followers ? needed : null };
}

function meaningOf(k: number, followers: number): string {
  if (k === 0) return `a write is acknowledged once the leader holds it; its ${followers} followers get it afterwards`;
  return `a write is acknowledged once the leader and ${k} of ${followers} followers hold it`;
}

function sentenceOf(promotion: ReturnType<typeof promotionOf>, k: number, followers: number): string {
  const { majority, lossless_promotion_needs: needed } = promotion;
  const rule = `N−k+1 = ${followers - k + 1}, and a majority is ${majority} of ${followers + 1} nodes`;
  if (needed === null) return `if the leader is lost, no promotion is sure to keep every such write (${rule})`;
  return `if the leader is lost, a promotion keeps every such write once ${needed} of ${followers} followers answer (${rule})`;
}
