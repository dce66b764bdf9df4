import { mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openRun, type Run } from '../../src/runs/run.ts';
import { failureOf } from '../support/failure-of.ts';

const NOW = new Date('2025-11-21T01:45:01.987Z');

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'kvctl-runs-'));
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

const open = (options: Partial<Parameters<typeof openRun>[0]> = {}): Promise<Run> => openRun({ root, name: 'bench', now: NOW, ...options });

test('a run folder is named by time and name, and exists as soon as it is opened', async () => {
  const run = await open({ root: join(root, 'not', 'there', 'yet') });
  expect(run.dir).toBe(join(root, 'not', 'there', 'yet', '20251121T014501Z-bench'));
  expect(await readdir(run.dir)).toEqual([]);
});

test('a name becomes one part of a path, whatever is in it', async () => {
  const run = await open({ name: '../ a/b "ü"' });
  expect(join(root, basename(run.dir))).toBe(run.dir);
  expect(basename(run.dir)).toMatch(/^20251121T014501Z-[A-Za-z0-9._-]+$/);
});

test('runs that start in the same second do not meet', async () => {
  const runs = await Promise.all(Array.from({ length: 20 }, () => open()));
  expect(new Set(runs.map((run) => run.dir)).size).toBe(20);
  await Promise.all(runs.map((run, i) => run.writeJson('spec.json', { i })));
  const specs = await Promise.all(runs.map(async (run) => JSON.parse(await readFile(join(run.dir, 'spec.json'), 'utf8'))));
  expect(specs).toEqual(runs.map((_, i) => ({ i })));
});

test('a reader never sees half a file while it is rewritten', async () => {
  const run = await open();
  const texts = ['a', 'b'].map((letter) => letter.repeat(2_000_000));
  await run.write('report.html', texts[0]!);
  let isWriting = true;
  const writing = (async () => {
    for (let i = 0; i < 20; i++) await run.write('report.html', texts[i % 2]!);
    isWriting = false;
  })();
  const seen = new Set<string>();
  while (isWriting) seen.add(await readFile(join(run.dir, 'report.html'), 'utf8'));
  await writing;
  expect([...seen].every((text) => texts.includes(text))).toBe(true);
  expect(await readdir(run.dir)).toEqual(['report.html']);
});

test('a write that fails keeps the old file and leaves nothing behind', async () => {
  const run = await open();
  await run.write('summary.md', 'old');
  await mkdir(join(run.dir, 'charts', 'latency.svg'), { recursive: true });
  const error = await failureOf(run.write('charts/latency.svg', 'a directory is in the way'));
  expect(error.code).toBe('io');
  expect(await readFile(join(run.dir, 'summary.md'), 'utf8')).toBe('old');
  expect(await readdir(join(run.dir, 'charts'))).toEqual(['latency.svg']);
});

test('files below a directory and bytes are written as they are', async () => {
  const run = await open();
  await run.write('charts/latency.png', new Uint8Array([137, 80, 78, 71, 0, 255]));
  expect([...(await readFile(join(run.dir, 'charts', 'latency.png')))]).toEqual([137, 80, 78, 71, 0, 255]);
});

test('samples of one quorum after the other are appended, one line of JSON each', async () => {
  const run = await open();
  const rows = Array.from({ length: 2_500 }, (_, index) => ({ quorum: 1, index, error: 'line\nbreak' }));
  await run.appendRows('samples.ndjson', rows);
  await run.appendRows('samples.ndjson', []);
  await run.appendRows('samples.ndjson', [{ quorum: 2, index: 0 }]);
  const lines = (await readFile(join(run.dir, 'samples.ndjson'), 'utf8')).trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual([...rows, { quorum: 2, index: 0 }]);
});

test('latest points at the run that finished last, and moves', async () => {
  const first = await open();
  const second = await open({ now: new Date(NOW.getTime() + 60_000) });
  expect(await readdir(root)).not.toContain('latest');
  await second.finish();
  await first.finish();
  expect(await readlink(join(root, 'latest'))).toBe(basename(first.dir));
  expect(await readdir(join(root, 'latest'))).toEqual([]);
  await second.finish();
  expect(await readlink(join(root, 'latest'))).toBe(basename(second.dir));
  expect((await readdir(root)).filter((name) => name.startsWith('.'))).toEqual([]);
});

test('a latest whose target is gone is replaced like any other', async () => {
  await symlink('gone', join(root, 'latest'));
  const run = await open();
  await run.finish();
  expect(await readlink(join(root, 'latest'))).toBe(basename(run.dir));
});

test('a latest that is somebody’s directory is refused before the run, and stays', async () => {
  await mkdir(join(root, 'latest'));
  await writeFile(join(root, 'latest', 'thesis.txt'), 'mine');
  const error = await failureOf(open());
  expect(error.code).toBe('io');
  expect(error.message).toContain('no symbolic link');
  expect(await readdir(root)).toEqual(['latest']);
});

test('--out is taken as it is, and latest is left alone', async () => {
  const out = join(root, 'deep', 'here');
  const run = await open({ out });
  expect(run.dir).toBe(out);
  await run.writeJson('spec.json', {});
  await run.finish();
  expect(await readdir(root)).toEqual(['deep']);
  expect(await readdir(out)).toEqual(['spec.json']);
});

test('--out with other files in it is used, with an earlier run in it refused', async () => {
  await writeFile(join(root, 'notes.txt'), 'mine');
  const run = await open({ out: root });
  await run.appendRows('samples.ndjson', [1]);
  const error = await failureOf(open({ out: root }));
  expect(error.message).toBe(
    `expected a place to keep the results at ${root}, got a directory that holds the samples.ndjson of an earlier run; choose another with --out DIR`,
  );
  expect(await readFile(join(root, 'samples.ndjson'), 'utf8')).toBe('1\n');
});

test('a place that cannot be written is an io error that says what was expected, got and what to do', async () => {
  const file = join(root, 'a-file');
  await writeFile(file, '');
  for (const options of [{ root: file }, { out: join(file, 'below') }]) {
    const error = await failureOf(open(options));
    expect(error.code).toBe('io');
    expect(error.exitCode).toBe(1);
    expect(error.message).toMatch(/^expected a place to keep the results at .*a-file.*, got .*: choose another with --out DIR$/);
  }
});
