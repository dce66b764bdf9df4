/**
 * `kvctl check`: grades somebody's implementation from outside. The judging is grade's; here it is asked for, shown and left as it was
 * found: nodes that were stopped are started, and the quorum is put back.
 */
import { closeSync, existsSync, openSync, rmSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { DEFAULT_SEED } from '../../cluster/spec.ts';
import { CHECKS } from '../../grade/all.ts';
import type { Check } from '../../grade/check.ts';
import { unknown } from '../../grade/finding.ts';
import { type CheckResult, chosenChecks, Grader, missingFor } from '../../grade/grade.ts';
import { junitXml } from '../../grade/junit.ts';
import { expectedMs } from '../../grade/pace.ts';
import { lookFirst } from '../../grade/probe.ts';
import { type GradeReport, reportOf } from '../../grade/report.ts';
import { Subject } from '../../grade/subject.ts';
import type { Peer } from '../../grade/target.ts';
import { DIALECTS } from '../../labs/all.ts';
import { formatDistribution, parseDistribution } from '../../lib/distribution.ts';
import { fail, ok, type Result } from '../../lib/result.ts';
import { formatMs } from '../../lib/units.ts';
import { KvctlError } from '../../wire/errors.ts';
import { parseNodeName, parsePeers, type TargetOptions, targetOf } from '../check/target.ts';
import { showReport } from '../check/view.ts';
import type { Context } from '../context.ts';
import { environmentOf } from '../environment.ts';
import { EXIT } from '../exit.ts';
import { duration, examples, integer, option, parsedBy } from '../options.ts';
import type { Progress } from '../progress.ts';

interface CheckOptions extends TargetOptions {
  readonly only?: readonly string[];
  readonly seed: number;
  readonly junit?: string;
}

const DEFAULT_TIMEOUT_MS = 10_000;

export function describe(command: Command): void {
  command
    .option('--dialect <name>', `the API that the servers speak: ${[...DIALECTS.keys()].join(', ')}`)
    .option('--mapping <file>', 'a file that describes another API, in YAML or JSON')
    .addOption(option('--leader-name <name>', "what stands for the leader's {node} (default: host:port)", parseNodeName))
    .option('--follower <url>', 'a follower, as URL or name=URL; may be repeated or be a comma list', collectPeers)
    .option('--compose <file>', "the servers' Compose file, instead of --leader and --follower; they must be up")
    .option('--stop-cmd <command>', 'a shell command that stops a node: {node} in it is its name, or host:port')
    .option('--start-cmd <command>', 'a shell command that starts it again')
    .addOption(
      option(
        '--delay <delays>',
        'the delays in ms that the servers were started with, like 0-100; only the range check needs them',
        parseDistribution,
      ),
    )
    .addOption(option('--quorum <k>', 'the write quorum that they were started with, where it cannot be set at run time', integer(0)))
    .option('--durable', 'data are promised to survive a restart of all nodes (lab-5 always promises that)')
    .addOption(
      option('--timeout <duration>', 'how long a request may take', duration).default(DEFAULT_TIMEOUT_MS, `${DEFAULT_TIMEOUT_MS / 1000}s`),
    )
    .addOption(option('--only <ids>', 'these checks alone, a comma list', parseIds))
    .addOption(option('--seed <n>', 'seed of the order in which things are tried', integer(0)).default(DEFAULT_SEED))
    .option('--junit <file>', 'also write the verdicts as JUnit XML')
    .addHelpText(
      'after',
      examples(
        'kvctl check --dialect lab-2 --leader http://127.0.0.1:8000 --follower http://127.0.0.1:8001,http://127.0.0.1:8002',
        "kvctl check --dialect lab-1 --leader http://127.0.0.1:5000 --follower f1=http://127.0.0.1:5001 --stop-cmd 'docker stop {node}' --start-cmd 'docker start {node}'",
        'kvctl check --dialect lab-5 --compose docker-compose.yml -o md > handed-in.md',
      ) +
        `\n\nChecks: ${CHECKS.map(({ id }) => id).join(', ')}.` +
        '\nA few hundred keys that begin with check- stay on the servers; a check never needs them to be empty.' +
        '\nExit codes: 0 no check failed (unknown is not passed: the result says so), 1 the leader cannot be reached, 3 a check failed, 105 interrupted.',
    );
}

export async function run(context: Context, options: CheckOptions): Promise<number> {
  const { out, signal } = context;
  const checks = chosenChecks(options.only ?? null);
  const { target, control } = await targetOf(options, context.remote);
  if (options.junit !== undefined) requireWritable(options.junit);
  const startedAt = new Date().toISOString();
  const subject = new Subject(target, { seed: options.seed, signal, control });
  let results: readonly CheckResult[] = [];
  try {
    results = await examine(context, subject, checks);
  } finally {
    const left = await subject.leave();
    if (left !== null) out.warn(left);
  }
  const report = reportOf(results, {
    target,
    delay: target.delay === null ? null : formatDistribution(target.delay),
    seed: options.seed,
    startedAt,
    originMs: subject.originMs,
    tookMs: performance.now() - subject.originMs,
    environment: environmentOf(),
  });
  out.result(showReport(out, report));
  if (options.junit !== undefined) writeJunit(options.junit, junitXml(report));
  return exitCodeOf(report);
}

/** Interrupted, it answers with what is known by then. */
async function examine({ out, signal }: Context, subject: Subject, checks: readonly Check[]): Promise<readonly CheckResult[]> {
  const { target } = subject;
  const look = await out.step(
    `looking at ${target.leader.url} and ${target.followers.length} ${target.followers.length === 1 ? 'follower' : 'followers'}`,
    () => lookFirst(subject),
  );
  const grader = new Grader(subject, look);
  const runnable = checks.filter(({ needs }) => needs.every((need) => missingFor(need, grader) === null));
  const expected = expectedMs(subject.pace, { followers: target.followers.length, ids: runnable.map(({ id }) => id) });
  out.note(
    `${target.dialect.name}: ${checks.length} checks, of which ${runnable.length} can be made, take about ${formatMs(expected)} ` +
      `(writes take up to ${formatMs(subject.pace.longestMs)} to get everywhere)`,
  );
  const results = new Map<string, CheckResult>();
  const steps = checks.map((check) => ({
    title: check.title,
    run: async (progress: Progress) => {
      subject.onDetail = progress.detail;
      const result = await grader.run(check);
      results.set(check.id, result);
      progress.title(`${check.title}: ${result.verdict}`);
    },
  }));
  await out.steps(steps).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  return checks.map((check) => results.get(check.id) ?? { ...check, ...unknown('Not made: the run was interrupted.'), tookMs: 0 });
}

function exitCodeOf({ failed }: GradeReport): number {
  return failed > 0 ? EXIT.violation : EXIT.ok;
}

/** Before the run, which takes a minute; what the file holds from an earlier one stays until there is something better. */
function requireWritable(file: string): void {
  const isThere = existsSync(file);
  try {
    closeSync(openSync(file, 'a'));
    if (!isThere) rmSync(file);
  } catch (error) {
    throw new KvctlError('io', `expected to write --junit ${file}, got ${(error as Error).message}`, {}, error);
  }
}

function writeJunit(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new KvctlError('io', `expected to write --junit ${file}, got ${(error as Error).message}`, {}, error);
  }
}

function collectPeers(text: string, before: readonly Peer[] = []): readonly Peer[] {
  return [...before, ...parsedBy(parsePeers)(text)];
}

function parseIds(text: string): Result<string[]> {
  const ids = text.split(',').map((id) => id.trim());
  const stranger = ids.find((id) => !CHECKS.some((check) => check.id === id));
  return stranger === undefined
    ? ok(ids)
    : fail(`expected some of ${CHECKS.map(({ id }) => id).join(', ')}, got ${JSON.stringify(stranger)}`);
}
