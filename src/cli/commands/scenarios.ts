/** `kvctl scenarios`: what comes with kvctl, and what each of them shows. */
import { dirname } from 'node:path';
import type { Command } from 'commander';
import { oneLine } from '../../lib/text.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit.ts';
import { examples } from '../options.ts';
import { readScenario, SCENARIO_SCHEMA, scenarioNames } from '../run/scenario-files.ts';

export function describe(command: Command): void {
  command.addHelpText('after', examples('kvctl scenarios', 'kvctl run lab-2', 'kvctl run lab-2 --dry-run'));
}

export async function run({ out }: Context): Promise<number> {
  const rows = scenarioNames().map((name) => {
    const { scenario, file } = readScenario(name);
    return { name, why: oneLine(scenario.why), target: scenario.target, steps: scenario.steps.length, file };
  });
  // A terminal breaks long lines where it likes; words are better broken by us.
  const table = () => rows.map(({ name, why }) => `${out.paint('bold', name)}\n${wrap(why, out.width - 2)}`).join('\n\n');
  out.result({ table, json: { schema: SCENARIO_SCHEMA, scenarios: rows }, rows });
  out.note(`\nfor one of your own copy one of ${dirname(SCENARIO_SCHEMA)}, and let its first line name ${SCENARIO_SCHEMA} to your editor`);
  return EXIT.ok;
}

function wrap(text: string, width: number): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.map((line) => `  ${line}`).join('\n');
}
