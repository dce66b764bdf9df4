import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import type { Format } from '../../../src/cli/format.ts';
import { Output } from '../../../src/cli/output.ts';
import { showRun } from '../../../src/cli/run/view.ts';
import type { RunResult } from '../../../src/measure/run-result.ts';
import { lookOf, makeRun, makeStale, quorumSweep, RUNS, singleLoad, stepOf } from '../../report/run-fixture.ts';

/** What goes to stdout; `columns` makes it a terminal. */
function printed(result: RunResult, format: Format, columns?: number): string {
  let text = '';
  const write = (chunk: Buffer, _encoding: string, done: () => void) => {
    text += chunk.toString();
    done();
  };
  const stdout = Object.assign(
    new Writable({ write }),
    columns === undefined ? {} : { isTTY: true, columns },
  ) as unknown as NodeJS.WriteStream & { fd: 1 };
  const out = new Output({ format, color: 'never', isQuiet: false }, { stdout, stderr: process.stderr, env: {} });
  out.result(showRun(out, { result, folder: '/runs/x', hasReport: true }));
  return text;
}

const sweeps = [quorumSweep({ name: 'sweep', values: ['1', '3'], delay: '0-200' }), singleLoad('crash', { delay: '0-200' })];
const { result } = makeRun({ sweeps, staleReads: [makeStale({ name: 'one-ack' }).stale] });

test.each<[Format, RegExp]>([
  [
    'table',
    /^sweep: by write quorum\n.*\ncrash\n.*\none-ack\n.*\nreplicas\n.*\nexpectations\n.*\nThe expectation of this scenario is met\.\n\nreport {2}\/runs\/x\/report\.html\n$/s,
  ],
  ['json', /^\{\n {2}"schema_version": 1,\n {2}"scenario": "lab-2"/],
  ['ndjson', /^\{"kind":"row","sweep":"sweep".*\{"kind":"stale_reads".*\{"kind":"expectation".*\{"kind":"parity".*\{"kind":"step"/s],
  ['csv', /^sweep,row,parameter,value,quorum,requests.*\nsweep,sweep quorum=1,quorum,1,1,100/],
  ['md', /^### sweep: by write quorum\n\n\| quorum \|.*### Replicas\n\n.*### Expectations\n\n.*### Steps\n\n/s],
])('a run as %s', (format, expected) => {
  expect(printed(result, format)).toMatch(expected);
});

test('the document is the whole result', () => {
  expect(JSON.parse(printed(result, 'json'))).toEqual(result);
});

test('a name that would drive the terminal is shown instead of obeyed', () => {
  const evil = '\u001b[2J\u009b31mred\u202e';
  const bad = makeRun({
    sweeps: [singleLoad(evil), quorumSweep({ name: 'delays', parameter: 'delay', values: ['5', '50'], each: (delay) => ({ delay }) })],
    staleReads: [makeStale({ name: evil }).stale],
    steps: [stepOf(evil, 'put', 0, 1, { status: 'failed', detail: evil, title: evil })],
    parity: [lookOf(evil, 'looked', 1, [{ node: evil }])],
    expectations: [{ step: evil, threshold: evil, got: evil, is_met: false }],
  }).result;
  for (const format of ['table', 'md'] as const)
    expect(
      printed(bad, format)
        .match(/[\p{Cc}\u202e]/gu)
        ?.filter((found) => found !== '\n'),
    ).toEqual([]);
});

test('steps are listed where one of them did not end well, or where there are no figures', () => {
  expect(printed(result, 'table')).not.toContain('\nsteps\n');
  const failed = printed(makeRun(RUNS['nothing but steps']!).result, 'table');
  expect(failed).toMatch(/^steps\n.*kill-2 .*failed +no such node/s);
  expect(failed).toContain('The run ended early: 1 of 3 steps never began.');
});

test('no line is wider than the terminal, and no look at the replicas is left out', () => {
  const parity = Array.from({ length: 14 }, (_, i) => lookOf(`quorum=${i}`, 'settled', i));
  const text = printed(makeRun({ sweeps, parity }).result, 'table', 80);
  const sentences = /^(The |At |Inconclusive|report)/;
  for (const line of text.split('\n').filter((each) => !sentences.test(each))) expect(line.length).toBeLessThanOrEqual(80);
  for (let i = 0; i < 14; i++) expect(text).toContain(`quorum=${i} settled`);
});

test('a run that found nothing names the folder that has what there is', () => {
  const empty = makeRun({ sweeps: [], steps: [], parity: [], expectations: [] }).result;
  const out = new Output({ format: 'table', color: 'never', isQuiet: false }, process);
  expect(showRun(out, { result: empty, folder: '/runs/x', hasReport: false }).table()).toContain('what there is of it is kept in /runs/x');
});
