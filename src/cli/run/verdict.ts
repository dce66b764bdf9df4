/** What a scenario exits with (SPEC 9), and the words for what it did not show. */
import type { Outcome } from '../../experiment/run.ts';
import type { ExpectationResult, RunResult } from '../../measure/run-result.ts';
import { EXIT } from '../exit.ts';

/**
 * The worst of what happened, in the order of bench: nothing is said of an interrupted run, a replica that lied comes before
 * all, then what ended the run, then what it should have shown and did not. Failed writes are no fault of their own here: whether they
 * should fail is what expectations are for.
 */
export function runExitCode(outcome: Pick<Outcome, 'result' | 'isInterrupted' | 'error'>, acceptsInconclusive: boolean): number {
  const { result, isInterrupted, error } = outcome;
  if (isInterrupted) return EXIT.interrupted;
  if (result.parity.some(({ rows }) => rows.some((row) => row.status === 'mismatch'))) return EXIT.violation;
  if (error !== null) return error.exitCode;
  if (unmet(result).length > 0) return EXIT.threshold;
  const isInconclusive = result.sweeps.some(({ results }) => results.some((row) => row.verdict === 'inconclusive'));
  return isInconclusive && !acceptsInconclusive ? EXIT.inconclusive : EXIT.ok;
}

export function unmet(result: RunResult): ExpectationResult[] {
  return result.expectations.filter((expectation) => !expectation.is_met);
}

/** `lab-2 quorum=3: expected p(95)<900, got 1010.2`. */
export function describeUnmet({ step, threshold, got }: ExpectationResult): string {
  const found =
    got === null
      ? 'nothing to compare (no sample, or no model of it)'
      : typeof got === 'number'
        ? Number(got.toPrecision(6)).toString()
        : got;
  return `${step}: expected ${threshold}, got ${found}`;
}
