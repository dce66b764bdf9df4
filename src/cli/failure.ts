/**
 * What a thrown thing means to the person at the keyboard: a message, an exit code, and the usage line if the command line
 * itself was wrong. Stacks are for those who set KVCTL_DEBUG.
 */
import { type Command, CommanderError } from 'commander';
import { KvctlError } from '../wire/errors.ts';
import { EXIT } from './exit.ts';

export interface Failure {
  readonly exitCode: number;
  /** null: there is nothing to say (help was printed, or the reader of stdout went away). */
  readonly error: KvctlError | null;
}

/** `command` is the one whose words were parsed, or whose verb ran; `isRemote`: on a cluster that --leader named. */
export function explain(thrown: unknown, command: Command, isRemote = false): Failure {
  if (thrown instanceof CommanderError) {
    if (thrown.exitCode === 0) return { exitCode: EXIT.ok, error: null };
    return { exitCode: EXIT.usage, error: new KvctlError('usage', `${parseMessage(thrown, command)}\n${usageOf(command)}`, {}, thrown) };
  }
  if (thrown instanceof KvctlError) {
    if (thrown.code === 'unauthorized' && isRemote) return { exitCode: thrown.exitCode, error: withTokenAdvice(thrown) };
    if (thrown.code !== 'usage') return { exitCode: thrown.exitCode, error: thrown };
    return { exitCode: EXIT.usage, error: new KvctlError('usage', `${thrown.message}\n${usageOf(command)}`, thrown.detail, thrown) };
  }
  // Only `context.signal` aborts: at Ctrl-C (main has the exit code) or because nobody reads stdout any more.
  if (thrown instanceof Error && thrown.name === 'AbortError') return { exitCode: EXIT.ok, error: null };
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const advice = 'this is a bug in kvctl: please report it with what KVCTL_DEBUG=1 prints';
  return { exitCode: EXIT.error, error: new KvctlError('internal', `unexpected error: ${message}\n${advice}`, {}, thrown) };
}

/** The node cannot know where kvctl has the token from. */
function withTokenAdvice(error: KvctlError): KvctlError {
  const advice = 'give the token of that cluster in a file, --token-file FILE, or in KVCTL_TOKEN';
  return new KvctlError('unauthorized', `${error.message}\n${advice}`, error.detail, error);
}

/** What KVCTL_DEBUG adds. */
export function stackOf(error: KvctlError): string {
  const causes: string[] = [];
  for (let at: unknown = error; at instanceof Error; at = at.cause) causes.push(at.stack ?? at.message);
  return causes.join('\ncaused by: ');
}

/** commander's sentence, on one line, with our word for commands and with what it expected and got. */
function parseMessage(thrown: CommanderError, command: Command): string {
  switch (thrown.code) {
    case 'commander.help':
      return 'expected a verb, got none; `kvctl --help` lists them';
    case 'commander.missingArgument':
      return `expected ${argumentsOf(command)}, got ${command.args.length === 0 ? 'nothing' : command.args.map((arg) => JSON.stringify(arg)).join(' ')}`;
    default:
      return thrown.message
        .replace(/^error: /, '')
        .replace(/^unknown command/, 'unknown verb')
        .replaceAll('\n', ' ');
  }
}

function argumentsOf(command: Command): string {
  const help = command.createHelp();
  return command.registeredArguments.map((argument) => `<${help.argumentTerm(argument)}>`).join(' ');
}

function usageOf(command: Command): string {
  const path = command.parent === null ? command.name() : `${command.parent.name()} ${command.name()}`;
  return `usage: ${command.createHelp().commandUsage(command)}\nhelp:  ${path} --help`;
}
