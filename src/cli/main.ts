/**
 * The command line. How a verb is written: verbs.ts. What it is given: context.ts and output.ts.
 */
import type { Command } from 'commander';
import type { Context } from './context.ts';
import { EXIT } from './exit.ts';
import { explain, stackOf } from './failure.ts';
import { Interrupts } from './interrupts.ts';
import { createProgram, type GlobalOptions, verbOptions } from './program.ts';
import { remoteWish } from './remote-options.ts';
import { VERBS } from './verbs.ts';

/** Runs one command line, without `node` and `kvctl` at its front, and answers the exit code. Throws nothing. */
export async function main(args: readonly string[]): Promise<number> {
  const interrupts = new Interrupts((text) => process.stderr.write(`${text}\n`));
  surviveClosedPipes(() => interrupts.stopWriting());
  const program = createProgram();
  let command = program;
  let context: Context | undefined;
  let exitCode: number = EXIT.ok;

  program.hook('preSubcommand', async (_program, chosen) => {
    const verb = VERBS[chosen.name()]!;
    const { describe, run } = await verb.load();
    command = chosen;
    describe(chosen);
    chosen.action(async () => {
      context = await createContext(program, chosen, interrupts);
      interrupts.isGraceful = verb.cleansUp ?? false;
      exitCode = await run(context, verbOptions(program, chosen) as never, ...(chosen.processedArgs as never[]));
    });
  });

  try {
    if (args[0] === '__complete') await printCandidates(args.slice(1));
    else await program.parseAsync(withHelp(args), { from: 'user' });
  } catch (thrown) {
    const failure = explain(thrown, command, context?.remote != null);
    if (failure.error !== null) {
      if (context === undefined) process.stderr.write(`kvctl: ${failure.error.message}\n`);
      else context.out.failure(failure.error);
      if (process.env['KVCTL_DEBUG']) process.stderr.write(`${stackOf(failure.error)}\n`);
    }
    exitCode = failure.exitCode;
  }
  return interrupts.isInterrupted ? EXIT.interrupted : exitCode;
}

/** `kvctl` alone, `kvctl help` and `kvctl help VERB` ask for help too. */
function withHelp(args: readonly string[]): string[] {
  if (args.length === 0) return ['--help'];
  return args[0] === 'help' ? [...args.slice(1), '--help'] : [...args];
}

/** For the scripts of `kvctl completion`: a candidate per line, a tab, and what it is. */
async function printCandidates(words: readonly string[]): Promise<void> {
  const { candidatesFor } = await import('./candidates.ts');
  const lines = (await candidatesFor(words)).map(({ text, description }) => `${text}\t${description}\n`);
  process.stdout.write(lines.join(''));
}

/** Output is loaded here, not above, because help does without it. */
async function createContext(program: Command, chosen: Command, interrupts: Interrupts): Promise<Context> {
  const { Output } = await import('./output.ts');
  const globals = program.opts<GlobalOptions>();
  const options = { format: globals.output, color: globals.color, isQuiet: globals.quiet ?? false };
  const out = new Output(options, process);
  return {
    clusterName: globals.name,
    remote: remoteWish(program, chosen, VERBS[chosen.name()]!),
    out,
    signal: interrupts.signal,
    stdin: process.stdin,
  };
}

/** `kvctl list | head -1`: a reader that has seen enough is no error, and what is still written goes nowhere. A full disk is one. */
function surviveClosedPipes(onClosed: () => void): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return onClosed();
    process.stderr.write(`kvctl: expected to write the result to stdout, got ${error.message}\n`);
    process.exit(EXIT.error);
  });
  process.stderr.on('error', () => {});
}
