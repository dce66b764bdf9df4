import { appendFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { recomputeDurability } from '../../src/measure/durability-result.ts';
import type { BenchResult } from '../../src/measure/result.ts';
import { findRun, type KeptBench, type KeptDurability, type KeptScenario, readRun } from '../../src/runs/kept.ts';
import { makeBench } from '../report/bench-fixture.ts';
import { makeDurabilityRun } from '../report/durability-fixture.ts';
import { makeRun, makeStale } from '../report/run-fixture.ts';
import { failureOf } from '../support/failure-of.ts';
import { writeDurabilityFolder, writeRunFolder } from './run-folder.ts';

let root: string;
let dir: string;
const home = process.cwd();
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'kvctl-kept-'));
  dir = join(root, 'runs', 'one');
});
afterEach(async () => {
  process.chdir(home);
  await rm(root, { recursive: true, force: true });
});

async function readMeasured(): Promise<KeptBench | KeptScenario> {
  const kept = await readRun(dir);
  if (kept.kind === 'durability') throw new Error('expected a benchmark or the run of a scenario');
  return kept;
}

const bench = () => makeBench({ quorums: [1, 3], writes: 20 });
const edit = async (file: string, change: (text: string) => string) =>
  writeFile(join(dir, file), change(await readFile(join(dir, file), 'utf8')));

describe('a folder', () => {
  test('of a benchmark comes back as it was written', async () => {
    const made = bench();
    await writeRunFolder(dir, made);
    const kept = await readMeasured();
    expect(kept).toMatchObject({
      kind: 'bench',
      dir,
      ending: 'complete',
      command: 'kvctl bench --seed 1',
      startedAt: '2025-11-21T01:45:01Z',
      remarks: [],
    });
    expect(kept.result).toEqual(made.result);
    expect([...kept.samples.values()].flat()).toEqual(made.samples);
    expect([...kept.trace.values()].flat()).toEqual(made.trace);
    expect([...kept.samples.keys()]).toEqual(['quorum=1', 'quorum=3']);
  });

  test('of a scenario is told apart by its document, and has its stale reads', async () => {
    const { stale, reads, trace } = makeStale({ name: 'one-ack' });
    const made = makeRun({ staleReads: [stale] });
    await writeRunFolder(dir, {
      ...made,
      staleReads: reads.map((read) => ({ row: 'one-ack', ...read })),
      trace: [...made.trace, ...trace.map((write) => ({ row: 'one-ack', ...write }))],
    });
    const kept = await readMeasured();
    expect(kept.kind).toBe('run');
    expect(kept.result).toEqual(made.result);
    expect(kept.staleReads.get('one-ack')).toHaveLength(reads.length);
  });

  test('from before parity had reasons has none, and was compared row by row', async () => {
    const made = bench();
    const parity = made.result.parity.map(({ reasons, compared_by, altered, ...row }) => row);
    await writeRunFolder(dir, { ...made, result: { ...made.result, parity } as unknown as BenchResult });
    expect((await readRun(dir)).result).toEqual(made.result);
  });

  test('from before rows had names gets them: by its quorums, one after the other', async () => {
    const { result, samples, trace } = bench();
    const {
      name,
      sweep,
      workload: { executor, ...workload },
      ...old
    } = result;
    const rows = old.results.map(({ row, delay, began_ms, ended_ms, ...rest }) => rest);
    const withoutRow = <T extends { row: string }>({ row, ...rest }: T) => ({ ...rest, quorum: Number(row.split('=')[1]) });
    await writeRunFolder(dir, {
      result: { ...old, workload, results: rows },
      samples: samples.map(withoutRow),
      trace: trace.map(withoutRow),
    });
    const kept = await readRun(dir);
    if (kept.kind !== 'bench') throw new Error('expected a benchmark');
    expect(kept.result).toMatchObject({
      name: 'bench',
      sweep: { parameter: 'quorum', values: ['1', '3'] },
      workload: { executor: 'shared-iterations' },
    });
    expect(kept.result.results.map(({ row, delay, began_ms }) => [row, delay, began_ms])).toEqual([
      ['quorum=1', '0-1000', 0],
      ['quorum=3', '0-1000', kept.result.results[0]?.ended_ms],
    ]);
    expect([...kept.samples.keys()]).toEqual(['quorum=1', 'quorum=3']);
    expect([...kept.trace.keys()]).toEqual(['quorum=1', 'quorum=3']);
  });

  test('keeps members that a newer version wrote', async () => {
    const made = bench();
    await writeRunFolder(dir, {
      ...made,
      result: { ...made.result, from_the_future: 7, results: made.result.results.map((row) => ({ ...row, energy_j: 3 })) },
    });
    const { result } = await readRun(dir);
    expect(result).toMatchObject({ from_the_future: 7, results: [{ energy_j: 3 }, { energy_j: 3 }] });
  });

  test('whose run was killed is read as far as it goes, and what is torn is told', async () => {
    await writeRunFolder(dir, { ...bench(), outcome: { ending: 'running' } });
    await appendFile(join(dir, 'samples.ndjson'), '{"row":"quorum=3","quor');
    const kept = await readMeasured();
    expect(kept.ending).toBe('running');
    expect(kept.remarks).toEqual([
      'this run has not ended, or was killed: what it had measured by then is shown',
      'the last line of samples.ndjson is torn and left out: the run died while it was written',
    ]);
    expect([...kept.samples.values()].flat()).toHaveLength(40);
  });

  test('without its raw data says what is missing', async () => {
    const made = bench();
    await writeRunFolder(dir, made);
    await rm(join(dir, 'samples.ndjson'));
    expect((await readRun(dir)).remarks).toEqual(['samples.ndjson has no requests of any row: figures are those of summary.json']);
    await writeRunFolder(dir, { ...made, samples: made.samples.filter(({ row }) => row === 'quorum=1') });
    expect((await readRun(dir)).remarks).toEqual(['1 of 2 rows have no data in samples.ndjson: their figures are those of summary.json']);
  });
});

describe('a folder of a durability run', () => {
  const trials = () => makeDurabilityRun({ quorums: [0, 5], trials: 20 });
  async function readDurability(): Promise<KeptDurability> {
    const kept = await readRun(dir);
    if (kept.kind !== 'durability') throw new Error(`expected a durability run, got a ${kept.kind}`);
    return kept;
  }

  test('comes back as it was written', async () => {
    const made = trials();
    await writeDurabilityFolder(dir, made);
    expect(await readDurability()).toMatchObject({
      ...made,
      dir,
      ending: 'complete',
      command: 'kvctl bench --durability --seed 1',
      remarks: [],
    });
  });

  test('whose run was killed is its trials, and its plan says what they are of', async () => {
    const { trials: made, result } = trials();
    await writeDurabilityFolder(dir, { result: null, trials: made, outcome: { ending: 'running' } });
    await appendFile(join(dir, 'trials.ndjson'), '{"quorum":5,"way":"al');
    const kept = await readDurability();
    expect(kept).toMatchObject({ trials: made, ended: { isInterrupted: true, error: null } });
    expect(kept.remarks).toEqual([
      'this run has not ended, or was killed: what it had measured by then is shown',
      'the last line of trials.ndjson is torn and left out: the run died while it was written',
    ]);
    const again = recomputeDurability(kept.result, kept.trials, kept.ended);
    expect(again).toEqual({ ...result, verdict: 'interrupted', why: 'interrupted before all trials were made' });
  });

  test('that ended with an error says with which', async () => {
    await writeDurabilityFolder(dir, { ...trials(), outcome: { ending: 'failed', error: { message: 'n3 is gone' } } });
    expect((await readDurability()).ended).toMatchObject({ isInterrupted: false, error: { message: 'n3 is gone' } });
  });

  test('without trials of a row says so', async () => {
    const made = trials();
    await writeDurabilityFolder(dir, { ...made, trials: made.trials.filter(({ quorum }) => quorum === 5) });
    expect((await readDurability()).remarks).toEqual(['trials.ndjson has no trials of quorum 0: figures are those of durability.json']);
  });

  test.each<[string, string, (text: string) => string, RegExp]>([
    [
      'a trial of another fate',
      'trials.ndjson',
      (text) => text.replace('"lost"', '"gone"'),
      /trials\.ndjson, line 1, as kvctl writes it.*: fate: /,
    ],
    [
      'a document of half a follower',
      'durability.json',
      (text) => text.replace('"followers": 5', '"followers": 4.5'),
      /cluster\.followers: /,
    ],
  ])('with %s is refused', async (_, file, change, message) => {
    await writeDurabilityFolder(dir, trials());
    await edit(file, change);
    expect((await failureOf(readRun(dir))).message).toMatch(message);
  });

  test('that made no trial, or lost what it was about, is one clear line', async () => {
    await writeDurabilityFolder(dir, { result: null, trials: [] });
    expect((await failureOf(readRun(dir))).message).toMatch(/got one that ended before anything was measured$/);
    await writeDurabilityFolder(dir, { ...trials(), result: null });
    await rm(join(dir, 'spec.json'));
    expect((await failureOf(readRun(dir))).message).toMatch(
      /^expected durability\.json or spec\.json beside trials\.ndjson in .*, got neither/,
    );
  });
});

describe('what is no run of ours', () => {
  test.each<[string, (text: string) => string, RegExp]>([
    ['no JSON', () => 'hello', /expected a JSON document in .*summary\.json, got text that is none/],
    ['an empty file', () => '', /got an empty file/],
    ['JSON of something else', () => '[1]', /expected .*summary\.json as kvctl writes it, got another document: the whole: /],
    ['a document without a member', (text) => text.replace('"leader_url"', '"leader"'), /got another document: leader_url: /],
    [
      'a figure that is a text',
      (text) => text.replace(/"writes_per_s": [\d.]+/, '"writes_per_s": "many"'),
      /results\[0\]\.writes_per_s: .*\. Was it edited, or is it of another version\?/,
    ],
  ])('a summary that is %s', async (_, change, message) => {
    await writeRunFolder(dir, bench());
    await edit('summary.json', change);
    const error = await failureOf(readRun(dir));
    expect(error.code).toBe('io');
    expect(error.message).toMatch(message);
  });

  test('a broken line that is not the last is named by its number', async () => {
    await writeRunFolder(dir, bench());
    await edit('samples.ndjson', (text) => text.replace('\n', '\n{"row":\n'));
    expect((await failureOf(readRun(dir))).message).toMatch(
      /expected one JSON document per line in .*samples\.ndjson, got something else in line 2/,
    );
    await edit('samples.ndjson', (text) => text.replace('\n{"row":\n', '\n').replace('"op":"put"', '"op":"push"'));
    expect((await failureOf(readRun(dir))).message).toMatch(
      /expected .*samples\.ndjson, line 1, as kvctl writes it, got another document: op: /,
    );
  });

  test('a directory without a summary, and a run that measured nothing', async () => {
    await mkdir(dir, { recursive: true });
    expect((await failureOf(readRun(dir))).message).toBe(`expected the directory of a run, got ${dir}, which has no summary.json`);
    await writeFile(join(dir, 'spec.json'), '{}');
    expect((await failureOf(readRun(dir))).message).toMatch(/got one that ended before anything was measured$/);
    await writeFile(
      join(dir, 'outcome.json'),
      JSON.stringify({ ending: 'failed', started_at: 'x', error: { message: 'port 8000 is taken' } }),
    );
    expect((await failureOf(readRun(dir))).message).toMatch(/ended before anything was measured: port 8000 is taken$/);
    await writeFile(join(dir, 'outcome.json'), JSON.stringify({ ending: 'complete', started_at: 'x' }));
    await writeFile(join(dir, 'history.ndjson'), '');
    expect((await failureOf(readRun(dir))).message).toMatch(
      /got one of chaos: `kvctl check-history .*history\.ndjson` judges its history again$/,
    );
  });
});

describe('a run is found', () => {
  beforeEach(async () => {
    await mkdir(dir, { recursive: true });
    process.chdir(root);
  });

  test('by its directory, by its name below runs/, and as the last one', async () => {
    await symlink('one', join(root, 'runs', 'latest'));
    expect(await Promise.all(['runs/one', dir, 'one', 'latest', undefined].map(findRun))).toEqual(Array(5).fill(await findRun(dir)));
  });

  test('or the message says what was looked for', async () => {
    expect((await failureOf(findRun('nope'))).message).toBe(
      'expected the directory of a run, or a name below runs/, got "nope", which is neither',
    );
    expect((await failureOf(findRun(undefined))).message).toMatch(
      /^expected the last run at runs\/latest, got none: `kvctl bench` and `kvctl run` keep theirs there/,
    );
    await writeFile(join(dir, 'report.html'), '');
    expect((await failureOf(findRun('runs/one/report.html'))).message).toContain('got a file: name the directory that it is in');
  });
});
