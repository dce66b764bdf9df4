/**
 * The words of the command line as commander knows them: the global options, and every verb by name and summary. A verb's
 * own options are added when it is used (main.ts).
 */
import { Command, Help, Option } from 'commander';
import { parseName } from '../cluster/spec.ts';
import { type ColorMode, wantsColor } from './color.ts';
import { FORMATS, type Format } from './format.ts';
import { addRemoteOptions, type RemoteOptions } from './remote-options.ts';
import { VERBS } from './verbs.ts';
import { readVersion } from './version.ts';

export interface GlobalOptions extends RemoteOptions {
  readonly name: string;
  readonly output: Format;
  readonly color: ColorMode;
  readonly quiet?: boolean;
}

const INTRODUCTION = `\
kvctl runs a leader-follower key-value cluster on your own machine, lets you turn
its write quorum while it runs, and measures what that costs and what it buys.

To begin with:
  kvctl up                    start one leader and five followers, write quorum 3
  kvctl put greeting hello    write a key; kvctl get greeting reads it
  kvctl bench --quorums 1-5   measure every write quorum and write a report`;

/** A program whose errors are thrown, with nothing printed. */
export function createProgram(): Command {
  const program = new Command('kvctl')
    .description(INTRODUCTION)
    .usage('VERB [options] [arguments]')
    .version(readVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand(false)
    .addOption(nameOption());
  addRemoteOptions(program)
    .addOption(new Option('-o, --output <format>', 'how the result is printed').choices(FORMATS).default('table'))
    .addOption(new Option('--color <when>', 'colour the output').choices(['auto', 'always', 'never']).default('auto'))
    .option('-q, --quiet', 'no progress and no remarks on stderr')
    .configureHelp({ showGlobalOptions: true, formatHelp })
    .exitOverride();
  program.configureOutput({
    outputError: () => {},
    writeErr: () => {},
    getOutHasColors: () => wantsColor(program.opts<GlobalOptions>().color, process.stdout.isTTY === true, process.env),
  });
  for (const [name, verb] of Object.entries(VERBS)) {
    program.command(name).description(verb.summary).helpGroup(`${verb.group}:`);
  }
  return program;
}

/** The verb's own. Of those that the program has too, commander gives the program what was typed: the verb's parser gets it here. */
export function verbOptions(program: Command, verb: Command): object {
  const shared = verb.options.flatMap((option) => {
    const name = option.attributeName();
    if (program.getOptionValueSource(name) !== 'cli') return [];
    const typed = program.getOptionValue(name) as string;
    return [[name, option.parseArg === undefined ? typed : option.parseArg(typed, undefined)]];
  });
  return { ...verb.opts(), ...Object.fromEntries(shared) };
}

/** An empty KVCTL_NAME counts as none. */
function nameOption(): Option {
  const option = new Option('-n, --name <cluster>', 'the cluster').default('default').argParser(parseName);
  return process.env['KVCTL_NAME'] === '' ? option : option.env('KVCTL_NAME');
}

/** commander's, but the program's own page begins with what it is and has the verbs before the options. */
function formatHelp(command: Command, help: Help): string {
  if (command.parent !== null) return Help.prototype.formatHelp.call(help, command, help);
  const verbs = help.visibleCommands(command);
  const options = help.visibleOptions(command);
  const width = Math.max(...verbs.map((verb) => verb.name().length), ...options.map((option) => option.flags.length));
  const item = (term: string, description: string) => help.formatItem(term, width, description, help);
  const groups = [...help.groupItems(verbs, verbs, (verb) => verb.helpGroup())].flatMap(([heading, members]) =>
    help.formatItemList(
      heading,
      members.map((verb) => item(verb.name(), verb.description())),
      help,
    ),
  );
  const optionLines = help.formatItemList(
    'Options, the same for every verb:',
    options.map((option) => item(option.flags, help.optionDescription(option))),
    help,
  );
  return [
    INTRODUCTION,
    '',
    ...groups,
    ...optionLines,
    `Usage: ${help.commandUsage(command)}`,
    '       kvctl VERB --help says what a verb takes',
    '',
  ].join('\n');
}
