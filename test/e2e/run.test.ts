// `kvctl run` on real processes: its exit codes, its run folder, and what it leaves behind.
import { existsSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { down } from '../../src/cluster/cluster.ts';
import { listNames } from '../../src/cluster/state.ts';
import type { RunResult } from '../../src/measure/run-result.ts';
import { finished, Home } from '../cli/kvctl.ts';
import { until } from '../cluster/sandbox.ts';

let home: Home;
beforeEach(() => {
  home = new Home();
});
afterEach(async () => {
  for (const name of listNames(home.path)) await down(name, { home: home.path });
  home[Symbol.dispose]();
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
