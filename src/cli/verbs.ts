/**
 * The verbs of the command line, and how one is written.
 *
 * A verb is a row of VERBS and a file `commands/<verb>.ts`, which is loaded only when somebody uses that verb: `kvctl --help`
 * reads this table and nothing else. The file exports two functions:
 *
 *   export function describe(command: Command): void {
 *     command
 *       .argument('<key>', 'the key')                                       // untrusted text becomes a typed value here:
 *       .addOption(option('--timeout <duration>', 'wait so long', duration)) // options.ts has the parsers
 *       .addHelpText('after', examples('kvctl put greeting hello'));
 *   }
 *
 *   interface PutOptions { timeout?: number }                               // what the parsers above make
 *
 *   export async function run(context: Context, options: PutOptions, key: string): Promise<number> {
 *     ...
 *     context.out.result({ table: () => 'quorum 3 → 5', json: { write_quorum: 5, previous: 3 } });
 *     return EXIT.ok;
 *   }
 *
 * Rules. `run` gets the arguments in the order of `describe` (a variadic one as an array, an absent one as undefined) and
 * answers the exit code; what went wrong is thrown as a KvctlError, and main turns it into one message and its exit code:
 * a verb never writes to process.stdout or stderr and never exits by itself. The result goes to `context.out.result`, once;
 * remarks to `out.note`; what takes longer than a blink is an `out.step`. A verb that mutates prints old → new.
 * Short and long forms of the global options (-n -o -q -h -V, --name --leader --token-file --node-url --output --color --quiet
 * --help --version) are taken; a verb that declares one of them all the same (`check` has a --leader of its own) gets its value.
 * The placeholders `<node>`, `<nodes>`, `<cluster>` and `<scenario>` (of options and arguments) are completed with the names in question.
 *
 * Ctrl-C ends a verb at once with exit code 105, unless its row says `cleansUp`: then the first one only aborts
 * `context.signal`, the verb puts everything back and returns or throws, and a second one ends it at once.
 * `signal` also aborts when stdout was closed by its reader, so whoever prints without end looks at it in any case.
 */
import type { Command } from 'commander';
import type { Context } from './context.ts';

export interface Verb {
  /** One line for the list of verbs, and the first line of the verb's own help. */
  readonly summary: string;
  readonly group: string;
  /** True if being interrupted half-way would leave something behind. */
  readonly cleansUp?: boolean;
  /** True if it works on processes and files of this machine: such a verb refuses --leader. */
  readonly isLocal?: boolean;
  readonly load: () => Promise<VerbModule>;
}

export interface VerbModule {
  describe(command: Command): void;
  /** Each file types its own options and arguments: they are what its `describe` made commander parse. */
  run(context: Context, options: never, ...args: never[]): Promise<number>;
}

const LIFE = 'Cluster';
const DATA = 'Data';
const MEASURE = 'Quorum and measurement';
const FAULTS = 'Faults';
const JUDGE = 'Judging';
const HELP = 'Help';

const CLEANS_UP = { cleansUp: true } as const;
const LOCAL = { isLocal: true } as const;
const LOCAL_CLEANS_UP = { ...LOCAL, ...CLEANS_UP };

export const VERBS: Readonly<Record<string, Verb>> = {
  up: verb(LIFE, 'start a cluster: one leader and its followers', () => import('./commands/up.ts'), LOCAL_CLEANS_UP),
  down: verb(LIFE, 'stop a cluster; its data stays, unless --purge', () => import('./commands/down.ts'), LOCAL_CLEANS_UP),
  restart: verb(LIFE, 'start what is dead again, with the same data', () => import('./commands/restart.ts'), LOCAL_CLEANS_UP),
  ls: verb(LIFE, 'list the clusters of this machine', () => import('./commands/ls.ts'), LOCAL),
  status: verb(LIFE, 'show roles, versions and lag of every node', () => import('./commands/status.ts')),
  logs: verb(LIFE, 'show what the nodes logged', () => import('./commands/logs.ts'), LOCAL),
  manifest: verb(LIFE, 'print a cluster for Docker Swarm or Kubernetes', () => import('./commands/manifest.ts')),
  promote: verb(LIFE, 'make another node the leader', () => import('./commands/promote.ts')),

  put: verb(DATA, 'write a key', () => import('./commands/put.ts')),
  get: verb(DATA, 'read a key', () => import('./commands/get.ts')),
  del: verb(DATA, 'delete a key', () => import('./commands/del.ts')),
  list: verb(DATA, 'list keys and values', () => import('./commands/list.ts')),

  bench: verb(MEASURE, 'measure what each write quorum costs', () => import('./commands/bench.ts'), CLEANS_UP),
  run: verb(MEASURE, 'run a scenario file and judge what it shows', () => import('./commands/run.ts'), LOCAL_CLEANS_UP),
  scenarios: verb(MEASURE, 'list the scenarios that come with kvctl', () => import('./commands/scenarios.ts')),
  report: verb(MEASURE, 'draw the report of a run again, offline', () => import('./commands/report.ts')),
  compare: verb(MEASURE, 'compare two runs: better, worse or inconclusive', () => import('./commands/compare.ts')),
  quorum: verb(MEASURE, 'show or set the write quorum', () => import('./commands/quorum.ts')),
  network: verb(MEASURE, 'show or set the simulated network', () => import('./commands/network.ts')),
  parity: verb(MEASURE, 'compare every replica with the leader', () => import('./commands/parity.ts')),

  check: verb(JUDGE, "grade somebody else's implementation from outside", () => import('./commands/check.ts'), CLEANS_UP),
  'check-history': verb(JUDGE, 'judge a recorded history: is it linearizable?', () => import('./commands/check-history.ts')),
  chaos: verb(JUDGE, 'break a cluster under load and judge what clients saw', () => import('./commands/chaos.ts'), LOCAL_CLEANS_UP),
  sim: verb(JUDGE, 'run the protocol under faults on a virtual clock, and judge it', () => import('./commands/sim.ts'), LOCAL_CLEANS_UP),

  kill: verb(FAULTS, 'kill nodes (SIGKILL)', () => import('./commands/kill.ts'), LOCAL),
  pause: verb(FAULTS, 'freeze nodes (SIGSTOP)', () => import('./commands/pause.ts'), LOCAL),
  resume: verb(FAULTS, 'let frozen nodes run on (SIGCONT)', () => import('./commands/resume.ts'), LOCAL),
  partition: verb(FAULTS, 'cut the network between nodes', () => import('./commands/partition.ts')),
  heal: verb(FAULTS, 'undo partitions', () => import('./commands/heal.ts')),

  doctor: verb(HELP, 'check whether this machine is fit for a cluster', () => import('./commands/doctor.ts')),
  completion: verb(HELP, 'print the completion script for bash, zsh or fish', () => import('./commands/completion.ts')),
};

function verb(group: string, summary: string, load: Verb['load'], more: Pick<Verb, 'cleansUp' | 'isLocal'> = {}): Verb {
  return { group, summary, load, ...more };
}
