/** `kvctl doctor`: is this machine fit for a cluster, and for measuring one? Exit code 1 if `up` cannot work. */
import type { Command } from 'commander';
import { type Check, examine } from '../../cluster/doctor.ts';
import type { Style } from '../color.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit.ts';
import { examples } from '../options.ts';

const STYLES: Readonly<Record<Check['verdict'], Style>> = { ok: 'green', warn: 'yellow', fail: 'red' };

export function describe(command: Command): void {
  command.addHelpText('after', examples('kvctl doctor', 'kvctl doctor -o json'));
}

export async function run(context: Context): Promise<number> {
  const { out } = context;
  const checks = await out.step('looking at this machine', () => examine());
  const lines = checks.flatMap(({ id, verdict, found, advice }) => [
    `${out.paint(STYLES[verdict], verdict.padEnd(4))}  ${id}: ${found}`,
    ...(advice === null ? [] : [`      ${advice}`]),
  ]);
  out.result({ table: () => lines.join('\n'), json: { checks }, rows: checks });
  return checks.some(({ verdict }) => verdict === 'fail') ? EXIT.error : EXIT.ok;
}
