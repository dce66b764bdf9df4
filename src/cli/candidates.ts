/**
 * `kvctl __complete WORD…`: what a shell may offer for the last word, out of the table of verbs and what each declares. Asked
 * by the scripts of commands/completion.ts. What an option or argument stands for, its placeholder says: `<node>`,
 * `<nodes>`, `<cluster>`, `<scenario>`, `<dir>`, `<file>`.
 */
import type { Argument, Command, Option } from 'commander';
import { listNames, loadState } from '../cluster/state.ts';
import { createProgram } from './program.ts';
import { VERBS } from './verbs.ts';

export interface Candidate {
  readonly text: string;
  readonly description: string;
}

/** The last of `words` is the one to complete, perhaps empty. */
export async function candidatesFor(words: readonly string[]): Promise<Candidate[]> {
  const { before, current, prefix } = split(words);
  const program = createProgram();
  const verb = operands(before, program.options)[0];
  const command = verb === undefined ? program : await commandOf(program, verb);
  if (command === null) return [];

  const options = command === program ? program.options : [...command.options, ...program.options];
  const isPastOptions = before.includes('--');
  const awaiting = isPastOptions ? undefined : options.find((option) => isNamed(option, before.at(-1)) && takesValue(option));
  const position = operands(before, options).length - 1;
  const argument = command.registeredArguments[position] ?? command.registeredArguments.findLast(({ variadic }) => variadic);
  const found =
    awaiting !== undefined
      ? await valuesOf(awaiting, current, before)
      : current.startsWith('-') && !isPastOptions
        ? optionNames(options)
        : command === program
          ? verbNames()
          : argument === undefined
            ? []
            : await valuesOf(argument, current, before);
  return found.filter(({ text }) => text === FILES || text.startsWith(current)).map((found) => ({ ...found, text: prefix + found.text }));
}

/** For the script: let the shell complete file names. */
const FILES = ':files';

/** `--node=n` is taken apart, as bash has done already: there the `=` is a word and must not be repeated in the candidates. */
function split(words: readonly string[]) {
  const apart = words.flatMap((word, index) => {
    if (word === '=') return index === words.length - 1 ? [''] : [];
    const [, name, value] = /^(--[^=]+)=(.*)$/s.exec(word) ?? [];
    return name === undefined || value === undefined ? [word] : [name, value];
  });
  return { before: apart.slice(0, -1), current: apart.at(-1) ?? '', prefix: /^--[^=]+=/.exec(words.at(-1) ?? '')?.[0] ?? '' };
}

/** With its options; null if there is no such verb. */
async function commandOf(program: Command, name: string): Promise<Command | null> {
  const command = program.commands.find((candidate) => candidate.name() === name);
  if (command === undefined) return null;
  (await VERBS[name]!.load()).describe(command);
  return command;
}

/** The words that are neither options nor their values: the verb and its arguments. */
function operands(words: readonly string[], options: readonly Option[]): string[] {
  const found: string[] = [];
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index]!;
    if (word === '--') return [...found, ...words.slice(index + 1)];
    if (!word.startsWith('-') || word === '-') found.push(word);
    else if (options.some((option) => isNamed(option, word) && takesValue(option))) index += 1;
  }
  return found;
}

function isNamed(option: Option, word: string | undefined): boolean {
  return word !== undefined && (option.long === word || option.short === word);
}

function takesValue(option: Option): boolean {
  return option.required || option.optional;
}

async function valuesOf(of: Option | Argument, current: string, before: readonly string[]): Promise<Candidate[]> {
  if (of.argChoices !== undefined) return of.argChoices.map((text) => ({ text, description: '' }));
  const placeholder = 'flags' in of ? /[<[]([^>\]]+)[>\]]/.exec(of.flags)?.[1] : of.name();
  switch (placeholder) {
    case 'node':
      return nodeNames(before);
    case 'nodes': {
      const list = current.slice(0, current.lastIndexOf(',') + 1);
      return (await nodeNames(before)).map((node) => ({ ...node, text: list + node.text }));
    }
    case 'id=url':
      return (await nodes(before)).map(({ id, url }) => ({ text: `${id}=`, description: url }));
    case 'cluster':
      return quietly(() => listNames().map((text) => ({ text, description: 'cluster' })));
    case 'scenario': {
      const { scenarioNames } = await import('./run/scenario-files.ts');
      const names = quietly(() => scenarioNames().map((text) => ({ text, description: 'scenario' })));
      return names.some(({ text }) => text.startsWith(current)) ? names : [{ text: FILES, description: '' }];
    }
    case 'dir':
    case 'file':
      return [{ text: FILES, description: '' }];
    default:
      return [];
  }
}

async function nodeNames(before: readonly string[]): Promise<Candidate[]> {
  const found = await nodes(before);
  if (found.length === 0) return [];
  const groups = { leader: 'who leads now', followers: 'all that do not lead', all: 'every node' };
  return [
    ...found.map(({ id, url }) => ({ text: id, description: url })),
    ...Object.entries(groups).map(([text, description]) => ({ text, description })),
  ];
}

/** Of the cluster that the words before the cursor select; a node elsewhere is asked. */
async function nodes(before: readonly string[]): Promise<readonly { readonly id: string; readonly url: string }[]> {
  const name = valueAfter(before, ['-n', '--name']);
  const leader = valueAfter(before, ['--leader']) ?? (name === null ? process.env['KVCTL_LEADER'] || null : null);
  try {
    if (leader === null) return loadState(name ?? (process.env['KVCTL_NAME'] || 'default')).nodes;
    const { discover } = await import('../cluster/remote.ts');
    return (await discover({ url: leader, token: null, nodeUrls: new Map() })).nodes;
  } catch {
    return [];
  }
}

function verbNames(): Candidate[] {
  return Object.entries(VERBS).map(([text, { summary }]) => ({ text, description: summary }));
}

function optionNames(options: readonly Option[]): Candidate[] {
  return options.filter(({ hidden, long }) => !hidden && long !== undefined).map(({ long, description }) => ({ text: long!, description }));
}

function valueAfter(words: readonly string[], names: readonly string[]): string | null {
  const at = words.findLastIndex((word) => names.includes(word));
  return at === -1 ? null : (words[at + 1] ?? null);
}

/** At a Tab nobody wants to read why there is no such cluster. */
function quietly(names: () => Candidate[]): Candidate[] {
  try {
    return names();
  } catch {
    return [];
  }
}
