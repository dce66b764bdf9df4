/** What the verbs that describe a cluster share: the same options in the same words. */
import { type Command, InvalidArgumentError } from 'commander';
import { DEFAULT_DELAY, DEFAULT_FOLLOWERS, DEFAULT_SEED } from '../cluster/spec.ts';
import { integer, option } from './options.ts';

export interface SpecOptions {
  readonly followers?: number;
  readonly quorum?: number;
  readonly delay?: string;
  readonly store?: string;
  readonly seed?: number;
  readonly set?: Readonly<Record<string, string>>;
}

export function addSpecOptions(command: Command): Command {
  return command
    .addOption(option('--followers <n>', `followers beside the leader (default: ${DEFAULT_FOLLOWERS})`, integer(0)))
    .addOption(option('--quorum <k>', 'follower acks that a write needs (default: 3, or all if there are fewer)', integer(0)))
    .option(
      '--delay <delays>',
      `simulated delay of replication in ms: 0-1000, 50, lognormal:20,0.5, n2=5;n3=50 (default: ${DEFAULT_DELAY})`,
    )
    .option('--store <kind>', 'sqlite keeps data on disk, memory only while a node runs (default: sqlite)')
    .addOption(option('--seed <n>', `seed of the simulated network (default: ${DEFAULT_SEED})`, integer(0)))
    .option('--set <variable=value>', 'a setting of the nodes, e.g. BATCH_MAX=1 or LOG_LEVEL=debug; may be repeated', collect);
}

/** `A=1` added to what earlier occurrences of the option gave. */
function collect(text: string, before: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const equals = text.indexOf('=');
  if (equals < 1) throw new InvalidArgumentError(`expected VARIABLE=value, got ${JSON.stringify(text)}`);
  return { ...before, [text.slice(0, equals)]: text.slice(equals + 1) };
}
