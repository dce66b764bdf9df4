// Real runs drawn again and compared: what the raw data of a real cluster say twice must be the same.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Comparison } from '../../src/measure/compare-result.ts';
import type { RunResult } from '../../src/measure/run-result.ts';
import { finished, type Home } from '../cli/kvctl.ts';
import { until } from '../cluster/sandbox.ts';
import { homePerTest } from './home-per-test.ts';

let home: Home;
homePerTest((own) => {
  home = own;
});

const fileOf = (...path: string[]) => join(home.path, 'runs', 'latest', ...path);
const jsonOf = (file: string) => JSON.parse(readFileSync(file, 'utf8'));

const STORY = `
name: story
why: A follower dies within a load, comes back, and reads at followers are late.
cluster: { followers: 3, quorum: 2, store: memory, network: { delay: 5-20 } }
steps:
  - sweep: { quorum: 1-2 }
    load: { writes: 20, concurrency: 5, keys: 5, read_share: 0.3 }
  - name: crash
    load: { executor: constant-arrival-rate, rate: 60, duration: 600ms }
    during: [{ at: 200ms, kill: n4 }]
  - restart: n4
  - name: late
    stale-reads: { writes: 20, keys: 10, quorum: 1, after: [0ms, 10ms, 30ms] }
  - parity: { within: 20s }
expect:
  all: [failed==0]
accept_inconclusive: true
`;

test('the raw data of a scenario give the very figures that the run had, and the pictures come back', async () => {
  writeFileSync(join(home.path, 'story.yaml'), STORY);
  const ran = await home.kvctl(['run', 'story.yaml', '-o', 'json']);
  expect([ran.exitCode, ran.stderr]).toEqual([0, expect.not.stringContaining('kvctl:')]);
  const result = JSON.parse(ran.stdout) as RunResult;
  expect(result.marks.map(({ kind }) => kind)).toContain('kill');
  expect(result.stale_reads[0]?.points).toHaveLength(3);
  expect(readFileSync(fileOf('report.html'), 'utf8').includes('id="figure-time"')).toBe(true);

  rmSync(fileOf('report.html'));
  rmSync(fileOf('charts'), { recursive: true });
  const again = await home.kvctl(['report', '-o', 'json']);
  // Not even a remark that figures differ: every one of them, the row with the crash included, came out the same.
  expect([again.exitCode, again.stderr]).toEqual([0, '']);
  expect(JSON.parse(again.stdout)).toEqual(result);
  expect(jsonOf(fileOf('summary.json'))).toEqual(result);
  for (const name of ['time', 'lab-summary', 'crash-latency-distribution', 'late-stale-reads'])
    expect(existsSync(fileOf('charts', `${name}.png`)), name).toBe(true);
  expect(readFileSync(fileOf('charts', 'time.vl.json'), 'utf8').includes('kill n4')).toBe(true);
  expect(readFileSync(fileOf('report.html'), 'utf8').includes('<code>kvctl run story.yaml -o json --seed 1</code>')).toBe(true);
});

test('two benchmarks of one seed are compared write by write: a longer delay is worse for certain, the same one is not', async () => {
  const bench = (out: string, delay: string) =>
    home.kvctl(['bench', '--quorums', '1', '--followers', '1', '--writes', '40', '--delay', delay, '--out', out, '-q', '-o', 'json']);
  for (const [out, delay] of [
    ['a', '20-60'],
    ['b', '20-60'],
    ['c', '400-600'],
  ] as const)
    expect([0, 5]).toContain((await bench(out, delay)).exitCode);
  const alike = JSON.parse((await home.kvctl(['compare', 'a', 'b', '-o', 'json', '-q'])).stdout) as Comparison;
  expect(alike.rows.map(({ row, is_paired }) => [row, is_paired])).toEqual([['quorum=1', true]]);
  const slower = await home.kvctl(['compare', 'a', 'c', '--fail-on', 'mean>+30%', '-o', 'json', '-q']);
  expect(slower.exitCode).toBe(99);
  const document = JSON.parse(slower.stdout) as Comparison;
  expect(document.rows.every(({ is_paired }) => !is_paired)).toBe(true);
  expect(document.limits.map(({ row, verdict }) => [row, verdict])).toEqual([['quorum=1', 'failed']]);
  expect(document.warnings).toContain('different cluster: delay 20-60 in a, 400-600 in b');
});

test('a run that was interrupted has a report of what it had by then', async () => {
  writeFileSync(join(home.path, 'story.yaml'), STORY.replace('duration: 600ms', 'duration: 60s').replace('at: 200ms', 'at: 59s'));
  const child = home.start(['run', 'story.yaml']);
  const ended = finished(child);
  await until('the sweep is done', async () => folders().some((dir) => rowsIn(dir) === 2), 60_000);
  child.kill('SIGINT');
  expect((await ended).exitCode).toBe(105);
  const ran = await home.kvctl(['report']);
  expect([ran.exitCode, ran.stderr]).toEqual([0, '']);
  expect(ran.stdout).toContain('The run ended early');
  expect(jsonOf(fileOf('outcome.json'))).toMatchObject({ ending: 'interrupted' });
});

const folders = () =>
  existsSync(join(home.path, 'runs')) ? readdirSync(join(home.path, 'runs')).map((name) => join(home.path, 'runs', name)) : [];
const rowsIn = (dir: string) => {
  const summary = join(dir, 'summary.json');
  return existsSync(summary) ? (jsonOf(summary) as RunResult).sweeps.flatMap((sweep) => sweep.results).length : 0;
};
