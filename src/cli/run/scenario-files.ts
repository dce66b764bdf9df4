/** Where scenario files are: those that come with the package, by name, and the user's own, by path. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { packageRoot } from '#entry';
import { type LoadedScenario, loadScenario } from '../../scenario/loader.ts';
import { KvctlError } from '../../wire/errors.ts';

const DIRECTORY = 'scenarios';
/** For editors: completes and checks the user's own files too. */
export const SCENARIO_SCHEMA = join(packageRoot, DIRECTORY, 'scenario.schema.json');
const ENDING = /\.ya?ml$/;

export interface ScenarioFile extends LoadedScenario {
  readonly file: string;
}

/** Names of the shipped scenarios, sorted. */
export function scenarioNames(): string[] {
  return readdirSync(join(packageRoot, DIRECTORY))
    .filter((file) => ENDING.test(file))
    .map((file) => file.replace(ENDING, ''))
    .sort();
}

/**
 * A shipped scenario by its name, or a file by its path (what has a separator or ends in .yaml). `overrides` as in `--set`. Throws `invalid_scenario`
 * with a line per mistake, `usage` for a name that there is not, `io` for a file that cannot be read.
 */
export function readScenario(nameOrPath: string, overrides: readonly string[] = []): ScenarioFile {
  const isPath = nameOrPath.includes(sep) || nameOrPath.includes('/') || ENDING.test(nameOrPath);
  const names = scenarioNames();
  if (!isPath && !names.includes(nameOrPath)) {
    throw new KvctlError(
      'usage',
      `expected a scenario among ${names.join(', ')}, or the path of a file, got ${JSON.stringify(nameOrPath)}; \`kvctl scenarios\` says what they show`,
    );
  }
  const file = isPath ? nameOrPath : join(packageRoot, DIRECTORY, `${nameOrPath}.yaml`);
  const loaded = loadScenario(readText(file), overrides);
  if (!loaded.ok) throw new KvctlError('invalid_scenario', inFile(file, loaded.message), { file });
  return { file, ...loaded.value };
}

/** Every line of a message with the file in front, as compilers do; what `--set` is to blame for is not in the file. */
export function inFile(file: string, message: string): string {
  return message
    .split('\n')
    .map((line) => (line.startsWith('--set: ') ? line : `${file}: ${line}`))
    .join('\n');
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new KvctlError(
      'io',
      `expected a scenario file at ${file}, got ${code}: \`kvctl scenarios\` lists those that come with kvctl`,
      {},
      error,
    );
  }
}
