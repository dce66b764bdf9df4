// `kvctl check` as a command: what it prints and writes, how nodes are stopped and started by the user's own commands, and Ctrl-C in the
// middle of an outage. What the checks are worth is in check-wrong-servers.test.ts and check-dialects.test.ts.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { GradeReport } from '../../src/grade/report.ts';
import { finished, Home } from '../cli/kvctl.ts';
import { until } from '../cluster/sandbox.ts';
import { RealCluster } from '../support/real-node.ts';
import { WrongServers } from '../support/wrong-cluster.ts';

const home = new Home();
let cluster: RealCluster;

beforeAll(async () => {
  const environment = { DIALECT: 'lab-2', CLUSTER_TOKEN: '', DELAY: '0-30', QUORUM_TIMEOUT_MS: '500' };
  cluster = await RealCluster.start({ followers: 3, quorum: 2, environment });
  for (const { id, pid } of cluster.nodes) writeFileSync(join(home.path, `${id}.pid`), `${pid}`);
});
afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
  home[Symbol.dispose]();
});
// Whatever a test left frozen.
beforeEach(() => {
  for (const { pid } of cluster.nodes) process.kill(pid, 'SIGCONT');
});

const frozen = () =>
  cluster.nodes.filter(({ pid }) => spawnSync('ps', ['-o', 'stat=', '-p', `${pid}`], { encoding: 'utf8' }).stdout.startsWith('T'));

/** Freezes instead of killing: to whoever asks it is the same. */
function checkArguments(...more: string[]): string[] {
  const [leader, ...followers] = cluster.nodes.map(({ id, url }) => `${id}=${url}`);
  return [
    ...['check', '--dialect', 'lab-2', '--leader', `${leader?.slice('n1='.length)}`, '--leader-name', 'n1', '--timeout', '1s'],
    ...followers.flatMap((follower) => ['--follower', follower]),
    ...['--stop-cmd', 'kill -STOP $(cat {node}.pid)', '--start-cmd', 'kill -CONT $(cat {node}.pid)'],
    ...more,
  ];
}

test('grades in words, as JSON, as a page and for CI, with the requests that show it', async () => {
  const only = ['--only', 'leader-only,round-trip,deletes,catch-up'];
  const table = await home.kvctl(checkArguments(...only, '--junit', 'verdicts.xml'));
  expect(table.exitCode, table.stderr).toBe(0);
  expect(table.stdout).toMatch(/^pass +Only the leader takes writes \(leader-only\)/m);
  expect(table.stdout).toMatch(/^unknown +A deleted key stays deleted \(deletes\)/m);
  expect(table.stdout).toContain('3 passed, 0 failed, 1 unknown');
  expect(frozen()).toEqual([]);

  const junit = readFileSync(join(home.path, 'verdicts.xml'), 'utf8');
  expect(junit).toMatch(/<testsuites [^>]*tests="4" failures="0" errors="0" skipped="1"/);
  expect(junit.match(/<testcase /g)).toHaveLength(4);

  const json = JSON.parse((await home.kvctl(checkArguments(...only.slice(0, 1), 'leader-only', '-o', 'json'))).stdout) as GradeReport;
  expect(json).toMatchObject({ dialect: 'lab-2', passed: 1, failed: 0, unknown: 0, seed: 1 });
  expect(json.checks[0]?.evidence.requests[0]).toMatchObject({ status: 403 });

  const page = (await home.kvctl(checkArguments(...only.slice(0, 1), 'leader-only', '-o', 'md'))).stdout;
  expect(page).toContain('| Only the leader takes writes | pass |');
  for (const word of ['seed: 1', 'kvctl: ', 'processors: ']) expect(page).toContain(`- ${word}`);
});

test('a check that fails exits 3, and names what shows it', async () => {
  await using servers = await WrongServers.start({ mistake: 'followers take writes' });
  const { leader, followers } = servers.target();
  const urls = followers.flatMap(({ url }) => ['--follower', url]);
  const args = ['check', '--dialect', 'lab-2', '--leader', leader.url, ...urls, '--only', 'leader-only'];
  const ran = await home.kvctl(args);
  expect(ran.exitCode, ran.stdout).toBe(3);
  expect(ran.stdout).toMatch(/^fail +Only the leader takes writes/m);
  expect(ran.stdout).toMatch(/curl .*-X PUT '/);
});

test('Ctrl-C in an outage starts again what it stopped, puts the quorum back, and exits 105 with what was known', async () => {
  const child = home.start(checkArguments('--only', 'leader-only,quorum-enforced', '--quorum', '2'));
  const ending = finished(child);
  await until('a follower is stopped', () => frozen().length > 0, 30_000);
  child.kill('SIGINT');
  const ran = await ending;
  expect(ran.exitCode, ran.stderr).toBe(105);
  expect(frozen()).toEqual([]);
  expect(ran.stdout).toMatch(/^pass +Only the leader takes writes/m);
  expect(ran.stdout).toContain('Not made: the run was interrupted.');
  expect((await cluster.leader.status())?.write_quorum).toBe(2);
});

test('a command that fails is told with its words, and makes its checks unknown', async () => {
  const args = checkArguments('--only', 'catch-up');
  args[args.indexOf('--stop-cmd') + 1] = 'echo no such node as {node} >&2; exit 7';
  const ran = await home.kvctl(args);
  expect(ran.exitCode, ran.stderr).toBe(0);
  expect(ran.stdout.replaceAll(/\s+/g, ' ')).toMatch(
    /unknown .*Cannot be told: expected `echo .*` to succeed, got exit 7: no such node as n\d/,
  );
});

test.each([
  [['--only', 'nonsense'], /expected some of leader-only, .*got "nonsense"/],
  [['--start-cmd', 'true'], /expected \{node\} in --start-cmd/],
  [['--follower', 'x=http://127.0.0.1:1', '--follower', 'x=http://127.0.0.1:2'], /expected different nodes, got x twice/],
  [['--mapping', 'none.yaml'], /expected either --dialect .* or --mapping FILE, got both/],
  [['--quorum', '9'], /expected a --quorum of at most 3/],
  [['--compose', 'docker-compose.yml'], /expected --compose to tell leader and followers, got --leader or --follower as well/],
] as const)('%j is a mistake of the command line', async (more, message) => {
  const ran = await home.kvctl(checkArguments(...more));
  expect(ran.exitCode).toBe(2);
  expect(ran.stderr).toMatch(message);
});

test('what cannot be graded is told before anything is touched', async () => {
  writeFileSync(join(home.path, 'old.xml'), 'last week');
  const gone = ['--dialect', 'lab-2', '--leader', 'http://127.0.0.1:1', '--follower', 'http://127.0.0.1:2'];
  expect((await home.kvctl(['check', ...gone, '--junit', 'old.xml'])).exitCode).toBe(1);
  expect(readFileSync(join(home.path, 'old.xml'), 'utf8')).toBe('last week');
  const noFile = await home.kvctl(['check', '--dialect', 'lab-2', '--compose', 'none.yml']);
  expect(noFile).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('expected --compose to be a file that can be read') });
  const nobody = await home.kvctl(['check', '--dialect', 'lab-2', '--leader', 'http://127.0.0.1:1', '--quorum', '3']);
  expect(nobody).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('expected --follower URL, ... beside --quorum 3') });
  const twice = await home.kvctl(['check', '--dialect', 'lab-2', '--leader', 'http://127.0.0.1:1', '--follower', 'http://localhost:1']);
  expect(twice).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('expected different nodes, got http://localhost:1 twice') });
  const path = await home.kvctl(['check', '--dialect', 'lab-2', '--leader', 'http://127.0.0.1:1', '--follower', 'http://127.0.0.1:2/base']);
  expect(path).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('expected a URL like http://127.0.0.1:8000') });
});
