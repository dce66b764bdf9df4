import { expect, test } from 'vitest';
import { exitCodeOf } from '../../../src/cli/bench/verdict.ts';
import type { BenchResult, ParityRow, QuorumResult } from '../../../src/measure/result.ts';
import { KvctlError } from '../../../src/wire/errors.ts';

interface Happened {
  readonly fails?: number;
  readonly readFails?: number;
  readonly verdict?: QuorumResult['verdict'];
  readonly parity?: ParityRow['status'];
  readonly error?: KvctlError;
  readonly isInterrupted?: boolean;
}

function exitCode({ fails = 0, readFails = 0, verdict = 'ok', parity = 'match', error, isInterrupted = false }: Happened): number {
  const rows = [
    { fails: 0, verdict: 'ok', reads: null },
    { fails, verdict, reads: { fails: readFails } },
  ];
  const result = { results: rows, parity: [{ status: 'match' }, { status: parity }] } as unknown as BenchResult;
  return exitCodeOf({ result, isInterrupted, error: error ?? null });
}

const dead = new KvctlError('unreachable', 'connection refused');

test.each<[string, Happened, number]>([
  ['nothing went wrong', {}, 0],
  ['a replica that lags or is away is no fault of the run', { parity: 'lag' }, 0],
  ['one row cannot be trusted', { verdict: 'inconclusive' }, 5],
  ['writes failed', { fails: 1 }, 1],
  ['reads failed', { readFails: 1 }, 1],
  ['failed writes come before a doubtful mean', { fails: 1, verdict: 'inconclusive' }, 1],
  ['a wrong replica comes before failed writes', { fails: 1, parity: 'mismatch' }, 3],
  ['an error ended the run', { error: dead, verdict: 'inconclusive' }, 1],
  ['the error has an exit code of its own', { error: new KvctlError('not_ready', 'm') }, 4],
  ['a wrong replica comes before what ended the run', { error: dead, parity: 'mismatch' }, 3],
  ['an interrupted run says nothing else', { isInterrupted: true, parity: 'mismatch', fails: 1, error: dead }, 105],
])('%s', (_name, happened, expected) => {
  expect(exitCode(happened)).toBe(expected);
});
