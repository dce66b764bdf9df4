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

/** Everything, by `npm run test:grade`; else what takes seconds. */
export const WHOLE = process.env.KVCTL_TEST_GRADE !== undefined;
const ATTEMPTS = 3;

/** Again, if one of `wanted` could not be told, which is no verdict; at most three times. */
export async function gradeUntilTold(
  target: Target,
  control: NodeControl | null,
  ids: readonly string[] | null,
  wanted: readonly string[],
): Promise<CheckResult[]> {
  for (let attempt = 1; ; attempt += 1) {
    const results = await grade(target, control, ids);
    const isTold = results.every(({ id, verdict }) => verdict !== 'unknown' || !wanted.includes(id));
    if (isTold || attempt === ATTEMPTS) return results;
  }
}

/** `at-quorum: fail (why)`, for a message that says what went wrong. */
export function verdictsText(results: readonly CheckResult[]): string {
  return results.map(({ id, verdict, why }) => `${id}: ${verdict} (${why})`).join('\n');
}
