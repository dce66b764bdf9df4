/** `kvctl up`: starts a cluster and returns when it is of use. */
import { type Command, Option } from 'commander';
import { DEFAULT_WAIT_MS, type UpOutcome, up } from '../../cluster/cluster.ts';
import { driverOf } from '../../cluster/drivers.ts';
import { isRunning, nameOption, planUp } from '../../cluster/ground.ts';
import { clusterPaths } from '../../cluster/home.ts';
import { maskToken, renderPlan } from '../../cluster/plan.ts';
import { type ClusterSpec, DEFAULT_BASE_PORT, parseSpec, TARGETS } from '../../cluster/spec.ts';
import { readState } from '../../cluster/state.ts';
import { formatMs } from '../../lib/units.ts';
import { addSpecOptions, type SpecOptions } from '../cluster-options.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit.ts';
import { duration, examples, integer, option } from '../options.ts';

interface UpOptions extends SpecOptions {
  readonly port?: number;
  readonly target?: string;
  readonly waitTimeout?: number;
  readonly dryRun?: boolean;
}

export function describe(command: Command): void {
  addSpecOptions(command)
    .addOption(option('--port <port>', `port of n1; the others follow (default: ${DEFAULT_BASE_PORT}, or the next free ones)`, integer(0)))
    .addOption(new Option('--target <kind>', 'where the nodes run: processes, or containers (default: local)').choices(TARGETS))
    .addOption(
      option('--wait-timeout <duration>', `how long the nodes may take to be ready (default: ${DEFAULT_WAIT_MS / 1000}s)`, duration),
    )
    .option('--dry-run', 'print nodes, ports and environment, and start nothing')
    .addHelpText(
      'after',
      examples(
        'kvctl up',
        'kvctl up --delay 0-200',
        'kvctl up -n two --followers 3 --quorum 1 --port 9000',
        'kvctl up --target compose',
        'kvctl up --dry-run',
      ),
    );
}

export async function run(context: Context, options: UpOptions): Promise<number> {
  const spec = parseSpec({ ...options, name: context.clusterName, settings: options.set });
  if (options.dryRun) {
    const plan = await planUp(spec);
    context.out.result({ table: () => renderPlan(plan), json: maskToken(plan), rows: maskToken(plan).nodes });
    return EXIT.ok;
  }
  await prepare(context, spec);
  const startMs = performance.now();
  const outcome = await context.out.step(`starting cluster "${spec.name}": ${describeSpec(spec)}`, (progress) =>
    up(spec, { waitTimeoutMs: options.waitTimeout, signal: context.signal, onStep: progress.detail }),
  );
  const { state } = outcome;
  const nodes = state.nodes.map(({ id, role, url, pid, data_dir, log }) => ({ node: id, role, url, pid, data_dir, log }));
  const json = {
    name: state.name,
    target: state.target,
    is_already_running: outcome.isAlreadyRunning,
    stopped: outcome.stopped,
    paused: outcome.paused,
    data_root: state.data_root,
    nodes,
  };
  const tookMs = performance.now() - startMs;
  context.out.result({ table: () => describeOutcome(context, spec, outcome, tookMs), json, rows: nodes });
  return EXIT.ok;
}

/** In a step of its own: the image of containers may take minutes to make, and no part of them is the nodes' start. */
async function prepare({ out, signal }: Context, spec: ClusterSpec): Promise<void> {
  if (spec.target === 'local') return;
  const standing = readState(clusterPaths(spec.name));
  if (standing !== null && (await isRunning(standing))) return;
  await out.step('making the image of a node, if there is none', ({ detail }) => driverOf(spec).prepare({ signal, onStep: detail }));
}

function describeOutcome(
  context: Context,
  spec: ClusterSpec,
  { state, isAlreadyRunning, stopped, paused }: UpOutcome,
  tookMs: number,
): string {
  const { paint } = context.out;
  const name = nameOption(state.name);
  const head = isAlreadyRunning ? 'is already running' : `is ready after ${formatMs(tookMs)}`;
  const faults = [
    ...(stopped.length === 0 ? [] : [`but ${stopped.join(', ')} stopped: start with \`kvctl restart${name} ${stopped.join(',')}\``]),
    ...(paused.length === 0 ? [] : [`but ${paused.join(', ')} paused: let run on with \`kvctl resume${name} ${paused.join(',')}\``]),
  ];
  return [
    paint('bold', `cluster "${state.name}" ${head}: ${describeSpec(spec)}`),
    ...faults.map((line) => paint('yellow', line)),
    '',
    ...state.nodes.map(({ id, role, url }) => `  ${id.padEnd(4)} ${role.padEnd(9)} ${url}`),
    `  data ${describeData(spec, state)}`,
    '',
    'next:',
    `  kvctl put${name} greeting hello`,
    `  kvctl status${name}`,
    `  kvctl bench${name} --quorums ${spec.followers > 1 ? `1-${spec.followers}` : spec.followers}`,
    `stop: kvctl down${name}   (its data stays; --purge removes it)`,
  ].join('\n');
}

function describeSpec(spec: ClusterSpec): string {
  const followers = spec.followers === 1 ? '1 follower' : `${spec.followers} followers`;
  return `1 leader, ${followers}, write quorum ${spec.quorum}, delay ${spec.delay} ms, ${spec.store} store`;
}

function describeData({ store, target }: ClusterSpec, { data_root, nodes }: UpOutcome['state']): string {
  if (store === 'memory') return 'in memory: gone when a node stops';
  return target === 'local' ? data_root : `in the volumes ${nodes[0]?.data_dir} to ${nodes.at(-1)?.data_dir}`;
}
