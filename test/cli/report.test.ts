// The verbs `report` and `compare` on run folders that the fixtures made: the real command line, without minutes of measuring.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Comparison } from '../../src/measure/compare-result.ts';
import type { BenchResult } from '../../src/measure/result.ts';
import type { RunResult } from '../../src/measure/run-result.ts';
import { makeBench } from '../report/bench-fixture.ts';
import { makeDurabilityRun } from '../report/durability-fixture.ts';
import { makeRun, makeStale, quorumSweep, singleLoad } from '../report/run-fixture.ts';
import { writeDurabilityFolder, writeRunFolder } from '../runs/run-folder.ts';
import { Home } from './kvctl.ts';

let home: Home;
const folder = (...path: string[]) => join(home.path, 'runs', ...path);
const lab = { quorums: [1, 3], delay: '0-400' };
const buys = { quorums: [0, 1, 5] };
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
  await writeDurabilityFolder(folder('buys'), makeDurabilityRun(buys));
  await writeDurabilityFolder(folder('slower'), makeDurabilityRun({ ...buys, overheadMs: 9 }));
  await writeDurabilityFolder(folder('cut'), { ...makeDurabilityRun(buys), result: null, outcome: { ending: 'running' } });
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

  test('of a durability run holds its table, its sentence and its chart, all from the trials', async () => {
    const kept = makeDurabilityRun(buys);
    const bent = {
      ...kept.result,
      verdict: 'failed',
      results: kept.result.results.map((row) => ({ ...row, writes: row.quorum === 1 ? 1 : 40 })),
    };
    writeFileSync(folder('buys', 'durability.json'), JSON.stringify(bent));
    const trials = readFileSync(folder('buys', 'trials.ndjson'));
    const ran = await home.kvctl(['report', 'buys', '-o', 'json']);
    expect([ran.exitCode, ran.stderr]).toEqual([0, 'this version computes other figures than the run itself did: quorum=1\n']);
    const { schema_version, ...result } = JSON.parse(ran.stdout);
    expect(result).toEqual({ ...kept.result, plot: expect.stringMatching(/runs\/buys\/charts\/loss-vs-latency\.png$/) });
    expect(JSON.parse(readFileSync(folder('buys', 'durability.json'), 'utf8'))).toEqual(result);
    expect(readFileSync(folder('buys', 'trials.ndjson'))).toEqual(trials);
    expect(readFileSync(folder('buys', 'report.html'), 'utf8')).toContain('<code>kvctl bench --durability --seed 1</code>');
    expect(existsSync(result.plot)).toBe(true);
    expect(existsSync(folder('buys', 'summary.json'))).toBe(false);
  });

  test('of a durability run that was killed shows the trials that it made, and leaves the folder to it', async () => {
    const ran = await home.kvctl(['report', 'cut']);
    expect([ran.exitCode, ran.stderr]).toEqual([
      0,
      'warning: this run has not ended, or was killed: what it had measured by then is shown\n',
    ]);
    expect(ran.stdout).toMatch(/^ +1 +40 .* 16\/20 = 80 % \(58 to 92\) +80 % +0\/20 +0 % +ok$/m);
    expect(ran.stdout).toMatch(/^interrupted: /m);
    expect(existsSync(folder('cut', 'report.html'))).toBe(true);
    expect(existsSync(folder('cut', 'durability.json'))).toBe(false);
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
    expect(mixed.stderr).toContain(
      'expected two benchmarks, two runs of scenarios or two runs of `bench --durability`, got a benchmark and a run of a scenario',
    );
  });

  test('two durability runs are compared quorum by quorum, in losses and latency, and with no other kind of run', async () => {
    const ran = await home.kvctl(['compare', 'buys', 'slower']);
    expect([ran.exitCode, ran.stderr]).toEqual([0, '']);
    expect(ran.stdout).toMatch(/^quorum=1 +lost alone % +80\.0 +80\.0 .* −25 to \+25 +inconclusive/m);
    expect(ran.stdout).toMatch(/^quorum=5 +lost safely % +0 +0 .* same/m);
    expect(ran.stdout).toMatch(/^quorum=1 +mean ms .* worse/m);
    const limited = await home.kvctl(['compare', 'buys', 'slower', '--fail-on', 'mean{quorum=1}>+5%', '-q']);
    expect(limited.exitCode).toBe(99);
    const mixed = await home.kvctl(['compare', 'before', 'buys']);
    expect(mixed.exitCode).toBe(2);
    expect(mixed.stderr).toContain('got a benchmark and a run of `bench --durability`');
  });
});
