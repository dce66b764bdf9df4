import { describe, expect, test } from 'vitest';
import { describeUnmet, runExitCode, unmet } from '../../../src/cli/run/verdict.ts';
import type { ParityRow, QuorumResult } from '../../../src/measure/result.ts';
import type { RunResult } from '../../../src/measure/run-result.ts';
import { KvctlError } from '../../../src/wire/errors.ts';

interface Happened {
  readonly unmet?: boolean;
  readonly verdict?: QuorumResult['verdict'];
  readonly parity?: ParityRow['status'];
  readonly error?: KvctlError;
  readonly isInterrupted?: boolean;
  readonly accepts?: boolean;
}

function exitCode({
  unmet: isUnmet = false,
  verdict = 'ok',
  parity = 'match',
  error,
  isInterrupted = false,
  accepts = false,
}: Happened): number {
  const result = {
    sweeps: [{ results: [{ verdict: 'ok', fails: 9 }] }, { results: [{ verdict }] }, { results: [] }],
    parity: [{ rows: [{ status: 'match' }] }, { rows: [{ status: 'lag' }, { status: parity }] }],
    expectations: [
      { step: 'a', threshold: 'x', got: 1, is_met: true },
      { step: 'a', threshold: 'y', got: 1, is_met: !isUnmet },
    ],
  } as unknown as RunResult;
  return runExitCode({ result, isInterrupted, error: error ?? null }, accepts);
}

const dead = new KvctlError('unreachable', 'connection refused');

test.each<[string, Happened, number]>([
  ['all that was expected was shown, failed writes included', {}, 0],
  ['a replica that lags or is away is no fault of the run', { parity: 'unreachable' }, 0],
  ['one row cannot be trusted', { verdict: 'inconclusive' }, 5],
  ['one row cannot be trusted, which the scenario knew', { verdict: 'inconclusive', accepts: true }, 0],
  ['an expectation was not met', { unmet: true }, 99],
  ['an expectation comes before a doubtful mean', { unmet: true, verdict: 'inconclusive' }, 99],
  ['that a doubtful mean is accepted saves no expectation', { unmet: true, accepts: true }, 99],
  ['an error ended the run, whatever it had not shown by then', { error: dead, unmet: true }, 1],
  ['the error has an exit code of its own', { error: new KvctlError('not_ready', 'm') }, 4],
  ['a wrong replica comes before what ended the run and what it did not show', { error: dead, parity: 'mismatch', unmet: true }, 3],
  ['an interrupted run says nothing else', { isInterrupted: true, parity: 'mismatch', unmet: true, error: dead }, 105],
])('%s', (_name, happened, expected) => {
  expect(exitCode(happened)).toBe(expected);
});

test('only what was not met is told', () => {
  const expectations = [
    { step: 'a', threshold: 'mean<1', got: 0.5, is_met: true },
    { step: 'b', threshold: 'mean<1', got: null, is_met: false },
  ];
  expect(unmet({ expectations } as unknown as RunResult)).toEqual([expectations[1]]);
});

describe('what was not met is told with expected and got', () => {
  test.each([
    [1010.23456789, 'lab quorum=3: expected p(95)<900, got 1010.23'],
    [0.000012345678, 'lab quorum=3: expected p(95)<900, got 0.0000123457'],
    [12, 'lab quorum=3: expected p(95)<900, got 12'],
    ['lag', 'lab quorum=3: expected p(95)<900, got lag'],
    [null, 'lab quorum=3: expected p(95)<900, got nothing to compare (no sample, or no model of it)'],
  ])('%s', (got, text) => {
    expect(describeUnmet({ step: 'lab quorum=3', threshold: 'p(95)<900', got, is_met: false })).toBe(text);
  });
});
