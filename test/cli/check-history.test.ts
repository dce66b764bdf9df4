import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { linesOf } from '../../src/cli/check-history/lines.ts';
import { formatEvent } from '../../src/judge/event.ts';
import type { Judgement } from '../../src/judge/judgement.ts';
import { Prng } from '../../src/lib/prng.ts';
import { randomHistory } from '../judge/histories.ts';
import { Home } from './kvctl.ts';

const home = new Home();
afterAll(() => home[Symbol.dispose]());

const testdata = (name: string): string => fileURLToPath(new URL(`../judge/testdata/${name}.ndjson`, import.meta.url));
const there = (name: string): string => join(home.path, name);

describe('check-history', () => {
  test('of a history that is right says so, and ends with 0', async () => {
    const ran = await home.kvctl(['check-history', testdata('stale-read-ok'), '-q']);
    expect(ran).toMatchObject({ exitCode: 0, stderr: '' });
    expect(ran.stdout).toBe(`judge                verdict  keys ok  violated  unknown  not applicable
linearizability      ok             1         0        0               0
zones                ok             1         0        0               0
read your writes     ok             1         0        0               0
monotonic reads      ok             1         0        0               0
acknowledged writes  ok             1         0        0               0
definite errors      ok             1         0        0               0

ok: every key is linearizable (4 operations on 1 key)
`);
  });

  test('of a violation shows the smallest part of the history that is one, and why, and ends with 3', async () => {
    const ran = await home.kvctl(['check-history', testdata('late-write-bad'), '--only', 'linearizability']);
    expect(ran.exitCode).toBe(3);
    expect(ran.stderr).toContain('judging late-write-bad.ndjson');
    expect(ran.stdout).toContain(`
key "x" is not linearizable: its 4 operations show it
  the register held 1 from line 2 to line 7 at least, and in between 2 for a moment (lines 5 to 6)

  line 1  client 0  write 1                     |-----|
  line 3  client 1  write 2 (unknown)  timeout              |----------------------------->
  line 5  client 2  read 2                                        |-----|
  line 7  client 2  read 1                                                    |-----|

violation: in violation of linearizability (4 operations on 1 key)
`);
  });

  test('as a document has the verdict, every judge, and the operations', async () => {
    const ran = await home.kvctl(['check-history', testdata('two-cas-bad'), '-o', 'json']);
    expect(ran.exitCode).toBe(3);
    const judgement = JSON.parse(ran.stdout) as Judgement;
    expect(judgement).toMatchObject({ schema_version: 1, verdict: 'violation', ops: 4, keys: 1, undecided: [], time_unit: 'ns' });
    expect(judgement.why).toBe('in violation of linearizability');
    expect(judgement.violations).toHaveLength(1);
    expect(judgement.violations[0]?.operations.map(({ text, call, end }) => [text, call, end])).toEqual([
      ['write 1', 0, 1],
      ['cas 1 → 2', 2, 4],
      ['cas 1 → 3', 3, 5],
    ]);
  });

  test.each<[string, RegExp]>([
    ['csv', /^judge,verdict,ok,violation,unknown,not_applicable,why\nlinearizability,ok,1,0,0,0,\n/],
    ['ndjson', /^\{"judge":"linearizability","verdict":"ok"/],
    ['md', /^\| judge \| verdict \|/],
  ])('as %s has a row per judge', async (format, expected) => {
    expect((await home.kvctl(['check-history', testdata('twice-ok'), '-o', format])).stdout).toMatch(expected);
  });

  test('reads stdin', async () => {
    const ran = await home.kvctl(['check-history', '-', '-q'], { stdin: readFileSync(testdata('phantom-bad'), 'utf8') });
    expect(ran.exitCode).toBe(3);
    expect(ran.stdout).toContain('7 was read (line 2), and nothing wrote it');
  });

  test('of a history that cannot be judged in time says unknown, and ends with 5', async () => {
    const shape = { operations: 20_000, clients: 60, reads: 0.3, cas: 0.3, unknown: 0.3, wrong: 0.01, values: 4 };
    const operations = randomHistory(shape, new Prng(1));
    const moments = operations.flatMap(({ process, f, outcome, value, from, call, end }) => {
      const event = { process, f, key: 'hard' };
      const asked = f === 'cas' ? [json(from), json(value)] : f === 'write' ? value : undefined;
      return [
        { at: call, text: formatEvent({ ...event, type: 'invoke', ...(asked === undefined ? {} : { value: asked }) }) },
        ...(Number.isFinite(end)
          ? [{ at: end, text: formatEvent({ ...event, type: outcome, ...(f === 'read' ? { value: json(value) } : {}) }) }]
          : []),
      ];
    });
    writeFileSync(
      there('hard.ndjson'),
      moments
        .sort((a, b) => a.at - b.at)
        .map(({ text }) => text)
        .join(''),
    );
    const ran = await home.kvctl(['check-history', there('hard.ndjson'), '--timeout', '1ms']);
    expect(ran.exitCode).toBe(5);
    expect(ran.stdout).toMatch(/key "hard" is unknown: not decided in the time given \(\d+ steps of the search\)/);
    expect(ran.stdout).toMatch(/unknown: linearizability of 1 of the keys is not decided: .*\(20000 operations on 1 key\)\n$/);
  });

  test('of a history in which nothing was read says unknown', async () => {
    writeFileSync(there('blind.ndjson'), formatEvent({ process: 1, type: 'invoke', f: 'write', key: 'a', value: 1 }));
    const ran = await home.kvctl(['check-history', there('blind.ndjson')]);
    expect(ran.exitCode).toBe(5);
    expect(ran.stdout).toContain('unknown: nothing was read, so nothing could be found (1 operation on 1 key)');
  });

  test('writes a page, and the history for other judges', async () => {
    mkdirSync(there('out'));
    const args = ['--html', there('out/page.html'), '--knossos', there('out/edn'), '--porcupine', there('out/lines.txt')];
    const ran = await home.kvctl(['check-history', testdata('two-keys-bad'), '-q', ...args]);
    expect(ran).toMatchObject({ exitCode: 3, stderr: '' });
    expect(readFileSync(there('out/page.html'), 'utf8')).toContain('<h1>Judged: two-keys-bad.ndjson</h1>');
    expect(readdirSync(there('out/edn'))).toEqual(['1-x.edn', '2-y.edn']);
    expect(readFileSync(there('out/lines.txt'), 'utf8')).toContain('{:process 1, :type :invoke, :f :put, :key "y", :value "1"}\n');
  });

  test.each<[string, string[], number, string]>([
    ['a file that is not there', ['nowhere.ndjson'], 1, 'kvctl: expected to read the history nowhere.ndjson, got ENOENT'],
    ['a file that is no history', [fileURLToPath(import.meta.url)], 2, 'check-history.test.ts: line 1: expected an event as JSON'],
    ['a judge that is none', [testdata('twice-ok'), '--only', 'zones,fate'], 2, 'expected some of linearizability, zones,'],
    [
      'a page that cannot be written',
      [testdata('twice-ok'), '--html', '/nowhere/x.html'],
      1,
      'expected to write --html /nowhere/x.html, got ENOENT',
    ],
    ['a cas for Porcupine', [testdata('two-cas-ok'), '--porcupine', there('p.txt')], 2, 'got the cas of line 3'],
    ['a duration without unit', [testdata('twice-ok'), '--timeout', '5'], 2, 'expected a duration with its unit'],
  ])('%s is a clear line', async (_name, args, exitCode, said) => {
    const ran = await home.kvctl(['check-history', ...args, '-q']);
    expect(ran.exitCode).toBe(exitCode);
    expect(ran.stderr).toContain(said);
    expect(ran.stdout).toBe('');
  });

  test('bytes that are no UTF-8 are a clear line', async () => {
    writeFileSync(there('latin.ndjson'), Buffer.from([0x7b, 0xe9, 0x7d]));
    const ran = await home.kvctl(['check-history', there('latin.ndjson'), '-q']);
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr).toContain('latin.ndjson: expected UTF-8, got bytes that are not');
  });

  test('Ctrl-C ends it in the middle of its judging', async () => {
    const child = home.start(['check-history', there('hard.ndjson'), '--timeout', '10m', '--only', 'linearizability']);
    await new Promise<void>((resolve) => child.stderr?.once('data', () => resolve()));
    child.kill('SIGINT');
    const exitCode = await new Promise((resolve) => child.once('close', resolve));
    expect(exitCode).toBe(105);
  });
});

test('lines are what stands between line feeds', () => {
  const lines = (text: string) => [...linesOf(new TextEncoder().encode(text))];
  expect(lines('a\nb\n')).toEqual(['a', 'b']);
  expect(lines('é\n\nb')).toEqual(['é', '', 'b']);
  expect(lines('')).toEqual([]);
});

function json(value: number): number | null {
  return value === 0 ? null : value;
}
