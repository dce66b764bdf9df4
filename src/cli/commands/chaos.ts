/**
 * `kvctl chaos`: breaks a cluster of its own while clients record what they do and hear, mends it, and has the history judged.
 * The doing is chaos', the judging judge's; here they are put together, and the run is kept.
 */
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import type { LoadWish } from '../../chaos/clients.ts';
import { FAULT_KINDS, type FaultKind, planSchedule, type Schedule, sparable } from '../../chaos/plan.ts';
import { type ChaosOutcome, runChaos } from '../../chaos/run.ts';
import { KvClient } from '../../client/kv-client.ts';
import { type ClusterSpec, DEFAULT_FOLLOWERS, DEFAULT_SEED, nodeIds, parseSpec, TARGETS } from '../../cluster/spec.ts';
import { loadState } from '../../cluster/state.ts';
import { type Settling, waitForParity } from '../../experiment/parity.ts';
import { openOwn, type Venue } from '../../experiment/venue.ts';
import { fail, ok, type Result } from '../../lib/result.ts';
import { RUN_FILES, type Run } from '../../runs/run.ts';
import { KvctlError } from '../../wire/errors.ts';
import { commandOf } from '../bench/command.ts';
import { draw, type Judged, judge } from '../chaos/aftermath.ts';
import { openFolder } from '../chaos/folder.ts';
import { keepNodeLogs } from '../chaos/node-logs.ts';
import { chaosExitCode, chaosResult, type Found } from '../chaos/result.ts';
import { showChaos, showSchedule } from '../chaos/view.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../exit.ts';
import { nodeEntry } from '../node-entry.ts';
import { duration, examples, integer, option } from '../options.ts';
import type { Progress } from '../progress.ts';

interface ChaosCommandOptions {
  /** ms. */
  readonly for: number;
  readonly faults: readonly FaultKind[];
  readonly followers: number;
  readonly quorum?: number;
  readonly delay: string;
  readonly port?: number;
  readonly target?: string;
  readonly seed: number;
  readonly clients: number;
  readonly keys: number;
  readonly rate: number;
  readonly judgeTimeout: number;
  readonly waitTimeout?: number;
  readonly out?: string;
  readonly dryRun?: boolean;
}

const DEFAULT_FOR_MS = 60_000;
const FOR_MS = { min: 3_000, max: 600_000 };
const DEFAULT_DELAY = '0-20';
/** Of a node that is started again; a container takes two seconds. */
const RETURN_MS = { local: 1_000, compose: 2_500 } as const;
const JUDGE_MS = 60_000;
/** For the replicas to become equal once everything is healed. */
const SETTLE_MS = 20_000;
/** The nodes' own faults, clock and disk; and tombstones that go so soon that whoever was dead for a while may need a snapshot. */
const SETTINGS = { FAULT_INJECTION: 'on', TOMBSTONE_KEEP: '1' };
/** Of an admin call: above any fault, so that only a leader that is really gone misses it. */
const ADMIN_MS = 4_000;

export function describe(command: Command): void {
  command
    .addOption(option('--for <duration>', 'how long, 3s to 10m', lasting).default(DEFAULT_FOR_MS, '60s'))
    .addOption(
      option('--faults <kinds>', `what happens, a comma list of ${FAULT_KINDS.join(', ')}`, parseKinds).default(FAULT_KINDS, 'all of them'),
    )
    .addOption(option('--followers <n>', 'followers of the cluster', integer(2)).default(DEFAULT_FOLLOWERS))
    .addOption(option('--quorum <k>', 'write quorum (default: what is left when as many as can be spared are away)', integer(0)))
    .option('--delay <delays>', 'simulated delay of replication in ms', DEFAULT_DELAY)
    .addOption(option('--clients <n>', 'clients, each with one request at a time', integer(1, 50)).default(5))
    .addOption(option('--keys <n>', 'keys; few, so that clients meet', integer(1, 100)).default(5))
    .addOption(option('--rate <n>', 'requests per second of all clients together, at most', integer(1, 1000)).default(100))
    .addOption(option('--seed <n>', 'seed of schedule, requests and delays', integer(0)).default(DEFAULT_SEED))
    .addOption(option('--port <port>', 'port of n1', integer(0)))
    .addOption(new Option('--target <kind>', 'where the cluster runs (default: local)').choices(TARGETS))
    .option('--dry-run', 'print the schedule and do nothing')
    .addOption(
      option('--judge-timeout <duration>', 'how long judging may take; what is not decided then is unknown', duration).default(
        JUDGE_MS,
        '60s',
      ),
    )
    .addOption(option('--wait-timeout <duration>', 'how long nodes may take to be ready (default: 30s)', duration))
    .option('--out <dir>', 'keep the run in this directory (default: runs/<time>-chaos)')
    .addHelpText(
      'after',
      `${examples('kvctl chaos --for 60s', 'kvctl chaos --for 20s --faults kill,partition --seed 7', 'kvctl chaos --for 20s --dry-run')}

The cluster is made for the run and removed after it; one that runs is left alone. At most a minority of its nodes is away at any
time, and every fault ends by itself. Then all is healed, the replicas are compared, and the judges of check-history speak about
what the leader said; reads at followers may be stale, but must never show what was not written or had failed.
Exit codes: 0 ok, 3 a violation, 5 not decided in time, 1 the nemesis did nothing or the replicas did not become equal,
4 a node did not come back, 105 interrupted.`,
    );
}

interface Plan {
  readonly spec: ClusterSpec;
  readonly schedule: Schedule;
  readonly load: LoadWish;
}

export async function run(context: Context, options: ChaosCommandOptions): Promise<number> {
  const { out, signal } = context;
  const plan = planOf(options);
  if (options.dryRun) {
    out.result(showSchedule(out, plan.schedule, { seed: options.seed, for_ms: options.for }));
    return EXIT.ok;
  }
  const command = commandOf(process.argv.slice(2), options.seed);
  const folder = await openFolder({ ...plan, forMs: options.for, faults: options.faults }, options.out ?? null, command);
  out.note(`${showSchedule(out, plan.schedule, {}).table()}\nrepeat it with: ${command}`);
  let wreck: Wreck;
  try {
    wreck = await breakAndMend(context, options, plan, folder.run);
  } catch (error) {
    await folder.fail(error, signal.aborted);
    throw error;
  }
  const { outcome, settling } = wreck;
  const judged = signal.aborted ? null : await judge(context, options.judgeTimeout, folder.run);
  const ending = { isInterrupted: signal.aborted, error: outcome.error };
  const found = foundOf(options, plan.spec, outcome, settling, judged);
  const result = chaosResult(found, outcome.answered, options.faults, ending);
  const exitCode = chaosExitCode(result, ending);
  const pictures = await draw(context, folder.run, result, outcome);
  const how = signal.aborted ? 'interrupted' : outcome.error === null ? 'complete' : 'failed';
  await folder.finish(result, how, exitCode, outcome.error);
  for (const remark of wreck.remarks) out.warn(remark);
  out.result(showChaos(out, { result, folder: folder.run.dir, pictures }));
  if (outcome.error !== null) out.failure(outcome.error);
  return exitCode;
}

interface Wreck {
  readonly outcome: ChaosOutcome;
  /** null: it did not come to that. */
  readonly settling: Settling | null;
  /** What could not be removed. */
  readonly remarks: readonly string[];
}

/** On every way out the cluster is gone. Throws if it never came up. */
async function breakAndMend({ out, signal }: Context, options: ChaosCommandOptions, plan: Plan, run: Run): Promise<Wreck> {
  const entry = nodeEntry();
  const venue = await out.step(`bringing up ${plan.spec.followers + 1} nodes`, (progress) =>
    openOwn(plan.spec, { signal, entry, waitTimeoutMs: options.waitTimeout, onStep: (text) => progress.detail(text) }),
  );
  const client = new KvClient({ token: loadState(venue.name).token, timeoutMs: ADMIN_MS });
  let settling: Settling | null = null;
  const remarks: string[] = [];
  try {
    const title = `chaos for ${options.for / 1000} s, ${plan.schedule.episodes.length} faults`;
    const outcome = await out.step(title, (progress) =>
      runChaos({
        cluster: { name: venue.name, client, leader: venue.leader, nodes: venue.nodes, entry, waitTimeoutMs: options.waitTimeout },
        load: plan.load,
        schedule: plan.schedule,
        forMs: options.for,
        files: { history: join(run.dir, RUN_FILES.history), local: join(run.dir, RUN_FILES.localReads) },
        signal,
        ...hooksOf(progress),
        settle: async (leader) => {
          const followers = venue.nodes.filter(({ id }) => id !== leader.id);
          settling = await waitForParity(venue.client, { leader, followers }, SETTLE_MS, signal);
          return settling.settleMs !== null;
        },
      }),
    );
    return { outcome, settling, remarks };
  } finally {
    await out.step('removing the cluster', async () => {
      await keepNodeLogs(venue.name, run).catch((error: Error) => remarks.push(`could not keep the logs: ${error.message}`));
      remarks.push(...(await closing(venue, client)));
    });
  }
}

function hooksOf(progress: Progress) {
  const stages = { load: 'clients begin', heal: 'healing', settle: 'comparing the replicas' } as const;
  return {
    onStage: (stage: keyof typeof stages) => progress.detail(stages[stage]),
    onDeed: (text: string) => progress.detail(text),
  };
}

/** With its nodes a request that was cut off ends too, and closing need not wait for its answer. */
async function closing(venue: Venue, client: KvClient): Promise<string[]> {
  const failures = await venue.close();
  await client.close();
  return failures;
}

function foundOf(
  { seed, for: for_ms, clients, keys, rate }: ChaosCommandOptions,
  { target, followers, quorum, delay }: ClusterSpec,
  { deeds }: ChaosOutcome,
  settling: Settling | null,
  judged: Judged | null,
): Found {
  return {
    seed,
    for_ms,
    target,
    followers,
    write_quorum: quorum,
    delay,
    clients,
    keys,
    rate,
    deeds,
    parity: settling?.rows ?? null,
    settle_ms: settling?.settleMs ?? null,
    local_reads: judged?.local ?? null,
    judgement: judged?.judgement ?? null,
  };
}

/** Throws `usage`. The pid keeps two runs apart; the name shows in `kvctl ls` whose the cluster is. */
function planOf({ for: forMs, faults, seed, clients, keys, rate, ...wish }: ChaosCommandOptions): Plan {
  const { followers, quorum = followers - sparable(followers + 1), delay, port, target } = wish;
  const spec = parseSpec({ name: `chaos-${process.pid}`, followers, quorum, delay, port, target, seed, settings: SETTINGS });
  const schedule = planSchedule({ seed, forMs, kinds: faults, nodes: nodeIds(followers), quorum, returnMs: RETURN_MS[spec.target] });
  if (!schedule.ok) throw new KvctlError('usage', `--followers: ${schedule.message}`);
  return { spec, schedule: schedule.value, load: { clients, keys, rate, seed } };
}

function lasting(text: string): Result<number> {
  const parsed = duration(text);
  if (!parsed.ok || (parsed.value >= FOR_MS.min && parsed.value <= FOR_MS.max)) return parsed;
  return fail(`expected a duration from 3s to 10m, got ${JSON.stringify(text)}`);
}

function parseKinds(text: string): Result<FaultKind[]> {
  const names = text.split(',').map((name) => name.trim());
  const stranger = names.find((name) => !(FAULT_KINDS as readonly string[]).includes(name));
  if (stranger !== undefined) return fail(`expected some of ${FAULT_KINDS.join(', ')}, got ${JSON.stringify(stranger)}`);
  return ok([...new Set(names)] as FaultKind[]);
}
