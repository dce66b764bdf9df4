/** What a benchmark exits with (SPEC 9). */
import type { Outcome } from '../../experiment/run.ts';
import type { BenchResult } from '../../measure/result.ts';
import { EXIT } from '../exit.ts';

/**
 * The worst of what happened. An interrupted run says nothing else, because nobody knows what it would have shown. A replica
 * in violation comes before failed writes: failed writes say that the system was slow or broken, which it admits itself,
 * a wrong replica that it lied. What ended the run comes before what its rows are worth.
 */
export function exitCodeOf({ result, isInterrupted, error }: Pick<Outcome, 'isInterrupted' | 'error'> & { result: BenchResult }): number {
  if (isInterrupted) return EXIT.interrupted;
  if (result.parity.some((row) => row.status === 'mismatch')) return EXIT.violation;
  if (error !== null) return error.exitCode;
  if (hasFailures(result)) return EXIT.error;
  return result.results.some((row) => row.verdict === 'inconclusive') ? EXIT.inconclusive : EXIT.ok;
}

function hasFailures(result: BenchResult): boolean {
  return result.results.some((row) => row.fails > 0 || (row.reads?.fails ?? 0) > 0);
}
