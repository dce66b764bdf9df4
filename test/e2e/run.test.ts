// `kvctl run` on real processes: its exit codes, its run folder, and what it leaves behind.
import { existsSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '#entry';
import { findProcess } from '../../src/cluster/process.ts';
import { listNames, loadState } from '../../src/cluster/state.ts';
import type { RunResult } from '../../src/measure/run-result.ts';
import { finished, type Home } from '../cli/kvctl.ts';
import { until } from '../cluster/sandbox.ts';
import { homePerTest } from './home-per-test.ts';

let home: Home;
homePerTest((own) => {
  home = own;
});

function scenarioFile(text: string): string {
  const file = join(home.path, 'mine.yaml');
  writeFileSync(file, text);
  return file;
}

const SMALL = 'name: mine\nwhy: a test\ncluster: { followers: 2, quorum: 1, store: memory, network: { delay: 5-20 } }\n';

test('an invalid scenario exits 104, with file, path and line, and starts nothing', async () => {
  const file = scenarioFile(`${SMALL}steps:\n  - load: { writess: 5 }\n`);
  const ran = await home.kvctl(['run', file]);
  expect(ran.exitCode).toBe(104);
  expect(ran.stderr).toContain(`${file}: steps.0.load.writess (line 5): expected`);
  expect(listNames(home.path)).toEqual([]);
});

test('a failed threshold and an unmet get exit 99 and say what was expected and got; a fault within a load is a mark', async () => {
  const file = scenarioFile(`${SMALL}accept_inconclusive: true
steps:
  - put: { key: a, value: 1 }
  - get: { key: a, expect: { value: 2 } }
  - name: crash
    load: { executor: constant-arrival-rate, rate: 30, duration: 1s, keys: 3 }
    during: [{ at: 200ms, kill: n3 }]
  - restart: n3
  - sweep: { delay: ["1", "2-8"] }
    load: { writes: 5 }
  - parity: { within: 10s }
expect:
  crash: [n==1]
`);
  const ran = await home.kvctl(['run', file, '-o', 'json']);
  expect(ran.exitCode, ran.stderr).toBe(99);
  expect(ran.stderr).toMatch(/get: expected value==2, got 1/);
  expect(ran.stderr).toMatch(/crash: expected n==1, got 30/);
  const result = JSON.parse(ran.stdout) as RunResult;
  const kill = result.marks.find(({ kind }) => kind === 'kill');
  expect(kill).toMatchObject({ nodes: ['n3'] });
  expect(kill!.until_ms).toBeGreaterThan(kill!.at_ms);
  expect(result.sweeps.map(({ name, results }) => [name, results.length])).toEqual([
    ['crash', 1],
    ['sweep', 2],
  ]);
  expect(result.parity.at(-1)?.rows.map(({ status }) => status)).toEqual(['match', 'match']);
  const folder = realpathSync(join(home.path, 'runs', 'latest'));
  expect(readdirSync(folder)).toEqual(expect.arrayContaining(['samples.ndjson', 'summary.json', 'report.html', 'charts']));
  expect(JSON.parse(readFileSync(join(folder, 'outcome.json'), 'utf8'))).toMatchObject({ ending: 'complete', exit_code: 99 });
  expect(listNames(home.path)).toEqual([]);
});

test('Ctrl-C ends a run with 105, keeps what was measured, and leaves no cluster behind', async () => {
  const file = scenarioFile(`${SMALL}steps:\n  - load: { writes: 5 }\n  - wait: 60s\n`);
  const child = home.start(['run', file]);
  const ending = finished(child);
  const root = join(home.path, 'runs');
  const runs = () => (existsSync(root) ? readdirSync(root) : []);
  const samples = () => runs().some((run) => readdirSync(join(root, run)).includes('samples.ndjson'));
  await until('the load is over', samples, 60_000);
  child.kill('SIGINT');
  const ran = await ending;
  expect(ran.exitCode, ran.stderr).toBe(105);
  expect(listNames(home.path)).toEqual([]);
  expect(samples()).toBe(true);
});

/** A node's program that ends at once if `condition`, an expression over its environment, holds; else it is ours. */
function pickyProgram(condition: string): string {
  const file = join(home.path, 'picky.mjs');
  writeFileSync(
    file,
    `import { existsSync, writeFileSync } from 'node:fs';
const env = process.env;
const isSecondStart = existsSync(${JSON.stringify(home.path)} + '/started-' + env.NODE_ID);
writeFileSync(${JSON.stringify(home.path)} + '/started-' + env.NODE_ID, '');
if (${condition}) {
  console.log('{"level":60,"msg":"not today"}');
  process.exit(1);
}
await import(${JSON.stringify(join(packageRoot, 'src', 'node', 'main.ts'))});
`,
  );
  return file;
}

test('an action that fails within a load ends the run with the words of the node, and keeps what was measured', async () => {
  const file = scenarioFile(`${SMALL}steps:
  - name: crash
    load: { executor: constant-arrival-rate, rate: 30, duration: 20s, keys: 3 }
    during: [{ at: 300ms, kill: n3 }, { at: 500ms, restart: n3 }]
  - load: { writes: 5 }
`);
  const ran = await home.kvctl(['run', file, '-o', 'json'], { env: { KVCTL_NODE_ENTRY: pickyProgram('isSecondStart') } });
  expect(ran.exitCode, ran.stderr).toBe(4);
  expect(ran.stderr).toMatch(/n3 ended with exit code 1 before it was ready; [\s\S]*not today/);
  const result = JSON.parse(ran.stdout) as RunResult;
  expect(result.steps.map(({ step, status }) => [step, status])).toEqual([
    ['crash', 'failed'],
    ['load', 'skipped'],
  ]);
  // What was under way is part of the record, though the load did not come to its end.
  const folder = realpathSync(join(home.path, 'runs', 'latest'));
  expect(readFileSync(join(folder, 'samples.ndjson'), 'utf8').trim().split('\n').length).toBeGreaterThan(5);
  expect(result.marks.map(({ kind }) => kind)).toContain('kill');
});

test('a second cluster that cannot start ends the sweep, and the rows of the first one are kept', async () => {
  const file = scenarioFile(
    `${SMALL.replace('followers: 2', 'followers: 1')}steps:\n  - sweep: { followers: 1-2 }\n    load: { writes: 5 }\n`,
  );
  const ran = await home.kvctl(['run', file, '-o', 'json'], {
    env: { KVCTL_NODE_ENTRY: pickyProgram("env.NODES.split(',').length > 2") },
  });
  expect(ran.exitCode, ran.stderr).toBe(4);
  const result = JSON.parse(ran.stdout) as RunResult;
  expect(result.sweeps.map(({ results }) => results.length)).toEqual([1]);
  expect(result.steps.map(({ status }) => status)).toEqual(['done', 'done', 'failed', 'skipped']);
});

test('Ctrl-C with a frozen node ends within seconds, and leaves no process', async () => {
  const file = scenarioFile(`${SMALL}steps:\n  - load: { writes: 5 }\n  - pause: n3\n  - wait: 60s\n`);
  const child = home.start(['run', file]);
  let said = '';
  child.stderr?.on('data', (text: string) => {
    said += text;
  });
  const ending = finished(child);
  await until('the follower is frozen', () => said.split('wait 60s').length > 2, 60_000);
  const pids = listNames(home.path).flatMap((name) => loadState(name, home.path).nodes.flatMap(({ pid }) => pid ?? []));
  expect(pids).toHaveLength(3);
  child.kill('SIGINT');
  expect((await ending).exitCode).toBe(105);
  expect(pids.filter((pid) => findProcess(pid) !== null)).toEqual([]);
  expect(listNames(home.path)).toEqual([]);
});

test('stale reads are measured at the followers that are up', async () => {
  const file = scenarioFile(`${SMALL}accept_inconclusive: true
steps:
  - kill: n3
  - stale-reads: { writes: 20, keys: 10, quorum: 0, after: [0ms, 300ms] }
`);
  const ran = await home.kvctl(['run', file, '-o', 'json']);
  expect(ran.exitCode, ran.stderr).toBe(0);
  const { stale_reads: stale } = JSON.parse(ran.stdout) as RunResult;
  const folder = realpathSync(join(home.path, 'runs', 'latest'));
  expect(existsSync(join(folder, 'report.html'))).toBe(true);
  expect(stale).toHaveLength(1);
  expect(JSON.stringify(stale)).not.toContain('n3');
});
