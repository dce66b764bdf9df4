/** Grades servers in a test: some checks, their verdicts by id. */
import { type CheckResult, chosenChecks, Grader } from '../../src/grade/grade.ts';
import { lookFirst } from '../../src/grade/probe.ts';
import { Subject } from '../../src/grade/subject.ts';
import type { NodeControl, Target } from '../../src/grade/target.ts';

/** `ids` null: all checks. */
export async function grade(target: Target, control: NodeControl | null, ids: readonly string[] | null): Promise<CheckResult[]> {
  const subject = new Subject(target, { seed: 1, signal: new AbortController().signal, control });
  try {
    const grader = new Grader(subject, await lookFirst(subject));
    const results: CheckResult[] = [];
    for (const check of chosenChecks(ids)) results.push(await grader.run(check));
    return results;
  } finally {
    await subject.leave();
  }
}

/** `at-quorum: fail (why)`, for a message that says what went wrong. */
export function verdictsText(results: readonly CheckResult[]): string {
  return results.map(({ id, verdict, why }) => `${id}: ${verdict} (${why})`).join('\n');
}
