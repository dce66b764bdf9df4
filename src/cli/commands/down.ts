/** `kvctl down`: ends a cluster's processes; nothing there to end is no error. */
import type { Command } from 'commander';
import { down } from '../../cluster/cluster.ts';
import { nameOption } from '../../cluster/ground.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit.ts';
import { examples } from '../options.ts';

interface DownOptions {
  readonly purge?: boolean;
}

export function describe(command: Command): void {
  command
    .option('--purge', 'remove its data and logs too')
    .addHelpText('after', examples('kvctl down', 'kvctl down --purge', 'kvctl down -n two'));
}

/** Ctrl-C ends only the waiting for another command: half of a `down` is what nobody wants, and it takes 15 s at most. */
export async function run(context: Context, options: DownOptions): Promise<number> {
  const name = context.clusterName;
  const outcome = await context.out.step(`stopping cluster "${name}"`, (progress) =>
    down(name, { purge: options.purge ?? false, signal: context.signal, onStep: progress.detail }),
  );
  const json = { name, was_known: outcome.wasKnown, ended: outcome.ended, is_purged: outcome.isPurged };
  context.out.result({ table: () => sentence(name, outcome), json });
  return EXIT.ok;
}

function sentence(name: string, { ended, isPurged, wasKnown }: Awaited<ReturnType<typeof down>>): string {
  if (!wasKnown) return `no cluster "${name}" is known: nothing to stop${isPurged ? '; what was left of it is removed' : ''}`;
  const stopped = ended.length === 0 ? `cluster "${name}" was stopped already` : `cluster "${name}" is stopped (${ended.join(', ')})`;
  const data = isPurged
    ? 'its data is removed'
    : `its data stays: \`kvctl up${nameOption(name)}\` goes on with it, \`kvctl down${nameOption(name)} --purge\` removes it`;
  return `${stopped}; ${data}`;
}
