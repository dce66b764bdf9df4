/**
 * `kvctl promote NODE`: makes a node the leader of a new epoch. It looks first and refuses, while nothing was changed yet, what could lose acknowledged
 * writes; --force goes on, and the cluster remembers that for ever. What other nodes hold and the new leader's lineage has not, they roll back and keep.
 */
import { type Command, Option } from 'commander';
import type { PromoteAnswer } from '../../wire/api.ts';
import { KvctlError } from '../../wire/errors.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit.ts';
import { duration, examples, integer, option } from '../options.ts';
import { targetOf } from '../target.ts';

interface PromoteOptions {
  readonly dryRun?: boolean;
  readonly force?: boolean;
  readonly quorum?: number;
  readonly gather: 'all' | 'none';
  readonly waitTimeout: number;
}

const DEFAULT_WAIT_MS = 30_000;
/** Between the node's deadline and ours. */
const GRACE_MS = 2_000;

export function describe(command: Command): void {
  command
    .argument('<node>', 'the node that is to lead')
    .option('--dry-run', 'only look: who answers, and would anything be lost?')
    .option('--force', 'go on although acknowledged writes may be lost; never without a majority of all nodes')
    .addOption(option('--quorum <k>', 'write quorum of the new leader (default: the one in force)', integer(0)))
    .addOption(
      new Option('--gather <what>', 'none: lead with its own data only, whatever the others hold, for experiments; needs --force')
        .choices(['all', 'none'])
        .default('all'),
    )
    .addOption(option('--wait-timeout <duration>', 'how long the opening may take', duration).default(DEFAULT_WAIT_MS, '30s'))
    .addHelpText('after', examples('kvctl promote n3 --dry-run', 'kvctl promote n3', 'kvctl promote n3 --force --quorum 2'));
}

export async function run(context: Context, options: PromoteOptions, selector: string): Promise<number> {
  const { dryRun = false, force = false, gather, quorum, waitTimeout } = options;
  if (gather === 'none' && !force)
    throw new KvctlError('usage', 'expected --force with --gather none: the data of one node alone may lack acknowledged writes');
  const { client, node, cluster } = await targetOf(context, { selector, timeoutMs: waitTimeout + GRACE_MS });
  const wish = { dry_run: dryRun, force, gather, timeout_ms: waitTimeout, ...(quorum === undefined ? {} : { quorum }) };
  const answer = await context.out.step(`${dryRun ? 'looking around from' : 'promoting'} ${node.id}`, () => client.promote(node.url, wish));
  context.out.result({
    table: () => describeAnswer(answer, cluster.nodes.length, context.out.paint),
    json: answer,
    rows: [{ ...answer, responders: answer.responders.join(' '), missing: answer.missing.join(' ') }],
  });
  return EXIT.ok;
}

function describeAnswer(answer: PromoteAnswer, nodes: number, paint: Context['out']['paint']): string {
  const { node, dry_run: isDryRun, epoch, responders, missing, recovered, write_quorum: quorum } = answer;
  const lines = [
    paint('bold', isDryRun ? `${node} could lead epoch ${epoch}` : `${node} leads epoch ${epoch}, with a write quorum of ${quorum}`),
    `${responders.length} of ${nodes} nodes ${isDryRun ? 'answer' : 'promised it'}: ${responders.join(', ')}${missing.length === 0 ? '' : `; missing: ${missing.join(', ')}`}`,
    meaningOf(answer, nodes - 1),
  ];
  if (recovered > 0) lines.push(`${recovered} record${recovered === 1 ? '' : 's'} came from other nodes`);
  return lines.join('\n');
}

function meaningOf({ lossless_for_quorum: k, forced, k_min: kMin }: PromoteAnswer, followers: number): string {
  if (forced) return 'by force: acknowledged writes may be lost; `kvctl list --rolled-back --node NODE` shows what a node kept of them';
  if (k === 0) return 'nothing acknowledged is lost: the leader of the newest epoch is among them';
  return `nothing acknowledged with a quorum of ${k} or more is lost (N − R + 1; N = ${followers} followers, and the smallest quorum in use was ${kMin ?? k})`;
}
