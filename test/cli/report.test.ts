// The verbs `report` and `compare` on run folders that the fixtures made: the real command line, without minutes of measuring.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Comparison } from '../../src/measure/compare-result.ts';
import type { BenchResult } from '../../src/measure/result.ts';
import type { RunResult } from '../../src/measure/run-result.ts';
import { makeBench } from '../report/bench-fixture.ts';
import { makeRun, makeStale, quorumSweep, singleLoad } from '../report/run-fixture.ts';
import { writeRunFolder } from '../runs/run-folder.ts';
import { Home } from './kvctl.ts';

let home: Home;
const folder = (...path: string[]) => join(home.path, 'runs', ...path);
const lab = { quorums: [1, 3], delay: '0-400' };
const stale = [makeStale({ name: 'one-ack' }).stale];
const crash = singleLoad('crash', { delay: '0-200' });
const scenario = () => makeRun({ sweeps: [quorumSweep({ name: 'sweep', values: ['1', '3'], delay: '0-200' }), crash] });

beforeAll(async () => {
  home = new Home();
  await writeRunFolder(folder('before'), makeBench(lab));
  await writeRunFolder(folder('after'), makeBench({ ...lab, overheadMs: 15 }));
  await writeRunFolder(folder('story'), scenario());
  await writeRunFolder(folder('small'), makeRun({ sweeps: [crash], staleReads: stale }));
  await writeRunFolder(folder('killed'), { ...makeBench(lab), outcome: { ending: 'running' } });
  symlinkSync('after', folder('latest'));
});
afterAll(() => home[Symbol.dispose]());

const RAW = ['spec.json', 'environment.json', 'outcome.json', 'samples.ndjson', 'trace.ndjson'];
const hashesOf = (name: string) =>
  RAW.map((file) =>
    createHash('sha256')
      .update(readFileSync(folder(name, file)))
      .digest('hex'),
  );
const jsonOf = (name: string) => JSON.parse(readFileSync(folder(name, 'summary.json'), 'utf8'));

describe('report', () => {
  test('draws the last run again without being told which, from raw data that it leaves alone', async () => {
    const before = hashesOf('after');
    const ran = await home.kvctl(['report']);
    expect(ran).toMatchObject({ exitCode: 0, stderr: '' });
    expect(ran.stdout).toContain('The mean write latency rises from quorum 1');
    expect(ran.stdout).toContain(join('runs', 'after', 'report.html'));
    expect(hashesOf('after')).toEqual(before);
    expect(readFileSync(folder('after', 'report.html'), 'utf8').includes('kvctl bench --seed 1')).toBe(true);
    expect(readdirSync(folder('after', 'charts'))).toEqual(
      expect.arrayContaining(['overview.png', 'lab-summary.svg', 'latency-vs-quorum.vl.json']),
    );
  });

  test('makes the figures anew, and says in which rows they differ', async () => {
    const kept = jsonOf('before') as BenchResult;
    const bent = { ...kept, results: kept.results.map((row) => (row.quorum === 3 ? { ...row, avg_latency_ms: 1, settle_ms: 7 } : row)) };
    writeFileSync(folder('before', 'summary.json'), JSON.stringify(bent));
    const ran = await home.kvctl(['report', 'before', '-o', 'json']);
    expect(ran.stderr).toBe('this version computes other figures than the run itself did: quorum=3\n');
    const result = JSON.parse(ran.stdout) as BenchResult;
    expect(result.results.map((row) => row.avg_latency_ms)).toEqual(kept.results.map((row) => row.avg_latency_ms));
    expect(result.results[1]?.settle_ms).toBe(7);
    expect(jsonOf('before')).toEqual(result);
  });

  test('of a scenario holds the time chart, and the plots of its sweeps', async () => {
    const ran = await home.kvctl(['report', 'story']);
    expect(ran).toMatchObject({ exitCode: 0, stderr: '' });
    expect(ran.stdout).toMatch(/^sweep: by write quorum\n.*\ncrash\n.*\nreplicas\n.*\nexpectations\n/s);
    expect(readFileSync(folder('story', 'report.html'), 'utf8').includes('id="figure-time"')).toBe(true);
    const { sweeps } = jsonOf('story') as RunResult;
    expect(sweeps.map(({ plot }) => plot)).toEqual([expect.stringMatching(/charts\/latency-vs-quorum\.png$/), null]);
    expect(existsSync(sweeps[0]?.plot ?? '')).toBe(true);
  });

  test('leaves the summary of a run alone that may still be under way', async () => {
    const before = readFileSync(folder('killed', 'summary.json'), 'utf8');
    const ran = await home.kvctl(['report', 'killed']);
    expect(ran.stderr).toContain('this run has not ended, or was killed');
    expect(readFileSync(folder('killed', 'summary.json'), 'utf8')).toBe(before);
    expect(existsSync(folder('killed', 'report.html'))).toBe(true);
  });

  test('writes elsewhere with --out, and never over another run', async () => {
    rmSync(folder('small', 'report.html'), { force: true });
    const ran = await home.kvctl(['report', 'small', '--out', 'drawn', '-q']);
    expect(ran.exitCode).toBe(0);
    expect(readdirSync(join(home.path, 'drawn')).sort()).toEqual(['charts', 'report.html', 'summary.csv', 'summary.json', 'summary.md']);
    expect(existsSync(folder('small', 'report.html'))).toBe(false);
    const refused = await home.kvctl(['report', 'small', '--out', folder('before')]);
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain('of an earlier run');
  });

  test('of what is no run is one clear line', async () => {
    const ran = await home.kvctl(['report', 'nope', '-o', 'json']);
    expect(ran.exitCode).toBe(1);
    expect(ran.stderr).toBe('kvctl: expected the directory of a run, or a name below runs/, got "nope", which is neither\n');
    expect(JSON.parse(ran.stdout)).toMatchObject({ error: 'io' });
  });
});

describe('compare', () => {
  test('says for every figure of every row what changed, and tells whether it did', async () => {
    const ran = await home.kvctl(['compare', 'before', 'latest', '-o', 'json']);
    expect(ran).toMatchObject({ exitCode: 0, stderr: '' });
    const document = JSON.parse(ran.stdout) as Comparison;
    expect(document.rows.map(({ row, is_paired, figures }) => [row, is_paired, figures.length])).toEqual([
      ['quorum=1', true, 8],
      ['quorum=3', true, 8],
    ]);
    expect(document.totals.worse).toBeGreaterThan(3);
    expect(document.b.run).toMatch(/runs\/after$/);
    expect((await home.kvctl(['compare', 'before', 'latest', '-o', 'json'])).stdout).toBe(ran.stdout);
  });

  test('as a table has both runs, a line per figure, and the whole in a sentence', async () => {
    const { stdout } = await home.kvctl(['compare', 'before', 'after']);
    expect(stdout).toMatch(/^a {2}.*runs\/before\nb {2}.*runs\/after\n/);
    expect(stdout).toMatch(/^quorum=1 +mean ms +\d+\.\d +\d+\.\d +\+\d+ +\+\d+ +\+\d+ to \+\d+ +worse/m);
    expect(stdout).toMatch(/^B against a: worse in \d+ figures/m);
    expect(stdout).toContain('All rows drew the same delays in both runs and are compared write by write.');
  });

  test.each<[string, RegExp]>([
    ['csv', /^row,present,is_paired,figure,unit,a,b,change,.*\nquorum=1,both,1,mean,ms,/],
    ['ndjson', /^\{"row":"quorum=1","present":"both","is_paired":1,"figure":"mean"/],
    ['md', /^\| row \| figure \|/],
  ])('as %s', async (format, expected) => {
    expect((await home.kvctl(['compare', 'before', 'after', '-o', format])).stdout).toMatch(expected);
  });

  test.each<[string, string[], number, string]>([
    [
      'a limit that is certainly passed fails',
      ['--fail-on', 'mean>+10%'],
      99,
      'limit failed: mean>+10% in quorum=1: the whole interval is beyond the limit',
    ],
    ['one that is certainly kept does not', ['--fail-on', 'mean>+90%'], 0, ''],
    ['one that cannot be told does not either, but is said', ['--fail-on', 'rate<-20%'], 0, 'limit undecided: rate<-20% in quorum='],
    ['unless that is asked for', ['--fail-on', 'rate<-20%', '--strict'], 5, 'limit undecided'],
    ['a failure outweighs what cannot be told', ['--fail-on', 'rate<-20%', '--fail-on', 'mean>+10%', '--strict'], 99, 'limit failed'],
    ['a limit of no row or figure is a mistake', ['--fail-on', 'mean{quorum=9}>+1%'], 2, 'rows: quorum=1, quorum=3'],
    ['so is one that cannot be read', ['--fail-on', 'mean+1%'], 2, 'expected a limit like p(95)>+10%'],
    ['and a percentage that is none', ['--min-change', 'lots'], 2, 'expected a percentage from 0 to 100'],
  ])('%s', async (_, args, exitCode, said) => {
    const ran = await home.kvctl(['compare', 'before', 'after', ...args]);
    expect(ran.exitCode).toBe(exitCode);
    expect(ran.stderr).toContain(said);
    if (said === '') expect(ran.stderr).toBe('');
  });

  test('two runs of scenarios are compared sweep by sweep, and a benchmark with none of them', async () => {
    const ran = await home.kvctl(['compare', 'small', 'small', '-o', 'json']);
    expect(ran.stderr).toContain('both are the same run');
    expect((JSON.parse(ran.stdout) as Comparison).rows.map(({ row }) => row)).toEqual([
      'crash quorum=3',
      'one-ack after=0ms',
      'one-ack after=50ms',
      'one-ack after=100ms',
      'one-ack after=150ms',
      'one-ack after=200ms',
      'one-ack after=300ms',
      'one-ack after=400ms',
    ]);
    const mixed = await home.kvctl(['compare', 'before', 'small']);
    expect(mixed.exitCode).toBe(2);
    expect(mixed.stderr).toContain('expected two benchmarks or two runs of scenarios, got a benchmark and a run of a scenario');
  });
});
